//! Authorization models: putting them in, as JSON or in the language, and getting them back.

use domain::Ulid;
use fga::{Code, Error, Model, Plan, dsl};
use kv_schema::fga::{self as schema, NewModel};
use serde_json::{Value, json};
use web::{Call, Response, StatusCode, header};

use crate::{
    access::{Caller, Scope},
    error::Refused,
    lists, plans, revision,
    store::{self, no_model},
    wire,
};

/// `POST /stores/{store}/authorization-models`.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Model).await?;
    let id = store::reached(call, &caller).await?;
    let model: Model = if media(call, "content-type").is_some_and(|media| media == "text/plain") {
        match read_text(call) {
            Ok(model) => model,
            Err(answer) => return Ok(*answer),
        }
    } else {
        wire::body(call)?
    };
    let plan = Plan::compile(&model)?;
    let text = serde_json::to_vec(&model).map_err(|error| Refused::validation(error.to_string()))?;
    if text.len() > MOST_BYTES {
        let message = format!("model exceeds size limit: {} bytes vs {MOST_BYTES} bytes", text.len());
        return Err(Error::new(Code::ExceededEntityLimit, message).into());
    }
    let done = NewModel { text, plan: plans::write(&plan)? }.put(&call.ports, id).await??;
    let model = done.model.unwrap_or(Ulid::from_bytes([0; 16]));
    let body = json!({ "authorization_model_id": model.to_string() });
    let mut response = web::json(StatusCode::CREATED, &body);
    revision::tell(call, &mut response, id, done.revision)?;
    Ok(response)
}

/// A model in the language; faults are told with line and column, counted from 1.
fn read_text(call: &Call<'_>) -> Result<Model, Box<Response>> {
    let refused = |message: String, errors: Vec<Value>| {
        let code = Code::InvalidAuthorizationModel.name();
        let body = json!({ "code": code, "message": message, "errors": errors });
        Box::new(web::json(StatusCode::BAD_REQUEST, &body))
    };
    let Ok(text) = std::str::from_utf8(call.request.body()) else {
        return Err(refused("the text is not UTF-8".to_owned(), Vec::new()));
    };
    match dsl::parse(text) {
        Ok(parsed) if parsed.module.is_some() => {
            Err(refused("this is a module; put the modules of a model together first".to_owned(), Vec::new()))
        }
        Ok(parsed) => Ok(parsed.model),
        Err(errors) => {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            let errors = errors.iter().map(|error| {
                json!({ "line": error.line + 1, "column": error.column + 1, "message": error.message })
            });
            Err(refused(first, errors.collect()))
        }
    }
}

/// `GET /stores/{store}/authorization-models`, newest first.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    let size = wire::query_page_size(call)?;
    let given = call.request.query("continuation_token").unwrap_or_default();
    let place = lists::place(&["models"], given, Code::InvalidContinuationToken)?;
    let after = place.and_then(|place| place.try_into().ok()).map(Ulid::from_bytes);
    store::at(call, &caller, async |seen| {
        let (found, next) = seen.snapshot.models(after, size).await?;
        let models: Vec<Value> = found.iter().map(told).collect::<Result<_, _>>()?;
        let token = lists::token(&["models"], next.map(Ulid::bytes).as_ref().map(<[u8; 16]>::as_slice));
        let body = json!({ "authorization_models": models, "continuation_token": token });
        seen.told(call, web::json(StatusCode::OK, &body), None)
    })
    .await
}

/// `GET /stores/{store}/authorization-models/{model}`; in the language for `accept: text/plain`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    let named = call.param("model");
    let id = store::parse_id(named, "AuthorizationModelId")?.ok_or_else(|| no_model(named))?;
    store::at(call, &caller, async |seen| {
        let stored = seen.snapshot.model(id).await?.ok_or_else(|| no_model(named))?;
        let response = if media(call, "accept").is_some_and(|media| media == "text/plain") {
            let model: Model = serde_json::from_slice(&stored.text).map_err(|_| unreadable(id))?;
            let text = dsl::print(&model, false).map_err(|error| Refused::validation(error.to_string()))?;
            let mut response = Response::new(text.into());
            let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, plain);
            response
        } else {
            web::json(StatusCode::OK, &json!({ "authorization_model": told(&stored)? }))
        };
        seen.told(call, response, Some(id))
    })
    .await
}

fn told(stored: &schema::Model) -> Result<Value, Refused> {
    let mut model: Value = serde_json::from_slice(&stored.text).map_err(|_| unreadable(stored.id))?;
    if let Some(members) = model.as_object_mut() {
        members.insert("id".to_owned(), stored.id.to_string().into());
    }
    Ok(model)
}

fn unreadable(id: Ulid) -> Refused {
    ports::StoreError(format!("the model `{id}` cannot be read")).into()
}

/// The media type of a header, without its parameters.
fn media<'c>(call: &'c Call<'_>, header: &str) -> Option<&'c str> {
    call.request.header(header)?.split([';', ',']).next().map(str::trim)
}

const MOST_BYTES: usize = 256 * 1024;
