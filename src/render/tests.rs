//! Snapshots of pages and lines at 80 columns.

mod forms;

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use insta::assert_snapshot;

use crate::engine::event::{End, Event, EventKind, Limit, Stream, Tally};
use crate::model::effect::Field;
use crate::model::group::{Container, EnvironmentVariable, Group, ResourceRequests, Resources};
use crate::model::group::{IpAddress, IpAddressType, OsType, Port, Protocol, RestartPolicy};
use crate::model::name::{GroupId, Name, Owner};
use crate::model::quantity::{Cpu, Memory, Period};
use crate::model::secret::{Secret, SecretRef, SecretSource};
use crate::model::stack::{Concurrency, Interrupted, Retries};
use crate::model::tag::{OWNER, Tags};
use crate::plan::applied::Origin;
use crate::plan::reconcile::{Block, Conflict, Planned};
use crate::plan::{Action, Begin, Change, Deployment, Exec, Finish, Guard, Impact, Note, Plan, Reason, Run};
use crate::plan::{Step, StepId, Subject, Value};
use crate::render::flags::Flags;
use crate::render::heading::{Heading, Place};
use crate::render::lines::Lines;
use crate::render::page;
use crate::render::story::Story;
use crate::render::style::Style;
use crate::render::summary;

type Outcome = Result<(), Box<dyn Error>>;

fn flags() -> Flags {
    Flags::new(["--local", "-f", "manifests/quickstart"].map(str::to_owned).into())
}

fn id(name: &str) -> GroupId {
    GroupId { resource_group: Name::from("quickstart"), name: Name::from(name) }
}

fn deployment(container: &str) -> Deployment {
    let variable = |name: &str, value: Option<&str>, secret: Option<&str>| EnvironmentVariable {
        name: name.into(),
        value: value.map(str::to_owned),
        secure_value: secret.map(|value| SecretSource {
            reference: SecretRef { from_variable: Some(name.into()), from_file: None },
            value: Some(Secret::new(value)),
        }),
        secure_value_reference: None,
    };
    let port = Port { port: 8080, protocol: Protocol::Tcp };
    Deployment {
        location: "westeurope".into(),
        tags: Tags::from([("team".into(), "ops".into()), (OWNER.into(), "quickstart".into())]),
        group: Group {
            os_type: OsType::Linux,
            restart_policy: RestartPolicy::Always,
            containers: vec![Container {
                name: container.into(),
                image: format!("acitask/{container}:1"),
                command: vec!["/bin/serve".into(), "--greeting".into(), "good day".into()],
                environment_variables: vec![
                    variable("ENDPOINT_URL", Some("http://127.0.0.1:4123/sink"), None),
                    variable("API_TOKEN", None, Some("canary")),
                ],
                ports: vec![port],
                resources: Resources {
                    requests: ResourceRequests {
                        cpu: Cpu::new(1000),
                        memory_in_gb: Memory::new(1500),
                        gpu: None,
                    },
                    limits: None,
                },
                ..Default::default()
            }],
            ip_address: Some(IpAddress {
                kind: IpAddressType::Public,
                ports: vec![port],
                dns_name_label: Some("quick-strong".into()),
                ..Default::default()
            }),
            ..Default::default()
        },
    }
}

fn run(group: &str, begin: Begin, finish: Finish) -> Result<Action, Box<dyn Error>> {
    Ok(Action::Run(Box::new(Run {
        name: Name::from("post"),
        ledger: Name::from("quickstart"),
        recorded: None,
        group: id(group),
        container: group.into(),
        input: "1.2.3.4".parse()?,
        begin,
        finish,
        timeout: Some(Period::new(Duration::from_secs(120))),
        retries: Retries::default(),
        again: None,
        concurrency: Concurrency::Refuse,
        course: crate::plan::Course::Follow,
    })))
}

fn exec() -> Begin {
    Begin::Exec(Exec {
        command: ["/strong_task/post", "--name", "a dog"].map(str::to_owned).to_vec(),
        environment: Vec::new(),
        working_directory: None,
        idle_timeout: None,
        resume: None,
        interrupted: Interrupted::Fail,
    })
}

/// What differs from step to step.
type Brief<'t> = (Subject, Action, &'t str, Vec<Change>, Vec<Impact>);

/// A plan whose steps each need the one before.
fn plan(steps: Vec<Brief<'_>>) -> Result<Plan, Box<dyn Error>> {
    let steps =
        steps.into_iter().enumerate().map(|(place, (subject, action, reason, changes, impacts))| Step {
            id: StepId(place),
            subject,
            action,
            needs: place.checked_sub(1).map(StepId).into_iter().collect::<BTreeSet<_>>(),
            guard: Guard::None,
            reason: Reason::new(reason),
            changes,
            impacts,
        });
    Ok(Plan::seal(steps.collect())?)
}

