//! The faults that stand, how often each has seen its moment, and which of them a moment meets.
//!
//! Invariant: nothing decides but the order of the faults and of the moments.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::moment::Moment;
use super::preset::Preset;
use super::script::{self, Answer, Course, Effect, Fault, Later, Mistake, Side, StreamCut, matches};

/// The faults in their order.
#[derive(Clone, Debug, Default)]
pub struct Board {
    armed: Vec<Armed>,
    /// What was made and is not to be found for so many reads, with the fault that wants it so.
    hidden: Vec<(String, u64)>,
    /// How many had no id of their own.
    unnamed: u64,
}

#[derive(Clone, Debug)]
struct Armed {
    id: String,
    fault: Fault,
    seen: u64,
    fired: u64,
}

/// A fault and how it did so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// How many matching moments it saw.
    pub seen: u64,
    /// How often it fired.
    pub fired: u64,
    /// Whether it is used up.
    pub over: bool,
    /// As it was given.
    pub fault: Fault,
}

/// What a moment meets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fired {
    /// The faults that fired, in their order.
    pub ids: Vec<String>,
    /// How much later the answer comes.
    pub slow: SignedDuration,
    /// What becomes of the request, where it is not just carried out.
    pub fate: Option<Fate>,
    /// Whether a read shows what was before.
    pub stale: bool,
    /// So many reads of what it made find nothing.
    pub hide: u64,
    /// How the operation goes.
    pub course: Option<Course>,
    /// Why the image cannot be pulled.
    pub pull: Option<String>,
    /// When the platform takes the containers away.
    pub evict: Option<Later>,
    /// When the platform restarts the containers.
    pub restart: Option<Later>,
    /// Where the stream breaks.
    pub stream: Option<StreamCut>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It is answered so and not carried out.
    Answer(Answer),
    /// It is not carried out and not answered, or only not answered.
    Cut(Side),
    /// It reads what is hidden.
    Hidden,
}

impl Board {
    /// Adds the faults of a script behind those that stand, all or none, and gives their ids.
    ///
    /// # Errors
    /// All mistakes.
    pub fn add(&mut self, script: Value) -> Result<Vec<String>, Vec<Mistake>> {
        let taken: BTreeSet<String> = self.armed.iter().map(|armed| armed.id.clone()).collect();
        Ok(self.arm(script::read(script, &taken)?))
    }

    /// Adds faults that were read already.
    pub fn arm(&mut self, faults: Vec<Fault>) -> Vec<String> {
        let mut ids = Vec::new();
        for fault in faults {
            let id = fault.id.clone().unwrap_or_else(|| {
                self.unnamed += 1;
                format!("fault-{}", self.unnamed)
            });
            ids.push(id.clone());
            self.armed.push(Armed { id, fault, seen: 0, fired: 0 });
        }
        ids
    }

    /// All faults, in their order.
    pub fn list(&self) -> Vec<Listed> {
        let listed = |Armed { id, fault, seen, fired }: &Armed| Listed {
            id: id.clone(),
            seen: *seen,
            fired: *fired,
            over: fault.times.are_over(*fired),
            fault: fault.clone(),
        };
        self.armed.iter().map(listed).collect()
    }

    /// Takes faults away, one by its id or all, with what they hide; gives how many.
    pub fn clear(&mut self, id: Option<&str>) -> usize {
        let before = self.armed.len();
        self.armed.retain(|armed| id.is_some_and(|id| id != armed.id));
        if id.is_none() {
            self.hidden.clear();
        }
        before - self.armed.len()
    }

    /// Whether some fault that is not used up shows what was before.
    pub fn wants_the_past(&self) -> bool {
        let stale = |armed: &&Armed| armed.fault.effect == Effect::Stale;
        self.armed.iter().filter(stale).any(|armed| !armed.fault.times.are_over(armed.fired))
    }

    /// What was made at this moment is not to be found for so many reads.
    pub fn hide(&mut self, moment: &Moment, reads: u64) {
        self.hidden.push((moment.resource.to_lowercase(), reads));
    }

