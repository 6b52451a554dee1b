//! The seeds of the fuzz target, and what it has found: read without a panic, and never a bug of ours.

use std::path::Path;

use super::{Outcome, codes, resolve};
use crate::manifest::Values;

#[test]
fn seeds_and_regressions_of_the_fuzz_target_are_read_or_refused() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let outcome = resolve(&[("a.yaml", &text)], &Values::new());
        assert!(!codes(&outcome).contains(&"ACI099"), "{}: {outcome:?}", path.display());
        count += 1;
    }
    assert!(count > 5, "the seeds are gone");
    Ok(())
}
