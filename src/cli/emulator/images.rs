//! `acitask emulator images …`: the images that containers of the emulator run from.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use acitask_emulator::image::build::Content;
use acitask_emulator::image::{Build, ImageError, Reference, Settings, Store};
use clap::Subcommand;
use tokio::process::Command;

use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::repository::Repository;
use crate::cli::{Desk, project};

/// What to do with images.
#[derive(Subcommand)]
pub(crate) enum ImagesCommand {
    /// Build the reference tasks with cargo and load them as acitask/strong:1 and acitask/weak:1.
    Build {
        /// The folder with the tasks' Cargo.toml [default: `containers` of this repository].
        folder: Option<PathBuf>,
    },
    /// Load images from an OCI layout, an OCI archive or a docker archive.
    Load {
        /// A folder or a tar file.
        source: PathBuf,
    },
    /// List the images.
    List,
}

/// Does it.
pub(crate) async fn images(desk: &Desk, command: ImagesCommand) -> Result<Code, Failure> {
    match command {
        ImagesCommand::Build { folder: Some(folder) } => {
            build(desk, &desk.environment.folder.join(folder)).await
        }
        ImagesCommand::Build { folder: None } => {
            let repository = Repository::above(&desk.environment.folder)?;
            build(desk, &repository.containers()).await
        }
        ImagesCommand::Load { source } => load(desk, &desk.environment.folder.join(source)),
        ImagesCommand::List => list(desk),
    }
}

/// Builds the reference tasks and loads their images; an image that the store has already is left as it is.
pub(crate) async fn build(desk: &Desk, folder: &Path) -> Result<Code, Failure> {
    let home = project::home(desk)?;
    let program = cargo(folder).await?;
    let bytes = std::fs::read(&program).map_err(|source| Failure::File { path: program, source })?;
    let store = Store::open(home.images())?;
    for (name, image) in [("acitask/strong:1", strong(bytes.clone())), ("acitask/weak:1", weak(bytes))] {
        let loaded = put(&store, home.path(), &name.parse()?, &image)?;
        let said = if loaded { "built" } else { "up to date" };
        desk.screen.result(|out| writeln!(out, "{name}: {said}"))?;
    }
    Ok(Code::DONE)
}

/// One program goes by three names, as in `containers/strong/Containerfile`.
fn strong(program: Vec<u8>) -> Build {
    let link = |target: &str| Content::Link { target: target.into() };
    let mut image = Build::default().file("/acitask-exec", 0o755, program);
    image.files.insert("/strong".into(), link("acitask-exec"));
    image.files.insert("/strong_task/post".into(), link("../acitask-exec"));
    image.settings = Settings { entrypoint: Some(vec!["/strong".to_owned()]), ..Settings::default() };
    image
}

/// As in `containers/weak/Containerfile`.
fn weak(program: Vec<u8>) -> Build {
    let mut image = Build::default().file("/weak_task/post", 0o755, program);
    image.settings = Settings { cmd: Some(vec!["/weak_task/post".to_owned()]), ..Settings::default() };
    image
}

/// Loads an image under a name; false where that very image is there already.
fn put(store: &Store, folder: &Path, name: &Reference, image: &Build) -> Result<bool, ImageError> {
    let archive = folder.join(format!("image-{}.tar", std::process::id()));
    let digest = image.write(name, &archive);
    let known = store.resolve(name).map(|known| known.digest).ok();
    let loaded = digest.and_then(|digest| match known {
        Some(known) if known == digest => Ok(false),
        Some(_) | None => store.load_as(&archive, name).map(|_| true),
    });
    // What is left of the archive does no harm, so that it could not be removed is no failure.
    drop(std::fs::remove_file(&archive));
    loaded
}

/// Builds the tasks, statically linked for this machine, and gives the program's file.
async fn cargo(folder: &Path) -> Result<PathBuf, Failure> {
    let triple = triple().await?;
    let target = folder.join("target");
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--locked", "--quiet", "--bin", "acitask-tasks", "--target", &triple])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(folder)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .stdin(Stdio::null());
    // Under `cargo run` or `cargo test` this process has variables about the package that it belongs to. The build
    // scripts of some crates are run again whenever these differ, which would build everything anew each time.
    let of_a_package = |name: &std::ffi::OsStr| {
        name.to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_a_package(name)) {
        command.env_remove(name);
    }
    let help = "the tasks are built with cargo from the folder `containers`";
    let status = command.status().await.map_err(|error| program_failed("cargo", &error, help))?;
    if status.success() {
        Ok(target.join(triple).join("release/acitask-tasks"))
    } else {
        Err(program_failed("cargo build", &status, help))
    }
}

async fn triple() -> Result<String, Failure> {
    let help = "a Rust toolchain is needed to build the tasks";
    let output = Command::new("rustc").arg("-vV").stdin(Stdio::null()).output().await;
    let output = output.map_err(|error| program_failed("rustc", &error, help))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| program_failed("rustc -vV", &"it does not name the host", help))
}

fn program_failed(program: &str, reason: &dyn std::fmt::Display, help: &str) -> Failure {
    Failure::Program { program: program.to_owned(), reason: reason.to_string(), help: help.to_owned() }
}

fn load(desk: &Desk, source: &Path) -> Result<Code, Failure> {
    let store = Store::open(project::home(desk)?.images())?;
    let loaded = store.load(source)?;
    desk.screen.result(|out| {
        loaded.iter().try_for_each(|image| {
            image.references.iter().try_for_each(|name| writeln!(out, "{name}  {}", image.digest))
        })
    })?;
    Ok(Code::DONE)
}

fn list(desk: &Desk) -> Result<Code, Failure> {
    let store = Store::open(project::home(desk)?.images())?;
    let images = store.list()?;
    desk.screen.result(|out| {
        images.iter().try_for_each(|image| {
            let megabytes = format!("{}.{} MB", image.bytes / 1_000_000, image.bytes / 100_000 % 10);
            writeln!(out, "{}  {megabytes}  {}", image.reference, image.digest)
        })
    })?;
    Ok(Code::DONE)
}
