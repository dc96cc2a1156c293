//! Upstream's cases for the language: texts and their models, faults of syntax and of meaning, modules.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod support;

use fga::dsl::{self, ModelFault, SyntaxError};
use fga::model::Model;
use serde_json::Value;
use support::{Skips, json, yaml};

fn number(value: &Value, path: &str) -> Option<usize> {
    value.pointer(path)?.as_u64().map(|number| usize::try_from(number).unwrap())
}

fn place(error: &Value) -> String {
    let at = |path| number(error, path).map_or("?".to_owned(), |number| number.to_string());
    format!("{}:{}-{}", at("/line/start"), at("/column/start"), at("/column/end"))
}

fn same(theirs: &[String], ours: &[String]) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("expected\n  {}\nfound\n  {}", theirs.join("\n  "), ours.join("\n  ")))
}

fn expected(case: &Value) -> Vec<Value> {
    case["expected_errors"].as_array().cloned().unwrap_or_default()
}

fn same_syntax(case: &Value, found: &[SyntaxError]) -> Result<(), String> {
    let theirs = expected(case).into_iter().map(|error| format!("{} {}", place(&error), text(&error, "msg")));
    let ours =
        found.iter().map(|error| format!("{}:{}-{} {}", error.line, error.column, error.end, error.message));
    same(&theirs.collect::<Vec<_>>(), &ours.collect::<Vec<_>>())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Message, kind and (where the case has one) place and file.
fn same_faults(case: &Value, found: &[ModelFault], places: bool) -> Result<(), String> {
    let theirs = expected(case).into_iter().map(|error| {
        let place = if places { place(&error) } else { String::new() };
        let kind = error.pointer("/metadata/errorType").and_then(Value::as_str).unwrap_or_default();
        format!("{place} {} [{kind}] {}", text(&error, "msg"), text(&error, "file"))
    });
    let theirs: Vec<String> = theirs.collect();
    let ours: Vec<String> = found
        .iter()
        .zip(expected(case).into_iter().map(Some).chain(std::iter::repeat(None)))
        .map(|(fault, case)| {
            let place = fault
                .place
                .map_or("?:?-?".to_owned(), |place| format!("{}:{}-{}", place.line, place.column, place.end));
            let place = if places { place } else { String::new() };
            let wants = |path| case.as_ref().is_none_or(|case| case.pointer(path).is_some());
            let kind = if wants("/metadata/errorType") { fault.kind.as_str() } else { "" };
            let file = if wants("/file") { fault.file.as_str() } else { "" };
            format!("{place} {} [{kind}] {file}", fault.message)
        })
        .collect();
    same(&theirs, &ours)
}

#[test]
fn faults_of_syntax() {
    let Some(cases) = yaml("openfga-language/dsl-syntax-validation-cases.yaml") else { return };
    let mut skips = Skips::of("syntax");
    for case in cases.as_array().unwrap() {
        let found = dsl::parse(text(case, "dsl")).err().unwrap_or_default();
        skips.case(text(case, "name"), same_syntax(case, &found));
    }
    skips.done();
}

#[test]
fn faults_of_meaning() {
    let Some(cases) = yaml("openfga-language/dsl-semantic-validation-cases.yaml") else { return };
    let mut skips = Skips::of("meaning");
    for case in cases.as_array().unwrap() {
        let written = text(case, "dsl");
        let result = match dsl::parse(written) {
            Ok(parsed) => same_faults(case, &dsl::faults(&parsed.model, Some(written)), true)
                .and_then(|()| same_faults(case, &dsl::faults(&parsed.model, None), false)),
            Err(errors) => Err(format!("{errors:?}")),
        };
        skips.case(text(case, "name"), result);
    }
    skips.done();
}

#[test]
fn faults_of_models_in_json() {
    let Some(cases) = yaml("openfga-language/json-validation-cases.yaml") else { return };
    let mut skips = Skips::of("json");
    for case in cases.as_array().unwrap() {
        let model: Model = serde_json::from_str(text(case, "json")).unwrap();
        skips.case(text(case, "name"), same_faults(case, &dsl::faults(&model, None), false));
    }
    skips.done();
}

#[test]
fn texts_become_models() {
    let Some(cases) = json("openfga-language/dsl-json-cases.json") else { return };
    let mut skips = Skips::of("text to model");
    for case in cases.as_array().unwrap() {
        let expected: Model = serde_json::from_value(case["json"].clone()).unwrap();
        let result = match dsl::parse(text(case, "dsl")) {
            Ok(parsed) if parsed.model == expected => Ok(()),
            Ok(parsed) => Err(format!("expected {expected:?}\n found {:?}", parsed.model)),
            Err(errors) => Err(format!("{errors:?}")),
        };
        skips.case(text(case, "name"), result);
    }
    skips.done();
}

#[test]
fn models_become_texts() {
    let Some(cases) = json("openfga-language/dsl-json-cases.json") else { return };
    let mut skips = Skips::of("model to text");
    for case in cases.as_array().unwrap() {
        let model: Model = serde_json::from_value(case["json"].clone()).unwrap();
        let result = match dsl::print(&model, false) {
            Ok(printed) if printed == text(case, "dsl") => Ok(()),
            Ok(printed) => Err(format!("expected\n{}\nfound\n{printed}", text(case, "dsl"))),
            Err(error) => Err(error.to_string()),
        };
        skips.case(text(case, "name"), result);
    }
    skips.done();
}

#[test]
fn models_without_a_text() {
    let Some(cases) = yaml("openfga-language/json-syntax-transformer-validation-cases.yaml") else { return };
    let mut skips = Skips::of("models without a text");
    for case in cases.as_array().unwrap() {
        let model: Model = serde_json::from_str(text(case, "json")).unwrap();
        let found = dsl::print(&model, false).err().map(|error| error.to_string()).unwrap_or_default();
        let result = same(&[text(case, "error_message").trim().to_owned()], &[found]);
        skips.case(text(case, "name"), result);
    }
    skips.done();
}

#[test]
fn modules() {
    let Some(cases) = json("openfga-language/module-cases.json") else { return };
    let mut skips = Skips::of("modules");
    for case in cases.as_array().unwrap() {
        let files: Vec<(&str, &str)> = case["modules"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str().unwrap()))
            .collect();
        skips.case(text(case, "name"), module_case(case, &files));
    }
    skips.done();
}

