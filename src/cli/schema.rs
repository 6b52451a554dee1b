//! `acitask schema`.

use std::path::PathBuf;

use clap::Args;

use super::Desk;
use super::code::Code;
use super::failure::Failure;
use crate::manifest::schema;

/// Print the JSON Schema of manifests, for editors.
#[derive(Args)]
pub(crate) struct Schema {
    /// Write the schemas, of any manifest and of each kind, into this folder instead.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

/// Prints the schema, or writes all of them.
pub(crate) fn schema(desk: &Desk, arguments: &Schema) -> Result<Code, Failure> {
    let Some(folder) = &arguments.write else {
        desk.screen.result(|out| writeln!(out, "{:#}", schema::manifest()))?;
        return Ok(Code::DONE);
    };
    let folder = desk.environment.folder.join(folder);
    let at = |path: &PathBuf| {
        let path = path.clone();
        |source| Failure::File { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    for (name, text) in schema::files() {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(at(&path))?;
    }
    Ok(Code::DONE)
}
