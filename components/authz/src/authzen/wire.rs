//! JSON as AuthZEN has it. Unknown fields are ignored; a wrong type, a missing field or another content type is 400 with a sentence.

use domain::Digest;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use web::Call;

use crate::error::Refused;

/// Who asks for access, or what for.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
    #[serde(default)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// A kind of thing that is searched for; an id in it is ignored.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// What shall be done.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Action {
    pub(super) name: String,
    #[serde(default)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// One question.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Evaluation {
    pub(super) subject: Entity,
    pub(super) action: Action,
    pub(super) resource: Entity,
    #[serde(default)]
    pub(super) context: Option<Map<String, Value>>,
}

/// A body, as an object.
pub(super) fn body(call: &Call<'_>) -> Result<Map<String, Value>, Refused> {
    let media =
        call.request.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refused::Malformed("send `content-type: application/json`".to_owned()));
    }
    match serde_json::from_slice(call.request.body()) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refused::Malformed("the body must be a JSON object".to_owned())),
        Err(_) => Err(Refused::Malformed("the body is not well-formed JSON".to_owned())),
    }
}

/// A body of a known shape.
pub(super) fn shaped<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Refused> {
    serde_json::from_value(Value::Object(members)).map_err(|error| Refused::Malformed(error.to_string()))
}

/// A member that is a text, if it is there.
pub(super) fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Result<Option<&'m str>, Refused> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::Malformed(format!("`{name}` must be a string"))),
    }
}

/// What conditions see: the properties under the names of their owners, and the context, which wins.
pub(super) fn context(
    owners: [(&str, Option<&Map<String, Value>>); 3],
    context: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    let mut all = Map::new();
    for (owner, properties) in owners {
        for (name, value) in properties.into_iter().flatten() {
            all.insert(format!("{owner}_{name}"), value.clone());
        }
    }
    for (name, value) in context.into_iter().flatten() {
        all.insert(name.clone(), value.clone());
    }
    all
}

/// Which page of a search is asked for.
pub(super) struct Page {
    pub(super) token: String,
    pub(super) limit: usize,
    /// The rest of the request: a token is good for the request it was given to.
    pub(super) of: String,
}

/// Takes the page out of a request.
pub(super) fn page(members: &mut Map<String, Value>) -> Result<Page, Refused> {
    let page = members.remove("page");
    let of = Digest::of(&[Value::Object(members.clone()).to_string().as_bytes()]);
    let of: String = of.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let wrong = |what: &str| Refused::Malformed(format!("`page` {what}"));
    let (token, limit) = match &page {
        None | Some(Value::Null) => (String::new(), MOST_RESULTS),
        Some(Value::Object(page)) => {
            let limit = match page.get("limit") {
                None | Some(Value::Null) => MOST_RESULTS,
                Some(limit) => {
                    let limit = limit.as_u64().and_then(|limit| usize::try_from(limit).ok());
                    limit
                        .filter(|limit| *limit > 0)
                        .ok_or_else(|| wrong("has a limit that is no positive number"))?
                }
            };
            (text(page, "token")?.unwrap_or_default().to_owned(), limit)
        }
        Some(_) => return Err(wrong("must be an object")),
    };
    Ok(Page { token, limit: limit.min(MOST_RESULTS), of })
}

const MOST_RESULTS: usize = 1_000;
