//! What was built imports nothing that its target does not have.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "all of it is a test, its helpers too")]

use std::{path::Path, process::Command};

/// Components of this ending are built for hosts without atomics.
const OWN_REDIS: &str = ".one-time-redis.wasm";

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
    let (mut on_spin, mut on_akamai) = (0, 0);
    for entry in std::fs::read_dir(rig::components()).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".wasm") {
            continue;
        }
        let target = if name.ends_with(OWN_REDIS) { "akamai" } else { "spin" };
        let imports = imports(&file);
        assert!(!imports.is_empty(), "{name} imports nothing, so it is no component");
        let strange = strange(&imports, &allowed(target));
        assert!(strange.is_empty(), "{name} imports what {target} does not have: {strange:?}");
        if target == "spin" { on_spin += 1 } else { on_akamai += 1 }
    }
    eprintln!("imports: {on_spin} components fit Spin, {on_akamai} fit Akamai Functions");
    assert!(on_spin > 0 && on_akamai > 0, "build store-suite both ways: see tests/store-suite/README.md");
}

#[test]
fn atomics_do_not_load_on_akamai() {
    let imports = imports(&rig::components().join("store_suite.wasm"));
    let strange = strange(&imports, &allowed("akamai"));
    assert!(strange.contains(&"wasi:keyvalue/atomics@0.2.0-draft2"), "the check sees nothing: {strange:?}");
}
