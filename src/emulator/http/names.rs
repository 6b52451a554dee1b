//! The headers that every answer of ARM has beside the world's: no caching, and the names that the client gave its request.
//!
//! ARM takes a client's `x-ms-correlation-request-id` over its own, and says `x-ms-client-request-id` again where
//! `x-ms-return-client-request-id: true` asks for it (Azure's page "Resource Manager common API details").

use axum::http::header::{CACHE_CONTROL, EXPIRES, PRAGMA, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

const CORRELATION: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const CLIENT: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const RETURN_CLIENT: &str = "x-ms-return-client-request-id";

/// The longest name that is taken over.
const LONGEST: usize = 128;

/// What a client calls its request.
#[derive(Debug)]
pub(super) struct Names {
    correlation: Option<HeaderValue>,
    client: Option<HeaderValue>,
}

impl Names {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let short = |name| headers.get(name).filter(|value| value.len() <= LONGEST).cloned();
        let wanted =
            headers.get(RETURN_CLIENT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
        Self { correlation: short(CORRELATION), client: short(CLIENT).filter(|_| wanted) }
    }

    /// The answer with all of them.
    pub(super) fn put_on(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        let fixed = [
            (CACHE_CONTROL, "no-cache"),
            (PRAGMA, "no-cache"),
            (EXPIRES, "-1"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in [(CORRELATION, self.correlation), (CLIENT, self.client)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_names_come_back_and_nothing_is_cached() {
        let asked = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let mut response = Response::default();
            response.headers_mut().insert(CORRELATION, HeaderValue::from_static("own"));
            Names::of(&pairs.collect()).put_on(response)
        };
        let shown = |response: &Response, name: &HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned()
        };
        let (correlation, client) = (("x-ms-correlation-request-id", "c"), ("x-ms-client-request-id", "r"));
        let rows = [
            (vec![], "own", "-"),
            (vec![correlation, client], "c", "-"),
            (vec![client, (RETURN_CLIENT, "True")], "own", "r"),
            (vec![client, (RETURN_CLIENT, "false")], "own", "-"),
        ];
        for (pairs, wanted_correlation, wanted_client) in rows {
            let response = asked(&pairs);
            assert_eq!(shown(&response, &CORRELATION), wanted_correlation, "{pairs:?}");
            assert_eq!(shown(&response, &CLIENT), wanted_client, "{pairs:?}");
            assert_eq!(shown(&response, &CACHE_CONTROL), "no-cache");
        }
    }
}
