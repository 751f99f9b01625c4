//! What happened on the way to the server, in words for a person.

use std::io;

use crate::remote::RemoteError;

/// A request that got no answer.
pub fn offline(error: ureq::Error) -> RemoteError {
    let reason = match error {
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::ConnectProxyFailed(reason) => format!("the proxy refuses ({reason})"),
        ureq::Error::Rustls(reason) => format!("its certificate or encryption is wrong ({reason})"),
        ureq::Error::Io(error) => of_io(&error),
        other => other.to_string(),
    };
    RemoteError::Offline(reason.trim_end_matches('.').to_owned())
}

fn of_io(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    // The answer has nothing of TLS in it.
    if let Some(rustls::Error::InvalidMessage(_)) = inner {
        return "there is no https at its address, perhaps http".to_owned();
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens at its address".to_owned(),
        io::ErrorKind::TimedOut => "it did not answer in time".to_owned(),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => "the connection broke off".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_told_without_the_words_of_the_machine() {
        for (kind, reason) in [
            (
                io::ErrorKind::ConnectionRefused,
                "nothing listens at its address",
            ),
            (io::ErrorKind::UnexpectedEof, "the connection broke off"),
        ] {
            let failure = offline(ureq::Error::Io(kind.into()));
            let sentence = format!("The server cannot be reached: {reason}.");
            assert_eq!(failure.to_string(), sentence);
        }
    }
}
