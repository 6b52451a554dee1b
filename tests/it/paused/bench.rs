//! The storeys from the manifest to the engine over a wire in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use acitask::arm::Arm;
use acitask::arm::endpoint::Endpoint;
use acitask::arm::login::Login;
use acitask::clock::Clock;
use acitask::engine;
use acitask::engine::archive::Archive;
use acitask::engine::event::{End, Event, EventKind, Tally};
use acitask::manifest::{Source, Values, read};
use acitask::model::secret::Secret;
use acitask::model::stack::Stack;
use acitask::plan::reconcile::{Planned, Request, Verb, reconcile};
use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit, Line};
use acitask_emulator::{Emulator, Options};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::wire::{Course, wire};
use crate::lasting::lasting;

const SUBSCRIPTION: &str = "sub";

/// What begins every project of these tests.
pub(crate) const PROJECT: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: paused}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: jobs}
spec: {}
---
";

/// An emulator and a client of it.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) course: Course,
    pub(crate) arm: Arm,
    clock: Clock,
    /// Where logs are kept.
    pub(crate) archive: Option<Archive>,
    /// To what calls are held back.
    pub(crate) rates: Option<engine::Rates>,
}

/// What an apply came to.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) tally: Tally,
    pub(crate) events: Vec<Event>,
}

impl Bench {
    /// An emulator whose images behave so, under these settings of its switches.
    pub(crate) async fn open(behaviours: BTreeMap<String, Behaviour>, settings: &[&str]) -> Self {
        Self::skewed(behaviours, settings, SignedDuration::ZERO).await
    }

    /// The same where our clock is ahead of the service's by so much.
    pub(crate) async fn skewed(
        behaviours: BTreeMap<String, Behaviour>,
        settings: &[&str],
        ahead: SignedDuration,
    ) -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut options = Options { behaviours, start: Some(start), ..Options::in_memory() };
        for setting in settings {
            options.switches.set(setting).unwrap();
        }
        let emulator = Emulator::open(options).await.unwrap();
        Self { clock: Clock::fixed(start + ahead, 7), ..Self::around(emulator, start) }
    }

    /// Around an emulator that is there already.
    pub(crate) fn around(emulator: Emulator, start: Timestamp) -> Self {
        let course = Course::default();
        let arm = client(&emulator, &course, None);
        let clock = Clock::fixed(start, 7);
        Self { emulator, course, arm, clock, archive: None, rates: Some(engine::Rates::AZURE) }
    }

    /// The same where the service is spoken to in this version of its API.
    pub(crate) fn in_version(self, version: &str) -> Self {
        let arm = client(&self.emulator, &self.course, Some(version));
        Self { arm, ..self }
    }

    /// Observes and plans.
    pub(crate) async fn plan(&self, manifests: &str, verb: Verb) -> Planned {
        let stack = stack(manifests);
        let request = Request::of(verb);
        let mut observed = engine::observe(&self.arm, &stack, &request).await.unwrap();
        let planned = reconcile(&stack, &observed, &request).unwrap();
        // What was found settled while observing is as it is when everything is compared anew.
        observed.settled.clear();
        let anew = reconcile(&stack, &observed, &request).unwrap();
        assert_eq!(format!("{planned:?}"), format!("{anew:?}"));
        planned
    }

    /// Plans and carries the plan out; none if the client was gone before it ended.
    pub(crate) async fn try_apply(&self, manifests: &str, verb: Verb) -> Option<Applied> {
        let work = async {
            let planned = self.plan(manifests, verb).await;
            assert!(planned.conflicts.is_empty() && planned.blocks.is_empty(), "{planned:?}");
            self.carry_out(&planned, None).await
        };
        tokio::select! {
            applied = work => Some(applied),
            () = self.course.gone() => None,
        }
    }

    /// Carries a plan out, and asks it to stop after so long.
    pub(crate) async fn carry_out(&self, planned: &Planned, stop_after: Option<Duration>) -> Applied {
        self.carry_out_wide(planned, 4, stop_after).await
    }

    /// The same with so many steps at once.
    pub(crate) async fn carry_out_wide(
        &self,
        planned: &Planned,
        parallelism: usize,
        stop_after: Option<Duration>,
    ) -> Applied {
        let (sender, mut told) = mpsc::unbounded_channel();
        let options = engine::Options {
            parallelism,
            clock: self.clock.clone(),
            spacing: Duration::from_secs(10),
            archive: self.archive.clone(),
            source: None,
            claim: None,
            rates: self.rates,
        };
        let stop = self.course.stop();
        let asking = {
            let stop = stop.clone();
            async move {
                match stop_after {
                    Some(after) => tokio::time::sleep(after).await,
                    None => std::future::pending().await,
                }
                stop.cancel();
                std::future::pending::<()>().await
            }
        };
        let tally = tokio::select! {
            tally = engine::apply(&planned.plan, &self.arm, &options, sender, stop) => tally.unwrap(),
            () = asking => unreachable!(),
        };
        let mut events = Vec::new();
        while let Ok(event) = told.try_recv() {
            events.push(event);
        }
        Applied { tally, events }
    }

    /// Plans and carries out while something is wrong; none if it did not come to an end, or to a plan.
    pub(crate) async fn troubled(&self, manifests: &str, verb: Verb) -> Option<Tally> {
        let work = async {
            let (stack, request) = (stack(manifests), Request::of(verb));
            let observed = engine::observe(&self.arm, &stack, &request).await.ok()?;
            let planned = reconcile(&stack, &observed, &request).ok()?;
            let permitted = planned.conflicts.is_empty() && planned.blocks.is_empty();
            if permitted { Some(self.carry_out(&planned, None).await.tally) } else { None }
        };
        tokio::select! {
            tally = work => tally,
            () = self.course.gone() => None,
        }
    }

    /// The same where nobody goes away.
    pub(crate) async fn apply(&self, manifests: &str) -> Applied {
        self.try_apply(manifests, Verb::Apply).await.unwrap()
    }

    /// Asserts that nothing is left to do.
    pub(crate) async fn settled(&self, manifests: &str) {
        let planned = self.plan(manifests, Verb::Apply).await;
        assert!(planned.plan.steps().is_empty(), "{:#?}", planned.plan.steps());
    }

    /// How many requests with this in `METHOD path` the emulator carried out with this status.
    pub(crate) fn carried_out(&self, method: &str, path_end: &str, status: u16) -> usize {
        let entries = self.emulator.journal().since(0);
        let is_one = |entry: &&acitask_emulator::journal::Entry| {
            let path = entry.target.split('?').next().unwrap_or_default();
            entry.method == method && path.ends_with(path_end) && entry.status == Some(status)
        };
        entries.iter().filter(is_one).count()
    }

    /// Sends a request that is none of ours, and gives the answer's status and text.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let url = format!("http://localhost{path}?api-version=2025-09-01").parse().unwrap();
        let headers = vec![
            ("authorization".to_owned(), format!("Bearer {}", self.emulator.token())),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request =
            acitask::arm::wire::Request { method: method.to_owned(), url, headers, body: body.into() };
        let answer = wire(&self.emulator, &Course::default()).send(request).await.unwrap();
        (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
    }

    /// What stands in the emulator, without what passes.
    pub(crate) async fn world(&self) -> Value {
        // Rates that an apply used up are free again.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut world = Map::new();
        for seen in self.arm.resource_groups().await.unwrap() {
            let groups = self.arm.groups_in(&seen.name).await.unwrap();
            let groups: Map<String, Value> = groups
                .into_iter()
                .map(|mut group| {
                    // The answer as it came holds addresses and states, which pass.
                    group.group.iter_mut().for_each(|properties| properties.arm.clear());
                    let shape = format!("{:?} {}", group.group, group.provisioning);
                    (group.id.to_string(), json!({"tags": group.tags, "shape": shape}))
                })
                .collect();
            world.insert(seen.name.to_string(), json!({"tags": seen.tags, "groups": groups}));
        }
        lasting(self.emulator.origin(), world.into())
    }
}

