//! The three searches: who may, on what, and what. Complete, or with a token for the next page.

use fga::{
    Code, Error, Given, Limits, QueryError,
    query::{
        batch::checks,
        check::Check,
        list_objects::{ListObjects, list_objects},
        list_users::{ListUsers, list_users},
    },
};
use ports::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::{Call, Response, StatusCode};

use super::{
    in_shape, limits, store_of,
    wire::{self, Action, Entity, Kind, Page},
};
use crate::{
    access::{Caller, Scope},
    error::Refused,
    lists,
    store::{self, Seen},
    tuples::Stored,
};

#[derive(Deserialize)]
struct SubjectSearch {
    subject: Kind,
    action: Action,
    resource: Entity,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct ResourceSearch {
    subject: Entity,
    action: Action,
    resource: Kind,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct ActionSearch {
    subject: Entity,
    resource: Entity,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

/// A search as it came in.
struct Asked {
    caller: Caller,
    page: Page,
    tenant: Option<String>,
}

async fn asked(call: &Call<'_>) -> Result<(Asked, Map<String, Value>), Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let mut members = wire::body(call)?;
    let page = wire::page(&mut members)?;
    let tenant = wire::text(&members, "tenant")?.map(str::to_owned);
    Ok((Asked { caller, page, tenant }, members))
}

/// `POST /access/v1/search/subject`.
pub(crate) async fn subject(call: &Call<'_>) -> Result<Response, Refused> {
    let (asked, members) = asked(call).await?;
    let search: SubjectSearch = wire::shaped(members)?;
    let owners = [
        ("subject", search.subject.properties.as_ref()),
        ("action", search.action.properties.as_ref()),
        ("resource", search.resource.properties.as_ref()),
    ];
    let context = wire::context(owners, search.context.as_ref());
    let object = format!("{}:{}", search.resource.kind, search.resource.id);
    found(
        call,
        &asked,
        async |seen| {
            let (_, plan) = seen.model(call, "").await?;
            let question = ListUsers {
                object: &object,
                relation: &search.action.name,
                type_name: &search.subject.kind,
                userset: None,
                given: Given { tuples: &[], context: Some(&context) },
            };
            known(list_users(&plan, &Stored(&seen.snapshot), question, limits(Limits::for_lists())).await)
        },
        entity,
    )
    .await
}

/// `POST /access/v1/search/resource`.
pub(crate) async fn resource(call: &Call<'_>) -> Result<Response, Refused> {
    let (asked, members) = asked(call).await?;
    let search: ResourceSearch = wire::shaped(members)?;
    let owners = [
        ("subject", search.subject.properties.as_ref()),
        ("action", search.action.properties.as_ref()),
        ("resource", search.resource.properties.as_ref()),
    ];
    let context = wire::context(owners, search.context.as_ref());
    let user = format!("{}:{}", search.subject.kind, search.subject.id);
    found(
        call,
        &asked,
        async |seen| {
            let (_, plan) = seen.model(call, "").await?;
            let question = ListObjects {
                type_name: &search.resource.kind,
                relation: &search.action.name,
                user: &user,
                given: Given { tuples: &[], context: Some(&context) },
            };
            known(list_objects(&plan, &Stored(&seen.snapshot), question, limits(Limits::for_lists())).await)
        },
        entity,
    )
    .await
}

/// `POST /access/v1/search/action`.
pub(crate) async fn action(call: &Call<'_>) -> Result<Response, Refused> {
    let (asked, members) = asked(call).await?;
    let search: ActionSearch = wire::shaped(members)?;
    let owners = [
        ("subject", search.subject.properties.as_ref()),
        ("action", None),
        ("resource", search.resource.properties.as_ref()),
    ];
    let context = wire::context(owners, search.context.as_ref());
    let object = format!("{}:{}", search.resource.kind, search.resource.id);
    let user = format!("{}:{}", search.subject.kind, search.subject.id);
    found(
        call,
        &asked,
        async |seen| {
            let (_, plan) = seen.model(call, "").await?;
            let mut relations: Vec<&str> = plan.relations_of(&search.resource.kind).collect();
            relations.sort_unstable();
            let given = Given { tuples: &[], context: Some(&context) };
            let questions: Vec<Check<'_>> = relations
                .iter()
                .map(|relation| Check { object: &object, relation, user: &user, given })
                .collect();
            let bound = limits(Limits::for_lists());
            let answers = checks(&plan, &Stored(&seen.snapshot), &questions, bound).await?;
            let mut may = Vec::new();
            for (relation, answer) in relations.into_iter().zip(answers) {
                match answer {
                    Ok(true) => may.push(relation.to_owned()),
                    Ok(false) => {}
                    Err(error) if is_unknown(&error) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(may)
        },
        |name| json!({ "name": name }),
    )
    .await
}

fn entity(object: &str) -> Value {
    let (kind, id) = object.split_once(':').unwrap_or((object, ""));
    json!({ "type": kind, "id": id })
}

/// What the model does not know is found nowhere.
fn known(listed: Result<Vec<String>, QueryError<Failure>>) -> Result<Vec<String>, Refused> {
    match listed {
        Err(QueryError::Refused(error)) if is_unknown(&error) => Ok(Vec::new()),
        other => Ok(other?),
    }
}

fn is_unknown(error: &Error) -> bool {
    matches!(error.code, Code::ValidationError | Code::TypeNotFound | Code::RelationNotFound)
}

async fn found(
    call: &Call<'_>,
    asked: &Asked,
    search: impl AsyncFn(&Seen<'_>) -> Result<Vec<String>, Refused>,
    shape: impl Fn(&str) -> Value,
) -> Result<Response, Refused> {
    let Asked { caller, page, tenant } = asked;
    let id = store_of(call, caller, tenant.as_deref()).await?;
    let all = store::at_id(call, caller, id, async |seen| match search(seen).await {
        Err(Refused::Fga(error)) if error.code == Code::LatestAuthorizationModelNotFound => Ok(Vec::new()),
        other => other,
    })
    .await
    .map_err(in_shape)?;
    let (items, next) = lists::cut(all, &["search", &page.of], &page.token, page.limit).map_err(|_| {
        Refused::Malformed(
            "`page.token` is not of this search: repeat the rest of the request unchanged".to_owned(),
        )
    })?;
    let results: Vec<Value> = items.iter().map(|item| shape(item)).collect();
    let body = json!({ "page": { "next_token": next, "count": results.len() }, "results": results });
    Ok(web::json(StatusCode::OK, &body))
}
