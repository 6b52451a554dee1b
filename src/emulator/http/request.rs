//! A request of the wire as the world sees it.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use tokio::time::{Duration, timeout};

use super::LARGEST_BODY;
use super::guard::origin;
use super::refusal::Refusal;
use crate::contract::Request;

/// Reads the body, decodes path and query.
pub(super) async fn request(parts: &Parts, body: Body, own: &str) -> Result<Request, Refusal> {
    let path = percent_decode_str(parts.uri.path()).decode_utf8().map_err(|_| {
        let message = "The path of the request is not UTF-8.";
        Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequestUri", message)
    })?;
    Ok(Request {
        method: parts.method.as_str().to_owned(),
        path: path.into_owned(),
        query: query(parts.uri.query().unwrap_or_default()),
        body: bounded(body, LARGEST_BODY).await?,
        origin: origin(&parts.headers, &parts.uri, own),
    })
}

/// Query parameters by lower-case name; of one that is given twice the last counts.
pub(super) fn query(text: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect()
}

/// How long a client has to send a body.
const BODY_TIME: Duration = Duration::from_secs(60);

/// The whole body, where it is not longer than that and comes in time.
pub(super) async fn bounded(body: Body, most: usize) -> Result<Bytes, Refusal> {
    let whole = timeout(BODY_TIME, to_bytes(body, most)).await.map_err(|_| {
        let message = format!("The body of the request did not come within {} seconds.", BODY_TIME.as_secs());
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
    })?;
    whole.map_err(|_| {
        let message = format!("The body of the request was cut or is longer than {most} bytes.");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestContentTooLarge", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn parts(uri: &str) -> Result<Parts, axum::http::Error> {
        Ok(axum::http::Request::get(uri).header("host", "localhost:1").body(())?.into_parts().0)
    }

    #[tokio::test]
    async fn path_and_query_are_decoded() -> Outcome {
        let parts = parts("/a%20b//C?Api-Version=2025-09-01&x=1&X=%C3%A4+b")?;
        let request = request(&parts, Body::from("body"), "http://own").await.map_err(|it| it.message)?;
        assert_eq!(request.path, "/a b//C");
        assert_eq!(request.query.get("api-version").map(String::as_str), Some("2025-09-01"));
        assert_eq!(request.query.get("x").map(String::as_str), Some("ä b"));
        assert_eq!(request.origin, "http://localhost:1");
        assert_eq!(request.body, "body");
        Ok(())
    }

    #[tokio::test]
    async fn what_is_too_long_or_no_text_is_refused() -> Outcome {
        let long = Body::from(vec![0; LARGEST_BODY + 1]);
        let rows = [("/a", long, "RequestContentTooLarge"), ("/%FF", Body::empty(), "InvalidRequestUri")];
        for (uri, body, code) in rows {
            let outcome = request(&parts(uri)?, body, "http://own").await;
            assert_eq!(outcome.err().map(|refusal| refusal.code), Some(code));
        }
        Ok(())
    }
}
