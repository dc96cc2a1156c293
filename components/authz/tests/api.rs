//! OpenFGA's HTTP API: shapes, codes, limits, and what is ours besides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::{check, get, items, key, model, post, refused, send, store, text, told, write};
use serde_json::{Value, json};
use testkit::World;

const MODEL: &str = "model\n  schema 1.1\ntype user\ntype group\n  relations\n    define member: [user, group#member]\ntype doc\n  relations\n    define owner: [user]\n    define blocked: [user]\n    define viewer: [user, user:*, group#member, user with early] or owner\n    define reader: viewer but not blocked\ncondition early(now: timestamp, until: timestamp) {\n  now < until\n}\n";

fn documents() -> (World, String, String) {
    let world = World::default();
    let store = store(&world);
    let model = model(&world, &store, MODEL);
    (world, store, model)
}

#[test]
fn a_store_is_made_told_listed_and_removed() {
    let world = World::default();
    let made = told(post(&world, "/stores", json!({ "name": "My store" })), 201);
    let id = text(&made, "id");
    assert_eq!(
        made,
        json!({ "id": id, "name": "My store", "created_at": "2026-11-24T09:30:00.000Z", "updated_at": "2026-11-24T09:30:00.000Z" })
    );
    let path = format!("/stores/{id}");
    let shown = told(get(&world, &path), 200);
    assert_eq!((text(&shown, "name"), &shown["deleted_at"]), ("My store", &Value::Null));
    let listed = told(get(&world, "/stores"), 200);
    assert_eq!(listed, json!({ "stores": [shown], "continuation_token": "" }));
    assert_eq!(told(get(&world, "/stores?name=other"), 200)["stores"], json!([]));
    assert_eq!(send(&world, "DELETE", &path, Value::Null).status, 204);
    refused(&get(&world, &path), 404, "store_id_not_found");
    for what in ["check", "write", "read", "list-objects", "authorization-models"] {
        let body = json!({ "object": { "type": "doc", "id": "1" }, "user_filters": [{ "type": "user" }], "tuple_key": key("doc:1", "viewer", "user:a") });
        refused(
            &post(
                &world,
                &format!("{path}/{what}"),
                if what == "authorization-models" {
                    json!({ "schema_version": "1.1", "type_definitions": [{ "type": "user" }] })
                } else {
                    body
                },
            ),
            404,
            "store_id_not_found",
        );
    }
    assert_eq!(told(get(&world, "/stores"), 200)["stores"], json!([]));
}

#[test]
fn stores_are_listed_in_pages() {
    let world = World::default();
    for _ in 0..5 {
        store(&world);
    }
    let mut seen = 0;
    let mut token = String::new();
    loop {
        let page = told(get(&world, &format!("/stores?page_size=2&continuation_token={token}")), 200);
        seen += items(&page, "stores").len();
        token = text(&page, "continuation_token").to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, 5);
    refused(&get(&world, "/stores?page_size=101"), 400, "validation_error");
    refused(&get(&world, "/stores?continuation_token=nonsense"), 400, "invalid_continuation_token");
}

#[test]
fn validation_error_for_names_and_ids() {
    let world = World::default();
    for name in ["", "ab", "a\"b<c>", &"x".repeat(65)] {
        refused(&post(&world, "/stores", json!({ "name": name })), 400, "validation_error");
    }
    refused(&get(&world, "/stores/short"), 400, "validation_error");
    refused(&get(&world, "/stores/ZZZZZZZZZZZZZZZZZZZZZZZZZZ"), 404, "store_id_not_found");
}

#[test]
fn models_are_kept_newest_first_and_come_back_as_they_were() {
    let (world, store, first) = documents();
    let second = model(&world, &store, MODEL);
    assert!(second > first);
    let path = format!("/stores/{store}/authorization-models");
    let listed = told(get(&world, &format!("{path}?page_size=1")), 200);
    assert_eq!(text(&items(&listed, "authorization_models")[0], "id"), second);
    let rest =
        told(get(&world, &format!("{path}?continuation_token={}", text(&listed, "continuation_token"))), 200);
    assert_eq!(text(&items(&rest, "authorization_models")[0], "id"), first);
    assert_eq!(text(&rest, "continuation_token"), "");
    let shown = told(get(&world, &format!("{path}/{first}")), 200);
    let shown = &shown["authorization_model"];
    assert_eq!((text(shown, "id"), text(shown, "schema_version")), (first.as_str(), "1.1"));
    assert_eq!(shown["conditions"]["early"]["parameters"]["now"]["type_name"], "TYPE_NAME_TIMESTAMP");
    // Put in again as it came out.
    told(post(&world, &path, shown.clone()), 201);
    refused(
        &get(&world, &format!("{path}/01ARZ3NDEKTSV4RRFFQ69G5FAV")),
        400,
        "authorization_model_not_found",
    );
    let other = common::store(&world);
    refused(
        &get(&world, &format!("/stores/{other}/authorization-models/{first}")),
        400,
        "authorization_model_not_found",
    );
}

