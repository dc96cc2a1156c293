//! Reading what is stored: tuples, and the changes that made them so.

use fga::{Code, Error};
use kv_schema::fga::TupleName;
use serde_json::{Value, json};
use web::{Call, Response, StatusCode};

use crate::{
    access::{Caller, Scope},
    error::Refused,
    lists, store, tuples,
    wire::{self, ReadRequest, timestamp},
};

/// `POST /stores/{store}/read`.
pub(crate) async fn read(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    let asked: ReadRequest = wire::body(call)?;
    let size = wire::page_size(asked.page_size)?;
    let key = asked.tuple_key.unwrap_or_default();
    let wanted = TupleName { object: key.object, relation: key.relation, user: key.user };
    let of = ["read", &wanted.object, &wanted.relation, &wanted.user];
    let after = lists::place(&of, &asked.continuation_token, Code::InvalidContinuationToken)?;
    store::at(call, &caller, async |seen| {
        let page = seen.snapshot.tuples(&wanted, after.as_deref(), size).await?.ok_or_else(|| {
            Refused::validation(
                "the 'tuple_key' field was provided but the object type field is required and both the object id and user cannot be empty",
            )
        })?;
        let mut found = Vec::with_capacity(page.items.len());
        for tuple in page.items {
            let condition = tuples::condition(tuple.condition)?;
            let key = wire::tuple(&tuple.name, condition.as_ref());
            found.push(json!({ "key": key, "timestamp": timestamp(tuple.at) }));
        }
        let token = lists::token(&of, page.next.as_deref());
        let body = json!({ "tuples": found, "continuation_token": token });
        seen.told(call, web::json(StatusCode::OK, &body), None)
    })
    .await
}

/// `GET /stores/{store}/changes`.
pub(crate) async fn changes(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    let size = wire::query_page_size(call)?;
    let kind = call.request.query("type").unwrap_or_default();
    let given = call.request.query("continuation_token").unwrap_or_default();
    let of = ["changes", kind];
    let after = lists::place(&of, given, Code::ContinuationTokenMismatch)?;
    let since = match call.request.query("start_time").filter(|text| !text.is_empty()) {
        Some(text) => {
            let invalid = || Error::new(Code::InvalidStartTime, "Invalid start time");
            Some(wire::moment(text).ok_or_else(invalid)?)
        }
        None => None,
    };
    store::at(call, &caller, async |seen| {
        let fits = |name: &TupleName| kind.is_empty() || fga::tuple::type_of(&name.object) == kind;
        let page = seen.snapshot.changes(after.as_deref(), since, size, fits).await?;
        let mut changes: Vec<Value> = Vec::with_capacity(page.items.len());
        for line in page.items {
            let condition = tuples::condition(line.tuple.condition)?;
            let operation = if line.deleted { "TUPLE_OPERATION_DELETE" } else { "TUPLE_OPERATION_WRITE" };
            changes.push(json!({
                "tuple_key": wire::tuple(&line.tuple.name, condition.as_ref()),
                "operation": operation,
                "timestamp": timestamp(line.tuple.at),
            }));
        }
        let token = match &page.next {
            Some(place) => lists::token(&of, Some(place)),
            None => given.to_owned(),
        };
        let body = json!({ "changes": changes, "continuation_token": token });
        seen.told(call, web::json(StatusCode::OK, &body), None)
    })
    .await
}
