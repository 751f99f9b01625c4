//! A tar file, as POSIX has it (pax): any path in UTF-8, files only.

/// Everything in a tar file comes in blocks of this many bytes.
const BLOCK: usize = 512;
/// Bytes of a path that a header holds by itself.
const MAX_NAME: usize = 100;

/// A tar file in memory.
#[derive(Default)]
pub(super) struct Archive(Vec<u8>);

impl Archive {
    /// Adds a file. `modified` is in seconds since 1970.
    pub(super) fn add(&mut self, path: &str, modified: i64, content: &[u8]) {
        if path.len() > MAX_NAME || !path.is_ascii() {
            self.member("pax", b'x', 0, record("path", path).as_bytes());
        }
        self.member(path, b'0', modified, content);
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        self.0
    }

    fn member(&mut self, name: &str, kind: u8, modified: i64, content: &[u8]) {
        self.0.extend(header(name, kind, modified, content.len()));
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
    }
}

fn header(name: &str, kind: u8, modified: i64, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name.as_bytes()[..name.len().min(MAX_NAME)]);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    // Eleven octal digits: from 1970 to 2242.
    put(
        136,
        format!("{:011o}\0", modified.clamp(0, (1 << 33) - 1)).as_bytes(),
    );
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// `LENGTH KEY=VALUE`, where the length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let lengths = rest.len() + 1..;
    let length = lengths
        .into_iter()
        .find(|length| length.to_string().len() + rest.len() == *length);
    format!("{}{rest}", length.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn other_programs_read_what_is_written() {
        let long = format!("ideas/{}.md", "n".repeat(200));
        let files = [
            ("a.md", 1_795_661_305, &b"hello"[..]),
            ("ghi chú/é.md", 0, b""),
            (&long, -5, &[7; 1024]),
        ];
        let mut archive = Archive::default();
        for (path, modified, content) in files {
            archive.add(path, modified, content);
        }
        let bytes = archive.finish();
        let mut read = tar::Archive::new(&bytes[..]);
        let mut entries = read.entries().unwrap().map(Result::unwrap);
        for (path, modified, content) in files {
            let mut entry = entries.next().unwrap();
            assert_eq!(entry.path().unwrap().to_str(), Some(path));
            assert_eq!(entry.header().mtime().unwrap(), modified.max(0) as u64);
            let mut found = Vec::new();
            entry.read_to_end(&mut found).unwrap();
            assert_eq!(found, content);
        }
        assert!(entries.next().is_none());
    }

    #[test]
    fn the_length_of_a_record_counts_itself() {
        for length in [1, 85, 90, 91, 92, 93, 990, 991] {
            let record = record("path", &"x".repeat(length));
            let (said, _) = record.split_once(' ').unwrap();
            assert_eq!(said.parse::<usize>().unwrap(), record.len());
        }
    }
}
