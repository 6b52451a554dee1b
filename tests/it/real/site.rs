//! A place for one test: a state folder, a project folder, and the real program run between them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::runtime::{Builder, Runtime};

use super::images::{ACITASK, images};

/// Folders of a test's own.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) tokio: Runtime,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Site {
    /// A place with an empty project and no emulator.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        let tokio = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { folder, tokio }
    }

    /// A place whose emulator, when the program starts one, has the images of the tests.
    pub(crate) fn with_images() -> Self {
        let site = Self::new();
        std::os::unix::fs::symlink(images(), site.state().join("images")).unwrap();
        site
    }

    /// The state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A file of the project.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    /// Makes the project the quickstart, without anybody's `.env`.
    pub(crate) fn quickstart(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/quickstart");
        for name in ["project.yaml", "strong.yaml", "weak.yaml"] {
            fs::copy(folder.join(name), self.file(name)).unwrap();
        }
    }

    /// Replaces a text that stands once in a file of the project.
    pub(crate) fn edit(&self, name: &str, before: &str, after: &str) {
        let text = fs::read_to_string(self.file(name)).unwrap();
        assert_eq!(text.matches(before).count(), 1, "{before:?} does not stand once in {name}");
        self.write(name, &text.replace(before, after));
    }

    /// Runs the program on the local target, in the project's folder and without a terminal.
    pub(crate) fn acitask(&self, arguments: &[&str]) -> Run {
        self.acitask_with(arguments, &[])
    }

    /// The same with these environment variables.
    pub(crate) fn acitask_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let arguments = [&["--local"], arguments].concat();
        self.bare(&arguments, environment)
    }

    /// Runs the program with nothing but these arguments and the state folder.
    pub(crate) fn bare(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        self.tokio.block_on(async {
            let (mut child, output) = self.spawn(arguments, environment);
            let status = child.wait().await.unwrap();
            output.read(status)
        })
    }

    /// Runs the program as a person would in this folder, with a toolchain at hand.
    pub(crate) fn in_folder(&self, folder: &Path, arguments: &[&str]) -> Run {
        let output = Output { folder: tempfile::tempdir_in(self.folder.path()).unwrap() };
        let status = std::process::Command::new(ACITASK)
            .arg("--state-dir")
            .arg(self.state())
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.file("stdout"))
            .stderr(output.file("stderr"))
            .status()
            .unwrap();
        output.read(status)
    }

    /// Begins a run of the program.
    pub(crate) fn spawn(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (Child, Output) {
        let output = Output { folder: tempfile::tempdir_in(self.folder.path()).unwrap() };
        let child = Command::new(ACITASK)
            .arg("--state-dir")
            .arg(self.state())
            .args(arguments)
            .current_dir(self.file(""))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.file("stdout"))
            .stderr(output.file("stderr"))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        (child, output)
    }
}

/// Where a child writes to: files, which it can never block on.
pub(crate) struct Output {
    folder: TempDir,
}

impl Output {
    fn file(&self, name: &str) -> File {
        File::create(self.folder.path().join(name)).unwrap()
    }

    /// What the child has written to its standard output so far.
    pub(crate) fn so_far(&self) -> String {
        String::from_utf8(fs::read(self.folder.path().join("stdout")).unwrap()).unwrap()
    }

    /// What the child said and how it ended.
    pub(crate) fn read(&self, status: ExitStatus) -> Run {
        let text = |name| {
            let bytes = fs::read(self.folder.path().join(name)).unwrap();
            // A test that compares finds what is no text, and must not print all of it.
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Run { code: status.code(), stdout: text("stdout"), stderr: text("stderr") }
    }
}

impl Run {
    /// Asserts that it ended with this code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.all());
        self
    }

    /// Asserts that it said all of this, to whichever stream.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let all = self.all();
        let missing: Vec<_> = texts.iter().filter(|text| !all.contains(**text)).collect();
        assert!(missing.is_empty(), "it does not say {missing:?}:\n{all}");
        self
    }

    /// Everything that it said.
    pub(crate) fn all(&self) -> String {
        format!("{}\n-- errors --\n{}", self.stdout, self.stderr)
    }
}
