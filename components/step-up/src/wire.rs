//! Shapes of bodies.

use risk::{Reason, Verdict};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::Problem;
use webauthn::{AuthenticationResponse, Json};

use crate::error::StepUpError;

/// `POST /step-up/assess`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assess {
    pub(crate) handoff: String,
    /// What a page's script saw of its browser. Taken so that pages may send it; a score that a client could lower by it would be worth nothing,
    /// so it is not used before the model knows how to let it only add.
    #[serde(default, rename = "signals")]
    _signals: Option<Map<String, Value>>,
}

/// A body that says nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `POST /step-up/verify`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    factor: String,
    #[serde(default)]
    response: Option<Json>,
    #[serde(default, rename = "code")]
    _code: Option<Value>,
}

impl Verify {
    /// The answer of the factor that was named.
    pub(crate) fn answer(&self) -> Result<Result<AuthenticationResponse, StepUpError>, Problem> {
        if self.factor != PASSKEY {
            return Err(Problem::field("factor", format!("takes `{PASSKEY}`")));
        }
        let response = self
            .response
            .as_ref()
            .ok_or_else(|| Problem::field("response", "takes what the passkey answered"))?;
        Ok(AuthenticationResponse::read(response).map_err(|why| StepUpError::FactorRefused(why.to_string())))
    }
}

/// The answer to `POST /step-up/assess`; `more` are the members that belong to the decision.
pub(crate) fn assessed(
    decision: &str,
    verdict: &Verdict,
    more: impl IntoIterator<Item = (&'static str, Value)>,
) -> Value {
    let mut body = Map::new();
    body.insert("decision".into(), decision.into());
    body.insert("level".into(), verdict.level.as_str().into());
    body.insert("score".into(), verdict.score.into());
    body.insert("reasons".into(), verdict.reasons.iter().map(reason).collect());
    body.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(body)
}

fn reason(reason: &Reason) -> Value {
    json!({ "code": reason.code, "weight": reason.weight, "text": reason.text })
}

/// The factor's public name.
pub(crate) const PASSKEY: &str = "passkey";
