//! The first output of the server: its address, its pages, its data file, where its key is, and on a terminal
//! what to do next.
//! Programs that start the server read the address from the first line.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::api_key::KeySource;

/// What it says.
pub struct Banner {
    pub address: SocketAddr,
    pub has_dashboard: bool,
    pub data: Option<PathBuf>,
    pub key: KeySource,
    pub metrics: Option<SocketAddr>,
}

/// Prints on a thread: the server also serves when nobody reads its output.
pub fn print(banner: Banner) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("banner".to_owned());
    thread.spawn(move || _ = banner.write())?;
    Ok(())
}

impl Banner {
    /// To standard output, with the next steps only when it is a terminal.
    fn write(&self) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "Serving http://{}", self.address)?;
        if self.has_dashboard {
            writeln!(out, "Pages   {}/dashboard", local_url(self.address))?;
        }
        let data = self.data.as_deref().map_or(
            "in memory, lost when the server stops".into(),
            Path::to_string_lossy,
        );
        writeln!(out, "Data    {data}")?;
        if let Some(metrics) = self.metrics {
            writeln!(out, "Metrics http://{metrics}/metrics")?;
        }
        let file = match &self.key {
            KeySource::Setting => "configured".into(),
            KeySource::File(file) => file.to_string_lossy(),
        };
        writeln!(out, "Key     {file}")?;
        if out.is_terminal() {
            out.write_all(next_steps(self.address, &self.key).as_bytes())?;
        }
        out.flush()
    }
}

/// Commands to paste. They never contain the key, only the file that a generated one is in.
fn next_steps(address: SocketAddr, key: &KeySource) -> String {
    let set = match key {
        KeySource::Setting => "KEY=…".to_owned(),
        KeySource::File(file) => format!("KEY=$(cat '{}')", file.display()),
    };
    let url = local_url(address);
    format!(
        r#"
Push a file and pull it back:

  {set}
  curl {url}/v1/projects/demo/sync -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
    -d '{{"files":[{{"path":"ideas/hello.md","content":"aGVsbG8=","checksum":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","modified":0,"size":5}}],"deletions":[]}}'
  curl {url}/v1/projects/demo/files -H "Authorization: Bearer $KEY"

Sync a KamiFlow workspace:

  kami sync-db setup --backend {url}

"#
    )
}

/// A URL that works on this machine, also when `address` stands for all interfaces.
fn local_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_file_to_push_has_the_right_checksum() {
        let steps = next_steps(([127, 0, 0, 1], 3000).into(), &KeySource::Setting);
        let digest: String = Sha256::digest("hello")
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert!(steps.contains(&digest));
        assert!(steps.contains(&STANDARD.encode("hello")));
        // A folder that is synced by default.
        assert!(steps.contains(r#""path":"ideas/hello.md""#));
    }

    #[test]
    fn a_generated_key_is_shown_as_its_file() {
        let key = KeySource::File("data/api-key".into());
        let steps = next_steps(([0, 0, 0, 0], 3000).into(), &key);
        assert!(steps.contains("KEY=$(cat 'data/api-key')"));
        assert!(steps.contains("http://localhost:3000/v1"));
    }
}
