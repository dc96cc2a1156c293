//! What others must know of us to use our tokens: the public keys, and which of OAuth and OpenID Connect is there.

use kv_schema::keyring;
use serde_json::json;
use web::{Call, Problem, Response, StatusCode, header};

/// `GET /jwks.json`: the public keys (RFC 7517). A key is in it before it signs, and stays until all that it signed is over.
pub(crate) async fn keys(call: &Call<'_>) -> Result<Response, Problem> {
    let ring = keyring::ensure(&call.ports).await?;
    let keys = ring.published(call.ports.now).keys;
    Ok(kept(web::json(StatusCode::OK, &json!({ "keys": keys }))))
}

/// `GET /.well-known/openid-configuration` and `…/oauth-authorization-server` (RFC 8414): the same at both, and nothing that is not there yet.
pub(crate) async fn provider(call: &Call<'_>) -> Result<Response, Problem> {
    let issuer = call.ports.settings.public_url();
    let body = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks.json"),
        // Required by RFC 8414; there is no authorization endpoint that could answer.
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
    });
    Ok(kept(web::json(StatusCode::OK, &body)))
}

/// Public, and good for as long as a new key is published before it signs, at least.
fn kept(mut response: Response) -> Response {
    let value = format!("public, max-age={}", keyring::FRESH.0);
    if let Ok(value) = header::HeaderValue::from_str(&value) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
