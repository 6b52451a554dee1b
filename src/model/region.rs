//! Names of regions, which Azure writes with and without spaces and in any case.

/// The one spelling of a region's name: `West US` and `westus` are `westus`.
pub fn folded(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn every_spelling_is_one() {
        for (name, one) in [("West US", "westus"), ("westus", "westus"), ("WESTUS2", "westus2"), ("", "")] {
            assert_eq!(folded(name), one);
        }
    }
}
