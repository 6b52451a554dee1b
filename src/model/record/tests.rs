//! What records look like in tags, and what is read out of them.

use super::*;

fn record() -> Result<Record, Box<dyn std::error::Error>> {
    Ok(Record {
        id: RunId::new("r-abc123"),
        state: RunState::Failed,
        input: "11111111.22222222.33333333.44444444".parse()?,
        exit: Some(3),
        at: Some("2026-01-02T03:04:05Z".parse()?),
        ..Record::open(RunId::new(""), "1.2.3.4".parse()?, None)
    })
}

#[test]
fn version_1_is_golden_and_fits_a_tag() -> Result<(), Box<dyn std::error::Error>> {
    let text = "v1;r-abc123;failed;11111111.22222222.33333333.44444444;3;2026-01-02T03:04:05Z;";
    assert_eq!(record()?.to_string(), text);
    assert_eq!(text.parse::<Record>()?, record()?);
    let longest = Record {
        id: RunId::new("r".repeat(40)),
        state: RunState::Interrupted,
        exit: Some(i32::MIN),
        at: Some("2026-01-02T03:04:05.123456789Z".parse()?),
        container_start: Some("2026-01-02T03:04:05.123456789Z".parse()?),
        ..record()?
    };
    assert!(record_tag(&Name::new("n"), &longest).1.len() <= 256);
    Ok(())
}

#[test]
fn version_2_is_golden_and_fits_a_tag() -> Result<(), Box<dyn std::error::Error>> {
    let start = Some("2026-01-02T03:04:01.5Z".parse()?);
    let all = Record {
        attempt: 3,
        item: Some(7),
        container_start: start,
        source: Some("https://ci/1".into()),
        ..record()?
    };
    let text = "v2;r-abc123;f;11111111.22222222.33333333.44444444;3;1767323045;a3 i7 uhttps://ci/1;2026-01-02T03:04:01.5Z";
    assert_eq!(all.to_string(), text);
    assert_eq!(text.parse::<Record>()?, all);
    // The most that an array has to remember: every second one of 1,000 items.
    let mut done = Done::new(1_000, "0123456789abcdef");
    (0..1_000).step_by(2).for_each(|item| done.set(item));
    let longest = Record {
        id: RunId::new("r-123456789abc"),
        state: RunState::Interrupted,
        attempt: 9,
        exit: Some(255),
        done: Some(done),
        source: Some("https://example.com/a/long/address".into()),
        ..record()?
    };
    let (_, text) = record_tag(&Name::new("n"), &longest);
    assert!(text.len() <= 256, "{}: {text}", text.len());
    let kept = Record { source: None, ..longest };
    assert_eq!(text.parse::<Record>()?, kept, "what does not fit is left out");
    Ok(())
}

#[test]
fn states_have_letters_of_their_own() {
    let letters: std::collections::BTreeSet<_> =
        RunState::WORDS.iter().map(|(state, _)| state.letter()).collect();
    assert_eq!(letters.len(), RunState::WORDS.len());
}

#[test]
fn an_intent_is_golden_and_fits_a_tag() -> Result<(), Box<dyn std::error::Error>> {
    let open = Record { state: RunState::Open, exit: None, ..record()? };
    let told = "v1;r-abc123;open;11111111.22222222.33333333.44444444;;2026-01-02T03:04:05Z;";
    for (follows, text) in [
        (None, format!("post-cat;{told}")),
        (Some(RunId::new("r-before")), format!("post-cat;{told}r-before")),
    ] {
        let made = Intent { run: Name::from("post-cat"), follows, record: open.clone() };
        let (tag, value) = intent_tag(&made);
        assert_eq!(value, text);
        assert_eq!(intent(&Tags::from([(tag.to_uppercase(), value)])), Some(made));
    }
    let longest = Intent {
        run: Name::new("n".repeat(63)),
        follows: Some(RunId::new("f".repeat(40))),
        record: Record {
            id: RunId::new("r".repeat(40)),
            at: Some("2026-01-02T03:04:05.123456789Z".parse()?),
            ..open
        },
    };
    assert!(intent_tag(&longest).1.len() <= 256);
    for text in ["", "post-cat", "post-cat;", "post-cat;r-before", "post-cat;v3;x"] {
        assert_eq!(intent(&Tags::from([(INTENT.to_owned(), text.to_owned())])), None, "{text}");
    }
    Ok(())
}

#[test]
fn other_texts_are_unreadable() {
    for text in [
        "",
        "v3;x",
        "v2;x",
        "v1;a;open",
        "v1;a;gone;1.2.3.4;;;",
        "v1;a;open;1.2.3;;;",
        "v1;a;open;1.2.3.4;x;;",
    ] {
        assert_eq!(text.parse::<Record>(), Err(Unreadable), "{text}");
    }
}

#[test]
fn a_ledger_keeps_to_its_tags() -> Result<(), Box<dyn std::error::Error>> {
    let record = record()?;
    let (tag, value) = record_tag(&Name::from("Post-Dog"), &record);
    let tags = Tags::from([
        (tag.to_uppercase(), value),
        ("team".into(), "ops".into()),
        ("acitask-run.odd".into(), "v9".into()),
    ]);
    let ledger = Ledger::read(&tags);
    assert_eq!(ledger.records.get(&Name::from("post-dog")), Some(&record));
    assert_eq!(ledger.unreadable, [Name::from("odd")]);
    Ok(())
}
