//! A copy of a file tree, for where overlay is refused.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::Path;

use super::super::{StageError, doing};

/// Copies what is in a folder into another, with modes, owners and links; hard links become files of their own.
pub(super) fn tree(from: &Path, to: &Path) -> Result<(), StageError> {
    let mut folders = vec![(from.to_path_buf(), to.to_path_buf())];
    while let Some((from, to)) = folders.pop() {
        for entry in fs::read_dir(&from).map_err(doing("copy of the image"))? {
            let name = entry.map_err(doing("copy of the image"))?.file_name();
            let (from, to) = (from.join(&name), to.join(&name));
            one(&from, &to).map_err(doing(format!("copy of {}", from.display())))?;
            if fs::symlink_metadata(&from).is_ok_and(|found| found.is_dir()) {
                folders.push((from, to));
            }
        }
    }
    Ok(())
}

fn one(from: &Path, to: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(from)?;
    if found.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
        return lchown(to, Some(found.uid()), Some(found.gid()));
    }
    if found.is_dir() {
        fs::create_dir(to)?;
    } else {
        fs::copy(from, to)?;
    }
    // A change of owner clears the set-user-id bit, so the mode comes last.
    lchown(to, Some(found.uid()), Some(found.gid()))?;
    fs::set_permissions(to, found.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_has_folders_modes_and_links() -> Result<(), Box<dyn std::error::Error>> {
        let (from, to) = (tempfile::tempdir()?, tempfile::tempdir()?);
        fs::create_dir_all(from.path().join("a/b"))?;
        fs::write(from.path().join("a/b/run"), "x")?;
        fs::set_permissions(from.path().join("a/b/run"), fs::Permissions::from_mode(0o751))?;
        symlink("/etc/shadow", from.path().join("a/link"))?;
        tree(from.path(), to.path())?;
        let run = to.path().join("a/b/run");
        assert_eq!(fs::read_to_string(&run)?, "x");
        assert_eq!(fs::metadata(&run)?.mode() & 0o7777, 0o751);
        assert_eq!(fs::read_link(to.path().join("a/link"))?, Path::new("/etc/shadow"));
        Ok(())
    }
}
