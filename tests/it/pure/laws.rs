//! What holds of any two groups. `ACITASK_CASES` says how many cases each law has; by default all of them together
//! have more than 10,000.

use std::collections::BTreeSet;

use acitask::model::effect::Field;
use acitask::plan::shape::{normalise, wanted};
use acitask::plan::{Change, Value, diff, guard};
use proptest::prelude::*;

use super::service::{Chance, shows};
use super::tree::{CHOICES, CONTAINER, GROUP, Numbers};

fn cases(default: u32) -> ProptestConfig {
    let told = std::env::var("ACITASK_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: told.unwrap_or(default), failure_persistence: None, ..ProptestConfig::default() }
}

/// Numbers of which about half are absent properties.
fn number() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0), 3 => 1..CHOICES]
}

pub(super) fn numbers() -> impl Strategy<Value = Numbers> {
    let group = prop::collection::vec(number(), GROUP.len());
    let container = prop::collection::vec(number(), CONTAINER.len());
    (group, prop::collection::vec(container, 1..4))
        .prop_map(|(group, containers)| Numbers { group, containers })
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn what_was_asked_for_is_what_is_shown(numbers in numbers(), seed: u64) {
        let group = numbers.wanted();
        let seen = shows(&group, &[], &mut Chance::of(seed));
        let properties = seen.group.clone();
        prop_assert!(properties.is_some(), "not understood");
        let found = normalise(*properties.unwrap());
        prop_assert_eq!(diff::diff(&wanted(&group), &found), vec![]);
        prop_assert_eq!(diff::location("West Europe", &seen.location), None);
        // So a guard that was taken of one spelling holds of another.
        let other = shows(&group, &[], &mut Chance::of(!seed));
        prop_assert_eq!(guard::group(Some(&seen)), guard::group(Some(&other)));
    }

    #[test]
    fn an_edit_is_seen_exactly_once(
        numbers in numbers(), place in 0..GROUP.len() + CONTAINER.len(), to in 0..CHOICES, seed: u64,
    ) {
        let (mut edited, mut before) = (numbers.clone(), numbers);
        let (row, slots) = match place.checked_sub(GROUP.len()) {
            None => (&GROUP[place], (&mut before.group[place], &mut edited.group[place])),
            Some(place) => (&CONTAINER[place], (&mut before.containers[0][place], &mut edited.containers[0][place])),
        };
        let before_number = *slots.0;
        *slots.1 = to;
        let (one, other) = (before.wanted(), edited.wanted());
        let found = shows(&one, &[], &mut Chance::of(seed)).group.unwrap();
        let changes = diff::diff(&wanted(&other), &normalise(*found));
        let told: BTreeSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        prop_assert_eq!(told.len(), changes.len(), "a path is told twice: {:?}", changes);
        // What is said no more under `arm` is told by what was applied, not by what is seen.
        let same = wanted(&one) == wanted(&other) || row.field == Field::Arm && to == 0;
        prop_assert_eq!(changes.is_empty(), same, "{} from {} to {}: {:?}", row.path, before_number, to, changes);
        let fits = |change: &&Change| fits(row.field, change);
        prop_assert_eq!(changes.iter().find(|change| !fits(change)), None, "an edit of {}", row.path);
        prop_assert!(changes.iter().all(|change| change.before != change.after));
    }
}

/// Whether an edit of a row may tell such a change.
fn fits(edited: Field, change: &Change) -> bool {
    let within = [Field::IpPorts, Field::DnsNameLabel, Field::DnsScope];
    change.field == edited || edited == Field::IpAddress && within.contains(&change.field)
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn a_difference_is_told_from_both_sides(one in numbers(), other in numbers()) {
        let (one, other) = (wanted(&one.wanted()), wanted(&other.wanted()));
        let told = |changes: Vec<Change>| -> BTreeSet<(Field, String, Option<String>, Option<String>)> {
            let text = |value: &Option<Value>| value.as_ref().map(|value| format!("{value:?}"));
            changes.iter().map(|one| (one.field, one.path.clone(), text(&one.before), text(&one.after))).collect()
        };
        let (there, back) = (told(diff::diff(&one, &other)), told(diff::diff(&other, &one)));
        // Under `arm` only what is said is compared, and of a workspace only what is shown.
        let sure = |told: BTreeSet<(Field, String, Option<String>, Option<String>)>| -> Vec<_> {
            told.into_iter().filter(|(field, ..)| ![Field::Arm, Field::Diagnostics].contains(field)).collect()
        };
        let turned = back.into_iter().map(|(field, path, before, after)| (field, path, after, before)).collect();
        prop_assert_eq!(sure(there), sure(turned));
    }
}
