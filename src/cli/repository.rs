//! The repository that this was built from: where the reference tasks and the quickstart's manifests are.

use std::path::{Path, PathBuf};

use super::failure::Failure;

/// The repository's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repository(PathBuf);

impl Repository {
    /// Looks in a folder and in those above it.
    ///
    /// # Errors
    /// It is nowhere there.
    pub(crate) fn above(folder: &Path) -> Result<Self, Failure> {
        let is_repository = |folder: &&Path| {
            folder.join("containers/Cargo.toml").is_file() && folder.join("manifests/quickstart").is_dir()
        };
        folder.ancestors().find(is_repository).map(|root| Self(root.to_owned())).ok_or(Failure::NoRepository)
    }

    /// The folder of the reference tasks.
    pub(crate) fn containers(&self) -> PathBuf {
        self.0.join("containers")
    }

    /// The manifests of the quickstart.
    pub(crate) fn quickstart(&self) -> PathBuf {
        self.0.join("manifests/quickstart")
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use super::*;

    #[test]
    fn it_is_found_from_any_folder_in_it() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        fs::create_dir_all(root.join("containers/src"))?;
        assert!(matches!(Repository::above(&root.join("containers/src")), Err(Failure::NoRepository)));
        fs::create_dir_all(root.join("manifests/quickstart"))?;
        fs::write(root.join("containers/Cargo.toml"), "")?;
        let found = Repository::above(&root.join("containers/src"))?;
        assert_eq!(found.quickstart(), root.join("manifests/quickstart"));
        Ok(())
    }
}