fn module_case(case: &Value, files: &[(&str, &str)]) -> Result<(), String> {
    if case.get("expected_errors").is_some() {
        return match dsl::assemble(files, "1.2") {
            Ok(_) => Err("nothing was refused".to_owned()),
            Err(faults) => same_faults(case, &faults, true),
        };
    }
    let expected: Model = serde_json::from_value(case["authorization_model"].clone()).unwrap();
    if !files.is_empty() {
        let model = dsl::assemble(files, "1.2").map_err(|faults| format!("{faults:?}"))?;
        if model != expected {
            return Err(format!("expected {expected:?}\nfound {model:?}"));
        }
    }
    for (key, sources) in [("combined_dsl", false), ("combined_sourceinfo_dsl", true)] {
        if let Some(wanted) = case[key].as_str() {
            let printed = dsl::print(&expected, sources).map_err(|error| error.to_string())?;
            same(&[wanted.to_owned()], &[printed])?;
        }
    }
    Ok(())
}

#[test]
fn object_ids() {
    let Some(cases) = yaml("openfga-language/object-id-validation-cases.yaml") else { return };
    let mut skips = Skips::of("object ids");
    for case in cases.as_array().unwrap() {
        let valid = dsl::rules::is_object_id(text(case, "object_id"));
        let result = if valid == case["valid"] { Ok(()) } else { Err(format!("found {valid}")) };
        skips.case(text(case, "name"), result);
    }
    skips.done();
}

fn placed<T>(found: &dsl::mod_file::Placed<T>, value: Value) -> Value {
    serde_json::json!({
        "value": value,
        "line": { "start": found.line, "end": found.end_line },
        "column": { "start": found.column, "end": found.end },
    })
}

#[test]
fn module_lists() {
    let Some(cases) = yaml("openfga-language/fga-mod-transformer-cases.yaml") else { return };
    let mut skips = Skips::of("fga.mod");
    for case in cases.as_array().unwrap() {
        let result = match dsl::mod_file::read(text(case, "modFile")) {
            Ok(found) => {
                let files = found.contents.value.iter().map(|file| placed(file, file.value.clone().into()));
                let contents = placed(&found.contents, files.collect());
                let ours = serde_json::json!({
                    "schema": placed(&found.schema, found.schema.value.clone().into()),
                    "contents": contents,
                });
                let theirs: Value = serde_json::from_str(text(case, "json")).unwrap_or_default();
                same(&[theirs.to_string()], &[ours.to_string()])
            }
            Err(faults) => {
                let theirs: Vec<String> = expected(case)
                    .iter()
                    .map(|error| format!("{} {}", place(error), text(error, "msg")))
                    .collect();
                let ours = faults.iter().map(|fault| {
                    let at = fault.place;
                    format!("{}:{}-{} {}", at.line, at.column, at.end, fault.message)
                });
                same(&theirs, &ours.collect::<Vec<_>>())
            }
        };
        skips.case(text(case, "name"), result);
    }
    skips.done();
}

#[test]
fn a_module_alone_is_no_model() {
    let errors = dsl::parse_model("module core\ntype user\n").unwrap_err();
    assert_eq!(errors[0].message, "`core` is a module: put the model together first");
    assert!(dsl::parse_model("model\n  schema 1.1\ntype user\n").is_ok());
}

#[test]
fn texts_that_would_cost_too_much_are_refused() {
    let long = "#".repeat(dsl::MAX_TEXT + 1);
    assert!(dsl::parse(&long).unwrap_err()[0].message.contains("longer than"));
    let deep = format!("model\n  schema 1.1\ntype user\n  relations\n    define x: {}y", "(".repeat(40));
    let error = &dsl::parse(&deep).unwrap_err()[0];
    assert_eq!((error.line, error.column), (4, 46));
}
