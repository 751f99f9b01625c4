//! Detects a data folder that would be deleted with its container, so that a forgotten volume is
//! noticed at the first start and not after the first upgrade.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Linux's list of mount points.
const MOUNTS: &str = "/proc/self/mountinfo";
/// File systems that do not outlive the container.
const EPHEMERAL: [&str; 3] = ["overlay", "tmpfs", "ramfs"];

/// Fails when the folder of `database` would be deleted with its container.
pub fn require_persistent(database: &Path) -> Result<()> {
    let folder = database.parent().unwrap_or(Path::new("/"));
    let folder = folder.canonicalize()?;
    let mounts =
        std::fs::read_to_string(MOUNTS).with_context(|| format!("cannot read {MOUNTS}"))?;
    ensure!(
        persists(&folder, &mounts),
        "{shown} is inside the container and would be deleted with it: mount a volume there \
         (docker run -v kamiflow-data:{shown} …), or set REQUIRE_PERSISTENT_DATA=false",
        shown = folder.display()
    );
    Ok(())
}

fn persists(folder: &Path, mounts: &str) -> bool {
    let mounts = mounts.lines().filter_map(Mount::parse);
    let nearest = mounts
        .filter(|mount| folder.starts_with(&mount.point))
        // Of several mounts on one point, the last hides the others.
        .max_by_key(|mount| mount.point.components().count());
    nearest.is_some_and(|mount| mount.persists())
}

struct Mount<'a> {
    root: &'a str,
    point: PathBuf,
    kind: &'a str,
}

impl<'a> Mount<'a> {
    /// The fields of a line: id, parent id, device, root, mount point, options, optional fields up
    /// to `-`, and then the file system type.
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(' ');
        let root = fields.nth(3)?;
        let point = fields.next()?.replace("\\040", " ").into();
        let kind = fields.skip_while(|field| *field != "-").nth(1)?;
        Some(Self { root, point, kind })
    }

    fn persists(&self) -> bool {
        self.point != Path::new("/") && !EPHEMERAL.contains(&self.kind) && !self.is_anonymous()
    }

    /// An anonymous volume, which the image itself declares, does not persist: every new container
    /// gets another one. Docker names it with 64 random hexadecimal digits.
    fn is_anonymous(&self) -> bool {
        let name = self
            .root
            .strip_suffix("/_data")
            .and_then(|volume| volume.rsplit('/').next());
        name.is_some_and(|name| {
            name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "655 590 0:52 / / rw,relatime - overlay overlay rw,lowerdir=/l";

    fn with(line: &str) -> bool {
        persists(Path::new("/data"), &format!("{ROOT}\n{line}"))
    }

    #[test]
    fn a_folder_of_the_container_itself_does_not_persist() {
        assert!(!with(""));
        assert!(!with("1 655 8:1 /x /database rw - ext4 /dev/sda1 rw"));
        assert!(!with("1 655 0:60 / /data rw - tmpfs tmpfs rw"));
    }

    #[test]
    fn a_bind_mount_or_a_named_volume_persists() {
        assert!(with(
            "1 655 8:1 /home/me/data /data rw,relatime - ext4 /dev/sda1 rw"
        ));
        assert!(with(
            "1 655 8:1 /var/lib/docker/volumes/kamiflow-data/_data /data rw master:1 - ext4 /dev/sda1 rw"
        ));
    }

    #[test]
    fn an_anonymous_volume_does_not_persist() {
        let name = "0123456789abcdef".repeat(4);
        assert!(!with(&format!(
            "1 655 8:1 /var/lib/docker/volumes/{name}/_data /data rw - ext4 /dev/sda1 rw"
        )));
    }
}
