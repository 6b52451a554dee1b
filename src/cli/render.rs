//! `acitask render`.

use clap::Args;
use serde_json::{Value, json};

use super::arguments::Input;
use super::code::Code;
use super::failure::Failure;
use super::{Desk, project};
use crate::arm;
use crate::model::group::Group;
use crate::model::name::Name;
use crate::model::secret::SecretSource;
use crate::model::stack::{AZURE_API_VERSION, RunKind, Stack};
use crate::model::tag::Tags;
use crate::plan::{Deployment, tags};

/// Print the bodies that Azure would be sent, with `***` in the place of secrets; it calls nothing.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask render -f manifests/quickstart --local")]
pub(crate) struct Render {
    #[command(flatten)]
    input: Input,
}

/// Prints the body of every resource that the manifests declare; an ephemeral run's group as its template makes it.
pub(crate) fn render(desk: &Desk, arguments: &Render) -> Result<Code, Failure> {
    let stack = project::open(desk, &arguments.input)?.stack;
    let version = stack.project.azure_api_version.as_deref().unwrap_or(AZURE_API_VERSION);
    let mut bodies: Vec<Value> = Vec::new();
    for group in stack.resource_groups.values().filter(|group| !group.existing) {
        bodies.push(json!({
            "type": "Microsoft.Resources/resourceGroups",
            "name": group.name.as_str(),
            "body": {"location": group.location, "tags": tags::wanted(&stack.project.owner, &group.tags)},
        }));
    }
    let mut push = |of: &str, resource_group: &Name, name: &str, body: Value| {
        bodies.push(json!({
            "type": "Microsoft.ContainerInstance/containerGroups",
            "apiVersion": version,
            "resourceGroup": resource_group.as_str(),
            "name": name,
            "declaredBy": of,
            "body": body,
        }));
    };
    for (key, group) in &stack.groups {
        let body = body(&stack, &group.id.resource_group, group.location.as_ref(), &group.tags, &group.group);
        let of = format!("ContainerGroup {key}");
        push(&of, &group.id.resource_group, group.id.name.as_str(), body);
    }
    for (key, run) in &stack.runs {
        if let RunKind::Ephemeral(run) = &run.kind {
            let home =
                stack.resource_groups.get(&run.resource_group).map_or(&run.resource_group, |home| &home.name);
            let body = body(&stack, home, run.location.as_ref(), &run.tags, &run.group);
            push(&format!("TaskRun {key}"), home, &format!("{key}-…"), body);
        }
    }
    desk.screen.result(|out| writeln!(out, "{:#}", Value::Array(bodies)))?;
    Ok(Code::DONE)
}

fn body(
    stack: &Stack,
    resource_group: &Name,
    location: Option<&String>,
    own: &Tags,
    group: &Group<SecretSource>,
) -> Value {
    let home = stack.resource_groups.values().find(|home| home.name == *resource_group);
    let location = location.or_else(|| home?.location.as_ref()).cloned();
    arm::shown(&Deployment {
        location: location.unwrap_or_default(),
        tags: tags::wanted(&stack.project.owner, own),
        group: group.clone(),
    })
}
