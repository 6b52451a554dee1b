//! What a container says.

use acitask_emulator::contract::Command;
use jiff::{SignedDuration, Timestamp};

use crate::Outcome;
use crate::stand::Stand;

pub(super) async fn keeps(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    let before = Timestamp::now();
    stand.started("main", stand.main()).await?;
    stand.exited().await?;
    let after = Timestamp::now();
    // What was said is known as soon as the end is told, an unfinished line too.
    assert_eq!(stand.said("main").await, ["one", "two", "three"]);
    let times: Vec<Timestamp> = stand.lines("main").await.iter().map(|line| line.at).collect();
    let slack = SignedDuration::from_millis(200);
    assert!(times.iter().all(|at| (before..=after).contains(at)), "{before} {times:?} {after}");
    for pair in times.windows(2) {
        let apart = pair[1].duration_since(pair[0]);
        assert!(apart + slack >= SignedDuration::from_millis(300), "{times:?}");
    }
    Ok(())
}

pub(super) async fn is_whole(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    let (code, said) = stand.run(stand.main()).await?;
    let wanted: Vec<String> = (0..5_000).map(|number| format!("line {number}")).collect();
    assert_eq!(code, 0);
    assert!(said == wanted, "{} lines, the last {:?}", said.len(), said.last());
    Ok(())
}

pub(super) async fn outlives(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    stand.heard("main", "up").await?;
    stand.runtime.perform(Command::Stop { sandbox: stand.sandbox });
    stand.exited().await?;
    assert_eq!(stand.said("main").await, ["up"]);
    Ok(())
}
