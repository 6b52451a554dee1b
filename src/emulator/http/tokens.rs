//! The token endpoint, as Entra ID has it for service principals: client credentials for a bearer token.
//!
//! Errors are OAuth's (RFC 6749, 5.2) with Entra's numbers, because that is what its clients read. The client secret
//! is the secret of the state folder; client id and a tenant's id are taken as given and come back in the claims.

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::guard::origin;
use super::refusal::document;
use super::request::{bounded, query};
use crate::contract::TENANT;
use crate::emulator::Emulator;
use crate::token::{Claims, LIFETIME_SECONDS, issue};

/// The largest form.
const LARGEST_FORM: usize = 64 * 1024;

/// What tokens are for where the client does not say.
const AUDIENCE: &str = "https://management.azure.com/";

pub(super) async fn token(
    State(emulator): State<Emulator>,
    Path(tenant): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let form = match bounded(body, LARGEST_FORM).await {
        Ok(bytes) => query(&String::from_utf8_lossy(&bytes)),
        Err(refusal) => return refusal.into_response(),
    };
    if let Err(error) = check(&form, |shown| emulator.secret().matches(shown)) {
        return error.into_response();
    }
    let origin = origin(&parts.headers, &parts.uri, emulator.origin());
    let now = emulator.wall().now();
    let client = form.get("client_id").map_or("", String::as_str);
    let claims = Claims::new(&origin, tenant_id(&tenant), client, &audience(&form), now);
    let body = json!({
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "expires_on": claims.exp.to_string(),
        "resource": claims.aud,
        "access_token": issue(emulator.secret(), &claims),
    });
    document(StatusCode::OK, &body)
}

#[derive(Debug, PartialEq, Eq)]
struct OAuthError {
    status: StatusCode,
    error: &'static str,
    number: u32,
    description: &'static str,
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let Self { status, error, number, description } = self;
        let body = json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {description}"),
            "error_codes": [number],
        });
        document(status, &body)
    }
}

fn check(form: &BTreeMap<String, String>, matches: impl FnOnce(&str) -> bool) -> Result<(), OAuthError> {
    let given = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let bad = |error, number, description| {
        Err(OAuthError { status: StatusCode::BAD_REQUEST, error, number, description })
    };
    match given("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            return bad(
                "unsupported_grant_type",
                70003,
                "The emulator issues tokens for client_credentials only.",
            );
        }
        None => {
            return bad("invalid_request", 900_144, "The request body must contain 'grant_type'.");
        }
    }
    if given("client_id").is_none() {
        return bad("invalid_request", 900_144, "The request body must contain 'client_id'.");
    }
    if given("client_secret").is_some_and(matches) {
        return Ok(());
    }
    Err(OAuthError {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_client",
        number: 7_000_215,
        description: "Invalid client secret provided.",
    })
}

/// The id of a tenant: any id is taken, and other names (`common`, `contoso.com`) are names of ours.
fn tenant_id(named: &str) -> &str {
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|it| it.is_ascii_hexdigit());
    let parts: Vec<&str> = named.split('-').collect();
    let is_id =
        parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| digits(part, length));
    if is_id { named } else { TENANT }
}

/// Who the token is for: the scope without its `.default`, or the resource that older clients send.
fn audience(form: &BTreeMap<String, String>) -> String {
    let scope = form
        .get("scope")
        .and_then(|scopes| scopes.split_whitespace().find_map(|scope| scope.strip_suffix("/.default")));
    match scope {
        Some(scope) => format!("{}/", scope.trim_end_matches('/')),
        None => form.get("resource").cloned().unwrap_or_else(|| AUDIENCE.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_a_token() {
        let rows = [
            ("grant_type=client_credentials&client_id=a&client_secret=right", None),
            ("grant_type=client_credentials&client_id=a&client_secret=wrong", Some("invalid_client")),
            ("grant_type=client_credentials&client_id=a&client_secret=", Some("invalid_client")),
            ("grant_type=client_credentials&client_id=a", Some("invalid_client")),
            ("grant_type=client_credentials&client_secret=right", Some("invalid_request")),
            ("client_id=a&client_secret=right", Some("invalid_request")),
            ("grant_type=password&client_id=a&client_secret=right", Some("unsupported_grant_type")),
            ("", Some("invalid_request")),
        ];
        for (form, wanted) in rows {
            let error = check(&query(form), |shown| shown == "right").err();
            assert_eq!(error.map(|error| error.error), wanted, "{form}");
        }
    }

    #[test]
    fn a_tenant_is_an_id() {
        let id = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        assert_eq!(tenant_id(id), id);
        for name in ["common", "contoso.com", "", "72f988bf-86f1-41af-91ab-2d7cd011db4"] {
            assert_eq!(tenant_id(name), TENANT, "{name}");
        }
    }

    #[test]
    fn what_a_token_is_for() {
        let rows = [
            ("scope=https://management.azure.com/.default", "https://management.azure.com/"),
            ("scope=https://management.azure.com//.default", "https://management.azure.com/"),
            ("scope=openid+http://localhost:1/.default", "http://localhost:1/"),
            ("resource=https://x/", "https://x/"),
            ("", AUDIENCE),
        ];
        for (form, wanted) in rows {
            assert_eq!(audience(&query(form)), wanted, "{form}");
        }
    }
}
