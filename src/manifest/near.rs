//! "Did you mean": the known word that is nearest to an unknown one.

/// The longest word in bytes that a known one is sought for. Names of resources have 90 characters at most.
const LONGEST: usize = 128;

/// The nearest of the known words, if one is near enough to be meant.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // What is much longer than any known word is near to none, and comparing it would cost its length many times over.
    if word.len() > LONGEST {
        return None;
    }
    let wanted = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to do about an unknown word: the nearest known one, or else all of them.
pub(super) fn advice<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> Option<String> {
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<_> = known.into_iter().map(|word| format!("`{word}`")).collect();
    (!all.is_empty()).then(|| format!("known here: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_not() {
        let known = ["image", "name", "restartPolicy", "Linux"];
        for (word, near) in [
            ("imagee", Some("image")),
            ("linux", Some("Linux")),
            ("restartpolicy", Some("restartPolicy")),
            ("restart_policy", Some("restartPolicy")),
            ("volumes", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), near, "{word}");
        }
    }
}
