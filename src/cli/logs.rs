//! `acitask logs`.

use std::time::Duration;

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::{Line, connect};
use super::failure::Failure;
use super::{Desk, name, project, runs};
use crate::arm::fault::FaultKind;
use crate::engine::archive::Archive;
use crate::engine::{self, Follower};
use crate::model::group::Group;
use crate::model::name::{GroupId, Name};
use crate::model::observed::{Observed, Phase, SeenGroup};
use crate::model::record::{self, Intent};
use crate::model::secret::SecretSource;
use crate::model::stack::{RunKind, Stack};
use crate::plan::reconcile::{Request, Verb};
use crate::render::style::Label;
use crate::render::text::{columns, padded};

/// Show what the containers of a group, or of a weak run's group, have printed.
#[derive(Args)]
#[command(after_help = "Examples:\n  acitask logs weaktask --tail 20\n  acitask logs post-cat --follow")]
pub(crate) struct Logs {
    /// The ContainerGroup or TaskRun.
    name: String,
    /// The container [default: of a run the one whose exit decides, of a group all].
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// Go on until the container has ended.
    #[arg(short = 'F', long)]
    follow: bool,
    /// Only the last lines.
    #[arg(long, value_name = "N")]
    tail: Option<u32>,
    #[command(flatten)]
    input: Input,
}

/// How often a log is read again; the service offers no other way.
const PACE: Duration = Duration::from_secs(1);

/// Reads the log once, or until the container has ended.
pub(crate) async fn logs(desk: &Desk, arguments: &Logs) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    known(&project.stack, &arguments.name)?;
    let asked = Name::from(arguments.name.as_str());
    if let Some(RunKind::Strong(_)) = project.stack.runs.get(&asked).map(|run| &run.kind) {
        return kept(desk, &project.stack, &asked, arguments.tail);
    }
    let line = connect(desk, &project).await?;
    let placed = place(&line, &project.stack, arguments).await;
    if matches!(placed, Err(Failure::NoLog(_)))
        && !archive(desk, &project.stack).kept(Some(&asked)).is_empty()
    {
        return kept(desk, &project.stack, &asked, arguments.tail);
    }
    let (id, containers) = placed?;
    let [container] = containers.as_slice() else {
        return several(desk, &line, &id, &containers, arguments).await;
    };
    if !arguments.follow {
        let content = line.arm.logs(&id, container, arguments.tail, false).await?;
        desk.screen.result(|out| out.write_all(content.as_bytes()))?;
        return Ok(Code::DONE);
    }
    follow(desk, &line, &id, container, arguments.tail).await
}

fn archive(desk: &Desk, stack: &Stack) -> Archive {
    runs::archive(desk, &stack.project.owner)
}

/// Shows the logs that were kept here of the last run, because Azure has none.
fn kept(desk: &Desk, stack: &Stack, run: &Name, tail: Option<u32>) -> Result<Code, Failure> {
    let archive = archive(desk, stack);
    let Some(kept) = archive.kept(Some(run)).pop() else {
        return Err(Failure::NoLog(format!(
            "no log of the run {run} is kept in {}; Azure keeps none of a command that was executed",
            archive.folder().display()
        )));
    };
    desk.screen.say(&format!("From run {} ({}), as it was kept here:", kept.account.id, kept.account.state));
    for path in &kept.logs {
        let text = std::fs::read(path).map_err(|source| Failure::File { path: path.clone(), source })?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let skipped =
            tail.map_or(0, |tail| lines.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX)));
        let head = kept.logs.len() > 1;
        desk.screen.result(|out| {
            if head {
                writeln!(out, "── {}", path.file_stem().unwrap_or_default().display())?;
            }
            lines.iter().skip(skipped).try_for_each(|line| writeln!(out, "{line}"))
        })?;
    }
    Ok(Code::DONE)
}

/// Shows the logs of several containers, each line behind the container's name.
async fn several(
    desk: &Desk,
    line: &Line,
    id: &GroupId,
    containers: &[String],
    arguments: &Logs,
) -> Result<Code, Failure> {
    let width = containers.iter().map(|name| columns(name)).max().unwrap_or(0);
    let style = desk.screen.out;
    let prefixes: Vec<String> =
        containers.iter().map(|name| style.paint(Label::Run, &padded(name, width))).collect();
    let mut followers = vec![Follower::default(); containers.len()];
    let mut tail = arguments.tail;
    loop {
        // The states are read before the logs, so that what was printed last is in the last reading.
        let seen = line.arm.group(id).await?;
        let over = |container: &str| {
            let state = seen.as_ref().and_then(|seen| seen.container(container)?.current.as_ref());
            seen.is_none() || state.is_some_and(|state| state.phase == Phase::Terminated)
        };
        let ended = !arguments.follow || containers.iter().all(|container| over(container));
        for ((container, prefix), follower) in containers.iter().zip(&prefixes).zip(&mut followers) {
            let content = match line.arm.logs(id, container, tail, true).await {
                Ok(content) => content,
                Err(fault) if fault.kind == FaultKind::Conflict && !ended => continue,
                Err(fault) => return Err(fault.into()),
            };
            let news = follower.read(&content, ended || over(container));
            if news.gap {
                desk.screen.say(&format!("(lines of {container} are missing here)"));
            }
            desk.screen
                .result(|out| news.lines.iter().try_for_each(|line| writeln!(out, "{prefix} │ {line}")))?;
        }
        if ended {
            return Ok(Code::DONE);
        }
        tail = None;
        tokio::time::sleep(PACE).await;
    }
}

