//! What the server refuses when a model is written, each with its reason.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has to stop")]

use fga::model::{Model, ObjectRelation, TypeDefinition, Userset};
use fga::{Code, Error, Plan, dsl};

fn compile(types: &str) -> Result<Plan, Error> {
    let parsed = dsl::parse(&format!("model\n  schema 1.1\ntype user\n{types}"));
    Plan::compile(&parsed.unwrap_or_else(|errors| panic!("{errors:?}")).model)
}

fn refused(types: &str) -> String {
    let error = compile(types).unwrap_err();
    assert_eq!(error.code, Code::InvalidAuthorizationModel, "{error}");
    error.message
}

fn doc(relations: &[&str]) -> String {
    let lines: Vec<String> = relations.iter().map(|line| format!("    define {line}\n")).collect();
    format!("type doc\n  relations\n{}", lines.concat())
}

#[test]
fn circles_are_refused_even_with_a_way_out() {
    for relations in [
        &["x: [user] or y", "y: [user] or z", "z: [user] or x"][..],
        &["x: [user] and y", "y: [user] and z", "z: [user] or x"],
        &["x: [user] but not y", "y: [user] but not z", "z: [user] or x"],
        &["x: [user] or y", "y: [user] or y2", "y2: y"],
    ] {
        let message = refused(&doc(relations));
        assert_eq!(
            message,
            "the definition of relation 'x' in object type 'doc' is invalid: an authorization model cannot contain a cycle"
        );
    }
}

#[test]
fn a_relation_of_itself_is_refused() {
    let message = refused(&doc(&["x: x"]));
    assert!(message.ends_with("invalid userset rewrite definition"), "{message}");
}

#[test]
fn a_relation_that_nobody_can_have_is_refused() {
    let message = refused(&doc(&["x: [doc#x]"]));
    assert!(message.ends_with("no entrypoints defined"), "{message}");
    let message = refused(&doc(&["parent: [doc]", "x: x from parent"]));
    assert!(message.ends_with("no entrypoints defined"), "{message}");
    let message = refused(&doc(&["x: y", "y: x"]));
    assert!(message.ends_with("potential loop"), "{message}");
}

#[test]
fn what_is_not_defined_is_refused() {
    assert_eq!(refused(&doc(&["x: [user] or y"])), "'doc#y' relation is undefined");
    assert_eq!(refused(&doc(&["x: [user] or y from z"])), "'doc#z' relation is undefined");
    assert_eq!(
        refused(&doc(&["x: [team]"])),
        "the relation type 'team' on 'x' in object type 'doc' is not valid"
    );
    assert_eq!(
        refused(&doc(&["x: [user#y]"])),
        "the relation type 'user#y' on 'x' in object type 'doc' is not valid"
    );
    assert_eq!(refused(&doc(&["x: [user with c]"])), "condition c is undefined for relation x");
    let message = refused(&doc(&["p: [user]", "x: y from p"]));
    assert!(message.starts_with("undefined relation: y does not appear as a relation"), "{message}");
}

#[test]
fn what_stands_behind_a_from_is_direct_and_names_objects() {
    let message = refused(&doc(&["p: [doc] or q", "q: [doc]", "x: [user] or x from p"]));
    assert_eq!(
        message,
        "the 'doc#p' relation is referenced in at least one tupleset and thus must be a direct relation"
    );
    for parent in ["doc:*", "doc#x"] {
        let message = refused(&doc(&[&format!("p: [doc, {parent}]"), "x: [user] or x from p"]));
        assert!(message.contains("on 'p' in object type 'doc' is not valid"), "{message}");
    }
}

#[test]
fn reserved_names_are_refused() {
    assert!(refused("type self\n").contains("the definition of type 'self' is invalid"));
    assert!(refused(&doc(&["this: [user]"])).ends_with("self and this are reserved keywords"));
}

#[test]
fn a_condition_that_does_not_compile_is_refused() {
    let types = format!("{}\ncondition c(x: int) {{\n  x + 1\n}}\n", doc(&["x: [user with c]"]));
    let message = refused(&types);
    assert!(message.contains("expected a bool condition expression output, but got 'int'"), "{message}");
}

fn model(types: Vec<TypeDefinition>) -> Model {
    Model { schema_version: "1.1".into(), type_definitions: types, ..Model::default() }
}

fn named(name: &str) -> TypeDefinition {
    TypeDefinition { name: name.into(), ..TypeDefinition::default() }
}

#[test]
fn an_unknown_schema_version_and_a_type_twice_are_refused() {
    let mut other = model(vec![named("user")]);
    other.schema_version = "1.0".into();
    assert_eq!(Plan::compile(&other).unwrap_err().message, "invalid schema version");
    let twice = Plan::compile(&model(vec![named("user"), named("user")])).unwrap_err();
    assert_eq!(twice.message, "an authorization model cannot contain duplicate types");
}

#[test]
fn too_many_types_are_refused() {
    let types = (0..101).map(|number| named(&format!("t{number}"))).collect();
    let error = Plan::compile(&model(types)).unwrap_err();
    assert_eq!(error.code, Code::ExceededEntityLimit);
    assert_eq!(
        error.message,
        "The number of type definitions in an authorization model exceeds the allowed limit of 100"
    );
}

#[test]
fn names_that_the_api_does_not_take_are_refused() {
    for name in ["", "a b", "a:b", "a#b", "a@b", &"a".repeat(255), "a\u{7}"] {
        let error = Plan::compile(&model(vec![named(name)])).unwrap_err();
        assert_eq!(error.code, Code::ValidationError, "{name:?}");
    }
    assert_eq!(Plan::compile(&model(Vec::new())).unwrap_err().code, Code::ValidationError);
}

#[test]
fn unions_of_one_and_definitions_that_say_nothing_are_refused() {
    for (rewrite, why) in [
        (Userset::Union(vec![Userset::This]), "as union has less than 2 children"),
        (Userset::Intersection(vec![Userset::This]), "as intersection has less than 2 children"),
        (Userset::Unset, "invalid userset rewrite definition"),
    ] {
        let mut doc = named("doc");
        doc.relations.insert("x".into(), rewrite);
        let error = Plan::compile(&model(vec![named("user"), doc])).unwrap_err();
        assert!(error.message.contains(why), "{error}");
    }
}

#[test]
fn definitions_as_deep_as_the_stack_are_refused() {
    let mut rewrite = Userset::Computed(ObjectRelation::of("y"));
    for _ in 0..60 {
        rewrite = Userset::Union(vec![rewrite, Userset::Computed(ObjectRelation::of("y"))]);
    }
    let mut doc =
        dsl::parse("model\n  schema 1.1\ntype doc\n  relations\n    define y: [doc]\n").unwrap().model;
    doc.type_definitions.iter_mut().for_each(|found| {
        found.relations.insert("x".into(), rewrite.clone());
    });
    let error = Plan::compile(&doc).unwrap_err();
    assert!(error.message.contains("more than 32 operators"), "{error}");
}

#[test]
fn a_long_chain_of_relations_is_taken() {
    let mut relations = vec!["r0: [user]".to_owned()];
    relations.extend((1..300).map(|number| format!("r{number}: r{}", number - 1)));
    let relations: Vec<&str> = relations.iter().map(String::as_str).collect();
    assert!(compile(&doc(&relations)).is_ok());
}