#[test]
fn invalid_authorization_model_says_where() {
    let (world, store, _) = documents();
    let path = format!("/stores/{store}/authorization-models");
    let broken = (
        "text/plain",
        "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user\n".to_owned(),
    );
    let answer = testkit::block_on(common::client().send_text(
        &world,
        authz::routes::answer,
        "POST",
        &path,
        Some(broken),
    ));
    refused(&answer, 400, "invalid_authorization_model");
    assert!(answer.json["errors"][0]["line"].as_u64().unwrap() >= 6, "{}", answer.text);
    let unknown = json!({ "schema_version": "1.1", "type_definitions": [{ "type": "doc", "relations": { "viewer": { "this": {} } },
        "metadata": { "relations": { "viewer": { "directly_related_user_types": [{ "type": "nobody" }] } } } }] });
    refused(&post(&world, &path, unknown), 400, "invalid_authorization_model");
    let condition = MODEL.replace("now < until", "now + 1");
    let answer = testkit::block_on(common::client().send_text(
        &world,
        authz::routes::answer,
        "POST",
        &path,
        Some(("text/plain", condition)),
    ));
    assert_eq!(answer.status, 400, "{}", answer.text);
}

#[test]
fn the_model_is_the_named_one_or_the_latest() {
    let (world, store, first) = documents();
    write(&world, &store, &[key("doc:1", "owner", "user:ann")]);
    model(
        &world,
        &store,
        "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define owner: [user]\n    define viewer: [user]\n",
    );
    let path = format!("/stores/{store}/check");
    assert!(!check(&world, &store, "doc:1", "viewer", "user:ann"), "the latest has no `or owner`");
    let asked = json!({ "tuple_key": key("doc:1", "viewer", "user:ann"), "authorization_model_id": first });
    let answer = post(&world, &path, asked);
    assert_eq!(answer.headers["openfga-authorization-model-id"], first.as_str());
    assert_eq!(answer.headers["openfga-store-id"], store.as_str());
    assert_eq!(told(answer, 200)["allowed"], true);
    let unknown = json!({ "tuple_key": key("doc:1", "viewer", "user:ann"), "authorization_model_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV" });
    refused(&post(&world, &path, unknown), 400, "authorization_model_not_found");
    let empty = common::store(&world);
    let asked = json!({ "tuple_key": key("doc:1", "viewer", "user:ann") });
    refused(
        &post(&world, &format!("/stores/{empty}/check"), asked),
        400,
        "latest_authorization_model_not_found",
    );
}

#[test]
fn a_write_is_all_or_nothing_and_says_what_stands_in_its_way() {
    let (world, store, _) = documents();
    let path = format!("/stores/{store}/write");
    let ann = key("doc:1", "viewer", "user:ann");
    write(&world, &store, std::slice::from_ref(&ann));
    let writes = |tuples: Value| json!({ "writes": { "tuple_keys": tuples } });
    refused(
        &post(&world, &path, writes(json!([key("doc:2", "viewer", "user:ann"), ann]))),
        400,
        "write_failed_due_to_invalid_input",
    );
    assert!(!check(&world, &store, "doc:2", "viewer", "user:ann"), "nothing of it");
    refused(
        &post(&world, &path, json!({ "deletes": { "tuple_keys": [key("doc:3", "viewer", "user:ann")] } })),
        400,
        "write_failed_due_to_invalid_input",
    );
    refused(
        &post(
            &world,
            &path,
            writes(json!([key("doc:2", "viewer", "user:b"), key("doc:2", "viewer", "user:b")])),
        ),
        400,
        "cannot_allow_duplicate_tuples_in_one_request",
    );
    let both = json!({ "writes": { "tuple_keys": [ann] }, "deletes": { "tuple_keys": [ann] } });
    refused(&post(&world, &path, both), 400, "cannot_allow_duplicate_tuples_in_one_request");
    refused(&post(&world, &path, json!({})), 400, "invalid_write_input");
    refused(
        &post(&world, &path, writes(json!([key("doc:1", "nothing", "user:ann")]))),
        400,
        "validation_error",
    );
    refused(
        &post(&world, &path, writes(json!([key("ship:1", "viewer", "user:ann")]))),
        400,
        "validation_error",
    );
    refused(
        &post(&world, &path, writes(json!([key("group:a", "member", "group:a#member")]))),
        400,
        "validation_error",
    );
    let many: Vec<Value> = (0..101).map(|at| key(&format!("doc:{at}"), "viewer", "user:many")).collect();
    refused(&post(&world, &path, writes(json!(many))), 400, "exceeded_entity_limit");
    refused(&post(&world, &path, json!({ "writes": 7 })), 400, "validation_error");
    // Told to be lenient.
    let lenient = json!({ "writes": { "tuple_keys": [ann], "on_duplicate": "ignore" }, "deletes": { "tuple_keys": [key("doc:3", "viewer", "user:ann")], "on_missing": "ignore" } });
    let before = told(get(&world, &format!("/stores/{store}/changes")), 200);
    assert_eq!(told(post(&world, &path, lenient), 200), json!({}));
    assert_eq!(told(get(&world, &format!("/stores/{store}/changes")), 200), before, "nothing has changed");
    let mut other = ann;
    other["condition"] = json!({ "name": "early" });
    let lenient = json!({ "writes": { "tuple_keys": [other], "on_duplicate": "ignore" } });
    refused(&post(&world, &path, lenient), 409, "Aborted");
}

