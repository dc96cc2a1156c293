//! Shapes of bodies.

use domain::{Authenticated, TenantId};
use kv_schema::{Account, Session};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};

/// `POST /session`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    pub(crate) handoff: String,
    /// Whether the browser is to be known again. Unless the person says no it is: the device cookie signs nobody in, names nobody, and is what lets a
    /// sign-in from elsewhere be noticed.
    #[serde(default = "yes", deserialize_with = "flag")]
    pub(crate) remember_device: bool,
}

const fn yes() -> bool {
    true
}

/// A boolean, or what a form makes of one.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) if text == "true" || text == "on" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(D::Error::custom("takes `true` or `false`")),
    }
}

/// An account, as its own person sees it.
pub(crate) fn account(account: &Account) -> Value {
    let mut body = json!({ "id": account.id, "email": account.email });
    if let (Some(name), Some(members)) = (&account.name, body.as_object_mut()) {
        members.insert("name".into(), name.as_str().into());
    }
    body
}

/// A tenant.
pub(crate) fn tenant(id: TenantId, slug: &str) -> Value {
    json!({ "id": id, "slug": slug })
}

/// Writes down how someone authenticated.
pub(crate) fn proof(body: &mut Value, who: &Authenticated) {
    if let Some(members) = body.as_object_mut() {
        members.insert("acr".into(), json!(who.acr()));
        members.insert("amr".into(), json!(who.amr()));
        members.insert("auth_time".into(), who.at().secs().into());
    }
}

/// A line in the list of devices.
pub(crate) fn device(session: &Session, current: bool, slug: Option<&str>) -> Value {
    let mut body = json!({
        "id": session.id,
        "current": current,
        "device": session.device,
        "began": session.began.rfc3339(),
        "seen": session.seen.rfc3339(),
    });
    proof(&mut body, &session.who);
    if let (Some(slug), Some(members)) = (slug, body.as_object_mut()) {
        members.insert("tenant".into(), tenant(session.tenant(), slug));
    }
    body
}
