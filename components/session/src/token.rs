//! `POST /token`: a client gets an access token (RFC 6749 section 3.2).

use kv_schema::{Client, bearer, tenant};
use serde_json::json;
use web::{Call, Problem, Response, StatusCode, header};

use crate::{
    client_auth,
    form::Form,
    oauth::{ClientRefused, OauthError},
};

/// Answers in the words of OAuth, refusals too.
pub(crate) async fn token(call: &Call<'_>) -> Result<Response, Problem> {
    Ok(match grant(call).await {
        Ok(response) => response,
        Err(error) => error.answer(call),
    })
}

async fn grant(call: &Call<'_>) -> Result<Response, OauthError> {
    let form = Form::of(call.request)?;
    match form.get("grant_type") {
        Some("client_credentials") => client_credentials(call, &form).await,
        Some(_) => Err(OauthError::OtherGrant),
        None => Err(OauthError::NoGrant),
    }
}

/// RFC 6749 section 4.4: the client itself, with no person behind it. No refresh token: it can ask again.
async fn client_credentials(call: &Call<'_>, form: &Form) -> Result<Response, OauthError> {
    let client = client_auth::authenticate(call, form).await?;
    let scope = scope(&client, form.get("scope"))?;
    let audience = audience(call, &client, form)?;
    let tenant = tenant::read(&call.ports, client.tenant).await?.ok_or(ClientRefused::Unknown)?;
    let token = bearer::issue(&call.ports, &client, &tenant, &scope, audience).await?;
    let body = json!({
        "access_token": token.reveal(),
        "token_type": "Bearer",
        "expires_in": bearer::LIVES.0,
        "scope": scope,
    });
    let mut response = web::json(StatusCode::OK, &body);
    response.headers_mut().insert(header::PRAGMA, header::HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// What was asked for, each once; nothing asked for is all that the client has.
fn scope(client: &Client, asked: Option<&str>) -> Result<String, OauthError> {
    let Some(asked) = asked else { return Ok(client.scopes.join(" ")) };
    let mut scopes: Vec<&str> = Vec::new();
    for scope in asked.split(' ') {
        if !client.scopes.iter().any(|has| has == scope) {
            return Err(OauthError::ScopeRefused);
        }
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes.join(" "))
}

/// For whom the token is: `resource` (RFC 8707), which some libraries call `audience`; us, if nothing is said.
fn audience<'a>(call: &Call<'a>, client: &'a Client, form: &Form) -> Result<&'a str, OauthError> {
    let us = call.ports.settings.public_url();
    let asked = match (form.get("resource"), form.get("audience")) {
        (Some(resource), Some(audience)) if resource != audience => return Err(OauthError::TargetRefused),
        (resource, audience) => resource.or(audience),
    };
    match asked {
        None => Ok(us),
        // An address without a path is the same with and without its slash.  RFC 3986 section 6.2.3
        Some(asked) if asked.strip_suffix('/').unwrap_or(asked) == us => Ok(us),
        Some(asked) => client
            .resources
            .iter()
            .find(|resource| *resource == asked)
            .map(String::as_str)
            .ok_or(OauthError::TargetRefused),
    }
}
