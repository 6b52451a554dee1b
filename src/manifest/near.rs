//! "Did you mean": the known word that is nearest to an unknown one.

/// The longest word in bytes that a known one is sought for. Names of resources have 90 characters at most.
const LONGEST: usize = 128;
/// Among how many known words it is sought, and how many are told where none is near: projects may have thousands.
const MOST: usize = 1_000;
const MOST_TOLD: usize = 40;

/// The nearest of the known words, if one is near enough to be meant.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // What is much longer than any known word is near to none, and comparing it would cost its length many times over.
    if word.len() > LONGEST {
        return None;
    }
    let wanted = word.to_lowercase();
    let most = |candidate: &str| 1 + candidate.len().min(word.len()) / 4;
    known
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= most(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to do about an unknown word: the nearest known one, or else which there are.
pub(super) fn advice<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let told: Vec<_> = known.clone().into_iter().take(MOST_TOLD).map(|word| format!("`{word}`")).collect();
    match known.into_iter().count() - told.len() {
        _ if told.is_empty() => "there is none: declare it first".to_owned(),
        0 => format!("known here: {}", told.join(", ")),
        more => format!("known here: {} and {more} more", told.join(", ")),
    }
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

    #[test]
    fn where_none_is_near_some_are_told() {
        let known: Vec<String> = (0..45).map(|number| format!("group-{number}")).collect();
        let advice = |word, most| advice(word, known.iter().take(most).map(String::as_str));
        assert_eq!(advice("group-11", 45), "did you mean `group-11`?");
        assert_eq!(advice("elsewhere", 2), "known here: `group-0`, `group-1`");
        assert!(advice("elsewhere", 45).ends_with("`group-39` and 5 more"));
        assert_eq!(advice("elsewhere", 0), "there is none: declare it first");
    }
}
