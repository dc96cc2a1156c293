//! What the suites do not say: bounds and that they are errors, rounds of reads, contextual tuples over stored ones, missing parameters, batches, trees
//! and explanations.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

#[path = "support/run.rs"]
mod run;

use fga::memory::Memory;
use fga::query::batch::batch_check;
use fga::query::check::{Check, check};
use fga::query::expand::expand;
use fga::query::explain::{Explanation, Step, StepKind, explain};
use fga::query::list_objects::{ListObjects, list_objects};
use fga::query::list_users::{ListUsers, list_users};
use fga::{
    Ask, Code, Entry, Given, Limits, Missing, Plan, QueryError, TupleCondition, TupleKey, Tuples, dsl,
};
use futures::executor::block_on;
use run::{Brought, ask_check, ask_objects, ask_users};
use serde_json::json;

const DRIVE: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, user:*, group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define blocked: [user, group#member]
    define approved: [user with during]
    define viewer: ([user] or viewer from parent) but not blocked
    define signer: viewer and approved
condition during(now: timestamp, until: timestamp) {
  now < until
}
";

fn drive() -> Plan {
    Plan::compile(&dsl::parse(DRIVE).unwrap().model).unwrap()
}

fn tuple(text: &str) -> TupleKey {
    let (object, rest) = text.split_once('#').unwrap();
    let (relation, user) = rest.split_once('@').unwrap();
    TupleKey::new(object, relation, user)
}

fn store(tuples: &[&str]) -> Memory {
    let tuples: Vec<TupleKey> = tuples.iter().map(|text| tuple(text)).collect();
    Memory::new(&tuples)
}

fn asked<'a>(object: &'a str, relation: &'a str, user: &'a str) -> Check<'a> {
    Check { object, relation, user, given: Given::default() }
}

fn code<T>(result: Result<T, QueryError<std::convert::Infallible>>) -> Option<Code> {
    match result {
        Err(QueryError::Refused(error)) => Some(error.code),
        _ => None,
    }
}

fn chain(length: usize) -> Memory {
    let mut tuples =
        vec![tuple("document:d#parent@folder:0"), tuple(&format!("folder:{length}#viewer@user:a"))];
    tuples.extend((0..length).map(|at| tuple(&format!("folder:{at}#parent@folder:{}", at + 1))));
    Memory::new(&tuples)
}

#[test]
fn a_chain_as_deep_as_allowed_is_followed_and_a_deeper_one_is_an_error() {
    let plan = drive();
    let answer = |length| {
        let found = asked("document:d", "viewer", "user:a");
        block_on(check(&plan, &chain(length), found, Limits::default()))
    };
    // Twenty-five folders above the document, and one more.
    assert_eq!(answer(24), Ok(true));
    assert_eq!(code(answer(25)), Some(Code::ResolutionTooComplex));
    let limits = Limits { depth: 40, ..Limits::default() };
    let deeper = block_on(check(&plan, &chain(30), asked("document:d", "viewer", "user:a"), limits));
    assert_eq!(deeper, Ok(true));
}

#[test]
fn lists_that_are_too_deep_are_errors_too() {
    let plan = drive();
    let objects =
        ListObjects { type_name: "document", relation: "viewer", user: "user:a", given: Given::default() };
    let found = block_on(list_objects(&plan, &chain(30), objects, Limits::for_lists()));
    assert_eq!(code(found), Some(Code::ResolutionTooComplex));
    let users = ListUsers {
        object: "document:d",
        relation: "viewer",
        type_name: "user",
        userset: None,
        given: Given::default(),
    };
    let found = block_on(list_users(&plan, &chain(30), users, Limits::for_lists()));
    assert_eq!(code(found), Some(Code::ResolutionTooComplex));
}

#[test]
fn a_level_is_one_round_however_wide() {
    let plan = drive();
    let mut tuples: Vec<TupleKey> =
        (0..1000).map(|at| tuple(&format!("document:d#parent@folder:{at}"))).collect();
    tuples.push(tuple("folder:999#viewer@user:a"));
    let wide = Memory::new(&tuples);
    let limits = Limits { reads: 10_000, ..Limits::default() };
    assert_eq!(block_on(check(&plan, &wide, asked("document:d", "viewer", "user:a"), limits)), Ok(true));
    let (rounds, _) = wide.cost();
    assert_eq!(rounds, 2);
}

