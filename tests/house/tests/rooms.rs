//! One table of rooms (docs/ARCHITECTURE.md), and everything that must agree with it: `spin.toml`, the rooms' routing tables, the schema's page
//! and the OpenAPI document.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a page that cannot be read has to stop the test")]

use std::{collections::BTreeSet, path::Path};

/// A row of the table.
struct Room {
    name: String,
    routes: BTreeSet<String>,
    writes: BTreeSet<String>,
    variables: BTreeSet<String>,
    reaches: String,
}

fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The words in back-ticks.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn rooms() -> Vec<Room> {
    let page = read("docs/ARCHITECTURE.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, routes, writes, variables, reaches] = cells[..] else {
                panic!("a row of five: {line}")
            };
            Room {
                name: name.to_owned(),
                routes: words(routes),
                writes: words(writes),
                variables: words(variables),
                reaches: reaches.to_owned(),
            }
        })
        .collect()
}

fn manifest() -> toml::Table {
    read("spin.toml").parse().unwrap()
}

fn tables() -> Vec<(&'static str, &'static [(&'static str, &'static str)])> {
    vec![
        ("admin", admin::routes::TABLE),
        ("authz", authz::routes::TABLE),
        ("janitor", janitor::routes::TABLE),
        ("magic-link", magic_link::routes::TABLE),
        ("pages", pages::routes::TABLE),
        ("passkey", passkey::routes::TABLE),
        ("session", session::routes::TABLE),
        ("step-up", step_up::routes::TABLE),
    ]
}

/// As `spin.toml` writes it: `/x/*` of the table is `/x/...`.
fn covers(route: &str, path: &str) -> bool {
    match route.strip_suffix("/...") {
        Some(folder) => path == folder || path.starts_with(&format!("{folder}/")),
        None => route == path,
    }
}

#[test]
fn spin_toml_grants_each_room_its_row() {
    let manifest = manifest();
    let components = manifest["component"].as_table().unwrap();
    let rooms = rooms();
    let names: BTreeSet<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(names, components.keys().map(String::as_str).collect(), "rooms and components");
    for room in &rooms {
        let component = &components[&room.name];
        let triggers = manifest["trigger"]["http"].as_array().unwrap().iter();
        let routes: BTreeSet<String> = triggers
            .filter(|trigger| trigger["component"].as_str() == Some(&room.name))
            .map(|trigger| trigger["route"].as_str().unwrap().replace("/...", "/*"))
            .collect();
        assert_eq!(routes, room.routes, "routes of {}", room.name);
        let granted = component.get("variables").and_then(toml::Value::as_table).into_iter().flatten();
        let granted: BTreeSet<String> = granted
            .filter(|(name, _)| !["public_url", "trusted_proxy_header"].contains(&name.as_str()))
            // `mailer_*` stands for the provider's settings.
            .map(|(name, _)| if name.starts_with("mailer_") { "mailer_*".to_owned() } else { name.clone() })
            .collect();
        assert_eq!(granted, room.variables, "variables of {}", room.name);
        let hosts = component.get("allowed_outbound_hosts").and_then(toml::Value::as_array);
        assert_eq!(
            hosts.is_some_and(|hosts| !hosts.is_empty()),
            room.reaches != "–",
            "hosts of {}",
            room.name
        );
        let stores = component.get("key_value_stores").and_then(toml::Value::as_array);
        assert_eq!(stores.is_some(), !room.writes.is_empty(), "stores of {}", room.name);
    }
}

#[test]
fn every_route_of_a_room_reaches_it() {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    for (room, table) in tables() {
        for (method, path) in table {
            let best = triggers
                .iter()
                .filter(|trigger| covers(trigger["route"].as_str().unwrap(), path))
                .max_by_key(|trigger| trigger["route"].as_str().unwrap().trim_end_matches("...").len());
            let reached = best.map(|trigger| trigger["component"].as_str().unwrap());
            assert_eq!(reached, Some(room), "{method} {path}");
        }
    }
}

#[test]
fn the_schema_names_the_writers_of_the_table() {
    let pages = kv_schema::page::all();
    for room in rooms() {
        let writes: BTreeSet<String> = pages
            .iter()
            .filter(|page| page.written_by.contains(&room.name.as_str()))
            .map(|page| page.name.to_owned())
            .collect();
        assert_eq!(writes, room.writes, "what {} writes", room.name);
    }
    let names: BTreeSet<String> = rooms().into_iter().map(|room| room.name).collect();
    for page in &pages {
        for room in page.written_by.iter().chain(page.read_by) {
            assert!(
                names.contains(*room),
                "`{}` is written or read by `{room}`, which is no room",
                page.name
            );
        }
    }
}

#[test]
fn the_openapi_document_tells_every_route() {
    let document: serde_json::Value = serde_json::from_str(&read("docs/openapi.json")).unwrap();
    let told: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = ["get", "post", "put", "patch", "delete"];
            let told = item.as_object().unwrap().keys().filter(move |key| methods.contains(&key.as_str()));
            told.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let served: BTreeSet<String> = tables()
        .into_iter()
        .filter(|(room, _)| *room != "pages")
        // What OpenFGA and AuthZEN specify is told by their own documents.
        .flat_map(|(room, table)| {
            table
                .iter()
                .filter(move |(_, path)| room != "authz" || !authz::routes::is_specified_elsewhere(path))
        })
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let missing: Vec<_> = served.difference(&told).collect();
    let invented: Vec<_> =
        told.difference(&served).filter(|route| !route.ends_with(" /openapi.json")).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not told: {missing:?}; told but not served: {invented:?}"
    );
}
