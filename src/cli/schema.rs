//! `acitask schema`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Desk;
use super::code::Code;
use super::failure::Failure;
use crate::manifest::{Kind, schema};
use crate::render::message;

/// Print the JSON Schema of manifests, of one kind or of any, for editors, or of the messages that --json writes.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask schema container-group > container-group.schema.json")]
pub(crate) struct Schema {
    /// What to describe.
    #[arg(value_enum, default_value = "manifests", ignore_case = true, value_name = "KIND")]
    of: Of,
    /// Write the schemas, of any manifest and of each kind, into this folder instead.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

/// What a schema describes. A kind is also known by the word that stands in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Any manifest.
    Manifests,
    /// The one Project.
    Project,
    /// A resource group.
    #[value(alias = "ResourceGroup")]
    ResourceGroup,
    /// A container group.
    #[value(alias = "ContainerGroup")]
    ContainerGroup,
    /// A task.
    #[value(alias = "TaskRun")]
    TaskRun,
    /// What is other in an environment.
    Environment,
    /// A line of what --json writes.
    Messages,
}

/// Prints the schema, or writes all of them.
pub(crate) fn schema(desk: &Desk, arguments: &Schema) -> Result<Code, Failure> {
    let Some(folder) = &arguments.write else {
        let schema = match arguments.of {
            Of::Manifests => schema::manifest(),
            Of::Project => schema::of(Kind::Project),
            Of::ResourceGroup => schema::of(Kind::ResourceGroup),
            Of::ContainerGroup => schema::of(Kind::ContainerGroup),
            Of::TaskRun => schema::of(Kind::TaskRun),
            Of::Environment => schema::of(Kind::Environment),
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
