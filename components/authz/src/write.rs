//! Writing tuples.

use fga::write::OnConflict;
use kv_schema::fga::{self as schema, NewTuple, TupleName, Write};
use serde_json::json;
use web::{Call, Response, StatusCode};

use crate::{
    access::{Caller, Scope},
    error::Refused,
    revision, store, tuples,
    wire::{self, WriteRequest},
};

/// `POST /stores/{store}/write`.
pub(crate) async fn write(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Write).await?;
    let asked: WriteRequest = wire::body(call)?;
    let may_exist = OnConflict::parse("on_duplicate", &asked.writes.on_duplicate)? == OnConflict::Ignore;
    let may_be_missing = OnConflict::parse("on_missing", &asked.deletes.on_missing)? == OnConflict::Ignore;
    let (writes, deletes) = (&asked.writes.tuple_keys, &asked.deletes.tuple_keys);
    let (id, model) = store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        fga::write::validate(Some(&plan), writes, deletes)?;
        Ok((seen.id, model))
    })
    .await?;
    let name = |tuple: &fga::TupleKey| TupleName {
        object: tuple.object.clone(),
        relation: tuple.relation.clone(),
        user: tuple.user.clone(),
    };
    let deletes: Vec<TupleName> = deletes.iter().map(name).collect();
    if let Some(unfit) = deletes.iter().find(|name| !name.is_fit()) {
        return Err(Refused::validation(format!(
            "Invalid tuple '{}#{}@{}'. Reason: a part is empty or has forbidden characters",
            unfit.object, unfit.relation, unfit.user
        )));
    }
    let writes = writes
        .iter()
        .map(|tuple| NewTuple { name: name(tuple), condition: tuples::stored(tuple.condition.as_ref()) })
        .collect();
    let done = schema::write(&call.ports, id, Write { deletes, writes, may_exist, may_be_missing }).await??;
    let mut response = web::json(StatusCode::OK, &json!({}));
    revision::tell(call, &mut response, id, done.revision)?;
    store::name(&mut response, "openfga-store-id", id);
    store::name(&mut response, "openfga-authorization-model-id", model);
    Ok(response)
}
