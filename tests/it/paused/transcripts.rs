//! Golden transcripts of a good, a failing and an interrupted apply: what a person reads from the plan to the end.

use acitask::engine::event::Tally;
use acitask::model::name::{Name, Owner};
use acitask::plan::reconcile::{Planned, Verb};
use acitask::render::flags::Flags;
use acitask::render::heading::{Heading, Place};
use acitask::render::lines::Lines;
use acitask::render::page::{self, Extent};
use acitask::render::story::Story;
use acitask::render::style::Style;
use acitask::render::summary;
use std::time::Duration;

use super::attempts::but;
use super::bench::{Applied, Bench, ends, images};
use super::runs::{ephemeral, persistent};

fn transcript(planned: &Planned, applied: &Applied, tally: &Tally) -> String {
    let flags = Flags::new(vec![]);
    let heading = Heading {
        place: Place::Local { url: "http://127.0.0.1:4000".to_owned() },
        owner: Owner::new(&Name::from("paused"), None),
    };
    let mut out = Vec::new();
    page::write(&mut out, &heading, planned, &flags, Style::PLAIN, Extent::Whole).unwrap();
    let mut text = String::from_utf8(out).unwrap();
    text.push('\n');
    let (mut lines, mut story) = (Lines::new(&planned.plan, Style::PLAIN), Story::default());
    for event in &applied.events {
        story.tell(event);
        if let Some(line) = lines.line(event) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    let (first, last) = (applied.events.first().unwrap(), applied.events.last().unwrap());
    let took: Duration = last.at.duration_since(first.at).unsigned_abs();
    let mut out = Vec::new();
    summary::write(&mut out, &planned.plan, &story, tally, took, &flags, Style::PLAIN).unwrap();
    text.push('\n');
    text.push_str(&String::from_utf8(out).unwrap());
    text
}

async fn told(bench: &Bench, manifests: &str, stop_after: Option<Duration>) -> String {
    let planned = bench.plan(manifests, Verb::Apply).await;
    let applied = bench.carry_out(&planned, stop_after).await;
    let text = transcript(&planned, &applied, &applied.tally);
    // Ids follow from the clock's seed; they are no news.
    text
}

#[tokio::test(start_paused = true)]
async fn a_good_apply() {
    let bench = Bench::open(images([("task:1", ends(0, 30))]), &[]).await;
    insta::assert_snapshot!(told(&bench, &persistent("task:1"), None).await);
}

#[tokio::test(start_paused = true)]
async fn a_failing_apply() {
    let behaviour = but(&[("ACITASK_ATTEMPT=1", 1), ("ACITASK_ATTEMPT=2", 137)]);
    let bench = Bench::open(images([("task:1", behaviour)]), &[]).await;
    let manifests = ephemeral("task:1", "  retries: {limit: 1, backoff: 10s}")
        .replace("onFailure: delete", "onFailure: keep");
    insta::assert_snapshot!(told(&bench, &manifests, None).await);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_apply() {
    let bench = Bench::open(images([("task:1", ends(0, 30))]), &[]).await;
    insta::assert_snapshot!(told(&bench, &persistent("task:1"), Some(Duration::from_secs(10))).await);
}
