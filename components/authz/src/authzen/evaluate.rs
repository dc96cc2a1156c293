//! `/access/v1/evaluation` and `/access/v1/evaluations`: yes or no.

use fga::{
    Error, Given, Limits,
    query::{
        batch::checks,
        check::Check,
        explain::{Explanation, explain},
    },
};
use serde_json::{Map, Value, json};
use web::{Call, Response, StatusCode};

use super::{
    in_shape, limits, store_of,
    wire::{self, Evaluation},
};
use crate::{
    access::{Caller, Scope},
    error::Refused,
    store::{self, Seen},
    tuples::Stored,
};

/// A question as the graph has it.
struct Question {
    object: String,
    relation: String,
    user: String,
    context: Map<String, Value>,
}

impl Question {
    fn of(asked: &Evaluation) -> Self {
        let owners = [
            ("subject", asked.subject.properties.as_ref()),
            ("action", asked.action.properties.as_ref()),
            ("resource", asked.resource.properties.as_ref()),
        ];
        Self {
            object: format!("{}:{}", asked.resource.kind, asked.resource.id),
            relation: asked.action.name.clone(),
            user: format!("{}:{}", asked.subject.kind, asked.subject.id),
            context: wire::context(owners, asked.context.as_ref()),
        }
    }

    fn check(&self) -> Check<'_> {
        let given = Given { tuples: &[], context: Some(&self.context) };
        Check { object: &self.object, relation: &self.relation, user: &self.user, given }
    }
}

/// `POST /access/v1/evaluation`.
pub(crate) async fn one(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let members = wire::body(call)?;
    single(call, &caller, members).await
}

async fn single(call: &Call<'_>, caller: &Caller, members: Map<String, Value>) -> Result<Response, Refused> {
    let wants_reason = explains(&members);
    let tenant = wire::text(&members, "tenant")?.map(str::to_owned);
    let question = Question::of(&wire::shaped(members)?);
    let id = store_of(call, caller, tenant.as_deref()).await?;
    let told =
        store::at_id(call, caller, id, async |seen| decide(call, seen, &question, wants_reason).await).await;
    Ok(web::json(StatusCode::OK, &told.map_err(in_shape)?))
}

/// Whether the caller asks for reasons, too.
fn explains(members: &Map<String, Value>) -> bool {
    members.get("options").and_then(|options| options.get("explain")).and_then(Value::as_bool) == Some(true)
}

async fn decide(
    call: &Call<'_>,
    seen: &Seen<'_>,
    question: &Question,
    wants_reason: bool,
) -> Result<Value, Refused> {
    if !wants_reason {
        let answers = answers(call, seen, std::slice::from_ref(question)).await?;
        return Ok(json!({ "decision": answers.first() == Some(&true) }));
    }
    let (_, plan) = seen.model(call, "").await?;
    let why = explain(&plan, &Stored(&seen.snapshot), question.check(), limits(Limits::default())).await;
    Ok(match why {
        Ok(Explanation::Yes(path)) => json!({ "decision": true, "context": { "reason": { "path": path } } }),
        Ok(Explanation::No(tried)) => {
            json!({ "decision": false, "context": { "reason": { "tried": tried } } })
        }
        Err(fga::QueryError::Refused(error)) if is_no(&error) => {
            json!({ "decision": false, "context": { "reason": { "message": error.message } } })
        }
        Err(error) => return Err(error.into()),
    })
}

/// What the model does not know is no error here.
fn is_no(error: &Error) -> bool {
    use fga::Code;
    matches!(error.code, Code::ValidationError | Code::TypeNotFound | Code::RelationNotFound)
}

