//! Files that manifests name: only inside the project's folder, and through no link that leads out of it.

use std::io::ErrorKind;
use std::path::{Component, Path};

/// The largest file in bytes. A container group takes far less.
const MOST: u64 = 1 << 20;
const OUTSIDE: &str = "it is outside of the project's folder";

/// The text of a file below a folder.
///
/// # Errors
/// Why it cannot be had, fit for a diagnostic.
pub(crate) fn text(folder: &Path, name: &str) -> Result<String, String> {
    let at = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    };
    let outside = || OUTSIDE.to_owned();
    // Whether there is something outside is not told either.
    if leaves(Path::new(name)) {
        return Err(outside());
    }
    let folder = folder.canonicalize().map_err(at)?;
    let file = folder.join(name).canonicalize().map_err(at)?;
    if !file.starts_with(&folder) {
        return Err(outside());
    }
    // What is no file, such as a pipe, might be read without an end.
    match std::fs::metadata(&file).map_err(at)? {
        about if about.is_dir() => return Err("it is a folder".to_owned()),
        about if !about.is_file() => return Err("it is no file".to_owned()),
        about if about.len() > MOST => return Err(format!("it has more than {} KB", MOST >> 10)),
        _ => {}
    }
    let bytes = std::fs::read(&file).map_err(at)?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// Whether a path leads out of where it begins.
fn leaves(path: &Path) -> bool {
    let mut depth = 0_usize;
    path.components().any(|component| match component {
        Component::Normal(_) => {
            depth += 1;
            false
        }
        Component::CurDir => false,
        Component::ParentDir => match depth.checked_sub(1) {
            Some(above) => {
                depth = above;
                false
            }
            None => true,
        },
        Component::RootDir | Component::Prefix(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use super::*;

    #[test]
    fn nothing_outside_can_be_named() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let (inside, outside) = (folder.path().join("project"), folder.path().join("secret"));
        fs::create_dir(&inside)?;
        fs::write(&outside, "out")?;
        fs::write(inside.join("token"), "in")?;
        std::os::unix::fs::symlink(&outside, inside.join("link"))?;
        std::os::unix::fs::symlink(inside.join("token"), inside.join("alias"))?;
        assert_eq!(text(&inside, "token"), Ok("in".to_owned()));
        assert_eq!(text(&inside, "alias"), Ok("in".to_owned()));
        let absolute = outside.display().to_string();
        for name in ["../secret", "../missing", "a/../../secret", "link", &absolute] {
            assert_eq!(text(&inside, name), Err(OUTSIDE.to_owned()), "{name}");
        }
        fs::create_dir(inside.join("a"))?;
        assert_eq!(text(&inside, "a/../token"), Ok("in".to_owned()));
        fs::File::create(inside.join("large"))?.set_len(MOST + 1)?;
        for (name, reason) in [
            ("missing", "there is no such file"),
            ("", "it is a folder"),
            ("a", "it is a folder"),
            ("large", "it has more than 1024 KB"),
        ] {
            assert_eq!(text(&inside, name), Err(reason.to_owned()), "{name}");
        }
        Ok(())
    }
}
