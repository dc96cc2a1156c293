//! OpenFGA's own suite through the routes: each test with its tuples stored, and, where it has one stage, once more with its tuples in the request.
//! Lists are asked as a list and as a stream; whatever is listed must also pass a check.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::{data, items, post, text, told};
use serde_json::{Value, json};
use testkit::{Answer, World};

#[derive(Default)]
struct Count {
    checks: usize,
    objects: usize,
    users: usize,
    checked_again: usize,
}

/// A store under test, and the tuples that come with every request.
struct Run<'w> {
    world: &'w World,
    store: String,
    model: String,
    brought: Vec<Value>,
}

impl Run<'_> {
    fn ask(&self, what: &str, mut body: Value, assertion: &Value) -> Answer {
        let mut tuples = items(assertion, "contextualTuples").to_vec();
        tuples.extend(self.brought.iter().cloned());
        body["contextual_tuples"] =
            if what == "list-users" { json!(tuples) } else { json!({ "tuple_keys": tuples }) };
        body["context"] = assertion["context"].clone();
        body["authorization_model_id"] = json!(self.model);
        post(self.world, &format!("/stores/{}/{what}", self.store), body)
    }

    fn check(&self, object: &str, relation: &str, user: &str, assertion: &Value) -> Answer {
        self.ask("check", json!({ "tuple_key": common::key(object, relation, user) }), assertion)
    }
}

fn code_name(code: u64) -> &'static str {
    match code {
        2000 => "validation_error",
        2002 => "authorization_model_resolution_too_complex",
        2021 => "type_not_found",
        2022 => "relation_not_found",
        2027 => "invalid_tuple",
        other => panic!("a new code: {other}"),
    }
}

/// Either the expected error, or a yes with its body.
fn expected<'a>(answer: &'a Answer, assertion: &Value, name: &str) -> Option<&'a Value> {
    match assertion["errorCode"].as_u64().filter(|code| *code != 0) {
        Some(code) => {
            assert_eq!(
                (answer.status, answer.code()),
                (400, code_name(code)),
                "{name}: {assertion} {}",
                answer.text
            );
            None
        }
        None => {
            assert_eq!(answer.status, 200, "{name}: {assertion} {}", answer.text);
            Some(&answer.json)
        }
    }
}

fn sorted(list: &Value) -> Vec<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice).iter();
    let mut items: Vec<String> = items.map(|item| item.as_str().unwrap().to_owned()).collect();
    items.sort();
    items
}

fn user_text(user: &Value) -> String {
    if let Some(object) = user.get("object") {
        return format!("{}:{}", text(object, "type"), text(object, "id"));
    }
    if let Some(set) = user.get("userset") {
        return format!("{}:{}#{}", text(set, "type"), text(set, "id"), text(set, "relation"));
    }
    format!("{}:*", text(&user["wildcard"], "type"))
}

fn run_test(world: &World, test: &Value, contextual: bool, count: &mut Count) {
    let name = text(test, "name");
    let mut run = Run { world, store: common::store(world), model: String::new(), brought: Vec::new() };
    for stage in items(test, "stages") {
        // Once as JSON, once in the language.
        run.model = if contextual {
            common::model(world, &run.store, text(stage, "model_dsl"))
        } else {
            let path = format!("/stores/{}/authorization-models", run.store);
            let made = told(post(world, &path, stage["model"].clone()), 201);
            text(&made, "authorization_model_id").to_owned()
        };
        if contextual {
            run.brought = items(stage, "tuples").to_vec();
        } else {
            for some in items(stage, "tuples").chunks(40) {
                common::write(world, &run.store, some);
            }
        }
        for assertion in items(stage, "checkAssertions") {
            let tuple = &assertion["tuple"];
            let answer =
                run.check(text(tuple, "object"), text(tuple, "relation"), text(tuple, "user"), assertion);
            count.checks += 1;
            if let Some(found) = expected(&answer, assertion, name) {
                let wanted = assertion["expectation"].as_bool().unwrap_or_default();
                assert_eq!(found, &json!({ "allowed": wanted, "resolution": "" }), "{name}: {assertion}");
            }
        }
        for assertion in items(stage, "listObjectsAssertions") {
            list_objects(&run, assertion, name, count);
        }
        for assertion in items(stage, "listUsersAssertions") {
            list_users(&run, assertion, name, count);
        }
    }
}

