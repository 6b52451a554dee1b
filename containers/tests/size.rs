//! Each image holds the one binary once, and at most 3 MB. Looked at only where it is built.

use std::path::Path;

const MOST: u64 = 3_000_000;

#[test]
fn an_image_has_at_most_three_megabytes() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("."));
    for folder in ["x86_64-unknown-linux-gnu/release", "release"] {
        let built = target.join(folder).join("acitask-tasks");
        if let Ok(file) = std::fs::metadata(&built) {
            assert!(file.len() <= MOST, "{}: {} bytes", built.display(), file.len());
        }
    }
}
