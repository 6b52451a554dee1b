//! The architecture's invariants, as `src/lib.rs` states them, held against the sources.
//!
//! Each rule is a function from a file to what is wrong with it, and is itself tested with a sample that breaks it.

use std::fs;
use std::path::{Path, PathBuf};

/// The storeys from the bottom up; each may use only those before it.
const STOREYS: [&str; 7] = ["model", "manifest", "plan", "arm", "engine", "render", "cli"];
/// Storeys without I/O, clock and chance.
const PURE: [&str; 3] = ["model", "manifest", "plan"];
/// The longest file; a longer one holds two ideas.
const LONGEST: usize = 450;

struct Source {
    /// Relative to the repository, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The storey of the house that the file belongs to.
    fn storey(&self) -> Option<&'static str> {
        let rest = self.path.strip_prefix("src/")?;
        let head = rest.split(['/', '.']).next()?;
        STOREYS.into_iter().find(|storey| *storey == head)
    }

    /// Lines of code with their numbers; comments and what is in quotes are left out.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let bare = |line: &str| line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
        self.text
            .lines()
            .enumerate()
            .map(move |(place, line)| {
                (place + 1, bare(line).split("//").next().unwrap_or_default().to_owned())
            })
            .filter(|(_, line)| !line.trim().is_empty())
    }

    fn lines_with<'s>(&'s self, words: &'s [&str]) -> impl Iterator<Item = String> + 's {
        self.code().flat_map(move |(number, line)| {
            let found = words.iter().filter(move |word| has_word(&line, word));
            found.map(move |word| format!("{}:{number}: {word}", self.path))
        })
    }
}

/// Whether the word stands in the line and is not the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(place, _)| !line[..place].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

type Rule = fn(&Source) -> Vec<String>;

/// The rule that holds for files of tests as well.
const HOLDS_IN_TESTS: &str = "modules open with what they are for";

/// Every rule with its name and a sample that breaks it.
const RULES: [(&str, Rule, &str, &str); 12] = [
    ("a storey uses only those below", storeys, "src/plan/x.rs", "use crate::engine::event;"),
    ("Azure crates stay under src/arm", azure, "src/engine/x.rs", "use azure_core::Url;"),
    ("clap and the environment stay under src/cli", edge, "src/engine/x.rs", "let x = std::env::var(\"X\");"),
    ("files stay under src/cli and in the archive", files, "src/arm/x.rs", "std::fs::read(path)?;"),
    ("the emulator is known to cli alone", emulator, "src/arm/x.rs", "use acitask_emulator::Emulator;"),
    ("pure storeys stay pure", pure, "src/plan/x.rs", "async fn x() {}"),
    ("nothing prints", prints, "src/emulator/x.rs", "println!();"),
    ("nothing gives up", gives_up, "src/model/x.rs", "x.unwrap();"),
    ("modules open with what they are for", documented, "src/model/x.rs", "use std::fmt;\n"),
    ("files hold one idea", short, "src/model/x.rs", LONG),
    ("trees are taken apart whole", whole, "src/model/group.rs", "let Container { name, .. } = self;"),
    (
        "parts of trees are too",
        whole,
        "src/model/group/volume.rs",
        "let Volume {\n    name,\n    ..\n} = self;",
    ),
];