impl Applied {
    /// How the steps ended, in that order.
    pub(crate) fn ends(&self) -> Vec<&End> {
        let ends = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::StepEnded { end, .. } => Some(end),
            _ => None,
        });
        ends.collect()
    }

    /// What the tasks printed.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let lines = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Log { line, .. } => Some(line.as_str()),
            _ => None,
        });
        lines.collect()
    }

    /// Asserts that every step was done.
    #[track_caller]
    pub(crate) fn all_done(&self) {
        let done = Tally { done: self.tally.done, ..Tally::default() };
        assert_eq!(self.tally, done, "{:#?}", self.events);
    }
}

fn client(emulator: &Emulator, course: &Course, version: Option<&str>) -> Arm {
    let login = Login::Local { secret: Secret::new(emulator.secret().reveal()) };
    let endpoint = Endpoint::new("http://localhost", "https://management.azure.com").unwrap();
    Arm::new(wire(emulator, course), endpoint.in_version(version), login, SUBSCRIPTION).unwrap()
}

/// Whether the manifests' rules let it through.
pub(crate) fn is_valid(manifests: &str) -> bool {
    let source = Source { name: "paused.yaml".to_owned(), text: format!("{PROJECT}{manifests}") };
    read(vec![source]).resolve(&Values::new(), &|name| Ok(format!("content of {name}")), true).is_ok()
}

/// The manifests after [`PROJECT`], unless they have one of their own, as a stack. Reading them takes longer than anything else here, so it is done once.
fn stack(manifests: &str) -> Stack {
    static READ: Mutex<BTreeMap<String, Stack>> = Mutex::new(BTreeMap::new());
    let mut known = READ.lock().unwrap();
    if let Some(stack) = known.get(manifests) {
        return stack.clone();
    }
    let before = if manifests.contains("kind: Project\n") { "" } else { PROJECT };
    let source = Source { name: "paused.yaml".to_owned(), text: format!("{before}{manifests}") };
    let resolved = read(vec![source]).resolve(&Values::new(), &|name| Ok(format!("content of {name}")), true);
    let stack = resolved.unwrap_or_else(|rejected| panic!("{rejected:#?}")).stack;
    known.insert(manifests.to_owned(), stack.clone());
    stack
}

/// An image whose task prints a line after a second and ends with this code after so many.
pub(crate) fn ends(code: i32, seconds: u64) -> Behaviour {
    Behaviour {
        pull_ms: 500,
        lines: vec![Line { after_ms: 1_000, text: format!("about to end with {code}") }],
        exit: Some(Exit { after_ms: seconds * 1_000, code, ..Exit::default() }),
        ..Behaviour::default()
    }
}

/// These images with what they do.
pub(crate) fn images<const N: usize>(images: [(&str, Behaviour); N]) -> BTreeMap<String, Behaviour> {
    images.into_iter().map(|(name, behaviour)| (name.to_owned(), behaviour)).collect()
}

/// So many groups of the image `site:1`.
pub(crate) fn sites(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: site-{number}}}\nspec:\n  \
             resourceGroup: jobs\n  containers:\n    - {{name: site, image: 'site:1', resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}}}\n"
        );
    }
    text.trim_start_matches("---\n").to_owned()
}
