//! Files that manifests name: only inside the project's folder, and through no link that leads out of it.

use std::path::Path;

/// The text of a file below a folder.
///
/// # Errors
/// Why it cannot be had, fit for a diagnostic.
pub(crate) fn text(folder: &Path, name: &str) -> Result<String, String> {
    let at = |error: std::io::Error| error.to_string();
    let folder = folder.canonicalize().map_err(at)?;
    let file = folder.join(name).canonicalize().map_err(at)?;
    if !file.starts_with(&folder) {
        return Err("it is outside of the project's folder".to_owned());
    }
    let bytes = std::fs::read(&file).map_err(at)?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
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
        for name in ["../secret", "link", &outside.display().to_string()] {
            assert_eq!(text(&inside, name), Err("it is outside of the project's folder".to_owned()));
        }
        assert!(text(&inside, "missing").is_err());
        Ok(())
    }
}
