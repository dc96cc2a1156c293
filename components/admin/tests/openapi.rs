//! The OpenAPI document: whole in itself, and what this room really answers and takes.
//! That it tells every route of every room is tested in `tests/house`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has to stop")]

mod common;

use std::{collections::BTreeSet, fs, path::Path};

use common::{account, get, send, tenant, text};
use serde_json::{Value, json};
use testkit::World;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

fn document() -> Value {
    serde_json::from_str(&read("docs/openapi.json")).unwrap()
}

/// Why a value does not fit a schema, as far as our document uses them.
fn misfit(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
        let Some(found) = document.pointer(to.trim_start_matches('#')) else {
            return Some(format!("{at}: {to} leads nowhere"));
        };
        return misfit(document, found, value, at);
    }
    if let Some(one_of) = schema.get("oneOf").and_then(Value::as_array) {
        let fitting = one_of.iter().filter(|each| misfit(document, each, value, at).is_none()).count();
        return (fitting != 1).then(|| format!("{at}: fits {fitting} of the {} shapes", one_of.len()));
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        return Some(format!("{at}: is {value}"));
    }
    if schema.get("enum").and_then(Value::as_array).is_some_and(|all| !all.contains(value)) {
        return Some(format!("{at}: {value} is none of the values"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let taken = match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(all)) => all.iter().any(|each| each == kind),
        _ => true,
    };
    if !taken {
        return Some(format!("{at}: is a {kind}"));
    }
    match value {
        Value::Array(items) => {
            let schema = schema.get("items")?;
            items
                .iter()
                .enumerate()
                .find_map(|(n, item)| misfit(document, schema, item, &format!("{at}[{n}]")))
        }
        Value::Object(members) => {
            let known = schema.get("properties").and_then(Value::as_object);
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            if let Some(missing) =
                required.filter_map(Value::as_str).find(|name| !members.contains_key(*name))
            {
                return Some(format!("{at}: `{missing}` is missing"));
            }
            members.iter().find_map(|(name, value)| match known.and_then(|known| known.get(name)) {
                Some(schema) => misfit(document, schema, value, &format!("{at}.{name}")),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    Some(format!("{at}: `{name}` is not told"))
                }
                None => None,
            })
        }
        _ => None,
    }
}

#[track_caller]
fn fits(document: &Value, schema: &str, value: &Value) {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    assert_eq!(misfit(document, &schema, value, "body"), None, "{value}");
}

/// Calls `look` with every value in the document.
fn walk(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, look)),
        Value::Object(members) => members.values().for_each(|member| walk(member, look)),
        _ => {}
    }
}

#[test]
fn the_document_is_whole() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut used = BTreeSet::new();
    walk(&document, &mut |value| {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
            used.insert(to.to_owned());
        }
        if let (Some(properties), Some(required)) = (value.get("properties"), value.get("required")) {
            for name in required.as_array().unwrap() {
                assert!(properties.get(name.as_str().unwrap()).is_some(), "{name} is required and not told");
            }
        }
    });
    for part in ["schemas", "responses", "parameters"] {
        for name in document["components"][part].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{part}/{name}")), "nothing uses {part}/{name}");
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for example in schema.get("examples").and_then(Value::as_array).into_iter().flatten() {
            fits(&document, name, example);
        }
    }
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let told = format!("{method} {path}");
            assert!(ids.insert(text(operation, "operationId")), "the id of {told} is used twice");
            assert!(
                !text(operation, "summary").is_empty() && tags.contains(&&operation["tags"][0]),
                "{told}"
            );
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{told} never answers well");
            for alternative in operation["security"].as_array().unwrap() {
                for scheme in alternative.as_object().unwrap().keys() {
                    assert!(schemes.contains_key(scheme), "{told} asks for {scheme}");
                }
            }
            let mut parameters = BTreeSet::new();
            for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                let to = parameter.get("$ref").and_then(Value::as_str).map(|to| to.trim_start_matches('#'));
                let parameter = to.map_or(parameter, |to| document.pointer(to).unwrap());
                if parameter["in"] == "path" {
                    parameters.insert(text(parameter, "name"));
                }
            }
            let wanted: BTreeSet<String> = path
                .split('/')
                .filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
                .collect();
            assert_eq!(parameters, wanted, "{told}");
        }
    }
}

