//! Shapes of bodies.

use domain::{Method, Plain};
use kv_schema::{factors::Factors, passkeys::Passkeys};
use risk::{Reason, Verdict};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::Problem;
use webauthn::{AuthenticationResponse, Json};

use crate::{error::StepUpError, recovery};

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
    #[serde(default)]
    code: Option<String>,
}

/// What was answered.
pub(crate) enum Answer {
    /// A passkey's response, or why it is none.
    Passkey(Result<AuthenticationResponse, StepUpError>),
    /// An authenticator app's code.
    Totp(Plain<String>),
    /// A recovery code in its one spelling.
    RecoveryCode(Plain<String>),
}

impl Verify {
    /// The answer of the factor that was named.
    pub(crate) fn answer(&self) -> Result<Answer, Problem> {
        let code = || code(self.code.as_deref().unwrap_or_default());
        match self.factor.as_str() {
            PASSKEY => {
                let response = self.response.as_ref();
                let response =
                    response.ok_or_else(|| Problem::field("response", "takes what the passkey answered"))?;
                let response = AuthenticationResponse::read(response);
                Ok(Answer::Passkey(response.map_err(|why| StepUpError::FactorRefused(why.to_string()))))
            }
            TOTP => Ok(Answer::Totp(digits(&code()?))),
            RECOVERY_CODE => Ok(Answer::RecoveryCode(Plain::new(recovery::normal(&code()?)))),
            _ => {
                let takes = format!("takes `{PASSKEY}`, `{TOTP}` or `{RECOVERY_CODE}`");
                Err(Problem::field("factor", takes))
            }
        }
    }
}

/// `POST /step-up/totp/verify`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activate {
    code: String,
}

impl Activate {
    pub(crate) fn code(&self) -> Result<Plain<String>, Problem> {
        Ok(digits(&code(&self.code)?))
    }
}

fn code(text: &str) -> Result<String, Problem> {
    if text.is_empty() || text.len() > MOST_CODE {
        return Err(Problem::field("code", "takes the code"));
    }
    Ok(text.to_owned())
}

/// Apps show `123 456`.
fn digits(code: &str) -> Plain<String> {
    Plain::new(code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect())
}

/// What an account has, as its owner sees it.
pub(crate) fn overview(passkeys: &Passkeys) -> Value {
    let Factors { totp, recovery, .. } = &passkeys.factors;
    json!({
        "passkeys": passkeys.credentials.len(),
        "totp": totp.as_ref().map(|totp| json!({
            "created_at": totp.made.rfc3339(),
            "last_used_at": totp.used.rfc3339(),
            "disabled": totp.is_disabled(),
        })),
        "recovery_codes": recovery.as_ref().map(|list| json!({
            "created_at": list.made.rfc3339(),
            "left": list.codes.len(),
            "disabled": list.is_disabled(),
        })),
    })
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

/// Factors by their public names.
pub(crate) fn factors(methods: &[Method]) -> Value {
    methods.iter().filter_map(|method| name(*method)).collect()
}

/// The factor's public name; none for what is no second factor.
const fn name(method: Method) -> Option<&'static str> {
    match method {
        Method::Passkey => Some(PASSKEY),
        Method::Totp => Some(TOTP),
        Method::RecoveryCode => Some(RECOVERY_CODE),
        Method::MagicLink => None,
    }
}

const PASSKEY: &str = "passkey";
const TOTP: &str = "totp";
const RECOVERY_CODE: &str = "recovery_code";
const MOST_CODE: usize = 64;