async fn answers(call: &Call<'_>, seen: &Seen<'_>, questions: &[Question]) -> Result<Vec<bool>, Refused> {
    let plan = match seen.model(call, "").await {
        Ok((_, plan)) => plan,
        // Nothing was modelled, so nobody may anything.
        Err(Refused::Fga(error)) if error.code == fga::Code::LatestAuthorizationModelNotFound => {
            return Ok(vec![false; questions.len()]);
        }
        Err(refused) => return Err(refused),
    };
    let asked: Vec<Check<'_>> = questions.iter().map(Question::check).collect();
    let usual = Limits::default();
    let bound = Limits { reads: usual.reads.saturating_mul(asked.len().clamp(1, 50)), ..usual };
    let found = checks(&plan, &Stored(&seen.snapshot), &asked, limits(bound)).await?;
    found
        .into_iter()
        .map(|answer| match answer {
            Ok(allowed) => Ok(allowed),
            Err(error) if is_no(&error) => Ok(false),
            Err(error) => Err(error.into()),
        })
        .collect()
}

/// `POST /access/v1/evaluations`.
pub(crate) async fn several(call: &Call<'_>) -> Result<Response, Refused> {
    let caller = Caller::of(call, Scope::Check).await?;
    let mut members = wire::body(call)?;
    let items = match members.remove("evaluations") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Refused::Malformed("`evaluations` must be a list".to_owned())),
    };
    if items.is_empty() {
        return single(call, &caller, members).await;
    }
    if items.len() > MOST {
        return Err(Refused::Malformed(format!("`evaluations` may hold at most {MOST} items")));
    }
    let semantic = match members.get("options") {
        None | Some(Value::Null) => None,
        Some(Value::Object(options)) => wire::text(options, "evaluations_semantic")?,
        Some(_) => return Err(Refused::Malformed("`options` must be an object".to_owned())),
    };
    let stop_at = match semantic.unwrap_or("execute_all") {
        "execute_all" => None,
        "deny_on_first_deny" => Some(false),
        "permit_on_first_permit" => Some(true),
        other => return Err(Refused::Malformed(format!("unknown evaluations_semantic `{other}`"))),
    };
    let mut questions = Vec::with_capacity(items.len());
    for item in items {
        let Value::Object(own) = item else {
            return Err(Refused::Malformed("each of `evaluations` must be an object".to_owned()));
        };
        questions.push(merged(&members, own)?);
    }
    let tenant = wire::text(&members, "tenant")?;
    let id = store_of(call, &caller, tenant).await?;
    let whole: Vec<&Question> = questions.iter().filter_map(|question| question.as_ref().ok()).collect();
    let whole: Vec<Question> = whole.into_iter().map(Question::copy).collect();
    let found = store::at_id(call, &caller, id, async |seen| answers(call, seen, &whole).await)
        .await
        .map_err(in_shape)?;
    let mut found = found.into_iter();
    let mut told = Vec::new();
    for question in &questions {
        let item = match question {
            Ok(_) => (found.next() == Some(true), None),
            Err(why) => (false, Some(why)),
        };
        told.push(match item {
            (decision, None) => json!({ "decision": decision }),
            (decision, Some(why)) => {
                json!({ "decision": decision, "context": { "error": { "status": 400, "message": why } } })
            }
        });
        if stop_at == Some(item.0) {
            break;
        }
    }
    Ok(web::json(StatusCode::OK, &json!({ "evaluations": told })))
}

impl Question {
    fn copy(&self) -> Self {
        Self {
            object: self.object.clone(),
            relation: self.relation.clone(),
            user: self.user.clone(),
            context: self.context.clone(),
        }
    }
}

/// An item over the defaults: a key of its own stands for the whole default. What then is missing makes the item a no with a reason; a
/// wrong type makes the request a bad one.
fn merged(
    defaults: &Map<String, Value>,
    own: Map<String, Value>,
) -> Result<Result<Question, String>, Refused> {
    let mut whole = Map::new();
    for name in ["subject", "action", "resource", "context"] {
        if let Some(value) = own.get(name).or_else(|| defaults.get(name)) {
            whole.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(wrong) = whole.iter().find(|(_, value)| !value.is_object() && !value.is_null()) {
        return Err(Refused::Malformed(format!("`{}` must be an object", wrong.0)));
    }
    Ok(match wire::shaped::<Evaluation>(whole) {
        Ok(asked) => Ok(Question::of(&asked)),
        Err(Refused::Malformed(why)) if why.starts_with("missing field") => Err(why),
        Err(refused) => return Err(refused),
    })
}

const MOST: usize = 1_000;
