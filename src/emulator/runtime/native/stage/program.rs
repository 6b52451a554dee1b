//! The program itself: where it is, as whom it runs, and the words of a container runtime where it cannot.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::order::Process;
use super::user::{self, User};
use super::{StageError, doing};

/// A program that is ready to replace this process.
pub(super) struct Ready {
    program: PathBuf,
    name: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    /// As whom it is to run.
    pub(super) user: User,
}

/// Finds program and user inside the container, whose root must be ours by now, and goes to the working directory.
pub(super) fn prepare(process: &Process) -> Result<Ready, StageError> {
    let Process { argv, environment, folder, user } = process;
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let user = user::find(user, &text("/etc/passwd"), &text("/etc/group")).map_err(StageError::Program)?;
    let mut environment: BTreeMap<_, _> = environment.iter().cloned().collect();
    environment.entry("HOME".to_owned()).or_insert_with(|| user.home.clone());
    let at = || format!("chdir to cwd ({:?})", folder.display());
    fs::create_dir_all(folder).map_err(doing(at()))?;
    std::env::set_current_dir(folder).map_err(doing(at()))?;
    let Some((name, arguments)) = argv.split_first() else {
        return Err(StageError::Program("no command specified".to_owned()));
    };
    let path = environment.get("PATH").map_or("", String::as_str);
    let program = find(name, path)?;
    Ok(Ready { program, name: name.clone(), arguments: arguments.to_vec(), environment, user })
}

impl Ready {
    /// Replaces this process; comes back only where that fails.
    pub(super) fn run(&self) -> StageError {
        let Self { program, name, arguments, environment, user: _ } = self;
        let error = Command::new(program).arg0(name).args(arguments).env_clear().envs(environment).exec();
        StageError::Program(format!("exec {name}: {}", plain(&error)))
    }
}

/// The file of a program: as named where the name has a slash, else the first that can be run of those in the path.
fn find(name: &str, path: &str) -> Result<PathBuf, StageError> {
    if name.contains('/') {
        return match fs::metadata(name) {
            Ok(found) if runs(&found) => Ok(PathBuf::from(name)),
            Ok(_) => Err(StageError::Program(format!("exec: {name:?}: permission denied"))),
            Err(error) => Err(missing(name, &plain(&error))),
        };
    }
    path.split(':')
        .filter(|folder| !folder.is_empty() && !name.is_empty())
        .map(|folder| Path::new(folder).join(name))
        .find(|file| fs::metadata(file).is_ok_and(|found| runs(&found)))
        .ok_or_else(|| StageError::NotInPath(name.to_owned()))
}

/// How a runtime says that a file is not there.
fn missing(name: &str, why: &str) -> StageError {
    StageError::Program(format!("exec: {name:?}: stat {name}: {why}"))
}

/// The error as ACI shows it for an exec: of a program that the path has not, it names the file all the same
/// (azure-cli#10039).
pub(super) fn in_exec_words(error: StageError) -> StageError {
    match error {
        StageError::NotInPath(name) => missing(&name, "no such file or directory"),
        other => other,
    }
}

fn runs(found: &fs::Metadata) -> bool {
    found.is_file() && found.permissions().mode() & 0o111 != 0
}

/// What went wrong, in the words of a runtime, which writes them in lower case and without a number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        // ENOEXEC has no kind of its own.
        _ if error.raw_os_error() == Some(8) => "exec format error".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_a_runtime_finds_them() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let make = |name: &str, mode| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
            fs::write(&file, "")?;
            fs::set_permissions(&file, fs::Permissions::from_mode(mode))
        };
        make("a/plain", 0o644)?;
        make("b/plain", 0o755)?;
        make("b/run", 0o755)?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let path = format!("{}:{}", at("a"), at("b"));
        for (name, found) in [
            ("run".to_owned(), Ok(at("b/run"))),
            ("plain".to_owned(), Ok(at("b/plain"))),
            ("nope".to_owned(), Err("exec: \"nope\": executable file not found in $PATH".to_owned())),
            (String::new(), Err("exec: \"\": executable file not found in $PATH".to_owned())),
            (at("b/run"), Ok(at("b/run"))),
            (at("a/plain"), Err(format!("exec: {:?}: permission denied", at("a/plain")))),
            (at("c"), Err(format!("exec: {:?}: stat {}: no such file or directory", at("c"), at("c")))),
        ] {
            let program = find(&name, &path)
                .map(|program| program.display().to_string())
                .map_err(|error| error.to_string());
            assert_eq!(program, found, "{name}");
        }
        Ok(())
    }
}
