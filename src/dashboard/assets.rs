//! The stylesheet, the script and the icon. Their names hold a hash of their content, so browsers keep them
//! for ever and never have an older one.

use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use crate::addresses::dashboard::HOME;

/// A file that pages need.
pub(super) struct Asset {
    name: &'static str,
    extension: &'static str,
    kind: &'static str,
    text: &'static str,
    hash: u64,
}

pub(super) const STYLE: Asset = Asset::new(
    "style",
    "css",
    "text/css; charset=utf-8",
    concat!(
        include_str!("assets/style.css"),
        include_str!("assets/file.css")
    ),
);
pub(super) const SCRIPT: Asset = Asset::new(
    "script",
    "js",
    "text/javascript; charset=utf-8",
    include_str!("assets/script.js"),
);
pub(super) const ICON: Asset = Asset::new(
    "icon",
    "svg",
    "image/svg+xml",
    include_str!("assets/icon.svg"),
);
const ALL: [&Asset; 3] = [&STYLE, &SCRIPT, &ICON];

impl Asset {
    const fn new(
        name: &'static str,
        extension: &'static str,
        kind: &'static str,
        text: &'static str,
    ) -> Self {
        Self {
            name,
            extension,
            kind,
            text,
            hash: hash(text.as_bytes()),
        }
    }

    pub(super) fn address(&self) -> String {
        let (name, extension) = (self.name, self.extension);
        format!("{HOME}/assets/{name}.{:016x}.{extension}", self.hash)
    }
}

/// FNV-1a, when the program is compiled: it tells versions apart, and defends nothing.
const fn hash(bytes: &[u8]) -> u64 {
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The file at an address; none for that of another version.
pub(super) fn asset(path: &str) -> Option<Response<Vec<u8>>> {
    let asset = ALL.into_iter().find(|asset| asset.address() == path)?;
    let mut response = Response::new(asset.text.into());
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().extend([
        (CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (CACHE_CONTROL, for_ever),
    ]);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_at_the_address_of_its_content_only() {
        for of in ALL {
            let response = asset(&of.address()).unwrap();
            assert_eq!(response.headers()[CONTENT_TYPE], of.kind);
            assert_eq!(response.body(), of.text.as_bytes());
            let other = of.address().replace(&format!("{:016x}", of.hash), "0");
            assert!(asset(&other).is_none());
        }
        assert_ne!(hash(b"a"), hash(b"b"));
    }

    #[test]
    fn nothing_comes_from_another_host() {
        for of in ALL {
            let text = of.text.replace("http://www.w3.org/2000/svg", "");
            let foreign = ["http", "@import", "url("];
            let found = foreign.iter().find(|part| text.contains(**part));
            assert_eq!(found, None, "{}", of.name);
        }
    }
}
