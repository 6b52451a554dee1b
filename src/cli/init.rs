//! `acitask init`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Desk;
use super::code::Code;
use super::failure::Failure;
use crate::manifest::schema;

/// Write a starter project, whose comments teach the manifest language.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask init jobs && acitask plan -f jobs --local")]
pub(crate) struct Init {
    /// The folder; it is made where there is none.
    #[arg(default_value = "manifests")]
    folder: PathBuf,
}

/// What is written: the names of files and their texts.
const FILES: [(&str, &str); 4] = [
    ("project.yaml", include_str!("init/project.yaml")),
    ("service.yaml", include_str!("init/service.yaml")),
    ("nightly.yaml", include_str!("init/nightly.yaml")),
    ("sample.env", include_str!("init/sample.env")),
];
/// Beside the manifests, so that editors find it without a network.
const SCHEMA: &str = "acitask.schema.json";

/// Writes the starter project; nothing where one of its files is there already.
pub(crate) fn init(desk: &Desk, arguments: &Init) -> Result<Code, Failure> {
    let folder = desk.environment.folder.join(&arguments.folder);
    let schema = format!("{:#}\n", schema::manifest());
    let files: Vec<(PathBuf, &str)> = FILES
        .into_iter()
        .chain([(SCHEMA, schema.as_str())])
        .map(|(name, text)| (folder.join(name), text))
        .collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let help = "nothing was written; name another folder, or remove the file first";
        return Err(Failure::Occupied { path: path.clone(), help });
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        |source| Failure::File { path, source }
    };
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    for (path, text) in &files {
        fs::write(path, text).map_err(at(path))?;
    }
    let shown = arguments.folder.display();
    desk.screen.result(|out| {
        for name in FILES.map(|(name, _)| name).into_iter().chain([SCHEMA]) {
            writeln!(out, "{}", arguments.folder.join(name).display())?;
        }
        writeln!(out, "\nNext: acitask plan -f {shown}, then acitask apply -f {shown} --var API_TOKEN=…")
    })?;
    Ok(Code::DONE)
}