#[test]
fn tuples_are_read_by_their_parts_and_in_pages() {
    let (world, store, _) = documents();
    let mut all: Vec<Value> = (0..30).map(|at| key(&format!("doc:{at:02}"), "viewer", "user:ann")).collect();
    all.push(key("doc:00", "owner", "user:ann"));
    all.push(key("doc:00", "viewer", "group:x#member"));
    all.push(key("group:x", "member", "user:bob"));
    write(&world, &store, &all);
    let path = format!("/stores/{store}/read");
    let read = |wanted: Value| {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let mut body = json!({ "page_size": 7, "continuation_token": token });
            if !wanted.is_null() {
                body["tuple_key"] = wanted.clone();
            }
            let page = told(post(&world, &path, body), 200);
            found.extend(
                items(&page, "tuples")
                    .iter()
                    .map(|tuple| tuple["key"]["object"].as_str().unwrap().to_owned()),
            );
            token = text(&page, "continuation_token").to_owned();
            if token.is_empty() {
                return found;
            }
        }
    };
    assert_eq!(read(Value::Null).len(), 33);
    assert_eq!(read(json!({ "object": "doc:00" })).len(), 3);
    assert_eq!(read(json!({ "object": "doc:00", "relation": "viewer" })).len(), 2);
    assert_eq!(read(json!({ "object": "doc:00", "user": "user:ann" })).len(), 2);
    assert_eq!(read(json!({ "object": "doc:", "user": "user:ann" })).len(), 31);
    assert_eq!(read(json!({ "object": "doc:", "relation": "owner", "user": "user:ann" })).len(), 1);
    assert_eq!(read(key("doc:05", "viewer", "user:ann")), ["doc:05"]);
    assert_eq!(read(key("doc:05", "viewer", "user:eve")).len(), 0);
    for wanted in [json!({ "object": "doc:" }), json!({ "user": "user:ann" }), json!({ "object": "doc" })] {
        refused(&post(&world, &path, json!({ "tuple_key": wanted })), 400, "validation_error");
    }
    refused(&post(&world, &path, json!({ "page_size": 101 })), 400, "validation_error");
    refused(&post(&world, &path, json!({ "page_size": -1 })), 400, "validation_error");
    let page = told(post(&world, &path, json!({ "page_size": 1 })), 200);
    let foreign =
        json!({ "tuple_key": { "object": "doc:00" }, "continuation_token": page["continuation_token"] });
    refused(&post(&world, &path, foreign), 400, "invalid_continuation_token");
    let one = told(post(&world, &path, json!({ "tuple_key": key("doc:05", "viewer", "user:ann") })), 200);
    assert_eq!(
        one,
        json!({ "tuples": [{ "key": { "user": "user:ann", "relation": "viewer", "object": "doc:05", "condition": null }, "timestamp": "2026-11-24T09:30:00.000Z" }], "continuation_token": "" })
    );
}

