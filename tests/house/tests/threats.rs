//! docs/THREATS.md and tests/CONFORMANCE.md name files and tests: all of them exist.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a page that cannot be read has to stop the test")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Rust file of ours below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != "node_modules" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of all functions marked as tests.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["components", "crates", "host", "kv-schema", "tests", "xtask"] {
        sources(&root().join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            match line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split_once('('))
            {
                Some((name, _)) if marked => {
                    names.insert(name.to_owned());
                    marked = false;
                }
                Some(_) => marked = false,
                None => marked |= line == "#[test]" || line.starts_with("#[tokio::test"),
            }
        }
    }
    names
}

fn ticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_and_file_that_the_threats_name_exists() {
    let page = std::fs::read_to_string(root().join("docs/THREATS.md")).unwrap();
    let tests = tests();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let [attack, files, shown] = cells[..] else { panic!("a row of three: {line}") };
        if attack.trim() == "attack" {
            continue;
        }
        rows += 1;
        assert!(ticked(files).count() > 0 && ticked(shown).count() > 0, "nothing refuses or shows: {line}");
        for file in ticked(files) {
            assert!(root().join(file).is_file(), "`{file}` is no file of ours: {attack}");
        }
        for test in ticked(shown) {
            assert!(tests.contains(test), "there is no test `{test}`: {attack}");
        }
    }
    assert!(rows > 30, "only {rows} rows were read");
    // Those that the text names.
    for name in ticked(&page).filter(|word| word.matches('_').count() > 3) {
        assert!(tests.contains(name), "there is no test `{name}`");
    }
}

#[test]
fn every_test_that_the_conformance_names_exists() {
    let page = std::fs::read_to_string(root().join("tests/CONFORMANCE.md")).unwrap();
    let tests = tests();
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).skip(1) {
        let shown = line.trim_matches('|').split(" | ").last().unwrap();
        assert!(ticked(shown).count() > 0, "nothing shows it: {line}");
        for test in ticked(shown) {
            assert!(tests.contains(test), "there is no test `{test}`: {line}");
        }
    }
}
