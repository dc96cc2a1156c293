//! JSON as it goes in and out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{Email, Moment};
use kv_schema::{
    Account,
    passkeys::{Passkey, Passkeys},
};
use ports::{Failure, Settings, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Call, Problem, StatusCode};
use webauthn::{Json, Refused, RelyingParty};

use crate::provider;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInOptions {
    pub(crate) email: Option<Email>,
    pub(crate) tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterOptions {
    pub(crate) mediation: Option<Mediation>,
}

/// How the browser will be asked, as far as the server must know.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mediation {
    /// With a prompt.
    Optional,
    /// Without one, by a password manager that just signed the person in.
    Conditional,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    name: String,
}

impl Rename {
    /// 1 to 64 characters, none of them a control character.
    pub(crate) fn name(&self) -> Result<&str, Problem> {
        let name = self.name.trim();
        let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if fits { Ok(name) } else { Err(Problem::field("name", "a name has 1 to 64 printable characters")) }
    }
}

/// A browser's answer to a question of ours, its form alone checked.
pub(crate) fn answer<T>(call: &Call<'_>, read: fn(&Json) -> Result<T, Refused>) -> Result<T, AnswerError> {
    if call.request.body().len() > MOST_ANSWER {
        return Err(AnswerError::Request(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("an authenticator's answer has at most {MOST_ANSWER} bytes"),
        )));
    }
    let body: Json = call.request.json().map_err(AnswerError::Request)?;
    read(&body).map_err(|refused| match refused {
        Refused::Member(name) => {
            let outer = matches!(name, "id" | "rawId" | "type" | "response");
            let path = if outer { name.to_owned() } else { format!("response.{name}") };
            AnswerError::Request(Problem::field(path, "send what the browser's `toJSON()` makes"))
        }
        other => AnswerError::Refused(other),
    })
}

/// Why an answer was not read.
pub(crate) enum AnswerError {
    Request(Problem),
    Refused(Refused),
}

impl From<AnswerError> for crate::error::SignInError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Request(problem) => Self::Request(problem),
            AnswerError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<AnswerError> for crate::error::RegisterError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Request(problem) => Self::Request(problem),
            AnswerError::Refused(refused) => Self::Refused(refused),
        }
    }
}

/// Who we are to a browser. The name is only shown when a passkey is made.
pub(crate) fn relying_party(settings: &Settings, name: &str) -> RelyingParty {
    RelyingParty::new(settings.host(), name, vec![settings.public_url().to_owned()])
}

/// A passkey in lists and answers.
pub(crate) fn passkey(passkey: &Passkey) -> Result<Value, Failure> {
    let described = webauthn::describe(&passkey.credential)
        .map_err(|error| StoreError(format!("a passkey cannot be shown: {error}")))?;
    let mut shown = json!({
        "id": passkey.id,
        "name": passkey.name,
        "created_at": passkey.created.rfc3339(),
        "last_used_at": passkey.used.map(Moment::rfc3339),
        "backed_up": described.backed_up,
        "transports": described.transports,
        "aaguid": described.aaguid,
    });
    if let (Some(provider), Some(members)) = (provider::name(&described.aaguid), shown.as_object_mut()) {
        members.insert("provider".into(), provider.into());
    }
    Ok(shown)
}

/// What the page hands to the Signal API, always whole: providers delete what is not in it.
/// <https://www.w3.org/TR/webauthn-3/#sctn-signal-methods>
pub(crate) fn signal(settings: &Settings, account: &Account, passkeys: &Passkeys) -> Value {
    let ids: Vec<&str> = passkeys.credentials.iter().map(|each| each.id.as_str()).collect();
    json!({
        "rpId": settings.host(),
        "userId": account.handle,
        "allAcceptedCredentialIds": ids,
        "name": account.email,
        "displayName": display_name(account),
    })
}

/// What people see beside the address.
pub(crate) fn display_name(account: &Account) -> &str {
    account.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(account.email.as_str())
}

/// The user handle as bytes.
pub(crate) fn handle(account: &Account) -> Result<Vec<u8>, Failure> {
    B64.decode(&account.handle)
        .map_err(|_| StoreError(format!("the user handle of {} cannot be read", account.id)).into())
}

const MOST_ANSWER: usize = 16 * 1024;