fn known(stack: &Stack, name: &str) -> Result<(), Failure> {
    let asked = Name::from(name);
    match stack.runs.get(&asked).map(|run| &run.kind) {
        _ if stack.groups.contains_key(&asked) => Ok(()),
        Some(RunKind::Persistent { .. } | RunKind::Ephemeral(_) | RunKind::Strong(_)) => Ok(()),
        None => Err(name::unknown(
            "ContainerGroup or TaskRun",
            name,
            stack.groups.keys().chain(stack.runs.keys()),
        )),
    }
}

/// The group and the containers whose logs are meant: of a run the one whose exit decides, of a group all.
async fn place(line: &Line, stack: &Stack, arguments: &Logs) -> Result<(GroupId, Vec<String>), Failure> {
    let asked = Name::from(arguments.name.as_str());
    let run = stack.runs.get(&asked);
    let (id, group): (GroupId, &Group<SecretSource>) =
        match (stack.groups.get(&asked), run.map(|run| &run.kind)) {
            (Some(group), _) => (group.id.clone(), &group.group),
            (None, Some(RunKind::Ephemeral(made))) => {
                let request = Request::of(Verb::Apply);
                let observed = engine::observe(&line.arm, stack, &request).await?;
                (newest(&observed, &asked)?, &made.group)
            }
            (
                None,
                Some(
                    RunKind::Persistent { group, concurrency: _ }
                    | RunKind::Strong(crate::model::stack::StrongRun { group, .. }),
                ),
            ) => {
                let Some(group) = stack.groups.get(group) else {
                    return Err(name::unknown("ContainerGroup", group.as_str(), stack.groups.keys()));
                };
                (group.id.clone(), &group.group)
            }
            (None, None) => {
                return Err(name::unknown("ContainerGroup or TaskRun", &arguments.name, stack.groups.keys()));
            }
        };
    let deciding = run.and_then(|run| run.deciding_container(group));
    let Some(container) = arguments.container.as_deref().or(deciding) else {
        return Ok((id, group.containers.iter().map(|container| container.name.clone()).collect()));
    };
    if group.containers.iter().any(|known| known.name == container) {
        Ok((id, vec![container.to_owned()]))
    } else {
        let names: Vec<Name> = group.containers.iter().map(|known| Name::from(known.name.as_str())).collect();
        Err(name::unknown("container", container, names.iter()))
    }
}

/// The newest group that a run made and that is still there.
fn newest(observed: &Observed, run: &Name) -> Result<GroupId, Failure> {
    let made = |seen: &SeenGroup| {
        let Intent { run: of, follows: _, record } = record::intent(&seen.tags)?;
        (of == *run).then(|| (record.at, seen.id.clone()))
    };
    let newest = observed.groups.values().filter_map(made).max();
    newest.map(|(_, id)| id).ok_or_else(|| {
        Failure::NoLog(format!(
            "no group of the run {run} is there any more; `keep` in its manifest says which are kept"
        ))
    })
}

async fn follow(
    desk: &Desk,
    line: &Line,
    id: &GroupId,
    container: &str,
    tail: Option<u32>,
) -> Result<Code, Failure> {
    let mut follower = Follower::default();
    let mut tail = tail;
    loop {
        // The state is read before the log, so that what was printed last is in the last reading.
        let seen = line.arm.group(id).await?;
        let state = seen.as_ref().and_then(|seen| seen.container(container)?.current.as_ref());
        let ended = seen.is_none() || state.is_some_and(|state| state.phase == Phase::Terminated);
        let content = match line.arm.logs(id, container, tail.take(), true).await {
            Ok(content) => content,
            Err(fault) if !ended && fault.kind == FaultKind::Conflict => String::new(),
            Err(fault) => return Err(fault.into()),
        };
        let news = follower.read(&content, ended);
        if news.gap {
            desk.screen.say("(lines are missing here)");
        }
        desk.screen.result(|out| news.lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
        if ended {
            return Ok(Code::DONE);
        }
        tokio::time::sleep(PACE).await;
    }
}
