//! `cargo xtask tidy`: the house rules that no compiler knows. Each rule says what it wants when it is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::say::{Because as _, Result, progress, refuse};
use crate::tree::{Tree, output};

/// Which of our crates each kind of crate may use in what ships. Development dependencies are free, but for `testkit` and `rig` the other way round:
/// they may be used for nothing else.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("fga", &["domain"]),
    ("jose", &["domain"]),
    ("ports", &["domain"]),
    ("risk", &["domain"]),
    ("webauthn", &["domain"]),
    ("web", &["domain", "ports"]),
    ("kv-schema", &["domain", "jose", "ports"]),
    ("mail", &["domain", "kv-schema", "ports"]),
    ("spin-ports", &["domain", "ports", "web"]),
    ("testkit", &["domain", "kv-schema", "ports", "web"]),
    ("risk-scorer", &["domain", "risk"]),
    ("xtask", &[]),
];

/// What a room may use: every shared crate, never another room.
const ROOMS_MAY_USE: &[&str] =
    &["domain", "fga", "jose", "kv-schema", "mail", "ports", "risk", "spin-ports", "web", "webauthn"];

/// Who may name the platform.
const PLATFORM: (&str, &[&str]) = ("spin-sdk", &["spin-ports"]);

/// Looks at everything and tells all that is wrong at once.
pub(crate) fn tidy(tree: &Tree) -> Result<()> {
    let metadata = metadata(tree, "Cargo.toml", true)?;
    let mut wrong = directions(&metadata);
    wrong.extend(sources(tree)?);
    for manifest in ["Cargo.toml", "host/Cargo.toml"] {
        wrong.extend(licences(tree, manifest)?);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    for line in &wrong {
        progress(line);
    }
    refuse(format!("{} house rules are broken, see above", wrong.len()))
}

fn metadata(tree: &Tree, manifest: &str, ours_alone: bool) -> Result<Value> {
    let mut cargo = tree.cargo();
    cargo.args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest]);
    if ours_alone {
        cargo.arg("--no-deps");
    }
    serde_json::from_str(&output(&mut cargo)?).because(|| "cargo's metadata cannot be read".to_owned())
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The dependency direction of the house.
fn directions(metadata: &Value) -> Vec<String> {
    let packages: BTreeMap<&str, &Value> =
        list(metadata, "packages").map(|package| (text(package, "name"), package)).collect();
    let mut wrong = Vec::new();
    for (name, package) in &packages {
        let folder = text(package, "manifest_path");
        let room = folder.contains("/components/");
        let test = folder.contains("/tests/") || folder.contains("/benches/");
        for dependency in list(package, "dependencies") {
            let used = text(dependency, "name");
            let ships = text(dependency, "kind") != "dev";
            if used == PLATFORM.0 && !PLATFORM.1.contains(name) && !test {
                wrong.push(format!("`{name}` names `{used}`: only {} may", PLATFORM.1.join(", ")));
            }
            if !packages.contains_key(used) || test || !ships {
                continue;
            }
            let allowed = if room {
                ROOMS_MAY_USE
            } else {
                match MAY_USE.iter().find(|(of, _)| of == name) {
                    Some((_, allowed)) => allowed,
                    None => {
                        wrong.push(format!(
                            "`{name}` has no row in xtask/src/tidy.rs that says what it may use"
                        ));
                        break;
                    }
                }
            };
            if !allowed.contains(&used) {
                wrong.push(format!("`{name}` must not depend on `{used}`"));
            }
            if used == "spin-ports" && !text(dependency, "target").contains("wasm32") {
                wrong.push(format!("`{name}` must depend on `spin-ports` for wasm32 alone"));
            }
        }
    }
    wrong
}