fn change(field: Field, path: &str, before: Option<Value>, after: Option<Value>) -> Change {
    Change { field, path: path.into(), before, after, origin: Origin::Unknown }
}

fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.into()))
}

fn heading() -> Heading {
    let place = Place::Local { url: "http://127.0.0.1:4123".into() };
    Heading { place, owner: Owner::new(&Name::from("quickstart"), None) }
}

fn shown(planned: &Planned, style: Style) -> Result<String, Box<dyn Error>> {
    let mut out = Vec::new();
    page::write(&mut out, &heading(), planned, &flags(), style, page::Extent::Whole)?;
    Ok(String::from_utf8(out)?)
}

fn planned(plan: Plan, unchanged: usize) -> Planned {
    Planned { plan, notes: Vec::new(), conflicts: Vec::new(), blocks: Vec::new(), unchanged }
}

fn first_apply() -> Result<Plan, Box<dyn Error>> {
    let group = Action::CreateResourceGroup {
        location: "westeurope".into(),
        tags: Tags::from([("team".into(), "ops".into()), (OWNER.into(), "quickstart".into())]),
    };
    let weak = Begin::Create(Box::new(deployment("weak")));
    plan(vec![
        (Subject::ResourceGroup(Name::from("quickstart")), group, "does not exist", vec![], vec![]),
        (
            Subject::Group(id("strong")),
            Action::CreateGroup(Box::new(deployment("strong"))),
            "does not exist",
            vec![],
            vec![],
        ),
        (
            Subject::Run(Name::from("post-dog")),
            run("strong", exec(), Finish::Leave)?,
            "never ran",
            vec![],
            vec![],
        ),
        (Subject::Run(Name::from("post-cat")), run("weak", weak, Finish::Stop)?, "never ran", vec![], vec![]),
    ])
}

fn changes() -> Result<Plan, Box<dyn Error>> {
    let list = |items: &[&str]| Some(Value::List(items.iter().map(|item| (*item).to_owned()).collect()));
    let long = "registry.example.com/a/very/long/repository/name/that/needs/its/own/line:2026";
    plan(vec![
        (
            Subject::Group(id("strong")),
            Action::UpdateGroup(Box::new(deployment("strong")), Default::default()),
            "image, command, environment differ",
            vec![
                change(
                    Field::Image,
                    "containers[strong].image",
                    text("acitask/strong:1"),
                    text("acitask/strong:2"),
                ),
                change(Field::Image, "containers[side].image", text("acitask/side:1"), text(long)),
                change(
                    Field::Command,
                    "containers[strong].command",
                    list(&["/bin/serve", "--slow"]),
                    list(&["/bin/serve", "--fast", ""]),
                ),
                change(
                    Field::Environment,
                    "containers[strong].environmentVariables[API_TOKEN]",
                    text("plain"),
                    Some(Value::Hidden),
                ),
                change(
                    Field::Environment,
                    "containers[strong].environmentVariables[GREETING]",
                    text("good\nday\n"),
                    text("good\nnight\n"),
                ),
                change(Field::Tags, "tags[team]", None, text("\u{1b}[2Jops")),
            ],
            vec![Impact::Restart, Impact::LogsLost],
        ),
        (
            Subject::Group(id("worker")),
            Action::DeleteGroup { replaced: true },
            "memoryInGB cannot be changed in place",
            vec![change(
                Field::Memory,
                "containers[worker].resources.requests.memoryInGB",
                text("1"),
                text("2"),
            )],
            vec![Impact::Downtime, Impact::LogsLost],
        ),
        (
            Subject::Group(id("worker")),
            Action::CreateGroup(Box::new(deployment("worker"))),
            "replaced",
            vec![],
            vec![Impact::Downtime, Impact::NewAddress],
        ),
        (
            Subject::Group(id("left-over")),
            Action::DeleteGroup { replaced: false },
            "is in no manifest any more",
            vec![],
            vec![Impact::LogsLost],
        ),
    ])
}

#[test]
fn a_first_apply() -> Outcome {
    let planned = planned(first_apply()?, 0);
    assert_snapshot!(shown(&planned, Style::PLAIN)?);
    assert_snapshot!("a_first_apply_40", shown(&planned, Style { width: 40, ..Style::PLAIN })?);
    Ok(())
}