/// The codes stand in the sources as the first text in the call that makes the problem.
#[test]
fn every_code_is_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = BTreeSet::new();
    let rooms = fs::read_dir(root.join("components")).unwrap().map(|entry| entry.unwrap().path());
    let crates = ["web", "spin-ports"].map(|name| root.join("crates").join(name));
    for source in rooms.chain(crates).map(|folder| folder.join("src")) {
        for file in fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            for call in ["::bad(", "::forbidden(", "::conflict(", "Problem::new(", "Self::new(", " gone("] {
                for rest in text.split(call).skip(1) {
                    let head = rest.split(')').next().unwrap_or_default();
                    let code = head.split('"').nth(1).unwrap_or_default();
                    let status = !call.ends_with("new(") || head.trim_start().contains("StatusCode::");
                    let plain = code.len() > 3 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                    if status && plain {
                        found.insert(code.to_owned());
                    }
                }
            }
        }
    }
    // Those that constructors with other arguments make.
    found.extend(
        ["unauthorized", "invalid_field", "not_found", "method_not_allowed", "too_many_requests"]
            .map(str::to_owned),
    );
    let codes = document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone();
    let told: BTreeSet<String> = serde_json::from_value(codes).unwrap();
    assert_eq!(told, found, "left: told; right: in the sources");
}

#[test]
fn this_room_answers_what_is_told() {
    let (world, document) = (World::default(), document());
    let asked = json!({ "name": "Acme", "slug": "acme" });
    fits(&document, "NewTenant", &asked);
    fits(&document, "Tenant", &send(&world, "POST", "/admin/tenants", asked).json);
    fits(&document, "Tenant", &get(&world, "/admin/tenants/root").json);
    let page = get(&world, "/admin/tenants?limit=1").json;
    assert!(page["next"].is_string());
    fits(&document, "TenantList", &page);
    let unit = tenant(&world, "unit", "acme");
    let asked = json!({ "second_factor": { "value": "always", "locked": true }, "risk": { "high": { "value": 90 }, "medium": null } });
    fits(&document, "PolicyChange", &asked);
    fits(&document, "Policy", &send(&world, "PUT", "/admin/tenants/acme/policy", asked).json);
    fits(&document, "Policy", &get(&world, &format!("/admin/tenants/{unit}/policy")).json);
    let id = account(&world, "acme", "ada@acme.example");
    account(&world, "acme", "grace@acme.example");
    fits(&document, "Account", &get(&world, &format!("/admin/tenants/acme/accounts/{id}")).json);
    fits(&document, "AccountList", &get(&world, "/admin/tenants/acme/accounts?limit=1").json);
    let asked = json!({ "name": "Orders", "kind": "machine", "scopes": ["admin"] });
    fits(&document, "NewClient", &asked);
    let made = send(&world, "POST", "/admin/tenants/acme/clients", asked).json;
    fits(&document, "ClientWithSecret", &made);
    let path = format!("/admin/tenants/acme/clients/{}", text(&made, "id"));
    fits(&document, "ClientWithSecret", &send(&world, "POST", &format!("{path}/secrets"), json!({})).json);
    let key = jose::SigningKey::of(&[1; 32]).unwrap();
    let asked = json!({ "name": "Stock", "kind": "machine", "jwks": { "keys": [key.public()] } });
    fits(&document, "NewClient", &asked);
    fits(&document, "ClientWithSecret", &send(&world, "POST", "/admin/tenants/acme/clients", asked).json);
    let asked = json!({ "state": "disabled", "scopes": [] });
    fits(&document, "ClientChange", &asked);
    fits(&document, "Client", &send(&world, "PATCH", &path, asked).json);
    fits(&document, "ClientList", &get(&world, "/admin/tenants/acme/clients?limit=1").json);
    for refusal in [
        send(
            &world,
            "PUT",
            &format!("/admin/tenants/{unit}/policy"),
            json!({ "second_factor": { "value": "never" } }),
        ),
        send(&world, "DELETE", "/admin/tenants/acme", Value::Null),
        get(&world, "/admin/tenants?limit=x"),
        get(&world, "/admin/tenants/nobody"),
    ] {
        fits(&document, "Problem", &refusal.json);
    }
}

/// The policy is told value by value; what is taken must be what the schema crate takes.
#[test]
fn the_policy_told_is_the_policy_there_is() {
    let document = document();
    for part in ["Policy/properties/values", "PolicyChange"] {
        let schema = document.pointer(&format!("/components/schemas/{part}")).unwrap();
        let mut told = BTreeSet::new();
        for (name, level) in schema["properties"].as_object().unwrap() {
            let leaf = level.get("oneOf").is_some() || level["properties"].get("value").is_some();
            match level["properties"].as_object() {
                Some(inner) if !leaf => told.extend(inner.keys().map(|inner| format!("{name}.{inner}"))),
                _ => drop(told.insert(name.clone())),
            }
        }
        let there: BTreeSet<String> =
            kv_schema::policy::SPECS.iter().map(|spec| spec.key.to_owned()).collect();
        assert_eq!(told, there, "{part}");
    }
}