/// What our own files may not hold.
fn sources(tree: &Tree) -> Result<Vec<String>> {
    let files = output(tree.command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut wrong = Vec::new();
    for file in files.lines().filter(|file| tree.path(file).is_file()) {
        let Ok(text) = std::fs::read_to_string(tree.path(file)) else { continue };
        let rust = Path::new(file).extension().is_some_and(|ending| ending == "rs");
        let generated = file.contains("/wit/");
        if rust && !generated && !file.starts_with("fuzz/") && !text.starts_with("//!") {
            wrong.push(format!("`{file}` does not begin with what it is for (`//!`)"));
        }
        // Spelled in two parts, so that this file does not break its own rule.
        let key = concat!("\"lk1", ":");
        if rust && !file.starts_with("kv-schema/") && text.contains(key) && !file.contains("tests/") {
            wrong.push(format!("`{file}` spells a storage key: only kv-schema may"));
        }
        for (at, line) in text.lines().enumerate() {
            if ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark)) {
                wrong.push(format!("`{file}` line {} is left over from a merge", at + 1));
            }
        }
    }
    Ok(wrong)
}

/// Every package that is built has a licence that `deny.toml` allows; `cargo deny` itself is asked too where it is installed.
fn licences(tree: &Tree, manifest: &str) -> Result<Vec<String>> {
    let deny: toml::Table =
        tree.read("deny.toml")?.parse().because(|| "`deny.toml` cannot be read".to_owned())?;
    let allow =
        deny.get("licenses").and_then(|licences| licences.get("allow")).and_then(toml::Value::as_array);
    let allow: BTreeSet<&str> = allow.into_iter().flatten().filter_map(toml::Value::as_str).collect();
    let metadata = metadata(tree, manifest, false)?;
    let mut wrong = Vec::new();
    for package in
        list(&metadata, "packages").filter(|package| !package.get("source").is_none_or(Value::is_null))
    {
        let licence = text(package, "license");
        if !allowed(licence, &allow) {
            wrong.push(format!(
                "`{}` has the licence `{licence}`, which deny.toml does not allow",
                text(package, "name")
            ));
        }
    }
    Ok(wrong)
}

/// SPDX expressions as packages write them: `A OR B`, `A AND B`, the old `A/B`, one level of brackets.
fn allowed(expression: &str, allow: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    !expression.is_empty()
        && expression.split(" AND ").all(|all| all.split(" OR ").any(|one| allow.contains(one.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn licence_expressions() {
        let allow = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
        for (expression, fits) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-2.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("MIT AND GPL-3.0-only", false),
            ("", false),
        ] {
            assert_eq!(allowed(expression, &allow), fits, "{expression}");
        }
    }

    fn told(name: &str, folder: &str, dependency: Value) -> Vec<String> {
        let known = ["domain", "web", "passkey", "session", "testkit", "spin-ports"];
        let mut packages: Vec<Value> = known
            .iter()
            .filter(|known| **known != name)
            .map(|known| json!({ "name": known, "manifest_path": "/x/crates/x/Cargo.toml", "dependencies": [] }))
            .collect();
        packages.push(json!({ "name": name, "manifest_path": folder, "dependencies": [dependency] }));
        directions(&json!({ "packages": packages }))
    }

    #[test]
    fn a_room_that_uses_a_room_is_told() {
        let told =
            told("session", "/x/components/session/Cargo.toml", json!({ "name": "passkey", "kind": null }));
        assert_eq!(told, ["`session` must not depend on `passkey`"]);
    }

    #[test]
    fn domain_that_knows_http_is_told() {
        assert_eq!(
            told("domain", "/x/crates/domain/Cargo.toml", json!({ "name": "web", "kind": null })).len(),
            1
        );
    }

    #[test]
    fn the_platform_outside_its_crate_is_told() {
        let told = told("web", "/x/crates/web/Cargo.toml", json!({ "name": "spin-sdk", "kind": null }));
        assert_eq!(told, ["`web` names `spin-sdk`: only spin-ports may"]);
    }

    #[test]
    fn testkit_is_for_tests_alone() {
        let room = "/x/components/session/Cargo.toml";
        assert_eq!(told("session", room, json!({ "name": "testkit", "kind": null })).len(), 1);
        assert!(told("session", room, json!({ "name": "testkit", "kind": "dev" })).is_empty());
    }
}