#[test]
fn all_kinds_of_changes() -> Outcome {
    let planned = planned(changes()?, 4);
    assert_snapshot!("all_kinds_of_changes_80", shown(&planned, Style::PLAIN)?);
    assert_snapshot!("all_kinds_of_changes_40", shown(&planned, Style { width: 40, ..Style::PLAIN })?);
    assert_snapshot!("all_kinds_of_changes_200", shown(&planned, Style { width: 200, ..Style::PLAIN })?);
    Ok(())
}

#[test]
fn a_long_plan_tells_at_its_end_what_it_destroys() -> Outcome {
    let entry = |number: usize| {
        let group = |name: &str| Subject::Group(id(&format!("{name}-{number:04}")));
        let image = change(Field::Image, "containers[a].image", text("acitask/a:1"), text("acitask/a:2"));
        let cpu = change(Field::Cpu, "containers[a].resources.requests.cpu", text("1"), text("2"));
        let update = Action::UpdateGroup(Box::new(deployment("a")), Default::default());
        let (delete, away) = (|replaced| Action::DeleteGroup { replaced }, vec![Impact::Downtime]);
        match number % 100 {
            0 => vec![(group("gone"), delete(false), "is in no manifest", vec![], vec![])],
            1 => vec![
                (group("large"), delete(true), "cpu differs", vec![cpu], away),
                (group("large"), Action::CreateGroup(Box::new(deployment("a"))), "replaced", vec![], vec![]),
            ],
            _ => vec![(group("other"), update, "image differs", vec![image], vec![Impact::Restart])],
        }
    };
    let planned = planned(plan((0..3000).flat_map(entry).collect())?, 27_000);
    for width in [40, 80, 200] {
        for extent in [page::Extent::Whole, page::Extent::Lines, page::Extent::Last] {
            let mut out = Vec::new();
            page::write(&mut out, &heading(), &planned, &flags(), Style { width, ..Style::PLAIN }, extent)?;
            let page = String::from_utf8(out)?;
            let lines: Vec<&str> = page.lines().collect();
            let wide = lines.iter().filter(|line| line.chars().count() > width);
            // Only a word that is longer than a line.
            assert_eq!(wide.filter(|line| line.trim().contains(' ')).collect::<Vec<_>>(), [&""; 0]);
            // Nothing is left out of it.
            let named = (0..3000).filter(|number| page.contains(&format!("-{number:04}"))).count();
            assert_eq!(named, if extent == page::Extent::Last { 0 } else { 3000 });
            let (first, last) =
                (lines[..lines.len().min(9)].join("\n"), lines[lines.len().saturating_sub(32)..].join("\n"));
            let ends = if lines.len() > 41 { format!("{first}\n[…]\n{last}") } else { page };
            assert_snapshot!(format!("a_long_plan_{extent:?}_{width}"), ends);
        }
    }
    Ok(())
}

#[test]
fn remarks_stand_under_the_entries() -> Outcome {
    let plan = plan(vec![])?;
    let subject = Subject::Group(id("strong"));
    let run = Subject::Run(Name::from("post-dog"));
    let failed = "failed with exit 3 two hours ago and is not repeated by itself, because nothing that goes into it differs";
    let planned = Planned {
        notes: vec![Note { subject: run, text: failed.into(), help: Some("acitask run post-dog".into()) }],
        conflicts: vec![Conflict {
            subject: subject.clone(),
            text: "belongs to other/prod".into(),
            help: "acitask apply --adopt strong".into(),
        }],
        blocks: vec![
            Block {
                subject: Some(subject),
                text: "is protected".into(),
                help: "take `protect` out of its manifest".into(),
            },
            Block {
                subject: None,
                text: "the stack is empty".into(),
                help: "`acitask destroy` removes everything".into(),
            },
        ],
        ..planned(plan, 3)
    };
    assert_snapshot!(shown(&planned, Style::PLAIN)?);
    Ok(())
}

