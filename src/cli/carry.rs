//! Makes a plan of a project, shows it, and carries it out while a view tells what happens.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::breadth::Breadth;
use super::connect::Line;
use super::failure::Failure;
use super::name;
use super::outputs::Outputs;
use super::runs;
use super::screen::Screen;
use super::signals::Signals;
use crate::clock::Clock;
use crate::engine;
use crate::engine::event::{Event, Tally};
use crate::engine::lease::Claim;
use crate::model::name::Name;
use crate::model::stack::{Stack, Target};
use crate::plan::Plan;
use crate::plan::fingerprint::Fingerprint;
use crate::plan::reconcile::{Planned, Request, Verb, reconcile};
use crate::render::flags::Flags;
use crate::render::junit;
use crate::render::lines::Lines;
use crate::render::live::Live;
use crate::render::message::Telling;
use crate::render::story::Story;
use crate::render::summary;

/// How many steps are under way at once where nobody says otherwise.
pub(crate) const PARALLELISM: usize = 10;

/// How a plan was carried out.
pub(crate) struct Carried {
    /// The counts.
    pub(crate) tally: Tally,
    /// What happened.
    pub(crate) story: Story,
}

/// What a plan is made for, and how it is told.
pub(crate) struct Order<'a> {
    /// What to do.
    pub(crate) verb: Verb,
    /// Names given with `--adopt`.
    pub(crate) adopt: &'a [String],
    /// How much of the project it is about, and what it may destroy.
    pub(crate) breadth: Breadth,
    /// In which forms the plan is told.
    pub(crate) outputs: &'a Outputs,
}

impl<'a> Order<'a> {
    /// About the whole project, taking nothing over.
    pub(crate) fn of(verb: Verb, outputs: &'a Outputs) -> Self {
        Self { verb, adopt: &[], breadth: Breadth::default(), outputs }
    }
}

/// A plan that was told.
pub(crate) struct Made {
    /// The plan and what stands beside it.
    pub(crate) planned: Planned,
    /// Of the plan.
    pub(crate) fingerprint: Fingerprint,
    /// The command that applies exactly this plan; none for what another command does.
    pub(crate) apply: Option<String>,
}

/// Observes, plans, and tells the plan.
///
/// # Errors
/// A name to adopt is unknown, a read failed, or the plan cannot be written where it was asked for.
pub(crate) async fn make(desk: &Desk, line: &Line, stack: &Stack, order: Order<'_>) -> Result<Made, Failure> {
    let Order { verb, adopt, breadth, outputs } = order;
    let adopting = adopt.iter().flat_map(|name| ["--adopt".to_owned(), name.clone()]);
    let asked = Flags::new(adopting.chain(breadth.words()).collect());
    let (adopt, scope) = (adopted(stack, adopt)?, breadth.scope(stack)?);
    if !scope.is_all() {
        desk.screen.say("This is about a part of the project only; what is not in it is not looked at.");
    }
    let request = Request {
        verb,
        adopt,
        scope,
        prune: breadth.prune,
        ignore: breadth.ignore_changes.iter().cloned().collect(),
        refresh: breadth.refresh(),
        limits: breadth.allowance.limits(),
    };
    let observed = engine::observe(&line.arm, stack, &request).await?;
    for unseen in &observed.unseen {
        desk.screen.say(&format!("Not seen: {unseen}."));
    }
    let planned = reconcile(stack, &observed, &request)?;
    let fingerprint =
        Fingerprint::of(&planned.plan, &stack.project.owner, line.target, line.arm.subscription());
    let apply = (request.verb == Verb::Apply)
        .then(|| line.flags.on(&asked.on(&format!("acitask apply --expect {fingerprint}"))));
    let made = Made { planned, fingerprint, apply };
    outputs.tell(desk, line, &made, made.planned.pending(stack))?;
    Ok(made)
}

/// The manifests whose things are to be taken over.
fn adopted(stack: &Stack, told: &[String]) -> Result<BTreeSet<Name>, Failure> {
    let known = || stack.resource_groups.keys().chain(stack.groups.keys());
    let adopted = |told: &String| {
        let found = known().find(|name| **name == Name::from(told.as_str()));
        found.cloned().ok_or_else(|| name::unknown("ResourceGroup or ContainerGroup", told, known()))
    };
    told.iter().map(adopted).collect()
}

/// Refuses a plan that must not be carried out; its page has said why.
///
/// # Errors
/// It has conflicts or blocks.
pub(crate) fn permit(planned: &Planned) -> Result<(), Failure> {
    if !planned.conflicts.is_empty() {
        Err(Failure::Conflicts)
    } else if !planned.blocks.is_empty() {
        Err(Failure::Blocked)
    } else {
        Ok(())
    }
}

