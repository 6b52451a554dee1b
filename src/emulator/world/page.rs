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

/// The key after which the page begins that a request asks for; empty: at the beginning.
///
/// # Errors
/// A `$skiptoken` that cannot be read.
pub(crate) fn after(request: &Request) -> Result<String, Refusal> {
    match request.query.get("$skiptoken") {
        None => Ok(String::new()),
        Some(token) => decode(token).ok_or(Refusal::InvalidSkipToken),
    }
}

/// The page that a request for a list without filters asks for. The entries are those after [`after`], in order of
/// their keys.
///
/// # Errors
/// A `$top` that cannot be read; a `$filter`, which such a list does not have.
pub(crate) fn page<'a, T>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, Refusal> {
    unfiltered(request)?;
    filtered(request, default_size, entries, show)
}

/// The same in parts: what `show` makes of each item, and the link to the next page.
///
/// # Errors
/// Those of [`page`].
pub(crate) fn picked<'a, T, S>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, T)>,
    show: impl Fn(T) -> S,
) -> Result<(Vec<S>, Option<String>), Refusal> {
    unfiltered(request)?;
    parts(request, default_size, entries, show)
}

fn unfiltered(request: &Request) -> Result<(), Refusal> {
    if request.query.contains_key("$filter") {
        return Err(Refusal::NotImplemented("$filter on a list of this kind".to_owned()));
    }
    Ok(())
}

/// The page of a list whose `entries` are what the request's filter wants. Only what stands on the page is shown.
///
/// # Errors
/// A `$top` that cannot be read.
pub(crate) fn filtered<'a, T>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, Refusal> {
    Ok(match parts(request, default_size, entries, show)? {
        (value, Some(next_link)) => json!({"value": value, "nextLink": next_link}),
        (value, None) => json!({ "value": value }),
    })
}

fn parts<'a, T, S>(
    request: &Request,
    default_size: usize,
    entries: impl Iterator<Item = (&'a String, T)>,
    show: impl Fn(T) -> S,
) -> Result<(Vec<S>, Option<String>), Refusal> {
    let size =
        match request.query.get("$top") {
            None => default_size,
            Some(top) => top.parse().ok().filter(|top| *top > 0).ok_or_else(|| {
                Refusal::InvalidContent(format!("$top must be a positive number, not {top}"))
            })?,
        };
    let mut rest = entries.peekable();
    let mut value = Vec::new();
    let mut last = None;
    while value.len() < size {
        let Some((key, item)) = rest.next() else {
            break;
        };
        value.push(show(item));
        last = Some(key);
    }
    let last = last.filter(|_| rest.peek().is_some());
    Ok((value, last.map(|last| next_link(request, last))))
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
