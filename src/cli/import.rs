//! `acitask import`.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, project};
use crate::arm;
use crate::engine;
use crate::manifest::{self, Imported, Severity, Source, Values, schema};
use crate::model::name::Name;
use crate::model::observed::{Observed, Provisioning, SeenGroup, SeenResourceGroup};
use crate::model::stack::Stack;
use crate::model::tag::Tags;
use crate::plan::Action;
use crate::plan::reconcile::{Request, Verb, reconcile};

/// Write manifests of what Azure has: of a resource group with its container groups, or of an export; it only reads.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask import my-group --subscription ID --into manifests\n  acitask import my-group --from export.yaml --into -\n\nThen `acitask plan -f manifests --adopt-all` shows what taking it over does: nothing but tags."
)]
pub(crate) struct Import {
    /// The resource group.
    #[arg(value_name = "RESOURCE-GROUP", required_unless_present = "from")]
    resource_group: Option<String>,
    /// Read what `az container export` wrote instead of asking Azure; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The folder that manifests are written into, or `-` for standard output.
    #[arg(long, value_name = "FOLDER", default_value = "manifests")]
    into: PathBuf,
    /// The project's name [default: the resource group's].
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
}

/// Beside the manifests, so that editors find it without a network.
const SCHEMA: &str = "acitask.schema.json";

/// Reads, writes manifests, and looks whether they say what was read.
pub(crate) async fn import(desk: &Desk, arguments: &Import) -> Result<Code, Failure> {
    let asked = arguments.resource_group.as_deref().map(Name::from);
    let (observed, live) = match (&arguments.from, asked) {
        (Some(file), asked) => (export(desk, file, asked.as_ref())?, false),
        (None, Some(name)) => (live(desk, arguments, &name).await?, true),
        // The parser refuses it.
        (None, None) => return Err(Failure::NotThere("resource group named".to_owned())),
    };
    let Some(resource_group) = observed.resource_groups.values().next() else {
        return Err(Failure::NotThere("resource group".to_owned()));
    };
    let groups: Vec<SeenGroup> = observed.groups.values().cloned().collect();
    let name = project_name(arguments, resource_group.name.as_str());
    let mut imported = manifest::import(&name, resource_group, &groups, SCHEMA).map_err(|error| {
        Failure::NoExport { place: resource_group.name.to_string(), reason: error.to_string() }
    })?;
    for seen in &groups {
        let unknown = arm::unknown(seen);
        if !unknown.is_empty() {
            let text = format!("group {}: acitask does not know {}; left out", seen.id, unknown.join(", "));
            imported.notes.push(text);
        }
    }
    let (stack, found) = judged(&imported);
    imported.notes.extend(found);
    if let (true, Some(stack)) = (live, stack) {
        imported.notes.extend(beyond_tags(&stack, &observed)?);
    }
    write(desk, arguments, &imported)?;
    Ok(Code::DONE)
}

/// What Azure has.
async fn live(desk: &Desk, arguments: &Import, name: &Name) -> Result<Observed, Failure> {
    let project = project::bare(desk, &project_name(arguments, name.as_str()))?;
    let line = connect(desk, &project).await?;
    let found = engine::survey(&line.arm, name).await?;
    found.ok_or_else(|| Failure::NotThere(format!("resource group {name}")))
}

/// What an export holds. It tells neither the region nor the tags of the resource group.
fn export(desk: &Desk, file: &Path, resource_group: Option<&Name>) -> Result<Observed, Failure> {
    let path = desk.environment.folder.join(file);
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map(|_| text)
            .map_err(|source| Failure::Input { source })?
    } else {
        fs::read_to_string(&path).map_err(|source| Failure::File { path, source })?
    };
    let refuse = |reason: String| Failure::NoExport { place: file.display().to_string(), reason };
    // A mistake's text may quote a secret; its place does not.
    let item: Value = serde_yaml::from_str(&text).map_err(|error| {
        let place = error.location().map(|place| format!(", line {}", place.line()));
        refuse(format!("it is not one document of YAML{}", place.unwrap_or_default()))
    })?;
    if let Some(kind) = item["type"].as_str()
        && !kind.eq_ignore_ascii_case("Microsoft.ContainerInstance/containerGroups")
    {
        return Err(refuse(format!("its type is {kind}")));
    }
    if item["name"].as_str().is_none() || !item["properties"].is_object() {
        return Err(refuse("it has no name or no properties".to_owned()));
    }
    let seen = arm::exported(&item, resource_group).ok_or_else(|| {
        refuse("it does not tell the resource group; name it: acitask import GROUP --from".to_owned())
    })?;
    if seen.group.is_none() {
        return Err(refuse("its properties are not understood (-vv tells why)".to_owned()));
    }
    let group = SeenResourceGroup {
        name: seen.id.resource_group.clone(),
        location: String::new(),
        tags: Tags::new(),
        provisioning: Provisioning::Succeeded,
        resources: None,
    };
    Ok(Observed {
        resource_groups: [(group.name.clone(), group)].into(),
        groups: [(seen.id.clone(), seen)].into(),
        ..Observed::default()
    })
}

