//! Notices what other processes have written: a second server on the same file, an operator's command,
//! Spin.

use std::time::Duration;

use kamiflow_sync_component::api::Publication;
use tokio::time::sleep;

use super::hub::Hub;

/// A number for each database; none for one that nobody has opened.
pub type Versions = Vec<Option<i64>>;

/// What was written lately, perhaps some of it again.
#[derive(Default)]
pub struct Written {
    pub publications: Vec<Publication>,
    /// Whether there may be more, so that everybody has to look again.
    pub is_incomplete: bool,
}

/// How late such a change may be noticed.
const INTERVAL: Duration = Duration::from_millis(500);

/// Publishes the news when `versions` has changed, as it also does when this process has written other
/// things than changes, or when the answer to a change of this process was not heard. So only
/// those whose project has changed are woken.
pub async fn watch<V: Future<Output = Versions>, N: Future<Output = Written>>(
    hub: &Hub,
    versions: impl Fn() -> V,
    mut news: impl FnMut() -> N,
) {
    let mut last = versions().await;
    // Nobody waits yet: what it says is known from now on.
    tell(hub, &news().await);
    loop {
        sleep(INTERVAL).await;
        let now = versions().await;
        if hub.take_unheard() || now != last {
            tell(hub, &news().await);
        }
        last = now;
    }
}

fn tell(hub: &Hub, news: &Written) {
    news.publications.iter().for_each(|news| hub.publish(news));
    if news.is_incomplete {
        hub.look_again();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn news(rev: i64, is_incomplete: bool) -> Written {
        let publication = Publication {
            channels: vec!["a".to_owned()],
            rev: Some(rev),
            id: None,
            content: Some(String::new()),
        };
        Written {
            publications: vec![publication],
            is_incomplete,
        }
    }

    #[test]
    fn only_those_whose_project_has_changed_are_told_unless_there_may_be_more() {
        let hub: Arc<Hub> = Arc::default();
        let [a, b] =
            ["a", "b"].map(|project| Hub::subscribe(&hub, &[project.to_owned()], hub.now()));
        let told = |rev, is_incomplete| {
            tell(&hub, &news(rev, is_incomplete));
            [&a, &b].map(|waiting| waiting.mailbox.take().is_some())
        };
        assert_eq!(told(1, false), [true, false]);
        assert_eq!(told(1, false), [false, false], "it is known");
        assert_eq!(told(2, false), [true, false]);
        assert_eq!(told(2, true), [true, true]);
    }
}
