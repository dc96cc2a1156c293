//! Stores: making, finding, listing and removing them.

use fga::Code;
use kv_schema::fga::{self as schema, Deleted, Store};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Call, Response, StatusCode};

use crate::{
    access::{Caller, Scope},
    error::Refused,
    lists, store,
    wire::{self, lenient, timestamp},
};

#[derive(Default, Deserialize)]
struct NewStore {
    #[serde(default, deserialize_with = "lenient")]
    name: String,
}

/// `POST /stores`.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Model).await?;
    let asked: NewStore = wire::body(call)?;
    if !is_name(&asked.name) {
        return Err(Refused::validation(
            "invalid CreateStoreRequest.Name: value does not match regex pattern \"^[a-zA-Z0-9\\\\s\\\\.\\\\-\\\\/^_&@]{3,64}$\"",
        ));
    }
    let made = schema::create(&call.ports, &asked.name, caller.tenant()).await?;
    Ok(web::json(StatusCode::CREATED, &shape(&made)))
}

/// `GET /stores`: those made here, each before those made later; a machine client sees those of its tenant. A tenant's own store is told by
/// `GET /admin/tenants/{t}`.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    let size = wire::query_page_size(call)?;
    let name = call.request.query("name").filter(|name| !name.is_empty());
    let of = ["stores", name.unwrap_or_default()];
    let given = call.request.query("continuation_token").unwrap_or_default();
    let place = lists::place(&of, given, Code::InvalidContinuationToken)?;
    let after = place.and_then(|place| place.try_into().ok()).map(domain::Ulid::from_bytes);
    let (found, next) = schema::list(&call.ports, caller.tenant(), name, after, size).await?;
    let token = lists::token(&of, next.map(domain::Ulid::bytes).as_ref().map(<[u8; 16]>::as_slice));
    let stores: Vec<Value> = found.iter().map(told).collect();
    Ok(web::json(StatusCode::OK, &json!({ "stores": stores, "continuation_token": token })))
}

/// `GET /stores/{store}`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    store::at(call, &caller, async |seen| {
        seen.told(call, web::json(StatusCode::OK, &told(&seen.snapshot.store())), None)
    })
    .await
}

/// `DELETE /stores/{store}`.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Model).await?;
    let id = match store::reached(call, &caller).await {
        Ok(id) => id,
        // Upstream answers the same whether there was one.
        Err(Refused::Fga(error)) if error.code == Code::StoreIdNotFound => return Ok(web::no_content()),
        Err(refused) => return Err(refused),
    };
    match schema::delete(&call.ports, id).await? {
        Deleted::Gone | Deleted::None => Ok(web::no_content()),
        Deleted::OfTenant => Err(Refused::validation("this store belongs to a tenant and goes with it")),
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ".-/^_&@".contains(c);
    (3..=64).contains(&name.len()) && name.chars().all(letter)
}

fn shape(store: &Store) -> Value {
    let at = timestamp(store.created);
    json!({ "id": store.id.to_string(), "name": store.name, "created_at": at, "updated_at": at })
}

fn told(store: &Store) -> Value {
    let mut told = shape(store);
    if let Some(members) = told.as_object_mut() {
        members.insert("deleted_at".to_owned(), Value::Null);
    }
    told
}

/// `GET /healthz`, as OpenFGA's clients ask it.
pub(crate) async fn healthz(_: &Call<'_>) -> Result<Response, Refused> {
    Ok(web::json(StatusCode::OK, &json!({ "status": "SERVING" })))
}