/// More lines than a file may have.
const LONG: &str = {
    const BYTES: [u8; LONGEST + 1] = [b'\n'; LONGEST + 1];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

fn storeys(source: &Source) -> Vec<String> {
    let Some(own) = source.storey().and_then(|own| STOREYS.iter().position(|storey| *storey == own)) else {
        return Vec::new();
    };
    let above: Vec<String> = STOREYS[own + 1..].iter().map(|storey| format!("crate::{storey}")).collect();
    let above: Vec<&str> = above.iter().map(String::as_str).collect();
    source.lines_with(&above).collect()
}

fn azure(source: &Source) -> Vec<String> {
    if source.storey() == Some("arm") {
        return Vec::new();
    }
    source.lines_with(&["azure_core::", "azure_core_1::", "azure_identity::", "azure_mgmt_"]).collect()
}

fn edge(source: &Source) -> Vec<String> {
    let inside = source.storey() == Some("cli") || source.path == "src/main.rs" || is_emulator(source);
    if inside {
        Vec::new()
    } else {
        source.lines_with(&["clap::", "std::env", "env::var", "use clap"]).collect()
    }
}

fn files(source: &Source) -> Vec<String> {
    let inside =
        source.storey() == Some("cli") || source.path == "src/engine/archive.rs" || is_emulator(source);
    if inside {
        return Vec::new();
    }
    source.lines_with(&["std::fs", "tokio::fs", "File::open", "File::create"]).collect()
}

fn emulator(source: &Source) -> Vec<String> {
    let inside = source.storey() == Some("cli") || source.path == "src/main.rs" || is_emulator(source);
    if inside { Vec::new() } else { source.lines_with(&["acitask_emulator::"]).collect() }
}

fn pure(source: &Source) -> Vec<String> {
    if !source.storey().is_some_and(|storey| PURE.contains(&storey)) {
        return Vec::new();
    }
    let impure = [
        "async ",
        ".await",
        "HashMap",
        "HashSet",
        "Instant",
        "SystemTime",
        "Timestamp::now",
        "rand::",
        "tokio::",
    ];
    source.lines_with(&impure).collect()
}

fn prints(source: &Source) -> Vec<String> {
    // What a bench finds out has nowhere else to go.
    if source.path.contains("/benches/") {
        return Vec::new();
    }
    source.lines_with(&["println!", "print!", "eprintln!", "eprint!", "dbg!"]).collect()
}

fn gives_up(source: &Source) -> Vec<String> {
    let words = [".unwrap()", ".expect(", "todo!", "unimplemented!", "unsafe "];
    source
        .code()
        .flat_map(|(number, line)| {
            let found = words.iter().filter(move |word| line.contains(**word));
            found.map(move |word| format!("{}:{number}: {word}", source.path))
        })
        .collect()
}

fn documented(source: &Source) -> Vec<String> {
    if source.text.starts_with("//!") || source.text.starts_with("#![") {
        return Vec::new();
    }
    vec![format!("{}: no `//!` at its top", source.path)]
}

fn short(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines > LONGEST { vec![format!("{}: {lines} lines", source.path)] } else { Vec::new() }
}

fn whole(source: &Source) -> Vec<String> {
    const TREES: [&str; 4] = ["src/model/group", "src/plan/shape", "src/plan/diff", "src/arm/body"];
    let rest = TREES.iter().find_map(|tree| source.path.strip_prefix(tree));
    if !rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/')) {
        return Vec::new();
    }
    source
        .code()
        .filter(|(_, line)| {
            [", .. }", "{ .. }"].iter().any(|rest| line.contains(rest)) || line.trim() == ".."
        })
        .map(|(number, _)| format!("{}:{number}", source.path))
        .collect()
}

fn is_emulator(source: &Source) -> bool {
    source.path.starts_with("src/emulator/")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    let relative = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    found
        .into_iter()
        .map(|path| Source { path: relative(&path), text: fs::read_to_string(&path).unwrap() })
        .collect()
}

#[test]
fn the_house_keeps_its_invariants() {
    let sources = sources("src");
    assert!(sources.len() > 60, "the sources were not found");
    let mut wrong = Vec::new();
    for (name, rule, _, _) in RULES {
        let broken =
            sources.iter().filter(|source| !is_test(source) || name == HOLDS_IN_TESTS).flat_map(rule);
        wrong.extend(broken.map(|place| format!("{name}: {place}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files that hold tests alone may touch files; those of the emulator's integration tests may give up as well.
fn is_test(source: &Source) -> bool {
    source.path.contains("/tests/") || source.path.ends_with("/tests.rs")
}

#[test]
fn every_rule_can_be_broken() {
    for (name, rule, path, text) in RULES {
        assert!(!rule(&Source::sample(path, text)).is_empty(), "{name}: its sample does not break it");
        assert!(
            rule(&Source::sample("src/cli/x.rs", "//! Fine.\n")).is_empty(),
            "{name}: breaks on a clean file"
        );
    }
}

#[test]
fn no_test_is_left_out() {
    for source in sources("tests/it") {
        let ignored = source.code().any(|(_, line)| line.trim_start().starts_with("#[ignore"));
        assert!(!ignored, "{} ignores a test", source.path);
        let module = source.path.trim_start_matches("tests/it/").trim_end_matches(".rs");
        let (folder, name) = module.rsplit_once('/').unwrap_or(("main", module));
        if name == "main" {
            continue;
        }
        let parent = fs::read_to_string(root().join(format!("tests/it/{folder}.rs"))).unwrap();
        assert!(
            parent.contains(&format!("mod {name};")),
            "{} is no module of tests/it/{folder}.rs",
            source.path
        );
    }
}

#[test]
fn paused_tests_touch_nothing_real() {
    for source in sources("tests/it").iter().filter(|source| source.path.starts_with("tests/it/paused/")) {
        let real: Vec<String> =
            source.lines_with(&["TcpListener", "std::process", "Choice::Native", "CARGO_BIN_EXE"]).collect();
        assert!(real.is_empty(), "{real:?}");
    }
}

#[test]
fn the_lock_file_holds_one_tls_stack_and_one_of_each() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let count = |name: &str| lock.matches(&format!("name = \"{name}\"\n")).count();
    for banned in ["aws-lc-rs", "openssl-sys", "native-tls"] {
        assert_eq!(count(banned), 0, "{banned} is banned: one TLS stack, rustls with ring");
    }
    for single in ["reqwest", "rustls", "tungstenite", "tokio", "axum"] {
        assert_eq!(count(single), 1, "{single} must be there once");
    }
}
