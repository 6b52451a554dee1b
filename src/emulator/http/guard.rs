//! Who may ask: programs of this machine that say our name, and for ARM those with a token issued here.
//!
//! A web page from elsewhere can make a browser send requests to loopback; it cannot hide the `Host` that it used
//! (after rebinding its own name to 127.0.0.1) nor the `Origin` that it came from.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use jiff::Timestamp;

use super::refusal::Refusal;
use crate::contract::TENANT;
use crate::emulator::Emulator;
use crate::options::Reach;
use crate::token::{Claims, Rejection, verify};

/// The longest path with its query, in bytes.
const LONGEST_TARGET: usize = 16 * 1024;

/// How many bytes the names and values of all headers may have together.
const LARGEST_HEADERS: usize = 64 * 1024;

/// Lets only requests through that name this machine and come from no foreign page.
pub(super) async fn visitor(State(emulator): State<Emulator>, request: Request, next: Next) -> Response {
    let admitted = fits(request.headers(), request.uri())
        .and_then(|()| admit(request.headers(), request.uri(), emulator.origin(), emulator.reach()));
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Whether a head is no longer than anybody needs.
fn fits(headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > LONGEST_TARGET {
        let message = format!("The path and query of the request are longer than {LONGEST_TARGET} bytes.");
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "RequestUriTooLong", message));
    }
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > LARGEST_HEADERS {
        let message = format!("The headers of the request are larger than {LARGEST_HEADERS} bytes.");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::new(status, "RequestHeadersTooLarge", message));
    }
    Ok(())
}

/// Scheme and authority under which the client reached us.
pub(super) fn origin(headers: &HeaderMap, uri: &Uri, fallback: &str) -> String {
    let named = uri.authority().map(|authority| authority.as_str()).or_else(|| text(headers, HOST));
    let scheme = uri.scheme_str().unwrap_or("http");
    named.map_or_else(|| fallback.to_owned(), |authority| format!("{scheme}://{authority}"))
}

fn admit(headers: &HeaderMap, uri: &Uri, own: &str, reach: Reach) -> Result<(), Refusal> {
    let own_authority = own.split_once("://").map_or(own, |(_, authority)| authority);
    let header = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
    let target = uri.authority().map(|authority| authority.as_str());
    for authority in header.into_iter().chain(target) {
        let admitted = match reach {
            Reach::ThisMachine => is_loopback(authority),
            Reach::OtherMachines => is_loopback(authority) || address(authority).is_some(),
        };
        if authority != own_authority && !admitted {
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "HostNotLoopback",
                "The emulator answers only to a loopback name such as localhost or 127.0.0.1.",
            ));
        }
    }
    let here = origin(headers, uri, own);
    match headers.get(ORIGIN) {
        Some(page) if !same_place(page, &here) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "ForeignOrigin",
            "The emulator answers no page of another origin.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether a page's origin is ours; a proxy that adds TLS may stand between.
fn same_place(page: &HeaderValue, here: &str) -> bool {
    let page = page.to_str().unwrap_or_default();
    let after_scheme = |text: &str| text.split_once("://").map(|(_, rest)| rest.to_ascii_lowercase());
    after_scheme(page).is_some_and(|place| after_scheme(here) == Some(place))
}

fn is_loopback(authority: &str) -> bool {
    host(authority).eq_ignore_ascii_case("localhost")
        || address(authority).is_some_and(|address| address.is_loopback())
}

/// The address, where an authority is no name.
fn address(authority: &str) -> Option<IpAddr> {
    host(authority).parse().ok()
}

fn host(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(host, _)| host),
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    }
}

