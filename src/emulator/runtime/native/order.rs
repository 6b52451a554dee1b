//! What the emulator and the stages of a container say to each other.
//!
//! An order goes down a standard input as one frame (four bytes of length, little endian, then JSON), never as
//! arguments: those could be read by everybody on the machine, and an order holds the secrets of a task's environment.
//! That is also why nothing here has a `Debug`. Reports come up as lines of JSON.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The hidden verb of the process that keeps a container: namespaces, file tree, the wait for its end.
pub(super) const KEEP: &str = "emulator-container-keep";
/// The hidden verb of the process that becomes the container's first one.
pub(super) const BECOME: &str = "emulator-container-become";
/// The hidden verb of the process that joins a container's namespaces for an exec.
pub(super) const JOIN: &str = "emulator-exec-join";
/// The hidden verb of the process that becomes the exec's program.
pub(super) const ENTER: &str = "emulator-exec-enter";

/// On the lifeline of a keeper: pass SIGTERM on. The end of the lifeline means SIGKILL.
pub(super) const TERM: u8 = b't';

/// The largest order that a stage reads, in bytes.
const MAX_ORDER: u32 = 16 << 20;

/// To [`KEEP`].
#[derive(Serialize, Deserialize)]
pub(super) struct Keep {
    /// Our own program, for the second stage.
    pub(super) init: PathBuf,
    /// The image's file tree, only read.
    pub(super) tree: PathBuf,
    /// An empty folder to mount on; all containers share it, as each has its own mounts.
    pub(super) scratch: PathBuf,
    /// The host name inside.
    pub(super) hostname: String,
    /// What else is mounted, the outer places before those in them.
    pub(super) mounts: Vec<Mount>,
    /// The control groups that hold it; made and removed by the keeper.
    pub(super) groups: Vec<Group>,
    /// What to run; none: build everything up and end, to see whether it can be done.
    pub(super) process: Option<Process>,
}

/// Something of the machine at a place in a container.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Mount {
    /// The name by which a failure tells of it.
    pub(super) volume: String,
    /// The whole path inside.
    pub(super) path: PathBuf,
    /// What is mounted.
    pub(super) source: Source,
    /// Whether nobody inside may write to it.
    pub(super) read_only: bool,
}

/// What is mounted.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Source {
    /// A folder of the machine.
    Folder(PathBuf),
    /// Files that are on no disk, by name, in base64: they are laid out in memory that only the container sees.
    Files(BTreeMap<String, String>),
}

/// A control group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    /// Its folder, which is not there yet.
    pub(super) folder: PathBuf,
    /// What is written to which of its files, in this order.
    pub(super) settings: Vec<(String, String)>,
    /// The file with a line `oom_kill n` that counts those whom it ended for want of memory.
    pub(super) kills: Option<String>,
}

/// To [`BECOME`].
#[derive(Serialize, Deserialize)]
pub(super) struct Become {
    /// See [`Keep::scratch`]; the first stage has filled it.
    pub(super) scratch: PathBuf,
    /// See [`Keep::hostname`].
    pub(super) hostname: String,
    /// Volume and path of each of [`Keep::mounts`], which the first stage has prepared.
    pub(super) mounts: Vec<(String, PathBuf)>,
    /// See [`Keep::process`].
    pub(super) process: Option<Process>,
}

/// To [`JOIN`] and, unchanged, to [`ENTER`].
#[derive(Serialize, Deserialize)]
pub(super) struct Join {
    /// Our own program, for the second stage.
    pub(super) init: PathBuf,
    /// The container's first process, as the machine numbers it.
    pub(super) pid: i32,
    /// The terminal's name inside the container; none: without input, and the output goes to the stage's standard error.
    pub(super) terminal: Option<PathBuf>,
    /// The folders of the container's control groups.
    pub(super) groups: Vec<PathBuf>,
    /// What to run.
    pub(super) process: Process,
}

/// A program to run inside a container.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Process {
    /// The program and its arguments.
    pub(super) argv: Vec<String>,
    /// The whole environment; a later value of a name wins.
    pub(super) environment: Vec<(String, String)>,
    /// The working directory; made where it is not there.
    pub(super) folder: PathBuf,
    /// `user[:group]` as the image says it.
    pub(super) user: String,
}

/// What a first stage reports.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Report {
    /// The program runs and has this process id on the machine.
    Started(i32),
    /// The program does not run.
    Failed(Failure),
    /// The program ended.
    Exited {
        /// Its exit code; 128 + n where signal n ended it.
        code: i32,
        /// Whether its group had to end somebody for want of memory.
        starved: bool,
    },
}

/// Why a program does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    /// The volume that could not be mounted, if that is it.
    pub(super) volume: Option<String>,
    /// Why, for people.
    pub(super) reason: String,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self { volume: None, reason }
    }
}

/// An order as bytes.
pub(super) fn frame(order: &impl Serialize) -> io::Result<Vec<u8>> {
    let text = serde_json::to_vec(order)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    Ok([&length.to_le_bytes()[..], &text].concat())
}

/// The next order, and not a byte more.
pub(super) fn read<T: DeserializeOwned>(mut from: impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_ORDER {
        return Err(io::Error::other("an order is too long"));
    }
    let mut text = Vec::new();
    from.take(length.into()).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_to_its_end_and_no_further() -> io::Result<()> {
        let mut bytes = frame(&("order", 1))?;
        bytes.push(TERM);
        let mut from = &bytes[..];
        assert_eq!(read::<(String, i32)>(&mut from)?, ("order".to_owned(), 1));
        assert_eq!(from, [TERM]);
        Ok(())
    }

    #[test]
    fn an_order_has_a_limit() {
        assert!(read::<String>(&[0xff; 8][..]).is_err());
    }
}
