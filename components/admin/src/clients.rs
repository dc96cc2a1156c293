//! The clients of a tenant: registering, changing and removing the machines that ask for tokens, and their secrets.

use domain::ClientId;
use kv_schema::{
    Change, Client,
    client::{self, Method, New},
};
use web::{Call, Response, StatusCode};

use crate::{
    access::Administrator,
    error::AdminError,
    list,
    wire::{self, ClientChange, NewClient, NewSecret},
};

/// `GET …/clients`.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    let (limit, after) = (list::limit(call)?, list::place(call)?);
    let (found, next) = client::list(&call.ports, tenant.id, after, limit).await?;
    Ok(list::answer(found.iter().map(wire::client).collect(), next.map(|place| place.to_string())))
}

/// `POST …/clients`: the answer is the only one that ever tells the secret.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    let asked: NewClient = call.request.json()?;
    let usual = if asked.jwks.is_some() { Method::PrivateKeyJwt } else { Method::ClientSecretBasic };
    let method = asked.token_endpoint_auth_method.unwrap_or(usual);
    let keys = asked.jwks.map(|keys| keys.0).unwrap_or_default();
    if method.has_secret() != keys.is_empty() {
        return Err(wrong_keys());
    }
    let new = New {
        name: asked.name.0,
        kind: asked.kind.0,
        method,
        scopes: asked.scopes.0,
        resources: asked.resources.0,
        keys,
    };
    let (client, secret) = client::create(&call.ports, &tenant, new).await?.ok_or(AdminError::NotFound)?;
    Ok(web::json(StatusCode::CREATED, &wire::client_with(&client, secret.as_ref())))
}

/// `GET …/clients/{client}`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, AdminError> {
    let client = registered(call).await?;
    Ok(web::json(StatusCode::OK, &wire::client(&client)))
}

/// `PATCH …/clients/{client}`: what is taken away is away with the next request that relies on it.
pub(crate) async fn change(call: &Call<'_>) -> Result<Response, AdminError> {
    let client = registered(call).await?;
    let asked: ClientChange = call.request.json()?;
    if asked.jwks.is_some() && client.method.has_secret() {
        return Err(wrong_keys());
    }
    let changed = client::update(&call.ports, client.id, |client| {
        if let Some(name) = &asked.name {
            client.name.clone_from(&name.0);
        }
        if let Some(state) = asked.state {
            client.state = state;
        }
        if let Some(scopes) = &asked.scopes {
            client.scopes.clone_from(&scopes.0);
        }
        if let Some(resources) = &asked.resources {
            client.resources.clone_from(&resources.0);
        }
        if let Some(keys) = &asked.jwks {
            client.keys.clone_from(&keys.0);
        }
        Change::Write(client.clone())
    });
    let client = changed.await?.ok_or(AdminError::NotFound)?;
    Ok(web::json(StatusCode::OK, &wire::client(&client)))
}

/// `DELETE …/clients/{client}`.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    // Not looked up first: what an earlier try left half done must be found, too.
    if client::delete(&call.ports, id(call)?, tenant.id).await? {
        return Ok(web::no_content());
    }
    Err(AdminError::NotFound)
}

/// `POST …/clients/{client}/secrets`: a further secret; the one before stays good until the next one, so that machines can change over.
pub(crate) async fn add_secret(call: &Call<'_>) -> Result<Response, AdminError> {
    let client = registered(call).await?;
    let asked: NewSecret = call.request.json_or_empty()?;
    if !client.method.has_secret() {
        return Err(AdminError::NoSecrets);
    }
    let added = client::add_secret(&call.ports, client.id, asked.alone).await?;
    let (client, secret) = added.ok_or(AdminError::NotFound)?;
    Ok(web::json(StatusCode::CREATED, &wire::client_with(&client, Some(&secret))))
}

/// The client in the path: one of the tenant in the path.
async fn registered(call: &Call<'_>) -> Result<Client, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    let client = client::read(&call.ports, id(call)?).await?;
    client.filter(|client| client.tenant == tenant.id).ok_or(AdminError::NotFound)
}

fn id(call: &Call<'_>) -> Result<ClientId, AdminError> {
    call.param("client").parse().map_err(|_| AdminError::NotFound)
}

fn wrong_keys() -> AdminError {
    let takes = "goes with `private_key_jwt`, and that with it; a client with a secret has no keys";
    AdminError::Field("jwks".into(), takes.into())
}
