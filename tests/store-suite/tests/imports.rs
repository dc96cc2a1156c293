//! What was built imports nothing that its target does not have.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "all of it is a test, its helpers too")]

use std::{path::Path, process::Command};

/// Built as usual, and for hosts without atomics.
const TARGETS: [(&str, &str); 2] = [("spin", "wasm"), ("akamai", "one-time-redis.wasm")];

/// The names of all components of ours.
fn names() -> Vec<String> {
    let folders = std::fs::read_dir(rig::root().join("components")).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().to_string_lossy().replace('-', "_")).collect();
    names.push("store_suite".to_owned());
    names.sort();
    names
}

fn allowed(target: &str) -> Vec<String> {
    let file = rig::root().join(format!("tests/imports/{target}.txt"));
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn imports(file: &Path) -> Vec<String> {
    let told = Command::new(rig::host()).arg("imports").arg(file).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What is imported and not allowed.
fn strange<'a>(imports: &'a [String], allowed: &[String]) -> Vec<&'a str> {
    let fits = |import: &str, line: &String| {
        import.strip_prefix(line.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let strange = imports.iter().filter(|import| !allowed.iter().any(|line| fits(import, line)));
    strange.map(String::as_str).collect()
}

#[test]
fn every_component_imports_what_its_target_has() {
    for (target, ending) in TARGETS {
        let allowed = allowed(target);
        let built: Vec<String> = names()
            .into_iter()
            .filter(|name| rig::components().join(format!("{name}.{ending}")).is_file())
            .collect();
        for name in &built {
            let imports = imports(&rig::components().join(format!("{name}.{ending}")));
            assert!(!imports.is_empty(), "{name} imports nothing, so it is no component");
            let strange = strange(&imports, &allowed);
            assert!(strange.is_empty(), "{name} imports what {target} does not have: {strange:?}");
        }
        eprintln!("imports that fit {target}: {built:?}");
        assert!(
            built.iter().any(|name| name == "store_suite"),
            "store-suite is not built for {target}: see its README"
        );
    }
}

#[test]
fn atomics_do_not_load_on_akamai() {
    let imports = imports(&rig::components().join("store_suite.wasm"));
    let strange = strange(&imports, &allowed("akamai"));
    assert!(strange.contains(&"wasi:keyvalue/atomics@0.2.0-draft2"), "the check sees nothing: {strange:?}");
}
