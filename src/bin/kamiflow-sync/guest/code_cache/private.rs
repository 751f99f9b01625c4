//! Whether a folder can be trusted: others may neither write into it nor put another in its place.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whether only this user can write into `folder`, and nobody but root can put another in its place.
pub fn is_ours_alone(folder: &Path) -> bool {
    let us = Access::of_this_process();
    let access = |folder: &Path| folder.symlink_metadata().map(|it| Access::to(&it));
    let is_ours = access(folder).is_ok_and(|it| it.user == us.user && it.mode & 0o022 == 0);
    let mut above = folder.ancestors().skip(1);
    is_ours && above.all(|above| access(above).is_ok_and(|it| it.keeps_others_out(&us)))
}

/// The users who may write into a folder.
struct Access {
    user: u32,
    group: u32,
    mode: u32,
}

impl Access {
    fn to(folder: &Metadata) -> Self {
        Self {
            user: folder.uid(),
            group: folder.gid(),
            mode: folder.mode(),
        }
    }

    fn of_this_process() -> Self {
        Self {
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
            mode: 0,
        }
    }

    /// Whether nobody but `us` and root can rename what is in this folder. The group of this process counts as its own,
    /// since many systems give each user one.
    fn keeps_others_out(&self, us: &Self) -> bool {
        let is_owner_trusted = [0, us.user].contains(&self.user);
        let is_group_trusted = [0, us.group].contains(&self.group);
        let (for_group, for_others) = (self.mode & 0o020 != 0, self.mode & 0o002 != 0);
        // In a folder with the sticky bit, such as /tmp, one cannot rename what belongs to others.
        let is_sticky = self.mode & 0o1000 != 0;
        is_owner_trusted && (is_sticky || !for_others && (is_group_trusted || !for_group))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        std::fs::create_dir(&cache).unwrap();
        let with_modes = |outer, inner| {
            let set = |path: &Path, mode| {
                std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
            };
            set(folder.path(), outer);
            set(&cache, inner);
            is_ours_alone(&cache)
        };
        assert!(with_modes(0o755, 0o755));
        assert!(with_modes(0o1777, 0o700));
        assert!(!with_modes(0o755, 0o775));
        assert!(!with_modes(0o755, 0o707));
        assert!(!with_modes(0o777, 0o700));
    }

    #[test]
    fn a_folder_above_belongs_to_this_user_or_to_root() {
        let access = |user, group, mode| Access { user, group, mode };
        let us = access(1000, 1000, 0);
        for (user, group, mode) in [(0, 0, 0o755), (1000, 1000, 0o775), (0, 5, 0o1777)] {
            assert!(access(user, group, mode).keeps_others_out(&us), "{mode:o}");
        }
        for (user, group, mode) in [(1, 0, 0o755), (1, 0, 0o1777), (0, 5, 0o775), (0, 0, 0o757)] {
            assert!(!access(user, group, mode).keeps_others_out(&us), "{mode:o}");
        }
    }
}