    /// What a moment meets; it counts for every fault that it matches.
    pub fn meet(&mut self, moment: &Moment) -> Fired {
        let mut fired = Fired::default();
        if self.is_hidden(moment) {
            fired.fate = Some(Fate::Hidden);
        }
        let over: BTreeSet<String> = self
            .armed
            .iter()
            .filter(|armed| armed.fault.times.are_over(armed.fired))
            .map(|armed| armed.id.clone())
            .collect();
        for armed in &mut self.armed {
            let waits = armed.fault.after.as_ref().is_some_and(|after| !over.contains(after));
            if waits || !is_meant(&armed.fault, moment) {
                continue;
            }
            armed.seen += 1;
            let due = armed.seen >= armed.fault.nth && !armed.fault.times.are_over(armed.fired);
            if due && fired.take(&armed.fault.effect, moment) {
                armed.fired += 1;
                fired.ids.push(armed.id.clone());
            }
        }
        fired
    }

    fn is_hidden(&mut self, moment: &Moment) -> bool {
        if !matches!(moment.method.as_str(), "GET" | "HEAD") {
            return false;
        }
        let resource = moment.resource.to_lowercase();
        let hidden = self.hidden.iter_mut().find(|(hidden, _)| {
            resource == *hidden
                || resource.strip_prefix(hidden.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        let Some((_, reads)) = hidden else { return false };
        *reads = reads.saturating_sub(1);
        self.hidden.retain(|(_, reads)| *reads > 0);
        true
    }
}

impl Fired {
    /// Takes an effect in, unless one of its kind is there already.
    fn take(&mut self, effect: &Effect, moment: &Moment) -> bool {
        fn first<T>(place: &mut Option<T>, value: T) -> bool {
            let is_free = place.is_none();
            place.get_or_insert(value);
            is_free
        }
        match effect {
            Effect::Answer(answer) => first(&mut self.fate, Fate::Answer(answer.clone())),
            Effect::Preset(preset) => first(&mut self.fate, Fate::Answer(Preset::answer(*preset, moment))),
            Effect::Cut(side) => first(&mut self.fate, Fate::Cut(*side)),
            Effect::Slow(time) => {
                let free = self.slow.is_zero();
                self.slow = if free { *time } else { self.slow };
                free
            }
            Effect::Stale => !std::mem::replace(&mut self.stale, true),
            Effect::NotFound(reads) => {
                let free = self.hide == 0;
                self.hide = if free { *reads } else { self.hide };
                free
            }
            Effect::Operation(course) => first(&mut self.course, course.clone()),
            Effect::Pull(reason) => first(&mut self.pull, reason.clone()),
            Effect::Evict(later) => first(&mut self.evict, *later),
            Effect::Restart(later) => first(&mut self.restart, *later),
            Effect::Stream(cut) => first(&mut self.stream, *cut),
        }
    }
}

fn is_meant(fault: &Fault, moment: &Moment) -> bool {
    let on = match fault.on.split_once(' ') {
        Some((method, path)) => matches(method, &moment.method) && matches(path.trim(), &moment.path),
        None => matches(&fault.on, &moment.operation),
    };
    let resource = fault.resource.as_ref().is_none_or(|resource| {
        matches(resource, if resource.contains('/') { &moment.resource } else { moment.name() })
    });
    on && resource
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/rg";

    fn task(name: &str) -> String {
        format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups/{name}")
    }

    fn board(script: Value) -> Board {
        let mut board = Board::default();
        assert!(board.add(script.clone()).is_ok(), "{script}");
        board
    }

    fn statuses(board: &mut Board, requests: &[(&str, &str)]) -> Vec<u16> {
        requests
            .iter()
            .map(|(method, name)| match board.meet(&Moment::request(method, &task(name))).fate {
                Some(Fate::Answer(answer)) => answer.status,
                Some(Fate::Cut(_)) => 1,
                Some(Fate::Hidden) => 404,
                None => 0,
            })
            .collect()
    }

    #[test]
    fn nth_and_times_and_resource_decide() {
        let answer = json!({"answer": {"status": 503}});
        let rows = [
            (json!({"on": "containerGroups/put", "effect": answer}), [503, 0, 0, 0, 0]),
            (
                json!({"on": "containerGroups/put", "nth": 2, "times": 2, "effect": answer}),
                [0, 503, 503, 0, 0],
            ),
            (json!({"on": "containerGroups/*", "times": "always", "effect": answer}), [503; 5]),
            (json!({"on": "containergroups/PUT", "resource": "b*", "effect": answer}), [0, 503, 0, 0, 0]),
            (
                json!({"on": "containerGroups/put", "resource": "*/rg/*/b", "effect": answer}),
                [0, 503, 0, 0, 0],
            ),
            (json!({"on": "containerGroups/put", "resource": "*/other/*", "effect": answer}), [0; 5]),
            (json!({"on": "GET /subscriptions/*/containergroups/?", "effect": answer}), [0, 0, 0, 503, 0]),
            (json!({"on": "containerGroups/get", "effect": {"cut": "before"}}), [0, 0, 0, 1, 0]),
        ];
        let requests = [("PUT", "a"), ("PUT", "b"), ("PUT", "a"), ("GET", "a"), ("DELETE", "b")];
        for (fault, wanted) in rows {
            assert_eq!(statuses(&mut board(fault.clone()), &requests), wanted, "{fault}");
        }
    }

    #[test]
    fn of_one_kind_the_first_fires_and_the_next_waits_for_its_turn() {
        let mut board = board(json!([
            {"id": "a", "on": "containerGroups/put", "effect": {"answer": {"status": 500}}},
            {"id": "b", "on": "containerGroups/put", "effect": {"answer": {"status": 501}}},
            {"id": "slow", "on": "containerGroups/put", "effect": {"slow": "1s"}},
        ]));
        let first = board.meet(&Moment::request("PUT", &task("x")));
        assert_eq!(
            (first.ids, first.slow),
            (vec!["a".to_owned(), "slow".to_owned()], SignedDuration::from_secs(1))
        );
        assert_eq!(board.meet(&Moment::request("PUT", &task("x"))).ids, ["b"]);
        assert_eq!(board.meet(&Moment::request("PUT", &task("x"))), Fired::default());
        let listed: Vec<_> = board.list().into_iter().map(|it| (it.id, it.seen, it.fired, it.over)).collect();
        let wanted = ["a", "b", "slow"].map(|id| (id.to_owned(), 3, 1, true));
        assert_eq!(listed, wanted);
    }

    #[test]
    fn one_after_another() {
        let mut board = board(json!([
            {"id": "first", "on": "containerGroups/get", "nth": 2, "effect": {"answer": {"status": 500}}},
            {"after": "first", "on": "containerGroups/put", "nth": 2, "effect": {"answer": {"status": 501}}},
        ]));
        let requests = [("PUT", "a"), ("PUT", "a"), ("GET", "a"), ("GET", "a"), ("PUT", "a"), ("PUT", "a")];
        assert_eq!(statuses(&mut board, &requests), [0, 0, 0, 500, 0, 501]);
    }

    #[test]
    fn what_is_hidden_is_not_found_so_often() {
        let mut board = Board::default();
        board.hide(&Moment::request("PUT", &task("new")), 2);
        let requests = [("GET", "other"), ("PUT", "new"), ("GET", "NEW"), ("HEAD", "new"), ("GET", "new")];
        assert_eq!(statuses(&mut board, &requests), [0, 0, 404, 404, 0]);
    }

    #[test]
    fn ids_are_made_and_cleared() {
        let mut board = Board::default();
        let ids = board.add(json!([{"on": "logs", "effect": {"cut": "after"}}, {"id": "x", "on": "logs", "effect": {"slow": "1s"}}]));
        assert_eq!(ids, Ok(vec!["fault-1".to_owned(), "x".to_owned()]));
        assert!(board.add(json!({"id": "x", "on": "logs", "effect": {"cut": "after"}})).is_err());
        assert_eq!((board.clear(Some("nobody")), board.clear(Some("x")), board.clear(None)), (0, 1, 1));
        assert_eq!(
            board.add(json!({"on": "logs", "effect": {"cut": "after"}})),
            Ok(vec!["fault-2".to_owned()])
        );
    }
}
