//! What there is now of a stack: its groups with their states, its runs with their last outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::model::name::{GroupId, Name};
use crate::model::observed::{ContainerView, Observed, SeenGroup};
use crate::model::record::{self, Intent, Ledger, Record};
use crate::model::stack::{RunKind, Stack};
use crate::render::grid::grid;
use crate::render::style::Style;
use crate::render::text::elapsed;

/// Writes the state of everything that a stack declares, and of every other group of its owner.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    stack: &Stack,
    observed: &Observed,
    now: Option<Timestamp>,
    style: Style,
) -> io::Result<()> {
    let groups = group_rows(stack, observed, now);
    if groups.is_empty() {
        writeln!(out, "No container groups: none is declared, and none is there.")?;
    } else {
        grid(out, &["GROUP", "STATE", "RESTARTS", "EXIT", "AGE", "ADDRESS", "MADE FOR"], groups, style)?;
    }
    writeln!(out)?;
    if stack.runs.is_empty() {
        return writeln!(out, "No task runs: none is declared.");
    }
    let records = records(observed);
    let runs = stack.runs.iter().map(|(name, run)| {
        let kind = match run.kind {
            RunKind::Strong(_) => "strong",
            RunKind::Persistent { .. } => "weak, persistent",
            RunKind::Ephemeral(_) => "weak, ephemeral",
        };
        let mut row = vec![name.to_string(), kind.to_owned()];
        row.extend(records.get(name).map_or_else(|| vec!["never ran".to_owned()], record_cells));
        row
    });
    grid(out, &["RUN", "KIND", "LAST", "EXIT", "WHEN", "ID"], runs.collect(), style)
}

/// The declared groups, then the others of the owner: those made for a run and kept, and those that no manifest names any more.
fn group_rows(stack: &Stack, observed: &Observed, now: Option<Timestamp>) -> Vec<Vec<String>> {
    let declared: BTreeSet<&GroupId> = stack.groups.values().map(|group| &group.id).collect();
    let row = |id: &GroupId| {
        let mut row = vec![id.to_string()];
        row.extend(
            observed.groups.get(id).map_or_else(|| vec!["absent".to_owned()], |seen| group_cells(seen, now)),
        );
        row
    };
    let others = observed
        .groups
        .values()
        .filter(|seen| seen.belongs_to(&stack.project.owner) && !declared.contains(&seen.id))
        .map(|seen| {
            let made_for = match record::intent(&seen.tags) {
                Some(Intent { run, follows: _, record }) => format!("run {run} {}", record.id),
                None => "(in no manifest)".to_owned(),
            };
            row(&seen.id).into_iter().chain([made_for]).collect()
        });
    declared.iter().map(|id| row(id)).chain(others).collect()
}

fn records(observed: &Observed) -> BTreeMap<Name, Record> {
    observed.resource_groups.values().flat_map(|group| Ledger::read(&group.tags).records).collect()
}

fn group_cells(seen: &SeenGroup, now: Option<Timestamp>) -> Vec<String> {
    let state = match &seen.view {
        Some(view) if seen.provisioning.settled() && !view.state.is_empty() => view.state.clone(),
        Some(_) | None => seen.provisioning.to_string(),
    };
    let restarts: u32 = seen
        .view
        .iter()
        .flat_map(|view| view.containers.values())
        .map(|container| container.restart_count)
        .sum();
    let address = seen.fqdn.as_ref().or(seen.ip.as_ref()).cloned().unwrap_or_default();
    vec![state, restarts.to_string(), exits(seen), age(seen, now), address]
}

/// The exit codes of its containers, where they have ended.
fn exits(seen: &SeenGroup) -> String {
    let containers = seen.view.iter().flat_map(|view| view.containers.values());
    let ended = containers.filter_map(|view| {
        let current = view.current.as_ref().filter(|state| state.exit_code.is_some());
        current.or(view.previous.as_ref())?.exit_code
    });
    ended.map(|code| code.to_string()).collect::<Vec<_>>().join(",")
}

/// How long ago its first container started, by the service's clock.
fn age(seen: &SeenGroup, now: Option<Timestamp>) -> String {
    let starts =
        seen.view.iter().flat_map(|view| view.containers.values()).filter_map(ContainerView::start_time);
    let since =
        starts.min().zip(now).and_then(|(start, now)| Duration::try_from(now.duration_since(start)).ok());
    since.map_or_else(String::new, |since| elapsed(Duration::from_secs(since.as_secs())))
}

