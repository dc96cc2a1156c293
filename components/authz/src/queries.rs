//! The questions: may this user, who may, what may they, and why.

use fga::{
    Given, Limits,
    query::{
        batch::batch_check,
        check::{Check, check as decide},
        expand::expand as expanded,
        explain::{Explanation, explain as explained},
        list_objects::{ListObjects, list_objects as objects_of},
        list_users::{ListUsers, list_users as users_of},
    },
};
use fga::{TupleKey, tuple::User};
use serde_json::{Map, Value, json};
use web::{Call, Response, StatusCode, header};

use crate::{
    access::{Caller, Scope},
    error::Refused,
    lists, store,
    tuples::Stored,
    wire::{self, BatchRequest, CheckRequest, ListObjectsRequest, ListUsersRequest},
};

fn given<'r>(tuples: &'r [TupleKey], context: Option<&'r Map<String, Value>>) -> Given<'r> {
    Given { tuples, context }
}

fn asked_key<'r>(asked: &'r CheckRequest, request: &str) -> Result<&'r TupleKey, Refused> {
    let needed = || Refused::validation(format!("invalid {request}.TupleKey: value is required"));
    asked.tuple_key.as_ref().ok_or_else(needed)
}

fn question<'r>(asked: &'r CheckRequest, key: &'r TupleKey) -> Check<'r> {
    let given = given(&asked.contextual_tuples.tuple_keys, asked.context.as_ref());
    Check { object: &key.object, relation: &key.relation, user: &key.user, given }
}

/// `POST /stores/{store}/check`.
pub(crate) async fn check(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let asked: CheckRequest = wire::body(call)?;
    let key = asked_key(&asked, "CheckRequest")?;
    store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        let allowed =
            decide(&plan, &Stored(&seen.snapshot), question(&asked, key), Limits::default()).await?;
        let body = json!({ "allowed": allowed, "resolution": "" });
        seen.told(call, web::json(StatusCode::OK, &body), Some(model))
    })
    .await
}

/// `POST /stores/{store}/batch-check`.
pub(crate) async fn batch(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let asked: BatchRequest = wire::body(call)?;
    let mut seen_ids = std::collections::BTreeSet::new();
    for check in &asked.checks {
        let id = &check.correlation_id;
        let fits = (1..=36).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !fits {
            return Err(Refused::validation(
                "invalid BatchCheckItem.CorrelationId: value does not match regex pattern \"^[\\\\w\\\\d-]{1,36}$\"",
            ));
        }
        if !seen_ids.insert(id) {
            return Err(Refused::validation(format!("received duplicate correlation id: {id}")));
        }
    }
    let keys: Vec<&TupleKey> =
        asked.checks.iter().map(|check| asked_key(check, "BatchCheckItem")).collect::<Result<_, _>>()?;
    store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        let questions: Vec<Check<'_>> =
            asked.checks.iter().zip(&keys).map(|(check, key)| question(check, key)).collect();
        let answers = batch_check(&plan, &Stored(&seen.snapshot), &questions, Limits::default()).await?;
        let result: Map<String, Value> = asked
            .checks
            .iter()
            .zip(answers)
            .map(|(check, answer)| {
                let told = match answer {
                    Ok(allowed) => json!({ "allowed": allowed }),
                    Err(error) => {
                        let kind = if error.code.status() >= 500 { "internal_error" } else { "input_error" };
                        json!({ "error": { kind: error.code.name(), "message": error.message } })
                    }
                };
                (check.correlation_id.clone(), told)
            })
            .collect();
        seen.told(call, web::json(StatusCode::OK, &json!({ "result": result })), Some(model))
    })
    .await
}

/// `POST /stores/{store}/explain`.
pub(crate) async fn explain(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let asked: CheckRequest = wire::body(call)?;
    let key = asked_key(&asked, "ExplainRequest")?;
    store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        let why = explained(&plan, &Stored(&seen.snapshot), question(&asked, key), Limits::default()).await?;
        let body = match why {
            Explanation::Yes(path) => json!({ "allowed": true, "path": path }),
            Explanation::No(tried) => json!({ "allowed": false, "tried": tried }),
        };
        seen.told(call, web::json(StatusCode::OK, &body), Some(model))
    })
    .await
}

/// `POST /stores/{store}/expand`.
pub(crate) async fn expand(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let asked: CheckRequest = wire::body(call)?;
    let key = asked_key(&asked, "ExpandRequest")?;
    store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        let given = given(&asked.contextual_tuples.tuple_keys, None);
        let stored = Stored(&seen.snapshot);
        let tree = expanded(&plan, &stored, &key.object, &key.relation, given, Limits::for_lists()).await?;
        seen.told(call, web::json(StatusCode::OK, &json!({ "tree": tree })), Some(model))
    })
    .await
}

