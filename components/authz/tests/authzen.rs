//! AuthZEN: the interoperability scenarios, and the rules of the certification.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use authz::routes::answer;
use common::{client, data, get, items, key, model, post, told, write};
use serde_json::{Value, json};
use testkit::{World, block_on};

const ROOT: &str = "00000000000000000000000000";

/// A world whose root tenant has this scenario.
fn scenario(fixtures: &Value, name: &str) -> World {
    let world = World::default();
    let fixture = &fixtures[name];
    told(post(&world, &format!("/stores/{ROOT}/authorization-models"), fixture["model"].clone()), 201);
    for some in items(fixture, "tuples").chunks(100) {
        write(&world, ROOT, some);
    }
    world
}

fn results(list: &Value) -> Vec<String> {
    let mut names: Vec<String> = items(list, "results").iter().map(ToString::to_string).collect();
    names.sort();
    names
}

/// All pages of a search.
fn search(world: &World, path: &str, request: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let mut body = request.clone();
    body["page"] = json!({ "limit": 3 });
    loop {
        let page = told(post(world, path, body.clone()), 200);
        assert!(items(&page, "results").len() <= 3);
        all.extend(results(&page));
        match page["page"]["next_token"].as_str().unwrap() {
            "" => break,
            token => body["page"] = json!({ "limit": 3, "token": token }),
        }
    }
    all.sort();
    assert_eq!(all, results(&told(post(world, path, request.clone()), 200)), "in one page");
    all
}

#[test]
fn interoperability_scenarios() {
    let Some(fixtures) = data("authzen/fixtures.json") else { return };
    let todo = scenario(&fixtures, "todo");
    let (mut evaluations, mut batches, mut searches) = (0, 0, 0);
    let folder = "authzen/authzen-todo-backend/test/decisions";
    for file in ["-authorization-api-1_0-02.json", "-authorization-api-1_0-01.json"] {
        let Some(cases) = data(&format!("{folder}{file}")) else { continue };
        for case in items(&cases, "evaluation") {
            evaluations += 1;
            let found = told(post(&todo, "/access/v1/evaluation", case["request"].clone()), 200);
            assert_eq!(found["decision"], case["expected"], "{case}");
        }
        for case in items(&cases, "evaluations") {
            batches += 1;
            let found = told(post(&todo, "/access/v1/evaluations", case["request"].clone()), 200);
            let found: Vec<&Value> =
                items(&found, "evaluations").iter().map(|item| &item["decision"]).collect();
            let wanted: Vec<&Value> = case["expected"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item.get("decision").unwrap_or(item))
                .collect();
            assert_eq!(found, wanted, "{case}");
        }
    }
    let gateway = scenario(&fixtures, "api-gateway");
    let cases = data("authzen/authzen-api-gateways/test-harness/test/decisions.json").unwrap();
    for case in items(&cases, "evaluation") {
        evaluations += 1;
        let found = told(post(&gateway, "/access/v1/evaluation", case["request"].clone()), 200);
        assert_eq!(found["decision"], case["expected"], "{case}");
    }
    let world = scenario(&fixtures, "search");
    for what in ["subject", "resource", "action"] {
        let cases =
            data(&format!("authzen/authzen-search-demo/test-harness/src/{what}/results.json")).unwrap();
        for case in items(&cases, "evaluation") {
            searches += 1;
            let found = search(&world, &format!("/access/v1/search/{what}"), &case["request"]);
            assert_eq!(found, results(&case["expected"]), "{case}");
        }
    }
    let cases = data("authzen/authzen-idp/test-harness/src/results.json").unwrap();
    for case in items(&cases, "search") {
        searches += 1;
        let found = search(&world, "/access/v1/search/resource", &case["request"]);
        assert_eq!(found, results(&case["expected"]), "{case}");
    }
    println!("authzen: {evaluations} evaluations, {batches} batches, {searches} searches");
}

