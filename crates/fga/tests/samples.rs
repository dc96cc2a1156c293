//! The sample stores of OpenFGA's community and AuthZEN's interoperability scenarios: models as people write them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

#[path = "support/run.rs"]
mod run;
mod support;

use fga::memory::Memory;
use fga::query::batch::checks;
use fga::query::check::Check;
use fga::{Limits, Missing, Plan, TupleKey, dsl};
use futures::executor::block_on;
use run::{Brought, ask_check, ask_objects, ask_users};
use serde_json::{Map, Value};
use support::{Skips, json};

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn tuples(value: &Value) -> Vec<TupleKey> {
    serde_json::from_value::<Option<Vec<TupleKey>>>(value.clone()).unwrap().unwrap_or_default()
}

fn names(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn model(store: &Value) -> Result<Plan, String> {
    let expected = serde_json::from_value(store["model"].clone()).unwrap();
    let parsed = match store["modules"].as_object() {
        Some(modules) => {
            let files: Vec<(&str, &str)> =
                modules.iter().map(|(name, text)| (name.as_str(), text.as_str().unwrap())).collect();
            dsl::assemble(&files, "1.2").map_err(|faults| format!("{faults:?}"))?
        }
        None => dsl::parse(text(store, "model_dsl")).map_err(|errors| format!("{errors:?}"))?.model,
    };
    // What is written reads back as what was meant.
    let printed = dsl::print(&parsed, false).map_err(|error| error.to_string())?;
    let again = dsl::parse(&printed).map_err(|errors| format!("{errors:?}"))?.model;
    if store["modules"].is_null() && parsed != expected {
        return Err("the text is another model".to_owned());
    }
    Plan::compile(&again).map_err(|error| error.to_string())?;
    Plan::compile(&expected).map_err(|error| error.to_string())
}

#[test]
fn sample_stores() {
    let Some(suite) = json("sample-stores/stores.json") else { return };
    let mut skips = Skips::of("sample stores");
    let (mut checks, mut objects, mut users) = (0, 0, 0);
    for store in items(&suite, "stores") {
        let path = text(store, "path");
        let plan = match model(store) {
            Ok(plan) => plan,
            Err(why) => {
                skips.case(path, Err(why));
                continue;
            }
        };
        for test in items(store, "tests") {
            let all = [tuples(&store["tuples"]), tuples(&test["tuples"])].concat();
            let mut result = fga::write::validate(Some(&plan), &all, &[])
                .or_else(|error| if all.is_empty() { Ok(()) } else { Err(error.to_string()) });
            let stored = Memory::new(&all);
            let mut expect = |what: String, holds: bool| {
                if !holds && result.is_ok() {
                    result = Err(what);
                }
            };
            let brought = |value: &Value| Brought {
                tuples: Vec::new(),
                context: value["context"].as_object().cloned().unwrap_or_default(),
            };
            for check in items(test, "check") {
                for (relation, expected) in check["assertions"].as_object().unwrap() {
                    let asked = (text(check, "object"), relation.as_str(), text(check, "user"));
                    let found = ask_check(&plan, &stored, asked, &brought(check));
                    checks += 1;
                    expect(format!("check {asked:?}: {found:?}"), found == Ok(expected.as_bool().unwrap()));
                }
            }
            for list in items(test, "list_objects") {
                for (relation, expected) in list["assertions"].as_object().unwrap() {
                    let asked = (text(list, "type"), relation.as_str(), text(list, "user"));
                    let found = ask_objects(&plan, &stored, asked, &brought(list));
                    objects += 1;
                    expect(format!("list objects {asked:?}: {found:?}"), found == Ok(names(expected)));
                }
            }
            for list in items(test, "list_users") {
                for (relation, expected) in list["assertions"].as_object().unwrap() {
                    let filter = &list["user_filter"][0];
                    let filter = match filter["relation"].as_str() {
                        Some(relation) => format!("{}#{relation}", text(filter, "type")),
                        None => text(filter, "type").to_owned(),
                    };
                    let asked = (text(list, "object"), relation.as_str());
                    let found = ask_users(&plan, &stored, asked, &filter, &brought(list));
                    users += 1;
                    expect(
                        format!("list users {asked:?}: {found:?}"),
                        found == Ok(names(&expected["users"])),
                    );
                }
            }
            skips.case(&format!("{path} {}", text(test, "name")), result);
        }
    }
    println!("sample stores: {checks} checks, {objects} lists of objects, {users} lists of users");
    skips.done();
}

/// One of AuthZEN's scenarios as a store.
struct Scenario {
    plan: Plan,
    stored: Memory,
}

impl Scenario {
    fn of(name: &str) -> Option<Self> {
        let fixture = json("authzen/fixtures.json")?[name].take();
        let plan = Plan::compile(&dsl::parse(text(&fixture, "model_dsl")).unwrap().model).unwrap();
        Some(Self { plan, stored: Memory::new(&tuples(&fixture["tuples"])) })
    }

    fn decide(&self, request: &Value) -> bool {
        let entity = |key: &str| format!("{}:{}", text(&request[key], "type"), text(&request[key], "id"));
        let context = context(request);
        let (object, user) = (entity("resource"), entity("subject"));
        let asked = Check {
            object: &object,
            relation: text(&request["action"], "name"),
            user: &user,
            given: fga::Given { tuples: &[], context: Some(&context) },
        };
        let limits = Limits { missing: Missing::Deny, ..Limits::default() };
        let found = block_on(checks(&self.plan, &self.stored, &[asked], limits)).unwrap();
        found[0] == Ok(true)
    }
}

/// Properties as parameters; the request's own context wins.
fn context(request: &Value) -> Map<String, Value> {
    let mut context = Map::new();
    for entity in ["subject", "resource", "action"] {
        for (name, value) in request[entity]["properties"].as_object().into_iter().flatten() {
            context.insert(format!("{entity}_{name}"), value.clone());
        }
    }
    context.extend(request["context"].as_object().cloned().unwrap_or_default());
    context
}

#[test]
fn authzen_evaluations() {
    let mut skips = Skips::of("authzen evaluations");
    for (scenario, path) in [
        ("todo", "authzen-todo-backend/test/decisions-authorization-api-1_0-02.json"),
        ("todo", "authzen-todo-backend/test/decisions-authorization-api-1_0-01.json"),
        ("api-gateway", "authzen-api-gateways/test-harness/test/decisions.json"),
    ] {
        let (Some(store), Some(suite)) = (Scenario::of(scenario), json(&format!("authzen/{path}"))) else {
            return;
        };
        for (number, case) in items(&suite, "evaluation").iter().enumerate() {
            let found = store.decide(&case["request"]);
            let result = if found == case["expected"] { Ok(()) } else { Err(format!("{case}: {found}")) };
            skips.case(&format!("{path} {number}"), result);
        }
    }
    skips.done();
}

#[test]
fn authzen_searches() {
    let Some(store) = Scenario::of("search") else { return };
    let mut skips = Skips::of("authzen searches");
    let none = Brought::default();
    for (path, key) in [
        ("authzen-search-demo/test-harness/src/subject/results.json", "evaluation"),
        ("authzen-search-demo/test-harness/src/resource/results.json", "evaluation"),
        ("authzen-search-demo/test-harness/src/action/results.json", "evaluation"),
        ("authzen-idp/test-harness/src/results.json", "search"),
    ] {
        let Some(suite) = json(&format!("authzen/{path}")) else { return };
        for (number, case) in items(&suite, key).iter().enumerate() {
            let request = &case["request"];
            let part = |entity: &str, key: &str| text(&request[entity], key).to_owned();
            let entity = |name: &str| format!("{}:{}", part(name, "type"), part(name, "id"));
            let action = part("action", "name");
            let found = if request.get("action").is_none() {
                let type_name = part("resource", "type");
                let relations = store.plan.relations_of(&type_name).filter(|relation| {
                    let asked = (entity("resource"), entity("subject"));
                    ask_check(&store.plan, &store.stored, (&asked.0, relation, &asked.1), &none) == Ok(true)
                });
                relations.map(str::to_owned).collect()
            } else if request["subject"]["id"].is_null() {
                let object = entity("resource");
                ask_users(&store.plan, &store.stored, (&object, &action), &part("subject", "type"), &none)
                    .unwrap()
            } else {
                let asked = (part("resource", "type"), entity("subject"));
                ask_objects(&store.plan, &store.stored, (&asked.0, &action, &asked.1), &none).unwrap()
            };
            let mut expected: Vec<String> = items(&case["expected"], "results")
                .iter()
                .map(|result| match result["name"].as_str() {
                    Some(name) => name.to_owned(),
                    None => format!("{}:{}", text(result, "type"), text(result, "id")),
                })
                .collect();
            expected.sort();
            let mut found: Vec<String> = found;
            found.sort();
            let result = if found == expected {
                Ok(())
            } else {
                Err(format!("{request}: {found:?} for {expected:?}"))
            };
            skips.case(&format!("{path} {number}"), result);
        }
    }
    skips.done();
}