#[test]
fn a_list_with_an_exclusion_asks_once_for_all_its_objects() {
    let plan = drive();
    let mut tuples: Vec<TupleKey> =
        (0..400).map(|at| tuple(&format!("document:{at}#viewer@user:a"))).collect();
    tuples.push(tuple("document:7#blocked@user:a"));
    let many = Memory::new(&tuples);
    let asked =
        ListObjects { type_name: "document", relation: "viewer", user: "user:a", given: Given::default() };
    let listed = block_on(list_objects(&plan, &many, asked, Limits::for_lists())).unwrap();
    assert_eq!(listed.len(), 399);
    assert!(many.cost().0 <= 4, "{:?}", many.cost());
}

#[test]
fn a_list_of_users_with_an_exclusion_asks_once_for_all_its_users() {
    let text = "model
  schema 1.1
type user
type doc
  relations
    define banned: [user]
    define muted: [user]
    define blocked: banned or muted
    define viewer: [user] but not blocked
";
    let plan = Plan::compile(&dsl::parse(text).unwrap().model).unwrap();
    let mut tuples: Vec<TupleKey> = (0..900).map(|at| tuple(&format!("doc:1#viewer@user:{at}"))).collect();
    tuples.push(tuple("doc:1#muted@user:7"));
    let many = Memory::new(&tuples);
    let asked = ListUsers {
        object: "doc:1",
        relation: "viewer",
        type_name: "user",
        userset: None,
        given: Given::default(),
    };
    let listed = block_on(list_users(&plan, &many, asked, Limits::for_lists())).unwrap();
    assert_eq!(listed.len(), 899);
    assert!(many.cost().1 <= 4, "{:?}", many.cost());
}

#[test]
fn too_many_reads_are_an_error() {
    let plan = drive();
    let tuples: Vec<TupleKey> =
        (0..1000).map(|at| tuple(&format!("document:d#parent@folder:{at}"))).collect();
    let limits = Limits { reads: 500, ..Limits::default() };
    let found =
        block_on(check(&plan, &Memory::new(&tuples), asked("document:d", "viewer", "user:a"), limits));
    assert_eq!(code(found), Some(Code::ResolutionTooComplex));
}

#[test]
fn a_yes_stops_at_the_first_round_and_asks_for_users_together() {
    let plan = drive();
    let stored = store(&["folder:f#viewer@user:a", "folder:f#parent@folder:g"]);
    assert_eq!(
        block_on(check(&plan, &stored, asked("folder:f", "viewer", "user:a"), Limits::default())),
        Ok(true)
    );
    assert_eq!(stored.cost().0, 1);
}

#[test]
fn groups_in_a_circle_end() {
    let plan = drive();
    let stored = store(&[
        "group:a#member@group:b#member",
        "group:b#member@group:c#member",
        "group:c#member@group:a#member",
        "group:c#member@user:x",
        "document:d#viewer@user:y",
        "document:d#blocked@group:a#member",
    ]);
    let ask = |object, relation, user| {
        block_on(check(&plan, &stored, asked(object, relation, user), Limits::default()))
    };
    assert_eq!(ask("group:a", "member", "user:x"), Ok(true));
    assert_eq!(ask("group:a", "member", "user:y"), Ok(false));
    // Nobody is blocked by a circle that they are not in.
    assert_eq!(ask("document:d", "viewer", "user:y"), Ok(true));
}

#[test]
fn groups_that_all_contain_one_another_are_no_deeper_than_one_level() {
    let plan = drive();
    let mut tuples = vec![tuple("document:d#viewer@user:y"), tuple("document:d#blocked@group:0#member")];
    for one in 0..60 {
        for other in (0..60).filter(|other| *other != one) {
            tuples.push(tuple(&format!("group:{one}#member@group:{other}#member")));
        }
    }
    tuples.push(tuple("group:59#member@user:x"));
    let stored = Memory::new(&tuples);
    let ask = |object, relation, user| {
        block_on(check(&plan, &stored, asked(object, relation, user), Limits::for_lists()))
    };
    assert_eq!(ask("group:0", "member", "user:x"), Ok(true));
    assert_eq!(ask("group:0", "member", "user:y"), Ok(false));
    assert_eq!(ask("document:d", "viewer", "user:y"), Ok(true));
    assert_eq!(ask("document:d", "blocked", "user:x"), Ok(true));
}