#[test]
fn changes_are_told_in_order_and_their_token_never_ends() {
    let (world, store, _) = documents();
    let path = format!("/stores/{store}/changes");
    let none = told(get(&world, &path), 200);
    assert_eq!(none, json!({ "changes": [], "continuation_token": "" }));
    write(&world, &store, &[key("doc:1", "viewer", "user:ann"), key("group:x", "member", "user:bob")]);
    let delete = json!({ "deletes": { "tuple_keys": [key("doc:1", "viewer", "user:ann")] } });
    told(post(&world, &format!("/stores/{store}/write"), delete), 200);
    let all = told(get(&world, &path), 200);
    let operations: Vec<&str> = items(&all, "changes").iter().map(|line| text(line, "operation")).collect();
    assert_eq!(operations, ["TUPLE_OPERATION_WRITE", "TUPLE_OPERATION_WRITE", "TUPLE_OPERATION_DELETE"]);
    let token = text(&all, "continuation_token");
    let end = told(get(&world, &format!("{path}?continuation_token={token}")), 200);
    assert_eq!(end, json!({ "changes": [], "continuation_token": token }));
    let docs = told(get(&world, &format!("{path}?type=doc&page_size=1")), 200);
    assert_eq!(items(&docs, "changes").len(), 1);
    let token = text(&docs, "continuation_token");
    assert_eq!(
        items(&told(get(&world, &format!("{path}?type=doc&continuation_token={token}")), 200), "changes")
            .len(),
        1
    );
    refused(
        &get(&world, &format!("{path}?type=group&continuation_token={token}")),
        400,
        "query_string_type_continuation_token_mismatch",
    );
    refused(&get(&world, &format!("{path}?start_time=yesterday")), 400, "invalid_start_time");
    let later = told(get(&world, &format!("{path}?start_time=2026-11-24T09:30:01Z")), 200);
    assert_eq!(items(&later, "changes").len(), 0);
    let earlier = told(get(&world, &format!("{path}?start_time=2026-11-24T10:29:59%2B01:00")), 200);
    assert_eq!(items(&earlier, "changes").len(), 3);
}

#[test]
fn a_batch_answers_each_check_for_itself() {
    let (world, store, _) = documents();
    write(&world, &store, &[key("doc:1", "viewer", "user:ann")]);
    let path = format!("/stores/{store}/batch-check");
    let item = |id: &str, relation: &str| json!({ "tuple_key": key("doc:1", relation, "user:ann"), "correlation_id": id });
    let asked = json!({ "checks": [item("a", "viewer"), item("b", "owner"), item("c", "nothing")] });
    let result = &told(post(&world, &path, asked), 200)["result"];
    assert_eq!((&result["a"], &result["b"]), (&json!({ "allowed": true }), &json!({ "allowed": false })));
    assert_eq!(text(&result["c"]["error"], "input_error"), "validation_error");
    for checks in [
        json!([]),
        json!([item("a", "viewer"), item("a", "viewer")]),
        json!([item("", "viewer")]),
        json!([item("a b", "viewer")]),
    ] {
        refused(&post(&world, &path, json!({ "checks": checks })), 400, "validation_error");
    }
    let many: Vec<Value> = (0..51).map(|at| item(&at.to_string(), "viewer")).collect();
    refused(&post(&world, &path, json!({ "checks": many })), 400, "validation_error");
}

#[test]
fn expand_tells_one_level() {
    let (world, store, _) = documents();
    write(&world, &store, &[key("doc:1", "viewer", "user:ann"), key("doc:1", "viewer", "group:x#member")]);
    let tree = told(
        post(
            &world,
            &format!("/stores/{store}/expand"),
            json!({ "tuple_key": { "object": "doc:1", "relation": "viewer" } }),
        ),
        200,
    );
    let root = &tree["tree"]["root"];
    assert_eq!(text(root, "name"), "doc:1#viewer");
    let nodes = items(&root["union"], "nodes");
    assert_eq!(nodes[0]["leaf"]["users"]["users"], json!(["group:x#member", "user:ann"]));
    assert_eq!(text(&nodes[1]["leaf"]["computed"], "userset"), "doc:1#owner");
}

