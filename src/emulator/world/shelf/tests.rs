//! A shelf against a plain look at everything: due times, marks, pages and kept text.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Shelf, Shelved, Shown};
use crate::world::tests::dice::Dice;

/// An entry with any due time and any marks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    due: Option<Timestamp>,
    marks: Vec<u64>,
}

impl Shelved for Thing {
    type Mark = u64;

    fn due(&self) -> Option<Timestamp> {
        self.due
    }

    fn marks(&self) -> Vec<u64> {
        self.marks.clone()
    }
}

fn thing(dice: &mut Dice) -> Thing {
    let due = (dice.below(3) > 0).then(|| second(dice.below(20)));
    let marks = (0..dice.below(3)).map(|_| dice.below(6)).collect();
    Thing { due, marks }
}

fn second(number: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number.cast_signed())
}

fn agrees(shelf: &mut Shelf<Thing>, model: &BTreeMap<String, Thing>, dice: &mut Dice) {
    let (mark, now) = (dice.below(6), second(dice.below(20)));
    let keys = |wanted: &dyn Fn(&Thing) -> bool| -> Vec<String> {
        model.iter().filter(|(_, thing)| wanted(thing)).map(|(key, _)| key.clone()).collect()
    };
    // Before anything is filed: a search that changes nothing finds what was touched, too.
    let marked: Vec<String> = shelf.marked(&mark).into_iter().cloned().collect();
    assert_eq!(marked, keys(&|thing| thing.marks.contains(&mark)));
    if dice.below(2) == 0 {
        assert_eq!(shelf.first_due(), model.values().filter_map(|thing| thing.due).min());
        assert_eq!(shelf.due_by(now), keys(&|thing| thing.due.is_some_and(|due| due <= now)));
    }
}

#[test]
fn the_index_finds_what_a_look_at_everything_finds() {
    for seed in 1..=40 {
        let mut dice = Dice::new(seed);
        let mut shelf = Shelf::new("thing");
        let mut model = BTreeMap::new();
        let mut records = BTreeMap::new();
        for _ in 0..200 {
            let key = format!("/{}", dice.below(12));
            match dice.below(6) {
                0 => assert_eq!(shelf.remove(&key), model.remove(&key)),
                1 | 2 => {
                    let thing = thing(&mut dice);
                    shelf.insert(key.clone(), thing.clone());
                    model.insert(key, thing);
                }
                3 | 4 => {
                    let thing = thing(&mut dice);
                    if let (Some(ours), Some(theirs)) = (shelf.get_mut(&key), model.get_mut(&key)) {
                        *ours = thing.clone();
                        *theirs = thing;
                    }
                }
                _ => {
                    for change in shelf.changes() {
                        change.fold_into(&mut records);
                    }
                    agrees(&mut Shelf::restore("thing", &records), &model, &mut dice);
                }
            }
            agrees(&mut shelf, &model, &mut dice);
        }
    }
}

#[test]
fn a_range_begins_after_a_key_within_its_scope() {
    let mut shelf = Shelf::new("thing");
    for key in ["/a/1", "/b/1", "/b/2", "/b/3", "/c/1"] {
        shelf.insert(key.to_owned(), Thing { due: None, marks: Vec::new() });
    }
    let rows: [(&str, &[&str]); 7] = [
        ("", &["/b/1", "/b/2", "/b/3"]),
        ("/a/9", &["/b/1", "/b/2", "/b/3"]),
        ("/b/", &["/b/1", "/b/2", "/b/3"]),
        ("/b/1", &["/b/2", "/b/3"]),
        ("/b/2x", &["/b/3"]),
        ("/b/3", &[]),
        ("/z", &[]),
    ];
    for (after, wanted) in rows {
        let keys: Vec<&str> = shelf.within_after("/b/", after).map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, wanted, "after {after}");
    }
}

#[test]
fn a_text_is_made_once_and_again_after_a_touch() {
    let mut shelf = Shelf::new("thing");
    shelf.insert("/a".to_owned(), Thing { due: None, marks: vec![1] });
    let text = |shelf: &Shelf<Thing>, of: &str, made: &mut u32| {
        let show = |thing: &Thing| {
            *made += 1;
            json!([of, thing.marks])
        };
        shelf.slots("/", "").next().map(|(_, slot)| slot.text(Shown::Listed, of, show).to_string())
    };
    let mut made = 0;
    for (of, wanted, count) in [("x", r#"["x",[1]]"#, 1), ("x", r#"["x",[1]]"#, 1), ("y", r#"["y",[1]]"#, 2)]
    {
        assert_eq!(text(&shelf, of, &mut made).as_deref(), Some(wanted));
        assert_eq!(made, count);
    }
    if let Some(thing) = shelf.get_mut("/a") {
        thing.marks = vec![2];
    }
    assert_eq!(text(&shelf, "y", &mut made).as_deref(), Some(r#"["y",[2]]"#));
    shelf.insert("/a".to_owned(), Thing { due: None, marks: vec![3] });
    assert_eq!(text(&shelf, "y", &mut made).as_deref(), Some(r#"["y",[3]]"#));
    assert_eq!(made, 4);
    // What is shown of it alone is another text.
    let whole = shelf.slot("/a").map(|slot| slot.text(Shown::Whole, "y", |_| json!("whole")).to_string());
    assert_eq!(whole.as_deref(), Some("\"whole\""));
    assert_eq!(text(&shelf, "y", &mut made).as_deref(), Some(r#"["y",[3]]"#));
    assert_eq!(made, 4);
}
