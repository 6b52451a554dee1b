//! `acitask emulator snapshot …`: the whole world in one file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use acitask_emulator::Snapshot;
use clap::Subcommand;
use serde_json::Value;

use super::control::Control;
use super::{local, none_ran};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::render::text::counted;

/// What to do with snapshots.
#[derive(Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Save the whole world in one JSON file, which only you can read: it holds the secrets of the container groups.
    Save {
        /// The file; one that is there is replaced.
        file: PathBuf,
    },
    /// Put a saved world in the place of this one. What ran is started again; logs and posts are not part of it.
    Load {
        /// The file.
        file: PathBuf,
    },
}

/// Does it.
pub(super) async fn snapshot(desk: &Desk, command: SnapshotCommand) -> Result<Code, Failure> {
    match command {
        SnapshotCommand::Save { file } => save(desk, &file).await,
        SnapshotCommand::Load { file } => load(desk, &file).await,
    }
}

async fn save(desk: &Desk, file: &Path) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    // Where it does not run, it is started: its world is in its state folder.
    local::ensure(desk, &home).await?;
    let answer = Control::of(&home)?.send("GET", "/_emulator/snapshot", None).await?;
    let records = answer["records"].as_object().map_or(0, serde_json::Map::len);
    let path = desk.environment.folder.join(file);
    let mut fresh = path.clone().into_os_string();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let at = |source| Failure::File { path: file.to_owned(), source };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut out| writeln!(out, "{answer}"))
        .and_then(|()| std::fs::rename(&fresh, &path));
    if written.is_err() {
        // Half a file helps nobody.
        drop(std::fs::remove_file(&fresh));
    }
    written.map_err(at)?;
    let said = counted(records, "record", "records");
    desk.screen.result(|out| writeln!(out, "Saved {said} in {}; it holds secrets.", file.display()))?;
    Ok(Code::DONE)
}

async fn load(desk: &Desk, file: &Path) -> Result<Code, Failure> {
    let at = |source| Failure::File { path: file.to_owned(), source };
    let bytes = std::fs::read(desk.environment.folder.join(file)).map_err(at)?;
    // Looked at first, so that what is none is told by its place in the file, and nothing of it is shown.
    let refused = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        let text = format!("{} is no snapshot (line {line}, column {column})", file.display());
        Failure::EmulatorRefuses(text)
    };
    serde_json::from_slice::<Snapshot>(&bytes).map_err(refused)?;
    let body: Value = serde_json::from_slice(&bytes).map_err(refused)?;
    let home = project::home(desk)?;
    let answer = local::ensure(desk, &home).await?.send("PUT", "/_emulator/snapshot", Some(&body)).await?;
    let records =
        answer["records"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let said = counted(records, "record", "records");
    desk.screen.result(|out| writeln!(out, "Loaded {said}; what ran is started again."))?;
    Ok(Code::DONE)
}
