//! The sample stores of OpenFGA's community: models as people write them, through the routes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::{data, items, key, post, text, told};
use serde_json::{Value, json};
use testkit::World;

fn names(value: &Value) -> Vec<String> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice).iter();
    let mut names: Vec<String> = list.map(|name| name.as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// A store with its model and these tuples.
fn store_of(world: &World, sample: &Value, tuples: &[Value]) -> String {
    let store = common::store(world);
    told(post(world, &format!("/stores/{store}/authorization-models"), sample["model"].clone()), 201);
    for some in tuples.chunks(100) {
        common::write(world, &store, some);
    }
    store
}

#[test]
fn sample_stores() {
    let Some(all) = data("sample-stores/stores.json") else { return };
    let world = World::default();
    let (mut checks, mut objects, mut users, mut tests) = (0, 0, 0, 0);
    for sample in items(&all, "stores") {
        let path = text(sample, "path");
        for test in items(sample, "tests") {
            tests += 1;
            let mut tuples = items(sample, "tuples").to_vec();
            tuples.extend(items(test, "tuples").iter().cloned());
            let store = store_of(&world, sample, &tuples);
            let ask = |what: &str, mut body: Value, of: &Value| {
                body["context"] = of["context"].clone();
                told(post(&world, &format!("/stores/{store}/{what}"), body), 200)
            };
            for of in items(test, "check") {
                for (relation, wanted) in of["assertions"].as_object().unwrap() {
                    let body = json!({ "tuple_key": key(text(of, "object"), relation, text(of, "user")) });
                    checks += 1;
                    assert_eq!(&ask("check", body, of)["allowed"], wanted, "{path}: {relation} of {of}");
                }
            }
            for of in items(test, "list_objects") {
                for (relation, wanted) in of["assertions"].as_object().unwrap() {
                    let body = json!({ "type": of["type"], "relation": relation, "user": of["user"] });
                    objects += 1;
                    let found = names(&ask("list-objects", body, of)["objects"]);
                    assert_eq!(found, names(wanted), "{path}: {relation} of {of}");
                }
            }
            for of in items(test, "list_users") {
                let (kind, id) = text(of, "object").split_once(':').unwrap();
                for (relation, wanted) in of["assertions"].as_object().unwrap() {
                    let body = json!({
                        "object": { "type": kind, "id": id }, "relation": relation, "user_filters": of["user_filter"],
                    });
                    users += 1;
                    let found = ask("list-users", body, of);
                    let mut found: Vec<String> = items(&found, "users")
                        .iter()
                        .map(|user| {
                            let (kind, who) = user.as_object().unwrap().iter().next().unwrap();
                            let id = if kind == "wildcard" { "*" } else { text(who, "id") };
                            let relation =
                                who["relation"].as_str().map(|name| format!("#{name}")).unwrap_or_default();
                            format!("{}:{id}{relation}", text(who, "type"))
                        })
                        .collect();
                    found.sort();
                    assert_eq!(found, names(&wanted["users"]), "{path}: {relation} of {of}");
                }
            }
        }
    }
    println!(
        "sample stores: {tests} tests; {checks} checks, {objects} lists of objects, {users} lists of users"
    );
}
