//! The own pushes in the change feed, which need not be read there.

use crate::remote::Span;

/// Own pushes that the feed was not followed over yet.
#[derive(Default)]
pub(super) struct OwnPushes(Vec<Span>);

impl OwnPushes {
    pub fn add(&mut self, push: Span) {
        self.0.push(push);
    }

    /// Goes from a cursor over all that follow it, with nothing of others between.
    pub fn skip(&mut self, mut cursor: String) -> String {
        let from = |push: &Span, cursor: &str| push.from.as_deref() == Some(cursor);
        while let Some(next) = self.0.iter().position(|push| from(push, &cursor)) {
            cursor = self.0.swap_remove(next).to;
        }
        cursor
    }

    /// Whether all of them were followed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushes(spans: &[(Option<&str>, &str)]) -> OwnPushes {
        let span = |(from, to): &(Option<&str>, &str)| Span {
            from: from.map(str::to_owned),
            to: (*to).to_owned(),
        };
        OwnPushes(spans.iter().map(span).collect())
    }

    #[test]
    fn pushes_are_skipped_in_any_order_of_their_answers() {
        let mut own = pushes(&[(Some("b"), "c"), (Some("c"), "c"), (Some("a"), "b")]);
        assert_eq!(own.skip("a".to_owned()), "c");
        assert!(own.0.is_empty());
    }

    #[test]
    fn what_lies_behind_changes_of_others_is_not_skipped() {
        let mut own = pushes(&[(Some("a"), "b"), (Some("c"), "d")]);
        assert_eq!(own.skip("a".to_owned()), "b");
        assert_eq!(own.0.len(), 1);
    }

    #[test]
    fn nothing_is_skipped_where_the_server_does_not_say() {
        let mut own = pushes(&[(None, "b")]);
        assert_eq!(own.skip("a".to_owned()), "a");
        assert_eq!(own.0.len(), 1);
    }
}
