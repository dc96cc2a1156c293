//! A tenant's policy: what holds, where it comes from, and what the tenant itself says.

use std::collections::BTreeMap;

use kv_schema::{
    Tenant, inherit,
    policy::{self, Own, SPECS, Spec},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::{Call, Response, StatusCode};

use crate::{access::Administrator, error::AdminError};

/// `GET …/policy`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    Ok(answer(&tenant, false))
}

/// `PUT …/policy`: takes all of it or nothing. What is not named stays.
pub(crate) async fn change(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    let body: Map<String, Value> = call.request.json()?;
    let mut asked = BTreeMap::new();
    match body.get("values") {
        // As `GET` answers it.
        Some(Value::Object(values)) if body.len() == 1 => read(values, "", &mut asked)?,
        _ => read(&body, "", &mut asked)?,
    }
    let changed = inherit::change(&call.ports, tenant.id, |above, own| {
        for (key, wanted) in &asked {
            if own.get(*key) == wanted.as_ref() {
                continue;
            }
            if above.leaf(key).is_some_and(|leaf| leaf.locked) {
                return Err(AdminError::Locked(key));
            }
            match wanted {
                Some(wanted) => own.insert((*key).to_owned(), wanted.clone()),
                None => own.remove(*key),
            };
        }
        let (medium, high) = above.below(tenant.id, own).risk();
        // Only who touches them is told: another value must not be refused for what came from above.
        if medium > high && asked.keys().any(|key| key.starts_with("risk.")) {
            let takes = format!("at most `risk.high`, which would be {high}; this would be {medium}");
            return Err(AdminError::Field("risk.medium".into(), takes));
        }
        Ok(())
    });
    let changed = changed.await?.ok_or(AdminError::NotFound)??;
    Ok(answer(&changed.tenant, changed.pending))
}

/// What is asked for one value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaf {
    value: Value,
    #[serde(default)]
    locked: bool,
}

/// Reads the nested body into dotted keys; none: to be inherited again.
fn read(
    level: &Map<String, Value>,
    path: &str,
    asked: &mut BTreeMap<&'static str, Option<Own>>,
) -> Result<(), AdminError> {
    for (name, value) in level {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let inner = format!("{key}.");
        // A name with a dot would be a second way to say the same.
        if name.contains('.') {
            return Err(unknown(key));
        }
        if let Some(spec) = policy::spec(&key) {
            asked.insert(spec.key, leaf(spec, value)?);
        } else if SPECS.iter().any(|spec| spec.key.starts_with(&inner)) {
            let level = value.as_object().ok_or_else(|| {
                let names: Vec<&str> =
                    SPECS.iter().filter_map(|spec| spec.key.strip_prefix(&inner)).collect();
                AdminError::Field(key.clone(), format!("an object of `{}`", names.join("`, `")))
            })?;
            read(level, &key, asked)?;
        } else {
            return Err(unknown(key));
        }
    }
    Ok(())
}

fn leaf(spec: &Spec, value: &Value) -> Result<Option<Own>, AdminError> {
    if value.is_null() {
        return Ok(None);
    }
    let shape = || {
        let takes = format!("`{{\"value\": …, \"locked\"?: …}}` or `null`; the value is {}", spec.takes);
        AdminError::Field(spec.key.into(), takes)
    };
    // A list would be read as the fields in their order.
    let leaf = value.is_object().then(|| Leaf::deserialize(value).ok()).flatten().ok_or_else(shape)?;
    if !(spec.accepts)(&leaf.value) {
        return Err(AdminError::Field(spec.key.into(), spec.takes.into()));
    }
    Ok(Some(Own { value: leaf.value, locked: leaf.locked }))
}

fn unknown(key: String) -> AdminError {
    let keys: Vec<&str> = SPECS.iter().map(|spec| spec.key).collect();
    AdminError::Field(key, format!("no such value; there are `{}`, nested at the dots", keys.join("`, `")))
}

/// Everything that holds, nested at the dots.
fn answer(tenant: &Tenant, pending: bool) -> Response {
    let mut values = json!({});
    for (key, leaf) in tenant.policy.leaves() {
        let from = leaf.from.map(|tenant| tenant.to_string());
        let told = json!({ "value": leaf.value, "from": from, "locked": leaf.locked });
        let place = key.split('.').try_fold(&mut values, |level, name| {
            Some(level.as_object_mut()?.entry(name).or_insert_with(|| json!({})))
        });
        if let Some(place) = place {
            *place = told;
        }
    }
    let mut body = json!({ "values": values });
    if let (true, Some(members)) = (pending, body.as_object_mut()) {
        members.insert("pending".into(), true.into());
    }
    web::json(StatusCode::OK, &body)
}
