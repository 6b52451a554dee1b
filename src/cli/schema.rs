//! `acitask schema`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Desk;
use super::code::Code;
use super::failure::Failure;
use crate::manifest::schema;
use crate::render::message;

/// Print the JSON Schema of manifests, for editors, or of the messages that --json writes.
#[derive(Args)]
pub(crate) struct Schema {
    /// What to describe.
    #[arg(value_enum, default_value = "manifests")]
    of: Of,
    /// Write the schemas, of any manifest and of each kind, into this folder instead.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Any manifest.
    Manifests,
    /// A line of what --json writes.
    Messages,
}

/// Prints the schema, or writes all of them.
pub(crate) fn schema(desk: &Desk, arguments: &Schema) -> Result<Code, Failure> {
    let Some(folder) = &arguments.write else {
        let schema = match arguments.of {
            Of::Manifests => schema::manifest(),
            Of::Messages => message::schema(),
        };
        desk.screen.result(|out| writeln!(out, "{schema:#}"))?;
        return Ok(Code::DONE);
    };
    let folder = desk.environment.folder.join(folder);
    let at = |path: &PathBuf| {
        let path = path.clone();
        |source| Failure::File { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    let messages = ("messages.schema.json", format!("{:#}\n", message::schema()));
    for (name, text) in schema::files().into_iter().chain([messages]) {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(at(&path))?;
    }
    Ok(Code::DONE)
}