/// Writes one JSON object a line: the groups, then the runs.
///
/// # Errors
/// Those of `out`.
pub fn json(out: &mut dyn Write, stack: &Stack, observed: &Observed) -> io::Result<()> {
    let declared: BTreeSet<&GroupId> = stack.groups.values().map(|group| &group.id).collect();
    let others =
        observed.groups.values().filter(|seen| seen.belongs_to(&stack.project.owner)).map(|seen| &seen.id);
    let ids: BTreeSet<&GroupId> = declared.iter().copied().chain(others).collect();
    for id in ids {
        let seen = observed.groups.get(id);
        let view = seen.and_then(|seen| seen.view.as_ref());
        let containers = view.into_iter().flat_map(|view| &view.containers).map(|(name, view)| {
            let state = view.current.as_ref();
            json!({
                "name": name.to_string(),
                "state": state.map(|state| state.phase.to_string()),
                "restarts": view.restart_count,
                "exit": state.and_then(|state| state.exit_code),
                "startTime": view.start_time().map(|time| time.to_string()),
            })
        });
        let made_for = seen.and_then(|seen| record::intent(&seen.tags));
        let row = json!({
            "type": "group",
            "group": id.to_string(),
            "declared": declared.contains(id),
            "exists": seen.is_some(),
            "state": view.map(|view| &view.state),
            "provisioning": seen.map(|seen| seen.provisioning.to_string()),
            "ip": seen.and_then(|seen| seen.ip.as_ref()),
            "fqdn": seen.and_then(|seen| seen.fqdn.as_ref()),
            "containers": containers.collect::<Vec<_>>(),
            "madeFor": made_for.map(|intent| json!({
                "run": intent.run.to_string(), "id": intent.record.id.to_string(), "attempt": intent.record.attempt,
                "item": intent.record.item,
            })),
        });
        writeln!(out, "{row}")?;
    }
    let records = records(observed);
    for name in stack.runs.keys() {
        let record = records.get(name);
        let row = json!({
            "type": "run",
            "run": name.to_string(),
            "id": record.map(|record| record.id.to_string()),
            "state": record.map(|record| record.state.to_string()),
            "exit": record.and_then(|record| record.exit),
            "at": record.and_then(|record| record.at).map(|at| at.to_string()),
            "attempt": record.map(|record| record.attempt),
            "items": record.and_then(|record| record.done.as_ref()).map(|done| done.count()),
            "succeeded": record.and_then(|record| record.done.as_ref()).map(|done| done.succeeded()),
            "source": record.and_then(|record| record.source.clone()),
        });
        writeln!(out, "{row}")?;
    }
    Ok(())
}

fn record_cells(record: &Record) -> Vec<String> {
    let Record { id, state, input: _, exit, at, container_start: _, attempt, item: _, done, source: _ } =
        record;
    let mut told = state.to_string();
    if let Some(done) = done {
        told.push_str(&format!(", {} of {} items", done.succeeded(), done.count()));
    }
    if *attempt > 1 {
        told.push_str(&format!(", attempt {attempt}"));
    }
    vec![
        told,
        exit.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()),
        id.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::model::name::Owner;
    use crate::model::observed::Provisioning;
    use crate::model::record::{RunId, intent_tag};
    use crate::model::stack::Project;
    use crate::model::tag::{OWNER, Tags};

    fn stack() -> Stack {
        let owner = Owner::new(&Name::from("jobs"), None);
        let project = Project {
            owner,
            target: None,
            subscription: None,
            tenant: None,
            cloud: Default::default(),
            azure_api_version: None,
            location: None,
            tags: Tags::new(),
            limits: Default::default(),
            secret_digests: Default::default(),
        };
        let (resource_groups, groups, runs) = Default::default();
        Stack { project, resource_groups, groups, runs, whole: true, digests: Default::default() }
    }

    fn group(name: &str, tags: &[(&str, &str)]) -> (GroupId, SeenGroup) {
        let id = GroupId { resource_group: Name::from("rg"), name: Name::from(name) };
        let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let seen = SeenGroup {
            id: id.clone(),
            location: "westeurope".into(),
            tags,
            group: None,
            provisioning: Provisioning::Succeeded,
            view: None,
            ip: None,
            fqdn: None,
        };
        (id, seen)
    }

    fn shown(observed: &Observed) -> Result<String, Box<dyn Error>> {
        let mut out = Vec::new();
        write(&mut out, &stack(), observed, None, Style::PLAIN)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn groups_of_the_owner_are_shown_though_no_manifest_names_them() -> Result<(), Box<dyn Error>> {
        let input = "11111111.22222222.33333333.44444444".parse()?;
        let record = Record::open(RunId::new("r-abc"), input, None);
        let (tag, intent) =
            intent_tag(&Intent { run: Name::from("report"), follows: None, record: record.clone() });
        let groups = [
            group("kept", &[(OWNER, "jobs"), (&tag, &intent)]),
            group("left", &[(OWNER, "jobs")]),
            group("theirs", &[(OWNER, "other")]),
        ];
        insta::assert_snapshot!(shown(&Observed { groups: groups.into(), ..Observed::default() })?, @r"
        GROUP    STATE      RESTARTS  MADE FOR
        rg/kept  Succeeded  0         run report r-abc
        rg/left  Succeeded  0         (in no manifest)

        No task runs: none is declared.
        ");
        Ok(())
    }

    #[test]
    fn nothing_is_told_in_words() -> Result<(), Box<dyn Error>> {
        insta::assert_snapshot!(shown(&Observed::default())?, @r"
        No container groups: none is declared, and none is there.

        No task runs: none is declared.
        ");
        Ok(())
    }
}
