//! Any bytes as a manifest: read, laid over by an environment, judged and rendered, without a panic and in bounded time and
//! memory.
//!
//! With cargo-fuzz and a nightly toolchain, from the repository's folder (no sanitizer, since there is no unsafe code), or
//! with stable Rust alone, from this folder:
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz -s none manifest tests/fuzz/corpus/manifest tests/fuzz/seeds -- \
//!   -max_total_time=600 -timeout=1 -rss_limit_mb=512 -max_len=65536
//!
//! RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
//!   -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing" \
//!   cargo run --release --target x86_64-unknown-linux-gnu -- -max_total_time=600 -timeout=1 -rss_limit_mb=512 \
//!   -max_len=65536 corpus seeds
//! ```
//!
//! The seeds, and whatever it has found, are run as tests by `src/manifest/tests/fuzzed.rs`.

#![no_main]

use acitask::manifest::{Source, Values, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { name: "manifest.yaml".into(), text: text.into() };
    let draft = read(vec![source]).in_environment(text.contains("kind: Environment").then_some("test"));
    let files = |_: &str| Ok("content".to_owned());
    match draft.resolve(&Values::new(), &files, true) {
        Ok(resolved) => assert!(resolved.warnings.iter().all(|each| !each.message().is_empty())),
        Err(rejected) => {
            for each in &rejected.diagnostics {
                assert_ne!(each.rule().code(), "ACI099", "{each:?}");
                assert!(each.spots().iter().all(|spot| spot.line > 0 && spot.column > 0));
            }
        }
    }
});
