//! Laws: whatever the text, it is read or refused, and never by a bug of ours.

use proptest::prelude::*;

use super::{codes, resolve};
use crate::manifest::Values;

const FULL: &str = include_str!("../../../tests/data/valid/full.yaml");

/// What takes the place of a stretch of a good manifest.
const PIECES: [&str; 22] = [
    "", "~", "null", "yes", "0", "80.0", "1.5", "-1", "1e9", ".nan", "\"\"", "x", "{}", "[]", "[a]",
    "{a: b}", "${MODE}", "${", "*small", "<<", "\n", "\u{1f}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_manifest_is_never_our_bug(
        line in 0..FULL.lines().count(), word in 0_usize..12, piece in 0..PIECES.len()
    ) {
        let damaged: Vec<String> = FULL
            .lines()
            .enumerate()
            .map(|(number, text)| {
                let mut words: Vec<&str> = text.split_inclusive([' ', '{', '}', '[', ']', ',']).collect();
                if number == line && !words.is_empty() {
                    let at = word % words.len();
                    words[at] = PIECES[piece];
                }
                words.concat()
            })
            .collect();
        let outcome = resolve(&[("a.yaml", &damaged.join("\n"))], &Values::new());
        prop_assert!(!codes(&outcome).contains(&"ACI099"), "{outcome:?}");
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-a-z:\\[\\]{}*&!|>'\"%@#,? \n\t\\$<]{0,60}") {
        let outcome = resolve(&[("a.yaml", &text)], &Values::new());
        prop_assert!(!codes(&outcome).contains(&"ACI099"), "{outcome:?}");
    }
}