#[test]
fn a_circle_through_a_but_not_is_a_no() {
    let text = "model
  schema 1.1
type user
type doc
  relations
    define blocked: [user, doc#viewer]
    define viewer: [user] but not blocked
";
    let plan = Plan::compile(&dsl::parse(text).unwrap().model).unwrap();
    let stored = store(&["doc:1#viewer@user:a", "doc:1#blocked@doc:1#viewer"]);
    for relation in ["viewer", "blocked"] {
        let found = block_on(check(&plan, &stored, asked("doc:1", relation, "user:a"), Limits::default()));
        assert_eq!(found, Ok(false), "{relation}");
    }
}

#[test]
fn everybody_is_everybody_but_no_userset() {
    let plan = drive();
    let stored = store(&["folder:f#viewer@user:*"]);
    let ask = |user| block_on(check(&plan, &stored, asked("folder:f", "viewer", user), Limits::default()));
    assert_eq!(ask("user:a"), Ok(true));
    assert_eq!(ask("user:*"), Ok(true));
    assert_eq!(ask("group:g#member"), Ok(false));
}

#[test]
fn a_userset_has_what_it_is_given_and_is_itself() {
    let plan = drive();
    let stored = store(&["folder:f#viewer@group:g#member", "document:d#parent@folder:f"]);
    let ask = |object, relation| {
        block_on(check(&plan, &stored, asked(object, relation, "group:g#member"), Limits::default()))
    };
    assert_eq!(ask("document:d", "viewer"), Ok(true));
    assert_eq!(ask("group:g", "member"), Ok(true));
    assert_eq!(ask("group:h", "member"), Ok(false));
    let found = ask_objects(&plan, &stored, ("document", "viewer", "group:g#member"), &Brought::default());
    assert_eq!(found, Ok(vec!["document:d".to_owned()]));
    let found = ask_users(&plan, &stored, ("document:d", "viewer"), "group#member", &Brought::default());
    assert_eq!(found, Ok(vec!["group:g#member".to_owned()]));
}

fn approved(until: Option<&str>) -> TupleKey {
    let mut approved = tuple("document:d#approved@user:a");
    let context = until.map(|until| json!({ "until": until })).unwrap_or_else(|| json!({}));
    let context = context.as_object().unwrap().clone();
    approved.condition = Some(TupleCondition { name: "during".into(), context });
    approved
}

#[test]
fn a_missing_parameter_is_an_error_that_names_it_or_a_no() {
    let plan = drive();
    let stored = Memory::new(&[tuple("document:d#viewer@user:a"), approved(Some("2030-01-01T00:00:00Z"))]);
    let ask = |limits| block_on(check(&plan, &stored, asked("document:d", "signer", "user:a"), limits));
    let Err(QueryError::Refused(error)) = ask(Limits::default()) else { panic!("not refused") };
    assert_eq!(error.code, Code::ValidationError);
    assert_eq!(error.missing, ["now"]);
    assert_eq!(
        error.message,
        "failed to evaluate relationship condition: 'during' - tuple 'document:d#approved@user:a' is missing context parameters '[now]'"
    );
    assert_eq!(ask(Limits { missing: Missing::Deny, ..Limits::default() }), Ok(false));
}

#[test]
fn a_no_elsewhere_decides_although_a_condition_cannot_be_judged() {
    let plan = drive();
    let stored = Memory::new(&[approved(None)]);
    let found = block_on(check(&plan, &stored, asked("document:d", "signer", "user:a"), Limits::default()));
    assert_eq!(found, Ok(false));
}

#[test]
fn contextual_tuples_add_to_stored_ones_and_win_over_them() {
    let plan = drive();
    let stored = Memory::new(&[tuple("document:d#viewer@user:a"), approved(Some("2020-01-01T00:00:00Z"))]);
    let now = json!({ "now": "2025-01-01T00:00:00Z" }).as_object().unwrap().clone();
    let mut brought = Brought { tuples: Vec::new(), context: now };
    let signer = ("document:d", "signer", "user:a");
    assert_eq!(ask_check(&plan, &stored, signer, &brought), Ok(false));
    brought.tuples = vec![approved(Some("2030-01-01T00:00:00Z"))];
    assert_eq!(ask_check(&plan, &stored, signer, &brought), Ok(true));
    brought.tuples.push(tuple("document:d#blocked@user:a"));
    assert_eq!(ask_check(&plan, &stored, signer, &brought), Ok(false));
    assert_eq!(ask_objects(&plan, &stored, ("document", "signer", "user:a"), &brought), Ok(Vec::new()));
    assert_eq!(ask_users(&plan, &stored, ("document:d", "signer"), "user", &brought), Ok(Vec::new()));
}

#[test]
fn requests_that_do_not_fit_the_model_are_refused_with_their_codes() {
    let plan = drive();
    let none = Memory::default();
    for (object, relation, user) in [
        ("nope:1", "viewer", "user:a"),
        ("document:1", "nope", "user:a"),
        ("document:1", "viewer", "nope:a"),
        ("document:1", "viewer", "group:a#nope"),
        ("document:*", "viewer", "user:a"),
        ("document", "viewer", "user:a"),
        ("document:1", "viewer", "anne"),
        ("document:1", "viewer", "user:a b"),
        ("document:1", "view er", "user:a"),
        (&format!("document:{}", "x".repeat(300)), "viewer", "user:a"),
    ] {
        let found = block_on(check(&plan, &none, asked(object, relation, user), Limits::default()));
        assert_eq!(code(found), Some(Code::ValidationError), "{object} {relation} {user}");
    }
    for (bad, expected) in [
        (tuple("document:1#viewer@group:a#member"), Code::InvalidTuple),
        (tuple("document:1#parent@folder:*"), Code::InvalidTuple),
        (tuple("document:1#nope@user:a"), Code::InvalidTuple),
        (tuple("document:1#approved@user:a"), Code::ValidationError),
    ] {
        let tuples = [bad];
        let given = Given { tuples: &tuples, context: None };
        let question = Check { given, ..asked("document:1", "viewer", "user:a") };
        assert_eq!(
            code(block_on(check(&plan, &none, question, Limits::default()))),
            Some(expected),
            "{}",
            tuples[0]
        );
    }
    let many: Vec<TupleKey> = (0..101).map(|at| tuple(&format!("document:{at}#viewer@user:a"))).collect();
    let given = Given { tuples: &many, context: None };
    let question = Check { given, ..asked("document:1", "viewer", "user:a") };
    assert_eq!(code(block_on(check(&plan, &none, question, Limits::default()))), Some(Code::ValidationError));
    let context = json!({ "a": ["b\u{1}"] }).as_object().unwrap().clone();
    let given = Given { tuples: &[], context: Some(&context) };
    let question = Check { given, ..asked("document:1", "viewer", "user:a") };
    assert_eq!(code(block_on(check(&plan, &none, question, Limits::default()))), Some(Code::ValidationError));
}

#[test]
fn lists_tell_unknown_types_and_relations_by_their_own_codes() {
    let plan = drive();
    let none = Memory::default();
    let objects = |type_name, relation, user| {
        ask_objects(&plan, &none, (type_name, relation, user), &Brought::default()).unwrap_err().code
    };
    assert_eq!(objects("nope", "viewer", "user:a"), Code::TypeNotFound);
    assert_eq!(objects("document", "nope", "user:a"), Code::RelationNotFound);
    assert_eq!(objects("document", "viewer", "nope:a"), Code::ValidationError);
    let users = |object, relation, filter| {
        ask_users(&plan, &none, (object, relation), filter, &Brought::default()).unwrap_err().code
    };
    assert_eq!(users("nope:1", "viewer", "user"), Code::TypeNotFound);
    assert_eq!(users("document:1", "nope", "user"), Code::RelationNotFound);
    assert_eq!(users("document:1", "viewer", "nope"), Code::TypeNotFound);
    assert_eq!(users("document:1", "viewer", "group#nope"), Code::RelationNotFound);
}

#[test]
fn tuples_that_the_model_no_longer_takes_do_not_count() {
    let plan = drive();
    let stored =
        store(&["document:d#viewer@group:g#member", "group:g#member@user:a", "document:d#approved@user:a"]);
    let none = Brought::default();
    assert_eq!(ask_check(&plan, &stored, ("document:d", "viewer", "user:a"), &none), Ok(false));
    assert_eq!(ask_check(&plan, &stored, ("document:d", "approved", "user:a"), &none), Ok(false));
    assert_eq!(ask_objects(&plan, &stored, ("document", "viewer", "user:a"), &none), Ok(Vec::new()));
}

#[test]
fn a_batch_answers_each_and_reads_together() {
    let plan = drive();
    let stored = store(&["folder:f#viewer@user:a", "document:d#parent@folder:f"]);
    let tuples = [tuple("document:e#parent@folder:f")];
    let with = Given { tuples: &tuples, context: None };
    let questions = [
        asked("document:d", "viewer", "user:a"),
        asked("document:d", "viewer", "user:b"),
        asked("document:d", "nope", "user:a"),
        asked("document:e", "viewer", "user:a"),
        Check { given: with, ..asked("document:e", "viewer", "user:a") },
    ];
    let found = block_on(batch_check(&plan, &stored, &questions, Limits::default())).unwrap();
    let codes: Vec<Result<bool, Code>> =
        found.into_iter().map(|one| one.map_err(|error| error.code)).collect();
    assert_eq!(codes, [Ok(true), Ok(false), Err(Code::ValidationError), Ok(false), Ok(true)]);
    assert_eq!(stored.cost().0, 2);
    assert_eq!(
        code(block_on(batch_check(&plan, &stored, &[], Limits::default()))),
        Some(Code::ValidationError)
    );
    let many = vec![questions[0]; 51];
    assert_eq!(
        code(block_on(batch_check(&plan, &stored, &many, Limits::default()))),
        Some(Code::ValidationError)
    );
}

#[test]
fn expansion_is_one_level_deep() {
    let plan = drive();
    let stored =
        store(&["document:d#viewer@user:b", "document:d#viewer@user:a", "document:d#parent@folder:f"]);
    let tree = block_on(expand(&plan, &stored, "document:d", "viewer", Given::default(), Limits::default()))
        .unwrap();
    assert_eq!(
        serde_json::to_value(&tree).unwrap(),
        json!({ "root": { "name": "document:d#viewer", "difference": {
            "base": { "name": "document:d#viewer", "union": { "nodes": [
                { "name": "document:d#viewer", "leaf": { "users": { "users": ["user:a", "user:b"] } } },
                { "name": "document:d#viewer", "leaf": { "tupleToUserset": {
                    "tupleset": "document:d#parent", "computed": [{ "userset": "folder:f#viewer" }] } } },
            ] } },
            "subtract": { "name": "document:d#viewer", "leaf": { "computed": { "userset": "document:d#blocked" } } },
        } } })
    );
    assert_eq!(stored.cost().0, 1);
    let unknown = block_on(expand(&plan, &stored, "document:d", "nope", Given::default(), Limits::default()));
    assert_eq!(code(unknown), Some(Code::ValidationError));
}

fn shown(steps: &[Step]) -> Vec<String> {
    let shown = |step: &Step| {
        let kind = serde_json::to_value(step.kind).unwrap();
        let through = step.through.as_deref().unwrap_or("-");
        format!("{} {} {through}", step.node, kind.as_str().unwrap())
    };
    steps.iter().map(shown).collect()
}

#[test]
fn a_yes_is_explained_by_its_way() {
    let plan = drive();
    let stored = store(&[
        "document:d#parent@folder:f",
        "folder:f#parent@folder:g",
        "folder:g#viewer@group:x#member",
        "group:x#member@user:a",
    ]);
    let found = block_on(explain(&plan, &stored, asked("document:d", "viewer", "user:a"), Limits::default()));
    let Ok(Explanation::Yes(path)) = found else { panic!("{found:?}") };
    assert_eq!(
        shown(&path),
        [
            "document:d#viewer parent folder:f#viewer",
            "folder:f#viewer parent folder:g#viewer",
            "folder:g#viewer userset group:x#member",
            "group:x#member direct user:a",
            "document:d#viewer not_excluded document:d#blocked",
        ]
    );
}

#[test]
fn a_no_is_explained_by_what_was_tried() {
    let plan = drive();
    let stored =
        store(&["document:d#viewer@user:a", "document:d#blocked@group:x#member", "group:x#member@user:a"]);
    let ask = |relation, user| match block_on(explain(
        &plan,
        &stored,
        asked("document:d", relation, user),
        Limits::default(),
    )) {
        Ok(Explanation::No(tried)) => tried,
        other => panic!("{other:?}"),
    };
    let excluded = ask("viewer", "user:a");
    assert_eq!(excluded[0].kind, StepKind::Excluded);
    assert_eq!(
        shown(&excluded),
        [
            "document:d#viewer excluded document:d#blocked",
            "document:d#viewer computed document:d#blocked",
            "document:d#blocked userset group:x#member",
            "group:x#member direct user:a",
        ]
    );
    let nobody = shown(&ask("viewer", "user:b"));
    assert_eq!(nobody, ["document:d#viewer no_tuple -", "document:d#parent no_tuple -"]);
}

#[test]
fn an_explanation_names_the_condition_that_says_no() {
    let plan = drive();
    let stored = Memory::new(&[tuple("document:d#viewer@user:a"), approved(Some("2020-01-01T00:00:00Z"))]);
    let now = json!({ "now": "2025-01-01T00:00:00Z" }).as_object().unwrap().clone();
    let question = Check {
        given: Given { tuples: &[], context: Some(&now) },
        ..asked("document:d", "signer", "user:a")
    };
    let found = block_on(explain(&plan, &stored, question, Limits::default()));
    let Ok(Explanation::No(tried)) = found else { panic!("{found:?}") };
    let last = tried.last().unwrap();
    assert_eq!((last.kind, last.condition.as_deref()), (StepKind::ConditionNotMet, Some("during")));
    assert_eq!(last.node, "document:d#approved");
}

/// A store that fails.
struct Broken;

impl Tuples for Broken {
    type Error = &'static str;

    async fn read(&self, _: &[Ask]) -> Result<Vec<Vec<Entry>>, Self::Error> {
        Err("the disk is gone")
    }
}

#[test]
fn a_store_that_fails_is_no_answer() {
    let plan = drive();
    let found = block_on(check(&plan, &Broken, asked("document:d", "viewer", "user:a"), Limits::default()));
    assert_eq!(found, Err(QueryError::Store("the disk is gone")));
}

#[test]
fn writes_are_validated() {
    let plan = drive();
    let refused = |writes: &[TupleKey], deletes: &[TupleKey]| {
        fga::write::validate(Some(&plan), writes, deletes).unwrap_err()
    };
    assert_eq!(refused(&[], &[]).code, Code::InvalidWriteInput);
    let one = tuple("document:1#viewer@user:a");
    assert_eq!(refused(&[one.clone(), one.clone()], &[]).code, Code::DuplicateTuplesInOneRequest);
    assert_eq!(
        refused(std::slice::from_ref(&one), std::slice::from_ref(&one)).code,
        Code::DuplicateTuplesInOneRequest
    );
    assert_eq!(refused(&[tuple("group:x#member@group:x#member")], &[]).code, Code::ValidationError);
    assert_eq!(refused(&[], &[tuple("document:1#viewer@user:a b")]).code, Code::ValidationError);
    let many: Vec<TupleKey> = (0..101).map(|at| tuple(&format!("document:{at}#viewer@user:a"))).collect();
    assert_eq!(refused(&many, &[]).code, Code::ExceededEntityLimit);
    let mut large = approved(None);
    if let Some(condition) = &mut large.condition {
        condition.context.insert("until".into(), "2".repeat(40_000).into());
    }
    assert_eq!(refused(&[large], &[]).code, Code::ValidationError);
    // What is deleted need not be in the model.
    assert_eq!(fga::write::validate(Some(&plan), &[], &[tuple("gone:1#was@user:a")]), Ok(()));
}
