//! The target of a request, completed from the socket that it came over (RFC 9110, 7.1).
//!
//! A request line names no scheme, and one that does may lie; the socket knows. Everything that is made of a
//! request's own address, such as the URLs of operations and terminals, is made of this.

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::header::HOST;
use axum::http::uri::{Authority, Scheme};
use axum::middleware::Next;
use axum::response::Response;

/// Gives the request its whole address, where it tells to which authority it goes.
pub(super) async fn complete(State(scheme): State<Scheme>, mut request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    if let Some(whole) = completed(request.uri(), host.as_deref(), scheme) {
        *request.uri_mut() = whole;
    }
    next.run(request).await
}

fn completed(uri: &Uri, host: Option<&str>, scheme: Scheme) -> Option<Uri> {
    let named = host.and_then(|host| host.parse::<Authority>().ok());
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(parts.authority.or(named)?);
    parts.scheme = Some(scheme);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn the_socket_tells_the_scheme() -> Outcome {
        let rows = [
            ("/a?b=c", Some("localhost:1"), Some("https://localhost:1/a?b=c")),
            ("//a//b", Some("localhost:1"), Some("https://localhost:1//a//b")),
            ("http://localhost:2/a", Some("localhost:1"), Some("https://localhost:2/a")),
            ("/a", None, None),
            ("/a", Some(""), None),
            ("/a", Some("no host"), None),
            ("*", Some("localhost:1"), Some("https://localhost:1*")),
        ];
        for (uri, host, wanted) in rows {
            let whole = completed(&uri.parse()?, host, Scheme::HTTPS).map(|uri| uri.to_string());
            assert_eq!(whole.as_deref(), wanted, "{uri} {host:?}");
        }
        Ok(())
    }
}
