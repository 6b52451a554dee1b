//! What the process was born into: its environment and its folder, read once.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The environment and the current folder.
#[derive(Clone)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// The current folder.
    pub(crate) folder: PathBuf,
}

impl Environment {
    /// Reads it; what is not UTF-8 is left out.
    pub(crate) fn read() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables, folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")) }
    }

    /// One made of these, for tests.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { variables, folder: PathBuf::from(".") }
    }

    /// The value of a variable; one that is set to nothing is not set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folder of the local emulator, where the user keeps state
    /// (the XDG Base Directory Specification's `XDG_STATE_HOME`); absent where there is no home.
    pub(crate) fn emulator_folder(&self) -> Option<PathBuf> {
        let absolute = |path: &str| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
        let state = self.get("XDG_STATE_HOME").and_then(absolute);
        let home = || self.get("HOME").and_then(absolute).map(|home| home.join(".local/state"));
        Some(state.or_else(home)?.join("acitask/emulator"))
    }

    /// The address of the pipeline's run that this is part of, as GitHub Actions, GitLab CI/CD and Azure Pipelines tell it
    /// in their predefined variables.
    pub(crate) fn pipeline_run(&self) -> Option<String> {
        let github = || {
            let (server, repository) = (self.get("GITHUB_SERVER_URL")?, self.get("GITHUB_REPOSITORY")?);
            Some(format!("{server}/{repository}/actions/runs/{}", self.get("GITHUB_RUN_ID")?))
        };
        let azure = || {
            let (server, project) = (self.get("SYSTEM_COLLECTIONURI")?, self.get("SYSTEM_TEAMPROJECT")?);
            let server = server.trim_end_matches('/');
            Some(format!("{server}/{project}/_build/results?buildId={}", self.get("BUILD_BUILDID")?))
        };
        github().or_else(|| self.get("CI_JOB_URL").map(str::to_owned)).or_else(azure)
    }

    /// Whether a pipeline says that it runs this.
    pub(crate) fn is_pipeline(&self) -> bool {
        self.get("CI").is_some_and(|value| !matches!(value, "0" | "false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipelines_run_has_an_address() {
        let github = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "a/b"),
            ("GITHUB_RUN_ID", "7"),
        ];
        let run = |variables: &[_]| Environment::of(variables).pipeline_run();
        assert_eq!(run(&github).as_deref(), Some("https://github.com/a/b/actions/runs/7"));
        assert_eq!(run(&[("CI_JOB_URL", "https://gitlab/1")]).as_deref(), Some("https://gitlab/1"));
        assert_eq!(run(&github[..2]), None);
    }

    #[test]
    fn state_is_kept_where_the_user_keeps_it() {
        let folder = |variables| Environment::of(variables).emulator_folder();
        assert_eq!(folder(&[("HOME", "/home/a")]), Some("/home/a/.local/state/acitask/emulator".into()));
        let both = [("HOME", "/home/a"), ("XDG_STATE_HOME", "/state")];
        assert_eq!(folder(&both), Some("/state/acitask/emulator".into()));
        let odd = [("HOME", "/home/a"), ("XDG_STATE_HOME", "state")];
        assert_eq!(folder(&odd), Some("/home/a/.local/state/acitask/emulator".into()));
        assert_eq!(folder(&[]), None);
    }
}
