//! Killed anywhere and applied again, the quickstart ends where an undisturbed one ends, and no run is repeated.
//!
//! Every request of an apply is a point to kill at, before it is carried out and after; so are the tasks' own posts, as
//! moments within a run. Polling makes the number of requests differ a little from one apply to the next, so the points
//! go on until an apply ends before its point comes, and the first request of each kind is a point of its own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::gate::{Point, Side};
use super::quickstart::{DOG_AND_CATS, names};
use super::say;
use super::stand::{Fate, Stand};
use super::world::world;

/// How many points are tried at a time.
const WIDTH: usize = 4;
/// The kinds of requests that change something or that a run hangs on.
const KINDS: [&str; 9] =
    ["/oauth2/", "PUT ", "PATCH ", "/exec?", "/execstream/", "POST /sink", "/start?", "/stop?", "/logs?"];

#[test]
fn a_kill_at_any_request_leaves_nothing_undone_and_nothing_done_twice() {
    if Stand::native().is_none() {
        return;
    }
    let began = Instant::now();
    let points = AtomicUsize::new(0);
    let tried = AtomicUsize::new(0);
    let requests = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WIDTH {
            scope.spawn(|| {
                let (stand, undisturbed) = undisturbed();
                requests.fetch_max(stand.gate.passed(), Ordering::Relaxed);
                loop {
                    let next = points.fetch_add(1, Ordering::Relaxed);
                    let side = if next.is_multiple_of(2) { Side::Before } else { Side::After };
                    let point = match KINDS.get(next / 2) {
                        Some(kind) => Point::First(kind),
                        None => Point::Number(next / 2 - KINDS.len() + 1),
                    };
                    match (disturbed(&stand, point, side, &undisturbed), point) {
                        (Tried::Right, _) => {}
                        (Tried::Wrong(what), _) => wrong.lock().unwrap().push(what),
                        (Tried::NoSuchPoint, Point::Number(_)) => return,
                        (Tried::NoSuchPoint, Point::First(kind)) => {
                            wrong.lock().unwrap().push(format!("there was no {kind} among the requests"));
                        }
                    }
                    tried.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (tried, requests, wrong) = (tried.into_inner(), requests.into_inner(), wrong.into_inner().unwrap());
    say(&format!(
        "kill points: {tried} (an undisturbed apply makes {requests} requests), {:?}",
        began.elapsed()
    ));
    assert!(tried >= requests + 2 * KINDS.len(), "only {tried} points were tried");
    assert!(wrong.is_empty(), "{} of {tried} points:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// A stand on which the quickstart was applied, and the world it left. It is each stand's own, because the address of
/// the sink goes into what is recorded of a run.
fn undisturbed() -> (Stand, Value) {
    let stand = Stand::native().unwrap();
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(names(&stand), DOG_AND_CATS);
    let world = world(&stand);
    (stand, world)
}

enum Tried {
    Right,
    Wrong(String),
    NoSuchPoint,
}

fn disturbed(stand: &Stand, point: Point, side: Side, undisturbed: &Value) -> Tried {
    stand.emulator.reset().unwrap();
    let (what, process) = match stand.apply_killed_at(point, side) {
        Fate::Killed(what, process) => (what, process),
        Fate::Ended(run) => {
            return match run.code {
                Some(0) => Tried::NoSuchPoint,
                _ => Tried::Wrong(format!("without a kill: {}", run.all())),
            };
        }
    };
    let point = format!("killed at {point:?}, {side:?} {what}");
    let again = stand.acitask(&["apply", "--auto-approve"]);
    if again.code != Some(0) {
        return Tried::Wrong(format!("{point}: the next apply ends {:?}\n{}", again.code, again.all()));
    }
    if names(stand) != DOG_AND_CATS {
        return Tried::Wrong(format!("{point}: posted {:?}\n{}", names(stand), again.all()));
    }
    let mut ended = world(stand);
    // An apply that was killed when all was done leaves its lease: one that has nothing to do writes nothing. It holds
    // nobody back (`lease`), and the next apply that does something gives it back.
    if again.stdout.contains("No changes.") {
        forget_lease(&mut ended, process);
    }
    if ended != *undisturbed {
        let (before, after) = (pretty(undisturbed), pretty(&ended));
        let differs = similar::TextDiff::from_lines(&before, &after).unified_diff().to_string();
        return Tried::Wrong(format!("{point}: ends elsewhere\n{differs}\n{}", again.all()));
    }
    let third = stand.acitask(&["plan"]);
    if third.code != Some(0) || !third.stdout.contains("No changes.") {
        return Tried::Wrong(format!("{point}: the plan after it is not empty\n{}", third.all()));
    }
    Tried::Right
}

/// Takes away the lease of a process.
fn forget_lease(world: &mut Value, process: u32) {
    let resource_groups = world["resource groups"].as_object_mut().into_iter().flatten();
    for (_, resource_group) in resource_groups {
        let Some(tags) = resource_group["itself"]["tags"].as_object_mut() else { continue };
        let is_its = |lease: &Value| {
            lease.as_str().is_some_and(|lease| lease.ends_with(&format!(", process {process}")))
        };
        if tags.get("acitask-lease").is_some_and(is_its) {
            tags.remove("acitask-lease");
        }
    }
}

fn pretty(world: &Value) -> String {
    format!("{world:#}\n")
}
