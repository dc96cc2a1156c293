//! What browsers and password managers look up about us. Public, the same for everybody, and no tenant's brand in it.

use serde_json::json;
use web::{Call, Problem, Response, StatusCode, header};

/// `GET /.well-known/webauthn`: the origins that may use our RP ID.  <https://www.w3.org/TR/webauthn-3/#sctn-related-origins>
pub(crate) async fn webauthn(call: &Call<'_>) -> Result<Response, Problem> {
    Ok(public(&json!({ "origins": [call.ports.settings.public_url()] })))
}

/// `GET /.well-known/passkey-endpoints`: where people add and keep passkeys.  <https://www.w3.org/TR/passkey-endpoints/>
pub(crate) async fn passkey_endpoints(call: &Call<'_>) -> Result<Response, Problem> {
    let account = format!("{}/account", call.ports.settings.public_url());
    Ok(public(&json!({ "enroll": account, "manage": account })))
}

fn public(body: &serde_json::Value) -> Response {
    let mut response = web::json(StatusCode::OK, body);
    let kept = header::HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}
