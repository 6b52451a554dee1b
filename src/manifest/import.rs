//! From what Azure shows to manifests: the way in for what was made by other means.
//!
//! What is written reads back as what was seen: planned with everything taken over, it leads to tags alone. Defaults and
//! what the service adds are left out. A secret is never shown by Azure, so each becomes a variable that the Project declares;
//! what cannot be known at all is told as a note, in the file as well.
//!
//! Invariant: pure; it decides no path but the names of files, and overwrites nothing.

mod secrets;
#[cfg(test)]
mod tests;
mod tidy;

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::Serialize;
use serde_yaml::Value;

use super::Source;
use super::kind::container_group::{ContainerGroupManifest, ContainerGroupSpec, Lifecycle, PowerWord};
use super::kind::project::{ProjectManifest, ProjectSpec, Variable};
use super::kind::resource_group::{ResourceGroupManifest, ResourceGroupSpec};
use super::kind::{ApiVersion, ContainerGroupKind, Metadata, ProjectKind, ResourceGroupKind};
use crate::model::group::Group;
use crate::model::observed::{SeenGroup, SeenResourceGroup};
use crate::model::secret::{Mark, SecretRef};
use crate::model::tag::{OWNER, RESERVED, Tags, lookup};

/// The file of the Project and the ResourceGroup.
const PROJECT: &str = "project";

/// Manifests of what was seen.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Files with their texts; the Project's is the first.
    pub files: Vec<Source>,
    /// What a person has to know or to do.
    pub notes: Vec<String>,
    /// The secret variables that are declared and want values.
    pub secrets: Vec<String>,
}

/// The manifests of a resource group and its container groups. `schema` is where an editor finds the language's schema.
///
/// A resource group whose region is not known has an empty one; its groups' is then taken, and each group names its own.
///
/// # Errors
/// Something is nothing that YAML can say; no group that was seen is.
pub fn import(
    project: &str,
    resource_group: &SeenResourceGroup,
    seen: &[SeenGroup],
    schema: &str,
) -> Result<Imported, serde_yaml::Error> {
    let mut notes = Vec::new();
    let named = format!("resource group {}", resource_group.name);
    notes.extend(holder(&named, &resource_group.tags));
    if resource_group.location.is_empty() {
        notes.push(format!(
            "the region of {named} is not known and taken to be that of its groups; `plan` says so if it is another"
        ));
    }
    let mut groups: Vec<(&SeenGroup, Group<SecretRef>)> = Vec::new();
    for one in seen {
        match &one.group {
            Some(group) => groups.push((one, bare(group))),
            None => {
                notes.push(format!("group {}: its properties are not understood; it is left out", one.id));
            }
        }
    }
    let variables =
        secrets::name(groups.iter_mut().map(|(seen, group)| (seen.id.name.as_str(), group)).collect());
    let secrets = variables.keys().cloned().collect();
    let location = match (resource_group.location.as_str(), seen.first()) {
        ("", Some(first)) => first.location.as_str(),
        (known, _) => known,
    };
    let mut files = vec![project_file(project, resource_group, location, variables, schema)?];
    for (seen, group) in groups {
        let mut remarks = secrets::unseen(&group);
        remarks.extend(holder("it", &seen.tags).map(|text| text + "."));
        notes.extend(remarks.iter().map(|text| format!("group {}: {}", seen.id, text.trim_end_matches('.'))));
        files.push(group_file(resource_group, seen, group, &remarks, schema)?);
    }
    Ok(Imported { files, notes, secrets })
}

/// The properties with places for secrets, defaults left out.
fn bare(group: &Group<Mark>) -> Group<SecretRef> {
    let place = |Mark| Ok::<_, Infallible>(SecretRef { from_variable: None, from_file: None });
    let Ok(mut group) = group.clone().map(&mut { place });
    tidy::group(&mut group);
    secrets::wanted(&mut group);
    group
}

fn project_file(
    name: &str,
    resource_group: &SeenResourceGroup,
    location: &str,
    variables: BTreeMap<String, Variable>,
    schema: &str,
) -> Result<Source, serde_yaml::Error> {
    let project = ProjectManifest {
        api_version: ApiVersion,
        kind: ProjectKind,
        metadata: Metadata { name: name.to_owned() },
        spec: ProjectSpec { variables, ..ProjectSpec::default() },
    };
    let manifest = ResourceGroupManifest {
        api_version: ApiVersion,
        kind: ResourceGroupKind,
        metadata: Metadata { name: resource_group.name.to_string() },
        spec: ResourceGroupSpec {
            location: Some(location.to_owned()),
            tags: own(&resource_group.tags),
            ..ResourceGroupSpec::default()
        },
    };
    // Declarations of variables are taken as they are, placeholders or not.
    let project = serde_yaml::to_string(&project)?;
    let text = format!("{}{project}---\n{}", head(schema, &[]), document(&manifest)?);
    Ok(Source { name: format!("{PROJECT}.yaml"), text })
}

fn group_file(
    resource_group: &SeenResourceGroup,
    seen: &SeenGroup,
    group: Group<SecretRef>,
    remarks: &[String],
    schema: &str,
) -> Result<Source, serde_yaml::Error> {
    let name = seen.id.name.to_string();
    let manifest = ContainerGroupManifest {
        api_version: ApiVersion,
        kind: ContainerGroupKind,
        metadata: Metadata { name: name.clone() },
        spec: ContainerGroupSpec {
            moved: None,
            name: None,
            resource_group: resource_group.name.to_string(),
            location: Some(seen.location.clone()).filter(|own| *own != resource_group.location),
            power: PowerWord::default(),
            properties: group,
            tags: own(&seen.tags),
            lifecycle: Lifecycle::default(),
            depends_on: Vec::new(),
        },
    };
    let text = head(schema, remarks) + &document(&manifest)?;
    let name = if name.eq_ignore_ascii_case(PROJECT) { format!("{name}-group") } else { name };
    Ok(Source { name: format!("{name}.yaml"), text })
}

/// The first lines of a file: where the schema is, and what a person has to know.
fn head(schema: &str, remarks: &[String]) -> String {
    let mut head = format!("# yaml-language-server: $schema={schema}\n");
    for (place, remark) in remarks.iter().enumerate() {
        if place == 0 {
            head.push_str("#\n");
        }
        let remark: String =
            remark.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        head.push_str(&format!("# {remark}\n"));
    }
    head
}

/// A manifest's text, with what looks like a placeholder made literal, and words that say what holds anyway left out.
fn document(manifest: &impl Serialize) -> Result<String, serde_yaml::Error> {
    let mut value = serde_yaml::to_value(manifest)?;
    tidy::document(&mut value);
    literal(&mut value);
    serde_yaml::to_string(&value)
}

fn literal(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("${") => *text = text.replace("${", "$${"),
        Value::Sequence(items) => items.iter_mut().for_each(literal),
        Value::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| literal(value)),
        _ => {}
    }
}

/// The tags that manifests may name.
fn own(tags: &Tags) -> Tags {
    let ours = |name: &str| name.to_ascii_lowercase().starts_with(RESERVED);
    tags.iter().filter(|(name, _)| !ours(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn holder(what: &str, tags: &Tags) -> Option<String> {
    let owner = lookup(tags, OWNER)?;
    Some(format!("{what} belongs to {owner}; `--adopt` takes it away from there"))
}
