//! What a way to the server does not change.

/// Methods of a `Remote` that ask `self.inner()` for the same.
macro_rules! pass_on {
    ($($method:ident)+) => {
        $($crate::pass_on::pass_on!(@ $method);)+
    };
    (@ limits) => {
        fn limits(&self) -> Result<kamisync::remote::Limits, RemoteError> {
            self.inner().limits()
        }
    };
    (@ totals) => {
        fn totals(&self) -> Result<(u64, u64), RemoteError> {
            self.inner().totals()
        }
    };
    (@ is_deleted) => {
        fn is_deleted(&self) -> Result<bool, RemoteError> {
            self.inner().is_deleted()
        }
    };
    (@ changes) => {
        fn changes(&self, since: &str, content: bool) -> Result<kamisync::remote::Page, RemoteError> {
            self.inner().changes(since, content)
        }
    };
    (@ push) => {
        fn push(&self, push: &kamisync::remote::Push) -> Result<kamisync::remote::Pushed, RemoteError> {
            self.inner().push(push)
        }
    };
    (@ diff) => {
        fn diff(
            &self,
            files: &[kamisync::remote::DeviceFile],
        ) -> Result<kamisync::remote::Diff, RemoteError> {
            self.inner().diff(files)
        }
    };
    (@ content) => {
        fn content(
            &self,
            path: &str,
            rev: kamisync::remote::Rev,
        ) -> Result<Option<Vec<u8>>, RemoteError> {
            self.inner().content(path, rev)
        }
    };
    (@ history) => {
        fn history(&self, path: &str) -> Result<Vec<kamisync::remote::Version>, RemoteError> {
            self.inner().history(path)
        }
    };
}

pub(crate) use pass_on;