#[test]
fn lists_are_complete_or_carry_a_token() {
    let (world, store, _) = documents();
    let tuples: Vec<Value> = (0..60).map(|at| key(&format!("doc:{at:02}"), "viewer", "user:ann")).collect();
    write(&world, &store, &tuples);
    let asked = |more: Value| {
        let mut body = json!({ "type": "doc", "relation": "reader", "user": "user:ann" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        told(post(&world, &format!("/stores/{store}/list-objects"), body), 200)
    };
    let whole = asked(json!({}));
    assert_eq!((items(&whole, "objects").len(), whole.get("continuation_token")), (60, None));
    let page = asked(json!({ "page_size": 40 }));
    let rest = asked(json!({ "page_size": 40, "continuation_token": page["continuation_token"] }));
    let mut both = items(&page, "objects").to_vec();
    both.extend(items(&rest, "objects").iter().cloned());
    assert_eq!(both, items(&whole, "objects"));
    let users = json!({ "object": { "type": "doc", "id": "00" }, "relation": "reader", "user_filters": [{ "type": "user" }] });
    let found = told(post(&world, &format!("/stores/{store}/list-users"), users), 200);
    assert_eq!(found, json!({ "users": [{ "object": { "type": "user", "id": "ann" } }] }));
    let two = json!({ "object": { "type": "doc", "id": "00" }, "relation": "reader", "user_filters": [{ "type": "user" }, { "type": "group" }] });
    refused(&post(&world, &format!("/stores/{store}/list-users"), two), 400, "validation_error");
}

#[test]
fn explain_tells_the_way_the_tries_and_what_is_missing() {
    let (world, store, _) = documents();
    let mut early = key("doc:2", "viewer", "user:eve");
    early["condition"] = json!({ "name": "early", "context": { "until": "2027-01-01T00:00:00Z" } });
    write(
        &world,
        &store,
        &[
            key("doc:1", "owner", "user:ann"),
            key("doc:1", "owner", "user:bob"),
            key("doc:1", "blocked", "user:bob"),
            early,
        ],
    );
    let ask = |object: &str, user: &str| {
        post(&world, &format!("/stores/{store}/explain"), json!({ "tuple_key": key(object, "reader", user) }))
    };
    let yes = told(ask("doc:1", "user:ann"), 200);
    assert_eq!((&yes["allowed"], yes["path"].is_array()), (&json!(true), true), "{yes}");
    let no = told(ask("doc:1", "user:bob"), 200);
    assert_eq!(no["allowed"], false);
    assert!(no["tried"].to_string().contains("excluded"), "{no}");
    let missing = ask("doc:2", "user:eve");
    refused(&missing, 400, "validation_error");
    assert_eq!(missing.json["missing"], json!(["now"]));
}

#[test]
fn assertions_are_kept_beside_their_model() {
    let (world, store, model) = documents();
    let path = format!("/stores/{store}/assertions/{model}");
    assert_eq!(told(get(&world, &path), 200), json!({ "authorization_model_id": model, "assertions": [] }));
    let one = json!({ "tuple_key": key("doc:1", "viewer", "user:ann"), "expectation": true, "contextual_tuples": [key("doc:1", "owner", "user:ann")], "context": null });
    assert_eq!(send(&world, "PUT", &path, json!({ "assertions": [one] })).status, 204);
    assert_eq!(told(get(&world, &path), 200)["assertions"], json!([one]));
    let wrong =
        json!({ "assertions": [{ "tuple_key": key("doc:1", "nothing", "user:ann"), "expectation": true }] });
    refused(&send(&world, "PUT", &path, wrong), 400, "validation_error");
    let many = json!({ "assertions": vec![one.clone(); 101] });
    refused(&send(&world, "PUT", &path, many), 400, "validation_error");
    refused(
        &get(&world, &format!("/stores/{store}/assertions/01ARZ3NDEKTSV4RRFFQ69G5FAV")),
        400,
        "authorization_model_not_found",
    );
}

#[test]
fn what_a_request_brings_counts_for_it_alone() {
    let (world, store, _) = documents();
    let path = format!("/stores/{store}/check");
    let brought = json!({ "tuple_key": key("doc:1", "viewer", "user:ann"), "contextual_tuples": { "tuple_keys": [key("doc:1", "owner", "user:ann")] } });
    assert_eq!(told(post(&world, &path, brought), 200)["allowed"], true);
    assert!(!check(&world, &store, "doc:1", "viewer", "user:ann"));
    let wrong = json!({ "tuple_key": key("doc:1", "viewer", "user:ann"), "contextual_tuples": { "tuple_keys": [key("doc:1", "nothing", "user:ann")] } });
    refused(&post(&world, &path, wrong), 400, "invalid_tuple");
    refused(&post(&world, &path, json!({})), 400, "validation_error");
    refused(&post(&world, &path, json!([])), 400, "validation_error");
}

#[test]
fn health_is_told_to_everybody() {
    let world = World::default();
    let answer = testkit::block_on(testkit::Browser::default().send(
        &world,
        authz::routes::answer,
        "GET",
        "/healthz",
        Value::Null,
    ));
    assert_eq!(told(answer, 200), json!({ "status": "SERVING" }));
}