#[test]
fn nothing_to_do_is_one_line_under_the_heading() -> Outcome {
    assert_snapshot!(shown(&planned(plan(vec![])?, 5), Style::PLAIN)?, @r"
    local emulator http://127.0.0.1:4123 · project quickstart
    No changes. 5 resources match.
    ");
    Ok(())
}

#[test]
fn no_line_is_wider_than_asked() -> Outcome {
    for plan in [first_apply()?, changes()?] {
        let text = shown(&planned(plan, 0), Style::PLAIN)?;
        // A value without spaces is never broken: it would no longer be one when copied.
        let wide = text.lines().filter(|line| line.chars().count() > 80);
        assert_eq!(wide.filter(|line| !line.contains("registry.example.com")).collect::<Vec<_>>(), [""; 0]);
    }
    Ok(())
}

#[test]
fn secrets_and_escapes_are_in_no_page() -> Outcome {
    for plan in [first_apply()?, changes()?] {
        let text = shown(&planned(plan, 0), Style::PLAIN)?;
        assert!(!text.contains("canary") && !text.contains('\u{1b}'), "{text}");
    }
    Ok(())
}

fn events() -> Result<Vec<Event>, Box<dyn Error>> {
    let (dog, cat) = (StepId(2), StepId(3));
    let progress = |phase: &str| EventKind::Progress { step: dog, phase: phase.into() };
    let log = |line: &str| EventKind::Log { step: dog, stream: Stream::Output, line: line.into() };
    let ended =
        |step, end, millis| EventKind::StepEnded { step, end, elapsed: Duration::from_millis(millis) };
    let kinds = [
        (0, EventKind::Began { steps: 4 }),
        (0, EventKind::StepBegan(StepId(0))),
        (180, ended(StepId(0), End::Done(String::new()), 180)),
        (200, EventKind::StepBegan(dog)),
        (300, progress("waiting for the container to start")),
        (700, progress("waiting for the container to start")),
        (
            800,
            EventKind::Retrying {
                step: dog,
                fault: "TooManyRequests: slow down".into(),
                after: Duration::from_secs(5),
            },
        ),
        (5900, log("POST http://127.0.0.1:4123/sink")),
        (5950, log("\u{1b}[31mstatus: 500\u{1b}[0m")),
        (6000, ended(dog, End::TaskFailed { exit: Some(3), why: String::new() }, 5800)),
        (6000, ended(cat, End::Skipped { because: dog }, 0)),
    ];
    let began: jiff::Timestamp = "2026-01-02T03:04:05Z".parse()?;
    kinds
        .into_iter()
        .map(|(millis, kind)| Ok(Event { at: began.checked_add(Duration::from_millis(millis))?, kind }))
        .collect()
}

#[test]
fn an_apply_without_a_terminal_is_a_line_a_change() -> Outcome {
    let plan = first_apply()?;
    let mut lines = Lines::new(&plan, Style::PLAIN);
    let told: Vec<String> = events()?.iter().filter_map(|event| lines.line(event)).collect();
    assert_snapshot!(told.join("\n"));
    Ok(())
}

#[test]
fn a_failed_apply_ends_with_what_the_task_printed() -> Outcome {
    let plan = first_apply()?;
    let (mut story, mut tally) = (Story::default(), Tally::default());
    for event in &events()? {
        story.tell(event);
        if let EventKind::StepEnded { end, .. } = &event.kind {
            tally.count(end);
        }
    }
    let mut out = Vec::new();
    summary::write(&mut out, &plan, &story, &tally, Duration::from_millis(6010), &flags(), Style::PLAIN)?;
    assert_snapshot!(String::from_utf8(out)?);
    Ok(())
}

#[test]
fn what_is_advised_fits_what_happened() -> Outcome {
    let ended = |exit| End::TaskFailed { exit, why: String::new() };
    let delete = |keep_on_failure| Finish::Delete { keep_on_success: false, keep_on_failure };
    let create = || Begin::Create(Box::new(deployment("weak")));
    let again = "  → acitask run post --local -f manifests/quickstart";
    let log = "  → acitask logs post --local -f manifests/quickstart";
    for (begin, finish, end, advised) in [
        (exec(), Finish::Leave, ended(Some(3)), vec![again]),
        (create(), Finish::Stop, ended(Some(3)), vec![log, again]),
        (
            create(),
            Finish::Stop,
            End::TimedOut { limit: Limit::Total, allowed: Duration::from_secs(1) },
            vec![log, again],
        ),
        (create(), Finish::Stop, ended(None), vec![again]),
        (create(), delete(true), ended(Some(3)), vec![log, again]),
        (create(), delete(false), ended(Some(3)), vec![again]),
    ] {
        let subject = Subject::Run(Name::from("post"));
        let plan = plan(vec![(subject, run("weak", begin, finish)?, "never ran", vec![], vec![])])?;
        let mut story = Story::default();
        let kind = EventKind::StepEnded { step: StepId(0), end, elapsed: Duration::ZERO };
        story.tell(&Event { at: jiff::Timestamp::UNIX_EPOCH, kind });
        let mut out = Vec::new();
        summary::write(&mut out, &plan, &story, &Tally::default(), Duration::ZERO, &flags(), Style::PLAIN)?;
        let text = String::from_utf8(out)?;
        assert_eq!(text.lines().filter(|line| line.contains('→')).collect::<Vec<_>>(), advised);
    }
    Ok(())
}
