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

/// The page of `entries`, which are in order of their keys, that the request asks for.
///
/// # Errors
/// A `$top` or `$skiptoken` that cannot be read; a `$filter`, which is not done yet.
pub(crate) fn page<'a>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, Value)>,
) -> Result<Value, Refusal> {
    if request.query.contains_key("$filter") {
        return Err(Refusal::NotImplemented("$filter on a list".to_owned()));
    }
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
        value.push(item);
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
    for name in ["api-version", "$top"] {
        if let Some(value) = query.get(name) {
            link.push_str(&format!("&{}={value}", name.replace('$', "%24")));
        }
    }
    link
}

/// A path with everything percent-encoded that has no business in a URL.
fn encoded(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~()".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
