//! Assertions: what a model is expected to answer, kept beside it for tools that test models.

use fga::TupleKey;
use kv_schema::fga::Assertions;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use web::{Call, Response, StatusCode};

use crate::{
    access::{Caller, Scope},
    error::Refused,
    revision,
    store::{self, no_model},
    wire::{self, lenient},
};

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default, deserialize_with = "lenient")]
    assertions: Vec<Assertion>,
}

#[derive(Default, Serialize, Deserialize)]
struct Assertion {
    #[serde(default, deserialize_with = "lenient")]
    tuple_key: TupleKey,
    #[serde(default, deserialize_with = "lenient")]
    expectation: bool,
    #[serde(default, deserialize_with = "lenient")]
    contextual_tuples: Vec<TupleKey>,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

/// `PUT /stores/{store}/assertions/{model}`.
pub(crate) async fn put(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Model).await?;
    let asked: Asked = wire::body(call)?;
    if asked.assertions.len() > MOST {
        return Err(Refused::validation(format!(
            "invalid WriteAssertionsRequest.Assertions: value must contain no more than {MOST} item(s)"
        )));
    }
    let (id, model) = store::at(call, &caller, async |seen| {
        let (model, plan) = seen.model(call, call.param("model")).await?;
        for assertion in &asked.assertions {
            let key = &assertion.tuple_key;
            plan.validate_asked(&key.object, &key.relation, &key.user)?;
            if assertion.contextual_tuples.len() > MOST_CONTEXTUAL {
                return Err(Refused::validation(format!(
                    "invalid Assertion.ContextualTuples: value must contain no more than {MOST_CONTEXTUAL} item(s)"
                )));
            }
            plan.validate_contextual(&assertion.contextual_tuples)?;
        }
        Ok((seen.id, model))
    })
    .await?;
    let text =
        serde_json::to_vec(&asked.assertions).map_err(|error| Refused::validation(error.to_string()))?;
    if text.len() > MOST_BYTES {
        return Err(Refused::validation(format!("assertions may take at most {MOST_BYTES} bytes")));
    }
    let done = Assertions { model, text }.put(&call.ports, id).await??;
    let mut response = web::no_content();
    revision::tell(call, &mut response, id, done.revision)?;
    Ok(response)
}

/// `GET /stores/{store}/assertions/{model}`.
pub(crate) async fn get(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Read).await?;
    let named = call.param("model");
    let id = store::parse_id(named, "AuthorizationModelId")?.ok_or_else(|| no_model(named))?;
    store::at(call, &caller, async |seen| {
        let (model, _) = seen.model(call, &id.to_string()).await?;
        let stored = seen.snapshot.assertions(model).await?;
        let assertions: Vec<Assertion> = match stored {
            Some(text) => serde_json::from_slice(&text)
                .map_err(|_| ports::StoreError(format!("the assertions of `{model}` cannot be read")))?,
            None => Vec::new(),
        };
        let body = json!({ "authorization_model_id": model.to_string(), "assertions": assertions });
        seen.told(call, web::json(StatusCode::OK, &body), Some(model))
    })
    .await
}

const MOST: usize = 100;
const MOST_CONTEXTUAL: usize = 20;
const MOST_BYTES: usize = 1 << 20;
