//! `NAME=VALUE`.

use crate::model::secret::Secret;

/// A name and its value, which may be secret and therefore never shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The name.
    pub(crate) name: String,
    /// The value.
    pub(crate) value: Secret,
}

/// Reads `NAME=VALUE`.
///
/// # Errors
/// There is no `=` or no name; the text is not repeated, since it may be a secret.
pub(crate) fn assignment(text: &str) -> Result<Assignment, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(Assignment { name: name.trim().to_owned(), value: Secret::new(value) })
        }
        Some(_) | None => Err("NAME=VALUE was expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_equals_sign_counts() {
        let given = Assignment { name: "A".into(), value: Secret::new("b=c") };
        assert_eq!(assignment("A=b=c"), Ok(given));
        for text in ["A", "=b", " =b", ""] {
            assert!(assignment(text).is_err());
        }
    }
}