fn documents() -> World {
    let world = World::default();
    model(
        &world,
        ROOT,
        "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define owner: [user]\n    define viewer: [user, user with office] or owner\ncondition office(resource_level: int, subject_level: int) {\n  subject_level >= resource_level\n}\n",
    );
    let mut conditional = key("doc:2", "viewer", "user:bob");
    conditional["condition"] = json!({ "name": "office" });
    write(&world, ROOT, &[key("doc:1", "owner", "user:ann"), conditional]);
    world
}

fn question(subject: &str, action: &str, resource: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": subject },
        "action": { "name": action },
        "resource": { "type": "doc", "id": resource },
    })
}

fn decision(world: &World, body: Value) -> bool {
    told(post(world, "/access/v1/evaluation", body), 200)["decision"].as_bool().unwrap()
}

#[test]
fn properties_and_context_reach_conditions_and_what_is_missing_is_a_no() {
    let world = documents();
    assert!(decision(&world, question("ann", "viewer", "1")));
    assert!(!decision(&world, question("bob", "viewer", "2")), "no parameter: no");
    let mut asked = question("bob", "viewer", "2");
    asked["subject"]["properties"] = json!({ "level": 3 });
    asked["resource"]["properties"] = json!({ "level": 2 });
    assert!(decision(&world, asked.clone()));
    asked["context"] = json!({ "subject_level": 1 });
    assert!(!decision(&world, asked), "the context wins");
}

#[test]
fn unknown_things_are_a_no_or_an_empty_list() {
    let world = documents();
    assert!(!decision(&world, question("ann", "delete", "1")));
    let mut foreign = question("ann", "viewer", "1");
    foreign["resource"]["type"] = json!("ship");
    assert!(!decision(&world, foreign.clone()));
    for what in ["subject", "resource", "action"] {
        let mut asked = foreign.clone();
        if what == "action" {
            asked.as_object_mut().unwrap().remove("action");
        }
        let found = told(post(&world, &format!("/access/v1/search/{what}"), asked), 200);
        assert_eq!(found["results"], json!([]), "{what}");
    }
    let empty = World::default();
    assert!(!decision(&empty, question("ann", "viewer", "1")), "a tenant without a model");
}

#[test]
fn what_is_malformed_is_400_with_a_sentence() {
    let world = documents();
    let send = |path: &str, media: &str, body: &str| {
        block_on(client().send_text(&world, answer, "POST", path, Some((media, body.to_owned()))))
    };
    let whole = question("ann", "viewer", "1").to_string();
    assert_eq!(send("/access/v1/evaluation", "application/json; charset=utf-8", &whole).status, 200);
    let mut wrong = vec![("text/plain".to_owned(), whole.clone())];
    for body in ["", "{", "[]", "\"x\"", "{}"] {
        wrong.push(("application/json".to_owned(), body.to_owned()));
    }
    for field in ["subject", "action", "resource"] {
        let mut without = question("ann", "viewer", "1");
        without.as_object_mut().unwrap().remove(field);
        wrong.push(("application/json".to_owned(), without.to_string()));
        let mut typed = question("ann", "viewer", "1");
        typed[field] = json!("text");
        wrong.push(("application/json".to_owned(), typed.to_string()));
    }
    let mut number = question("ann", "viewer", "1");
    number["subject"]["id"] = json!(7);
    wrong.push(("application/json".to_owned(), number.to_string()));
    for (media, body) in wrong {
        for path in ["/access/v1/evaluation", "/access/v1/evaluations"] {
            let answer = send(path, &media, &body);
            assert_eq!(answer.status, 400, "{path} {media} {body}: {}", answer.text);
            assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        }
    }
    for (what, field) in [("subject", "action"), ("resource", "subject"), ("action", "resource")] {
        let mut without = question("ann", "viewer", "1");
        without.as_object_mut().unwrap().remove(field);
        assert_eq!(
            post(&world, &format!("/access/v1/search/{what}"), without).status,
            400,
            "{what} without {field}"
        );
    }
}