fn list_objects(run: &Run<'_>, assertion: &Value, name: &str, count: &mut Count) {
    let request = &assertion["request"];
    let body = json!({ "type": request["type"], "relation": request["relation"], "user": request["user"] });
    count.objects += 1;
    let streamed = run.ask("streamed-list-objects", body.clone(), assertion);
    let answer = run.ask("list-objects", body, assertion);
    let Some(found) = expected(&answer, assertion, name) else {
        expected(&streamed, assertion, name);
        return;
    };
    let objects = sorted(&found["objects"]);
    assert_eq!(objects, sorted(&assertion["expectation"]), "{name}: {assertion}");
    assert_eq!(streamed.status, 200);
    let mut lines: Vec<String> = streamed
        .text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["result"]["object"].as_str().unwrap().to_owned()
        })
        .collect();
    lines.sort();
    assert_eq!(lines, objects, "{name}: as a stream");
    for object in objects {
        count.checked_again += 1;
        let again = run.check(&object, text(request, "relation"), text(request, "user"), assertion);
        assert_eq!(told(again, 200)["allowed"], true, "{name}: {object} of {assertion}");
    }
}

fn list_users(run: &Run<'_>, assertion: &Value, name: &str, count: &mut Count) {
    let request = &assertion["request"];
    let (kind, id) = text(request, "object").split_once(':').unwrap();
    let filter = request["filters"][0].as_str().unwrap();
    let (of, relation) = filter.split_once('#').unwrap_or((filter, ""));
    let body = json!({
        "object": { "type": kind, "id": id },
        "relation": request["relation"],
        "user_filters": [{ "type": of, "relation": relation }],
    });
    count.users += 1;
    let answer = run.ask("list-users", body, assertion);
    let Some(found) = expected(&answer, assertion, name) else { return };
    let mut users: Vec<String> = items(found, "users").iter().map(user_text).collect();
    users.sort();
    assert_eq!(users, sorted(&assertion["expectation"]), "{name}: {assertion}");
    for user in users {
        count.checked_again += 1;
        let again = run.check(text(request, "object"), text(request, "relation"), &user, assertion);
        assert_eq!(told(again, 200)["allowed"], true, "{name}: {user} of {assertion}");
    }
}

#[test]
fn openfga_conformance() {
    let Some(suite) = data("openfga/conformance.json") else { return };
    let mut tests = suite["tests"].as_array().unwrap().clone();
    // The whole of upstream's files as JSON, where somebody has them at hand.
    if let Some(more) = std::env::var_os("LATCHKEY_OPENFGA_TESTS_JSON") {
        for file in std::env::split_paths(&more) {
            let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            tests.extend(all["tests"].as_array().unwrap().iter().cloned());
        }
    }
    let world = World::default();
    let (mut stored, mut contextual) = (Count::default(), Count::default());
    for test in &tests {
        run_test(&world, test, false, &mut stored);
        let few = items(&test["stages"][0], "tuples").len() <= 100;
        if items(test, "stages").len() == 1 && few {
            run_test(&world, test, true, &mut contextual);
        }
    }
    for (how, count) in [("stored", stored), ("contextual", contextual)] {
        println!(
            "openfga, tuples {how}: {} tests; {} checks, {} lists of objects (each also as a stream), {} lists of users, {} listed ones checked again",
            tests.len(),
            count.checks,
            count.objects,
            count.users,
            count.checked_again
        );
    }
}