/// The claims of the bearer token, or the 401 that ARM gives (bodies and header as ARM's clients show them), with the
/// tenant where a token is to be had: clients read the tenant of a subscription out of that.
pub(super) fn bearer(emulator: &Emulator, headers: &HeaderMap, uri: &Uri) -> Result<Claims, Refusal> {
    let token = text(headers, AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let now = emulator.wall().now();
    let (code, message, description) = match token.map(|token| verify(emulator.secret(), token, now)) {
        Some(Ok(claims)) if is_ours(&claims.aud, emulator.origin()) => return Ok(claims),
        Some(Ok(claims)) => ("InvalidAuthenticationTokenAudience", wrong_audience(&claims.aud), INVALID),
        Some(Err(Rejection::Invalid)) => {
            ("InvalidAuthenticationToken", "The access token is invalid.".to_owned(), INVALID)
        }
        Some(Err(Rejection::Expired { at })) => ("ExpiredAuthenticationToken", expired(at, now), EXPIRED),
        None if headers.contains_key(AUTHORIZATION) => {
            let message =
                "Authentication failed. The 'Authorization' header is provided in an invalid format.";
            ("AuthenticationFailedInvalidHeader", message.to_owned(), INVALID)
        }
        None => {
            let message = "Authentication failed. The 'Authorization' header is missing.";
            ("AuthenticationFailed", message.to_owned(), MISSING)
        }
    };
    let origin = origin(headers, uri, emulator.origin());
    Err(Refusal::unauthorized(code, message, &format!("{origin}/{TENANT}"), description))
}

const MISSING: &str = "The authentication failed because of missing 'Authorization' header.";
const INVALID: &str = "The access token is invalid.";
const EXPIRED: &str = "The access token has expired.";

/// For whom a token must be.
const AUDIENCES: [&str; 2] = ["https://management.core.windows.net", "https://management.azure.com"];

/// Whether a token for this audience is for us: ARM by its own names, or by the address that clients reach it at here.
fn is_ours(audience: &str, own: &str) -> bool {
    let bare = audience.trim_end_matches('/');
    let authority = bare.split_once("://").map(|(_, authority)| authority);
    AUDIENCES.contains(&bare) || bare == own || authority.is_some_and(is_loopback)
}

fn wrong_audience(audience: &str) -> String {
    let allowed = AUDIENCES.map(|name| format!("'{name}/','{name}'")).join(",");
    format!(
        "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match \
         with one of the allowed audiences {allowed}."
    )
}

fn expired(at: i64, now: Timestamp) -> String {
    let shown = |time: Timestamp| time.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string();
    let at = Timestamp::from_second(at).map_or_else(|_| at.to_string(), shown);
    format!("The access token expiry UTC time '{at}' is earlier than current UTC time '{}'.", shown(now))
}

fn text(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn a_token_is_for_arm() {
        let rows = [
            ("https://management.azure.com/", true),
            ("https://management.azure.com", true),
            ("https://management.core.windows.net//", true),
            ("https://127.0.0.1:4001/", true),
            ("http://localhost:4000", true),
            ("http://emulator.invalid/", true),
            ("https://graph.microsoft.com/", false),
            ("https://management.azure.com.evil.example/", false),
            ("https://localhost.evil.example/", false),
            ("localhost", false),
            ("", false),
        ];
        for (audience, ours) in rows {
            assert_eq!(is_ours(audience, "http://emulator.invalid"), ours, "{audience}");
        }
    }

    #[test]
    fn other_machines_come_by_address_and_never_by_a_name() -> Outcome {
        for (host, wanted) in [
            ("localhost:1", "ok"),
            ("10.0.0.1:4000", "ok"),
            ("[fd00::1]:4000", "ok"),
            ("evil.example", "HostNotLoopback"),
            ("10.0.0.1.evil.example", "HostNotLoopback"),
            ("", "HostNotLoopback"),
        ] {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host)?)]);
            let outcome = admit(&headers, &"/".parse()?, "http://emulator.invalid", Reach::OtherMachines);
            assert_eq!(outcome.err().map_or("ok", |refusal| refusal.code), wanted, "{host}");
        }
        Ok(())
    }

    #[test]
    fn only_this_machine_by_name_and_no_foreign_page() -> Outcome {
        let rows = [
            (None, "/", None, "ok"),
            (Some("localhost:4000"), "/", None, "ok"),
            (Some("LOCALHOST"), "/", None, "ok"),
            (Some("127.0.0.1:4000"), "/", None, "ok"),
            (Some("127.8.9.1"), "/", None, "ok"),
            (Some("[::1]:4000"), "/", None, "ok"),
            (None, "http://emulator.invalid/x", None, "ok"),
            (Some("emulator.invalid"), "/", None, "ok"),
            (Some("evil.example"), "/", None, "HostNotLoopback"),
            (Some("localhost.evil.example"), "/", None, "HostNotLoopback"),
            (Some("127.0.0.1.evil.example"), "/", None, "HostNotLoopback"),
            (Some("10.0.0.1"), "/", None, "HostNotLoopback"),
            (Some(""), "/", None, "HostNotLoopback"),
            (Some("localhost"), "http://evil.example/", None, "HostNotLoopback"),
            (Some("localhost:4000"), "/", Some("http://localhost:4000"), "ok"),
            (Some("localhost:4000"), "/", Some("https://localhost:4000"), "ok"),
            (Some("localhost:4000"), "/", Some("http://localhost:3000"), "ForeignOrigin"),
            (Some("localhost:4000"), "/", Some("https://evil.example"), "ForeignOrigin"),
            (Some("localhost:4000"), "/", Some("null"), "ForeignOrigin"),
            (Some("localhost:4000"), "/", Some(""), "ForeignOrigin"),
        ];
        for (host, uri, page, wanted) in rows {
            let mut headers = HeaderMap::new();
            for (name, value) in [(HOST, host), (ORIGIN, page)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_str(value)?);
                }
            }
            let outcome = admit(&headers, &uri.parse()?, "http://emulator.invalid", Reach::ThisMachine);
            let code = outcome.err().map_or("ok", |refusal| refusal.code);
            assert_eq!(code, wanted, "host {host:?}, target {uri}, origin {page:?}");
        }
        Ok(())
    }
}
