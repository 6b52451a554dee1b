//! What a plain scalar means: the core schema of YAML 1.2, on the careful side.
//!
//! `yes`, `no`, `on`, `off`, `12:30:45` and dates are text. Decimals with a leading zero are text too,
//! since an octal number, a decimal one and a postal code look alike.

/// The meaning of a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'t> {
    /// Nothing: empty, `~` or `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number from zero.
    Unsigned(u64),
    /// A whole number below zero.
    Signed(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text.
    Text(&'t str),
}

/// What a plain scalar means.
pub(super) fn plain(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    number(text).unwrap_or(Scalar::Text(text))
}

fn number(text: &str) -> Option<Scalar<'_>> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return u64::from_str_radix(digits, radix).ok().map(Scalar::Unsigned);
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole && digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(Scalar::Unsigned(number));
    }
    if let Ok(number) = text.parse() {
        return Some(Scalar::Signed(number));
    }
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if digits.bytes().all(numeric) { text.parse().ok().map(Scalar::Float) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        for (text, meaning) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("true", Scalar::Bool(true)),
            ("8080", Scalar::Unsigned(8080)),
            ("-3", Scalar::Signed(-3)),
            ("+3", Scalar::Unsigned(3)),
            ("1.10", Scalar::Float(1.1)),
            ("1e3", Scalar::Float(1000.0)),
            (".5", Scalar::Float(0.5)),
            ("0x1F", Scalar::Unsigned(31)),
            ("0o17", Scalar::Unsigned(15)),
            ("99999999999999999999", Scalar::Float(1e20)),
        ] {
            assert_eq!(plain(text), meaning, "{text}");
        }
    }

    #[test]
    fn what_looks_like_something_else_is_text() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "0644",
            "00",
            "12:30:45",
            "2024-01-01",
            "1.2.3",
            "1_000",
            "0xZZ",
            "e3",
            "-",
            "+",
            ".",
            "1-2",
            "nan",
            "inf",
            "infinity",
            "Yes",
            "tRue",
            "0x",
            "0o",
        ] {
            assert_eq!(plain(text), Scalar::Text(text), "{text}");
        }
    }
}