#[test]
fn evaluations_take_defaults_and_stop_where_they_are_told_to() {
    let world = documents();
    let ask = |semantic: Value, items: Value| {
        let body = json!({
            "subject": { "type": "user", "id": "ann" }, "action": { "name": "viewer" },
            "evaluations": items, "options": semantic,
        });
        let answer = told(post(&world, "/access/v1/evaluations", body), 200);
        items_of(&answer)
    };
    let of = |id: &str| json!({ "resource": { "type": "doc", "id": id } });
    let bob = json!({ "resource": { "type": "doc", "id": "1" }, "subject": { "type": "user", "id": "bob" } });
    let all = json!([of("1"), of("2"), of("1"), bob, {}]);
    assert_eq!(ask(json!({}), all.clone()), [true, false, true, false, false]);
    let named = |name: &str| json!({ "evaluations_semantic": name });
    assert_eq!(ask(named("execute_all"), all.clone()), [true, false, true, false, false]);
    assert_eq!(ask(named("deny_on_first_deny"), all.clone()), [true, false]);
    assert_eq!(ask(named("permit_on_first_permit"), all.clone()), [true]);
    let body = json!({ "evaluations": all, "options": named("whatever") });
    assert_eq!(post(&world, "/access/v1/evaluations", body).status, 400);
    // Without items it is the single one.
    for more in [json!({}), json!({ "evaluations": [] })] {
        let mut body = question("ann", "viewer", "1");
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(told(post(&world, "/access/v1/evaluations", body), 200), json!({ "decision": true }));
    }
}

fn items_of(answer: &Value) -> Vec<bool> {
    items(answer, "evaluations").iter().map(|item| item["decision"].as_bool().unwrap()).collect()
}

#[test]
fn a_token_of_another_search_is_refused() {
    let world = documents();
    write(&world, ROOT, &[key("doc:1", "viewer", "user:a"), key("doc:1", "viewer", "user:b")]);
    let mut body = question("", "viewer", "1");
    body["page"] = json!({ "limit": 1 });
    let first = told(post(&world, "/access/v1/search/subject", body.clone()), 200);
    assert_eq!(first["page"]["count"], 1);
    body["page"] = json!({ "limit": 1, "token": first["page"]["next_token"] });
    assert_eq!(post(&world, "/access/v1/search/subject", body.clone()).status, 200);
    body["action"]["name"] = json!("owner");
    assert_eq!(post(&world, "/access/v1/search/subject", body).status, 400);
}

#[test]
fn a_reason_is_told_on_request() {
    let world = documents();
    let mut asked = question("ann", "viewer", "1");
    asked["options"] = json!({ "explain": true });
    let yes = told(post(&world, "/access/v1/evaluation", asked), 200);
    assert!(yes["context"]["reason"]["path"].is_array(), "{yes}");
    let mut asked = question("eve", "viewer", "1");
    asked["options"] = json!({ "explain": true });
    let no = told(post(&world, "/access/v1/evaluation", asked), 200);
    assert!(no["context"]["reason"]["tried"].is_array(), "{no}");
}

#[test]
fn the_metadata_name_the_one_who_is_asked() {
    let world = World::default();
    let whole = told(get(&world, "/.well-known/authzen-configuration"), 200);
    assert_eq!(whole["policy_decision_point"], "http://localhost:3000");
    assert_eq!(whole["access_evaluation_endpoint"], "http://localhost:3000/access/v1/evaluation");
    let one = told(get(&world, &format!("/.well-known/authzen-configuration/stores/{ROOT}")), 200);
    assert_eq!(
        one["search_action_endpoint"],
        format!("http://localhost:3000/stores/{ROOT}/access/v1/search/action")
    );
    let told_ = told(
        post(&documents(), &format!("/stores/{ROOT}/access/v1/evaluation"), question("ann", "viewer", "1")),
        200,
    );
    assert_eq!(told_, json!({ "decision": true }));
}

#[test]
fn no_token_and_no_tenant() {
    let world = documents();
    let mut stranger = client().without("authorization");
    let asked = question("ann", "viewer", "1");
    let answer = block_on(stranger.send(&world, answer, "POST", "/access/v1/evaluation", asked.clone()));
    assert_eq!(answer.status, 401);
    assert_eq!(post(&world, "/access/v1/evaluation?tenant=nobody", asked.clone()).status, 404);
    assert_eq!(post(&world, "/access/v1/evaluation?tenant=root", asked).status, 200);
}