/// Carries a plan out, tells what happens and how it ended.
///
/// The first signal to stop begins nothing new and waits for what is under way; the second leaves.
///
/// # Errors
/// [`Failure::Left`] after the second signal.
pub(crate) async fn out(
    desk: &Desk,
    line: &Line,
    plan: &Plan,
    parallelism: usize,
    outputs: &Outputs,
) -> Result<Carried, Failure> {
    let screen = &desk.screen;
    let mut stream = outputs.stream(desk)?;
    let telling = Telling::new(plan);
    let spacing = match line.target {
        Target::Azure => Duration::from_secs(10),
        Target::Local => Duration::ZERO,
    };
    let options = engine::Options {
        parallelism,
        clock: Clock::system(),
        spacing,
        archive: Some(runs::archive(desk, &line.heading.owner)),
        source: desk.environment.pipeline_run(),
        claim: claim(desk, line),
        rates: match line.target {
            Target::Azure => Some(engine::Rates::AZURE),
            // It refuses nothing for its rate unless it is told to.
            Target::Local => None,
        },
    };
    let began = Instant::now();
    let (sender, mut events) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let mut signals = Signals::listen().map_err(|source| Failure::Runtime { source })?;
    let mut view = View::new(plan, screen);
    let mut story = Story::default();
    let mut tell = |event: &Event, story: &mut Story, view: &mut View| {
        story.tell(event);
        if let Some(message) = telling.message(event) {
            stream.tell(desk, &message);
        }
        if !outputs.json {
            view.tell(event, screen);
        }
    };
    let applying = engine::apply(plan, &line.arm, &options, sender, stop.clone());
    tokio::pin!(applying);
    let tally = loop {
        tokio::select! {
            biased;
            () = signals.next() => {
                if stop.is_cancelled() {
                    view.remark(&summary::leaving(plan, &story, &line.flags), screen);
                    return Err(Failure::Left);
                }
                stop.cancel();
                view.remark(&summary::stopping(plan, &story), screen);
            }
            Some(event) = events.recv() => tell(&event, &mut story, &mut view),
            tally = &mut applying => break tally?,
        }
    };
    while let Ok(event) = events.try_recv() {
        tell(&event, &mut story, &mut view);
    }
    if outputs.json {
        return Ok(Carried { tally, story });
    }
    screen.result(|out| {
        writeln!(out)?;
        summary::write(out, plan, &story, &tally, began.elapsed(), &line.flags, screen.out)
    })?;
    Ok(Carried { tally, story })
}

/// The lease of the project's applies; none where it has no resource group of its own to hold it.
fn claim(desk: &Desk, line: &Line) -> Option<Claim> {
    let resource_group = line.ledger.clone()?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let user = desk.environment.get("USER").or_else(|| desk.environment.get("LOGNAME")).unwrap_or("somebody");
    let from = desk.environment.pipeline_run().map_or_else(String::new, |run| format!(" ({run})"));
    let holder = format!("{user}@{host}, process {}{from}", std::process::id());
    Some(Claim { resource_group, holder, breaks: desk.globals.break_lease, is_over })
}

/// Whether the holder of a lease was a process of this machine that is no more: it was killed, and nobody waits for it.
fn is_over(holder: &str) -> bool {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let process = holder.split_once(&format!("@{host}, process ")).map(|(_, rest)| rest);
    let id = process
        .and_then(|rest| rest.split(' ').next()?.parse().ok())
        .and_then(rustix::process::Pid::from_raw);
    id.is_some_and(|id| rustix::process::test_kill_process(id) == Err(rustix::io::Errno::SRCH))
}

/// Writes the ends of the task runs as JUnit XML.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn junit(desk: &Desk, path: &Path, plan: &Plan, story: &Story) -> Result<(), Failure> {
    let path = desk.environment.folder.join(path);
    let written = File::create(&path).and_then(|file| {
        let mut out = std::io::BufWriter::new(file);
        junit::write(&mut out, plan, story)?;
        std::io::Write::flush(&mut out)
    });
    written.map_err(|source| Failure::File { path, source })
}

/// The two ways to tell events.
enum View {
    Live(Live),
    Lines(Lines),
}

impl View {
    fn new(plan: &Plan, screen: &Screen) -> Self {
        match screen.live() {
            Some(target) => Self::Live(Live::new(plan, target, screen.aside)),
            None => Self::Lines(Lines::new(plan, screen.aside)),
        }
    }

    fn remark(&self, text: &str, screen: &Screen) {
        match self {
            Self::Live(live) => drop(live.remark(text)),
            Self::Lines(_) => screen.say(text),
        }
    }

    fn tell(&mut self, event: &Event, screen: &Screen) {
        match self {
            // A terminal that takes nothing more is no reason to stop an apply.
            Self::Live(live) => drop(live.tell(event)),
            Self::Lines(lines) => {
                if let Some(line) = lines.line(event) {
                    screen.line(&line);
                }
            }
        }
    }
}
