//! A plan in its other forms: messages for programs, Markdown for a pull request, and less of the page.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::engine::event::Limit;
use crate::model::stack::Target;
use crate::plan::fingerprint::Fingerprint;
use crate::render::markdown;
use crate::render::message::{self, Message, Telling};
use crate::render::page::Extent;

fn lines(messages: &[Message]) -> Result<Vec<Json>, Box<dyn Error>> {
    let mut out = Vec::new();
    messages.iter().try_for_each(|message| message.write(&mut out))?;
    String::from_utf8(out)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn fingerprint() -> Fingerprint {
    Fingerprint::new("0123456789abcdef")
}

fn markdown(planned: &Planned) -> String {
    markdown::page(
        &heading(),
        planned,
        (&fingerprint(), Some("acitask apply --expect 0123456789abcdef --local")),
        &flags(),
    )
}

fn messages(planned: &Planned) -> Result<Vec<Json>, Box<dyn Error>> {
    lines(&message::planned(&heading(), planned, &fingerprint(), true, &flags()))
}

#[test]
fn every_message_fits_the_published_schema() -> Outcome {
    let schema = message::schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/messages.schema.json");
    let committed: Json = serde_json::from_str(&std::fs::read_to_string(committed)?)?;
    assert!(committed == schema, "not up to date: run `acitask schema --write schemas`");
    let validator = jsonschema::validator_for(&schema)?;
    let remarks = Planned {
        notes: vec![Note { subject: Subject::Run(Name::from("a")), text: "b".into(), help: None }],
        conflicts: vec![Conflict {
            subject: Subject::Group(id("a")),
            text: "b".into(),
            help: "acitask plan".into(),
        }],
        blocks: vec![Block { subject: None, text: "b".into(), help: "c".into() }],
        ..planned(changes()?, 1)
    };
    let mut all = messages(&planned(first_apply()?, 0))?;
    all.extend(messages(&remarks)?);
    all.extend(told(&changes()?)?);
    for message in &all {
        let errors: Vec<String> = validator.iter_errors(message).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{message}: {errors:?}");
    }
    assert!(!validator.is_valid(&json!({"type": "surprise"})));
    Ok(())
}

fn told(plan: &Plan) -> Result<Vec<Json>, Box<dyn Error>> {
    let telling = Telling::new(plan);
    let step = StepId(0);
    let ended = |end| EventKind::StepEnded { step, end, elapsed: Duration::from_millis(1500) };
    let kinds = [
        EventKind::Began { steps: 4 },
        EventKind::StepBegan(step),
        EventKind::Progress { step, phase: "waiting".into() },
        EventKind::Retrying { step, fault: "429".into(), after: Duration::from_secs(5) },
        EventKind::Log { step, stream: Stream::Output, line: "hello".into() },
        ended(End::Done("exit 0".into())),
        ended(End::TaskFailed { exit: Some(3), why: String::new() }),
        ended(End::TimedOut { limit: Limit::Total, allowed: Duration::from_secs(1) }),
        ended(End::TimedOut { limit: Limit::Idle, allowed: Duration::from_secs(90) }),
        ended(End::Stale { what: "gone".into() }),
        ended(End::Failed { why: "denied".into(), help: Some("az login".into()) }),
        ended(End::Skipped { because: StepId(1) }),
        ended(End::Interrupted),
        EventKind::Ended(Tally { done: 1, ..Tally::default() }),
    ];
    let at: jiff::Timestamp = "2026-01-02T03:04:05Z".parse()?;
    let events: Vec<Event> = kinds.into_iter().map(|kind| Event { at, kind }).collect();
    let messages: Vec<Message> = events.iter().filter_map(|event| telling.message(event)).collect();
    assert_eq!(messages.len(), events.len());
    lines(&messages)
}

#[test]
fn messages_of_a_plan() -> Outcome {
    let lines = messages(&planned(changes()?, 4))?;
    assert_snapshot!(lines.iter().map(|line| format!("{line:#}\n")).collect::<String>());
    Ok(())
}

#[test]
fn markdown_of_a_plan() -> Outcome {
    let planned = planned(changes()?, 4);
    assert_snapshot!(markdown(&planned));
    Ok(())
}

#[test]
fn markdown_names_no_command_where_none_applies_the_plan() -> Outcome {
    let text = markdown::page(&heading(), &planned(changes()?, 4), (&fingerprint(), None), &flags());
    assert!(text.contains("will be deleted") && !text.contains("acitask apply"), "{text}");
    Ok(())
}

#[test]
fn markdown_is_always_short_enough_and_never_broken_by_what_it_shows() -> Outcome {
    let nasty = "``` ```` </details> | <img src=x> @everyone [a](b) --> **b**\u{1b}[2J";
    let steps = (0..3000).map(|number| {
        let subject = Subject::Group(id(&format!("group-{number}-{nasty}")));
        let changes = vec![change(Field::Image, "containers[a].image", text(nasty), text(nasty))];
        (subject, Action::DeleteGroup { replaced: false }, nasty, changes, vec![Impact::LogsLost])
    });
    let planned = planned(plan(steps.collect())?, 0);
    let page = markdown(&planned);
    assert!(page.chars().count() < 65_536, "{}", page.chars().count());
    assert!(page.contains("left out") && page.contains("acitask apply --expect 0123456789abcdef"));
    assert_eq!(page.matches("<details>").count(), page.matches("\n</details>").count());
    assert!(!page.contains('\u{1b}'));
    // A table that is longer than the page leaves no room for the fold of the differences.
    assert!(!page.contains("````"));
    for mark_up in ["<img", "@everyone", "[a](b)"] {
        assert!(!page.contains(mark_up), "{mark_up}");
    }
    Ok(())
}

/// Words of one column and of two, of one byte and of four, with what mark-up is made of.
const WORDS: [&str; 8] =
    ["web", "```` ", "</details>", "語語語", "🦀🦀🦀🦀", "| a |", "@everyone <img>", "e\u{301}e\u{301}"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn markdown_of_any_size_is_whole_and_fits(
        (steps, notes, conflicts) in (0usize..500, 0usize..300, 0usize..60),
        (word, times) in (0usize..WORDS.len(), 1usize..120),
    ) {
        let told = WORDS[word].repeat(times);
        let fits = |count: usize| count.min(400_000 / told.len() + 1);
        let steps = (0..fits(steps)).map(|number| {
            let subject = Subject::Group(id(&format!("group-{number}-{}", WORDS[word])));
            let replaced = number % 3 == 0;
            let changes = vec![change(Field::Image, "containers[a].image", text(&told), text("b"))];
            (subject, Action::DeleteGroup { replaced }, told.as_str(), changes, vec![Impact::LogsLost])
        });
        let plan = plan(steps.collect()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let subject = Subject::Group(id("a"));
        let note = Note { subject: subject.clone(), text: told.clone(), help: Some("acitask plan".into()) };
        let conflict = Conflict { subject, text: told.clone(), help: "acitask plan".into() };
        let planned = Planned {
            notes: vec![note; fits(notes)],
            conflicts: vec![conflict; fits(conflicts)],
            ..planned(plan, 0)
        };
        let page = markdown(&planned);
        prop_assert!(page.encode_utf16().count() < 65_536, "{}", page.len());
        prop_assert!(page.starts_with("<!-- acitask plan quickstart -->\n"));
        let folds = |text: &str| page.lines().filter(|line| line.starts_with(text)).count();
        prop_assert_eq!(folds("<details>"), folds("</details>"));
        let fences: Vec<&str> = page.lines().filter(|line| line.starts_with("````")).collect();
        prop_assert!(fences.is_empty() || fences == ["````diff", "````"], "{:?}", fences);
        prop_assert!(page.contains(" to add, ") || page.contains("No changes."));
        if planned.conflicts.is_empty() && !planned.plan.steps().is_empty() {
            prop_assert!(page.ends_with("$ acitask apply --expect 0123456789abcdef --local\n```\n"));
        }
    }
}

#[test]
fn less_of_a_page() -> Outcome {
    let planned = planned(changes()?, 4);
    let shown = |extent| -> Result<String, Box<dyn Error>> {
        let mut out = Vec::new();
        page::write(&mut out, &heading(), &planned, &flags(), Style::PLAIN, extent)?;
        Ok(String::from_utf8(out)?)
    };
    assert_snapshot!("summary", shown(Extent::Lines)?);
    assert_snapshot!("quiet", shown(Extent::Last)?);
    Ok(())
}

#[test]
fn a_fingerprint_is_that_of_what_is_done() -> Outcome {
    let of = |plan: &Plan| {
        let owner = Owner::new(&Name::from("quickstart"), None);
        Fingerprint::of(plan, &owner, Target::Local, "0000")
    };
    let base = of(&changes()?);
    assert_eq!(base, of(&changes()?));
    // Reasons and impacts are for people.
    let mut steps = changes()?.steps().to_vec();
    for step in &mut steps {
        step.reason = Reason::new("said otherwise");
        step.impacts.clear();
    }
    assert_eq!(base, of(&Plan::seal(steps)?));
    let mut steps = changes()?.steps().to_vec();
    if let Some(step) = steps.first_mut() {
        step.guard = Guard::Unchanged("other".into());
    }
    assert_ne!(base, of(&Plan::seal(steps)?));
    let mut steps = changes()?.steps().to_vec();
    if let Some(Action::UpdateGroup(deployment, _)) = steps.first_mut().map(|step| &mut step.action) {
        deployment.location = "northeurope".into();
    }
    assert_ne!(base, of(&Plan::seal(steps)?));
    let steps = changes()?.steps()[..3].to_vec();
    assert_ne!(base, of(&Plan::seal(steps)?));
    Ok(())
}