/// A resource group's name may have letters that a project's may not.
fn project_name(arguments: &Import, resource_group: &str) -> String {
    arguments.project.clone().unwrap_or_else(|| {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let name: String =
            resource_group.chars().map(|letter| if fits(letter) { letter } else { '-' }).take(63).collect();
        name.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned()
    })
}

/// What was written, read again; and what the rules of the language say about it.
fn judged(imported: &Imported) -> (Option<Stack>, Vec<String>) {
    let none = |name: &str| Err(format!("{name} is not there"));
    match manifest::read(imported.files.clone()).resolve(&Values::new(), &none, true) {
        Ok(resolved) => {
            let warnings =
                resolved.warnings.iter().filter(|each| each.rule().severity() == Severity::Warning);
            (Some(resolved.stack), warnings.map(|each| format!("{}: {each}", each.rule())).collect())
        }
        Err(rejected) => {
            (None, rejected.diagnostics.iter().map(|each| format!("{}: {each}", each.rule())).collect())
        }
    }
}

/// What a plan that takes everything over would do beside setting tags.
fn beyond_tags(stack: &Stack, observed: &Observed) -> Result<Vec<String>, Failure> {
    let adopt = stack.resource_groups.keys().chain(stack.groups.keys()).cloned().collect();
    let planned = reconcile(stack, observed, &Request { adopt, ..Request::of(Verb::Apply) })?;
    let touching = planned
        .plan
        .steps()
        .iter()
        .filter(|step| !matches!(step.action, Action::TagGroup(_) | Action::TagResourceGroup(_)));
    let told = touching.map(|step| {
        let paths: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
        format!("{}: taking it over would change more than tags: {}", step.subject, paths.join(", "))
    });
    Ok(told.collect())
}

/// Writes the manifests, or shows them; nothing where a file is there already.
fn write(desk: &Desk, arguments: &Import, imported: &Imported) -> Result<(), Failure> {
    let Imported { files, notes, secrets } = imported;
    let told = |notes: &[String]| notes.iter().for_each(|note| desk.screen.say(&format!("Note: {note}.")));
    if arguments.into == Path::new("-") {
        let texts: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
        desk.screen.result(|out| write!(out, "{}", texts.join("---\n")))?;
        told(notes);
        return Ok(());
    }
    let folder = desk.environment.folder.join(&arguments.into);
    let at = |path: &Path| {
        let path = path.to_owned();
        |source| Failure::File { path, source }
    };
    let occupied = files.iter().map(|file| folder.join(&file.name)).find(|path| path.exists());
    if let (Some(path), false) = (occupied, arguments.force) {
        let help = "nothing was written; name another folder with --into, or overwrite it with --force";
        return Err(Failure::Occupied { path, help });
    }
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let schema = folder.join(SCHEMA);
    if !schema.exists() {
        fs::write(&schema, format!("{:#}\n", schema::manifest())).map_err(at(&schema))?;
    }
    for Source { name, text } in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(at(&path))?;
    }
    let shown = arguments.into.display();
    desk.screen.result(|out| {
        for Source { name, text: _ } in files {
            writeln!(out, "{}", arguments.into.join(name).display())?;
        }
        if !secrets.is_empty() {
            writeln!(out, "\nSecrets that Azure does not show: {}.", secrets.join(", "))?;
            writeln!(
                out,
                "Give each as ACITASK_SECRET_NAME or in {shown}/.env before something is made again."
            )?;
        }
        writeln!(out, "\nNext: acitask plan -f {shown} --adopt-all")
    })?;
    told(notes);
    Ok(())
}
