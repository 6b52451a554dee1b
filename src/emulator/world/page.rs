//! Pages of a list: `value`, and a `nextLink` where more is to come.
//!
//! A page continues after a key, not at a number, so that what is created or deleted in between neither repeats nor
//! hides anything else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::contract::Request;

/// How many items a page has where the request does not say.
pub(crate) const PAGE: usize = 100;

/// The page of `entries`, which are in order of their keys, that a request for a list without filters asks for.
///
/// # Errors
/// A `$top` or `$skiptoken` that cannot be read; a `$filter`, which such a list does not have.
pub(crate) fn page<'a, T>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, Refusal> {
    if request.query.contains_key("$filter") {
        return Err(Refusal::NotImplemented("$filter on a list of this kind".to_owned()));
    }
    filtered(request, default_size, entries, show)
}

/// The page of `entries` that are what the request's filter wants. Only what stands on the page is shown.
///
/// # Errors
/// A `$top` or `$skiptoken` that cannot be read.
pub(crate) fn filtered<'a, T>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, Refusal> {
    let size =
        match request.query.get("$top") {
            None => default_size,
            Some(top) => top.parse().ok().filter(|top| *top > 0).ok_or_else(|| {
                Refusal::InvalidContent(format!("$top must be a positive number, not {top}"))
            })?,
        };
    let after = match request.query.get("$skiptoken") {
        None => String::new(),
        Some(token) => decode(token).ok_or(Refusal::InvalidSkipToken)?,
    };
    let mut rest = entries.skip_while(|(key, _)| **key <= after).peekable();
    let mut value = Vec::new();
    let mut last = None;
    while value.len() < size {
        let Some((key, item)) = rest.next() else {
            break;
        };
        value.push(show(item));
        last = Some(key);
    }
    match last {
        Some(last) if rest.peek().is_some() => {
            Ok(json!({"value": value, "nextLink": next_link(request, last)}))
        }
        _ => Ok(json!({ "value": value })),
    }
}

fn next_link(request: &Request, last: &str) -> String {
    let Request { origin, path, query, .. } = request;
    let token = URL_SAFE_NO_PAD.encode(last);
    let mut link = format!("{origin}{}?%24skiptoken={token}", encoded(path));
    for name in ["api-version", "$top", "$filter", "$expand"] {
        if let Some(value) = query.get(name) {
            link.push_str(&format!("&{}={}", name.replace('$', "%24"), encoded(value)));
        }
    }
    link
}

/// A path or a value with everything percent-encoded that has no business in a URL.
fn encoded(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~()".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
