//! OpenFGA's own suite: checks, lists of objects (as a list and as a stream), lists of users, each test with its tuples stored and, where it has one
//! stage, once more with its tuples in the request. Every object and user that is listed must also pass a check.
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
use fga::{Error, Plan, TupleKey, dsl};
use run::{Brought, ask_check, ask_objects, ask_users};
use serde_json::Value;
use support::{Skips, json};

/// How many assertions of each kind were made.
#[derive(Default)]
struct Count {
    checks: usize,
    objects: usize,
    users: usize,
    relisted: usize,
}

fn tuples(value: &Value) -> Vec<TupleKey> {
    serde_json::from_value::<Option<Vec<TupleKey>>>(value.clone()).unwrap().unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn brought(assertion: &Value, more: &[TupleKey]) -> Brought {
    let mut tuples = tuples(&assertion["contextualTuples"]);
    tuples.extend(more.iter().cloned());
    Brought { tuples, context: assertion["context"].as_object().cloned().unwrap_or_default() }
}

fn agree<T: PartialEq + std::fmt::Debug>(
    what: &str,
    assertion: &Value,
    found: &Result<T, Error>,
    expected: &T,
) -> Result<(), String> {
    let code = assertion["errorCode"].as_u64().filter(|code| *code != 0);
    match (code, found) {
        (None, Ok(found)) if found == expected => Ok(()),
        (Some(code), Err(error)) if u64::from(error.code.number()) == code => Ok(()),
        _ => Err(format!("{what} {assertion}: found {found:?}")),
    }
}

/// Runs a test; `contextual`: its tuples in every request instead of in the store.
fn run_test(test: &Value, contextual: bool, count: &mut Count) -> Result<(), String> {
    let mut store = Memory::default();
    for stage in items(test, "stages") {
        let model = match stage.get("model").filter(|model| model.is_object()) {
            Some(model) => serde_json::from_value(model.clone()).unwrap(),
            None => dsl::parse(text(stage, "model")).unwrap().model,
        };
        if let Some(written) = stage["model_dsl"].as_str() {
            let parsed = dsl::parse(written).map_err(|errors| format!("{errors:?}"))?.model;
            if parsed != model {
                return Err(format!("the text is another model: {written}"));
            }
        }
        let plan = Plan::compile(&model).map_err(|error| format!("the model is refused: {error}"))?;
        // As stored and read back.
        let plan: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        let written = tuples(&stage["tuples"]);
        let more: &[TupleKey] = if contextual { &written } else { &[] };
        if !contextual {
            fga::write::validate(Some(&plan), &written, &[])
                .or_else(|error| if written.is_empty() { Ok(()) } else { Err(error) })
                .map_err(|error| format!("a tuple is refused: {error}"))?;
            written.iter().for_each(|tuple| store.insert(tuple));
        }
        for assertion in items(stage, "checkAssertions") {
            let tuple = &assertion["tuple"];
            let asked = (text(tuple, "object"), text(tuple, "relation"), text(tuple, "user"));
            let found = ask_check(&plan, &store, asked, &brought(assertion, more));
            count.checks += 1;
            agree("check", assertion, &found, &assertion["expectation"].as_bool().unwrap_or_default())?;
        }
        for assertion in items(stage, "listObjectsAssertions") {
            let request = &assertion["request"];
            let asked = (text(request, "type"), text(request, "relation"), text(request, "user"));
            let brought = brought(assertion, more);
            let found = ask_objects(&plan, &store, asked, &brought);
            count.objects += 1;
            agree("list objects", assertion, &found, &sorted(&assertion["expectation"]))?;
            for object in found.unwrap_or_default() {
                count.relisted += 1;
                let again = ask_check(&plan, &store, (&object, asked.1, asked.2), &brought);
                if again != Ok(true) {
                    return Err(format!(
                        "list objects {assertion}: {object} is listed, check says {again:?}"
                    ));
                }
            }
        }
        for assertion in items(stage, "listUsersAssertions") {
            let request = &assertion["request"];
            let asked = (text(request, "object"), text(request, "relation"));
            let brought = brought(assertion, more);
            let filter = request["filters"][0].as_str().unwrap_or_default();
            let found = ask_users(&plan, &store, asked, filter, &brought);
            count.users += 1;
            agree("list users", assertion, &found, &sorted(&assertion["expectation"]))?;
            for user in found.unwrap_or_default() {
                count.relisted += 1;
                let again = ask_check(&plan, &store, (asked.0, asked.1, &user), &brought);
                if again != Ok(true) {
                    return Err(format!("list users {assertion}: {user} is listed, check says {again:?}"));
                }
            }
        }
    }
    Ok(())
}

fn sorted(list: &Value) -> Vec<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice).iter();
    let mut items: Vec<String> = items.map(|item| item.as_str().unwrap().to_owned()).collect();
    items.sort();
    items
}

#[test]
fn openfga_conformance() {
    let Some(suite) = json("openfga/conformance.json") else { return };
    let mut tests = suite["tests"].as_array().unwrap().clone();
    // The whole of upstream's files, where somebody has them at hand.
    if let Some(more) = std::env::var_os("LATCHKEY_OPENFGA_TESTS") {
        for file in std::env::split_paths(&more) {
            let text = std::fs::read_to_string(file).unwrap();
            let all: Value = serde_saphyr::from_str(&text).unwrap();
            tests.extend(all["tests"].as_array().unwrap().iter().cloned());
        }
    }
    let mut skips = Skips::of("openfga");
    let mut count = Count::default();
    for test in &tests {
        let name = text(test, "name");
        skips.case(name, run_test(test, false, &mut count));
        if items(test, "stages").len() == 1 {
            skips.case(&format!("{name}, contextual"), run_test(test, true, &mut count));
        }
    }
    println!(
        "openfga: {} tests; {} checks, {} lists of objects (each also as a stream), {} lists of users, {} listed ones checked again",
        tests.len(),
        count.checks,
        count.objects,
        count.users,
        count.relisted
    );
    skips.done();
}
