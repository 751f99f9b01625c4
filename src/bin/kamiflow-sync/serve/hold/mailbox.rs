//! What was published for one who waits.

use std::sync::{Arc, Mutex, PoisonError};

use kamiflow_sync_component::api::Publication;
use tokio::sync::Notify;

/// Publications that are kept for one who waits. When there are more, because its client does not read,
/// it looks again instead.
const MAX_KEPT: usize = 1000;

#[derive(Debug, Default)]
pub struct Mailbox {
    news: Mutex<News>,
    arrived: Notify,
}

#[derive(Debug, Default)]
pub struct News {
    /// The newest of each project.
    pub publications: Vec<Arc<Publication>>,
    /// Something may have changed that was not published.
    pub look_again: bool,
}

impl Mailbox {
    pub fn put(&self, publication: &Arc<Publication>) {
        if publication.content.is_none() {
            return self.look_again();
        }
        self.add(|news| {
            let project = publication.channels.first();
            news.publications
                .retain(|older| older.channels.first() != project);
            if news.publications.len() < MAX_KEPT {
                news.publications.push(publication.clone());
            } else {
                *news = News::look_again();
            }
        });
    }

    pub fn look_again(&self) {
        self.add(|news| *news = News::look_again());
    }

    fn add(&self, add: impl FnOnce(&mut News)) {
        add(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.arrived.notify_one();
    }

    /// Takes what there is.
    pub fn take(&self) -> Option<News> {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let is_any = news.look_again || !news.publications.is_empty();
        is_any.then(|| std::mem::take(&mut *news))
    }

    /// Waits for news, and takes them.
    pub async fn news(&self) -> News {
        loop {
            if let Some(news) = self.take() {
                return news;
            }
            self.arrived.notified().await;
        }
    }
}

impl News {
    fn look_again() -> Self {
        Self {
            publications: Vec::new(),
            look_again: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(project: &str, content: &str) -> Arc<Publication> {
        Arc::new(Publication {
            channels: vec![project.to_owned(), "all".to_owned()],
            rev: None,
            id: None,
            content: Some(content.to_owned()),
        })
    }

    #[test]
    fn the_newest_of_each_project_is_kept() {
        let mailbox = Mailbox::default();
        for (project, content) in [("a", "1"), ("b", "2"), ("a", "3")] {
            mailbox.put(&publication(project, content));
        }
        let news = mailbox.take().unwrap();
        let contents = news
            .publications
            .iter()
            .filter_map(|news| news.content.as_deref());
        assert_eq!(contents.collect::<String>(), "23");
        assert!(!news.look_again && mailbox.take().is_none());
    }

    #[test]
    fn a_publication_without_an_event_makes_those_who_wait_look_again() {
        let (mailbox, key) = (
            Mailbox::default(),
            Publication {
                channels: vec!["key:1".to_owned()],
                rev: None,
                id: None,
                content: None,
            },
        );
        mailbox.put(&publication("a", "1"));
        mailbox.put(&Arc::new(key));
        let news = mailbox.take().unwrap();
        assert!(news.look_again && news.publications.is_empty());
    }

    #[test]
    fn a_client_that_does_not_read_takes_a_bounded_amount_of_memory() {
        let mailbox = Mailbox::default();
        for number in 0..=MAX_KEPT {
            mailbox.put(&publication(&number.to_string(), "x"));
        }
        let news = mailbox.take().unwrap();
        assert!(news.look_again && news.publications.is_empty());
    }
}