/// `POST /stores/{store}/list-objects`: all of them, or a token for the rest.
pub(crate) async fn list_objects(call: &Call<'_>) -> Result<Response, Refused> {
    let asked: ListObjectsRequest = wire::body(call)?;
    let size = list_size(asked.page_size)?;
    let of = ["list-objects", &asked.type_name, &asked.relation, &asked.user];
    objects(call, &asked, |found| {
        let (page, next) = lists::cut(found, &of, &asked.continuation_token, size)?;
        let mut body = json!({ "objects": page });
        more(&mut body, next);
        Ok(web::json(StatusCode::OK, &body))
    })
    .await
}

/// `POST /stores/{store}/streamed-list-objects`: a line each.
pub(crate) async fn streamed_list_objects(call: &Call<'_>) -> Result<Response, Refused> {
    let asked: ListObjectsRequest = wire::body(call)?;
    objects(call, &asked, |found| {
        let mut lines = String::new();
        for object in found {
            lines.push_str(&json!({ "result": { "object": object } }).to_string());
            lines.push('\n');
        }
        let mut response = Response::new(lines.into());
        let media = header::HeaderValue::from_static("application/x-ndjson");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        Ok(response)
    })
    .await
}

async fn objects(
    call: &Call<'_>,
    asked: &ListObjectsRequest,
    answer: impl Fn(Vec<String>) -> Result<Response, Refused>,
) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        let question = ListObjects {
            type_name: &asked.type_name,
            relation: &asked.relation,
            user: &asked.user,
            given: given(&asked.contextual_tuples.tuple_keys, asked.context.as_ref()),
        };
        let found = objects_of(&plan, &Stored(&seen.snapshot), question, Limits::for_lists()).await?;
        seen.told(call, answer(found)?, Some(model))
    })
    .await
}

/// `POST /stores/{store}/list-users`: all of them, or a token for the rest.
pub(crate) async fn list_users(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let asked: ListUsersRequest = wire::body(call)?;
    let object = asked
        .object
        .as_ref()
        .ok_or_else(|| Refused::validation("invalid ListUsersRequest.Object: value is required"))?;
    let [filter] = asked.user_filters.as_slice() else {
        return Err(Refused::validation(
            "invalid ListUsersRequest.UserFilters: value must contain exactly 1 item(s)",
        ));
    };
    let size = list_size(asked.page_size)?;
    let object = format!("{}:{}", object.type_name, object.id);
    let of = ["list-users", &object, &asked.relation, &filter.type_name, &filter.relation];
    store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, &asked.authorization_model_id).await?;
        let question = ListUsers {
            object: &object,
            relation: &asked.relation,
            type_name: &filter.type_name,
            userset: Some(filter.relation.as_str()).filter(|relation| !relation.is_empty()),
            given: given(&asked.contextual_tuples, asked.context.as_ref()),
        };
        let found = users_of(&plan, &Stored(&seen.snapshot), question, Limits::for_lists()).await?;
        let (page, next) = lists::cut(found, &of, &asked.continuation_token, size)?;
        let users: Vec<Value> = page.iter().map(|user| user_shape(user)).collect();
        let mut body = json!({ "users": users });
        more(&mut body, next);
        seen.told(call, web::json(StatusCode::OK, &body), Some(model))
    })
    .await
}

fn user_shape(user: &str) -> Value {
    let id = |object: &str| object.split_once(':').map(|(_, id)| id.to_owned()).unwrap_or_default();
    match User::parse(user) {
        Some(User::Everybody { type_name }) => json!({ "wildcard": { "type": type_name } }),
        Some(User::Userset { type_name, object, relation }) => {
            json!({ "userset": { "type": type_name, "id": id(object), "relation": relation } })
        }
        Some(User::Object { type_name }) => json!({ "object": { "type": type_name, "id": id(user) } }),
        None => Value::Null,
    }
}

/// A complete list has no token: so official clients, which know none, see what they always see.
fn more(body: &mut Value, next: String) {
    if let (Some(members), false) = (body.as_object_mut(), next.is_empty()) {
        members.insert("continuation_token".to_owned(), next.into());
    }
}

fn list_size(given: usize) -> Result<usize, Refused> {
    match given {
        0 => Ok(MOST_LISTED),
        size if size <= MOST_LISTED => Ok(size),
        _ => Err(Refused::validation(format!("invalid PageSize: value must be at most {MOST_LISTED}"))),
    }
}

/// What one answer lists.
const MOST_LISTED: usize = 10_000;
