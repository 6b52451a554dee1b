//! What clients read before they log in: where a cloud has its parts, and where a tenant gives tokens.
//!
//! The shapes are those of `https://management.azure.com/metadata/endpoints` and of Entra ID's OpenID configuration, as
//! azure-cli 2.91 (`cloud register`), MSAL and go-azure-sdk read them. Every address is on the origin that was asked.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::guard::origin;
use super::refusal::document;
use super::request::query;
use crate::emulator::Emulator;

/// From this version on there is one cloud, before it a list of clouds.
const ONE_CLOUD: &str = "2022-09-01";

pub(super) async fn clouds(State(emulator): State<Emulator>, request: Request) -> Response {
    let origin = origin(request.headers(), request.uri(), emulator.origin());
    let parameters = query(request.uri().query().unwrap_or_default());
    let version = parameters.get("api-version").map_or(ONE_CLOUD, String::as_str);
    let cloud = cloud(&origin);
    document(StatusCode::OK, &if version < ONE_CLOUD { json!([cloud]) } else { cloud })
}

pub(super) async fn openid(
    State(emulator): State<Emulator>,
    Path(tenant): Path<String>,
    request: Request,
) -> Response {
    let origin = origin(request.headers(), request.uri(), emulator.origin());
    document(StatusCode::OK, &configuration(&origin, &tenant))
}

/// No key is published: tokens are signed under a secret that only the emulator has.
pub(super) async fn keys() -> Response {
    document(StatusCode::OK, &json!({"keys": []}))
}

fn cloud(origin: &str) -> Value {
    json!({
        "name": "acitask",
        "resourceManager": format!("{origin}/"),
        "portal": origin,
        "authentication": {
            "loginEndpoint": origin,
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": "https://graph.windows.net/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        // Names that containers, images and shares have in the public cloud.
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "keyVaultDns": "vault.azure.net",
            "storage": "core.windows.net",
        },
    })
}

fn configuration(origin: &str, tenant: &str) -> Value {
    let at = |path: &str| format!("{origin}/{tenant}/{path}");
    json!({
        "issuer": at("v2.0"),
        "token_endpoint": at("oauth2/v2.0/token"),
        "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "jwks_uri": at("discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["token"],
        "grant_types_supported": ["client_credentials"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["HS256"],
        "claims_supported": ["aud", "iss", "tid", "oid", "sub", "appid", "iat", "nbf", "exp"],
        "tenant_region_scope": null,
    })
}
