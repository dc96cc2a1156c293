//! Random models and tuples, and a second opinion: the well-founded model, computed from nothing by going round until nothing changes. It is slow and
//! knows nothing of rounds, memory or circles. A few seconds in each run; `LATCHKEY_DIFFERENTIAL_SECONDS=3600` lets it go on for an hour,
//! `LATCHKEY_DIFFERENTIAL_SEED` says where to begin, and alone repeats one case.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]
#![allow(clippy::disallowed_methods, reason = "how long it goes on is told by the clock")]

#[path = "support/run.rs"]
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fga::memory::Memory;
use fga::model::{Model, Userset};
use fga::query::batch::checks;
use fga::query::check::Check;
use fga::query::explain::{Explanation, explain};
use fga::query::list_objects::{ListObjects, list_objects};
use fga::query::list_users::{ListUsers, list_users};
use fga::{Limits, Plan, TupleKey, dsl};
use futures::executor::block_on;
use run::Brought;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const TYPES: [&str; 3] = ["group", "folder", "doc"];
const RELATIONS: [&str; 4] = ["r0", "r1", "r2", "r3"];

fn restriction(dice: &mut Dice) -> String {
    let condition = if dice.roll(8) == 0 { " with even" } else { "" };
    match dice.roll(6) {
        0 | 1 => format!("user{condition}"),
        2 => format!("user:*{condition}"),
        3 => format!("{}{condition}", dice.one(&TYPES)),
        _ => format!("{}#{}{condition}", dice.one(&TYPES), dice.one(&RELATIONS)),
    }
}

/// Computed relations only from earlier ones: the server refuses circles of them. Circles through tuples are welcome.
fn leaf(dice: &mut Dice, earlier: &[&str]) -> String {
    match dice.roll(3) {
        0 => format!("{} from parent", dice.one(&RELATIONS)),
        _ if earlier.is_empty() => format!("{} from parent", dice.one(&RELATIONS)),
        _ => dice.one(earlier).to_owned(),
    }
}

fn group(dice: &mut Dice, earlier: &[&str], depth: usize) -> String {
    if depth == 0 || dice.roll(3) > 0 {
        return leaf(dice, earlier);
    }
    format!("({})", operation(dice, earlier, depth, None))
}

fn operation(dice: &mut Dice, earlier: &[&str], depth: usize, first: Option<String>) -> String {
    let first = first.unwrap_or_else(|| group(dice, earlier, depth - 1));
    let operator = dice.one(&[" or ", " or ", " and ", " but not "]);
    let count = if operator == " but not " { 1 } else { 1 + dice.roll(2) };
    let rest: Vec<String> = (0..count).map(|_| group(dice, earlier, depth - 1)).collect();
    format!("{first}{operator}{}", rest.join(operator))
}

/// A random model that the server would take.
fn model(dice: &mut Dice) -> (String, Plan, Model) {
    loop {
        let mut text = "model\n  schema 1.1\n\ntype user\n".to_owned();
        for name in TYPES {
            text.push_str(&format!("\ntype {name}\n  relations\n    define parent: [folder, {name}]\n"));
            for (place, relation) in RELATIONS.iter().enumerate() {
                let earlier = &RELATIONS[..place];
                let direct: BTreeSet<String> = (0..=dice.roll(3)).map(|_| restriction(dice)).collect();
                let direct = format!("[{}]", direct.into_iter().collect::<Vec<_>>().join(", "));
                let definition = match dice.roll(4) {
                    0 => direct,
                    1 | 2 => operation(dice, earlier, 2, Some(direct)),
                    _ => operation(dice, earlier, 2, None),
                };
                text.push_str(&format!("    define {relation}: {definition}\n"));
            }
        }
        text = text.replace("[folder, folder]", "[folder]");
        text.push_str("\ncondition even(n: int) {\n  n % 2 == 0\n}\n");
        let Ok(parsed) = dsl::parse(&text) else { panic!("{text}") };
        if let Ok(plan) = Plan::compile(&parsed.model) {
            return (text, plan, parsed.model);
        }
    }
}

fn objects() -> Vec<String> {
    TYPES.iter().flat_map(|name| (0..2).map(move |id| format!("{name}:{id}"))).collect()
}

fn users(model: &Model) -> Vec<String> {
    let mut users: Vec<String> = ["user:a", "user:b", "user:*"].map(str::to_owned).into();
    users.extend(objects());
    for object in objects() {
        let definition = model.type_definitions.iter().find(|found| object.starts_with(&found.name)).unwrap();
        users.extend(definition.relations.keys().map(|relation| format!("{object}#{relation}")));
    }
    users
}

fn tuples(dice: &mut Dice, plan: &Plan, model: &Model) -> Vec<TupleKey> {
    let (objects, users) = (objects(), users(model));
    let mut found: Vec<TupleKey> = Vec::new();
    for _ in 0..10 + dice.roll(150) {
        let object = objects[dice.roll(objects.len())].clone();
        let relation = dice.one(&["parent", "r0", "r1", "r2", "r3"]);
        let mut tuple = TupleKey::new(object, relation, users[dice.roll(users.len())].clone());
        if dice.roll(2) == 0 {
            let context = serde_json::json!({ "name": "even", "context": { "n": dice.roll(2) } });
            tuple.condition = Some(serde_json::from_value(context).unwrap());
        }
        if plan.counts(&tuple) && !found.iter().any(|known| known.same_key(&tuple)) {
            found.push(tuple);
        }
    }
    found
}

/// The second opinion on one user.
struct Naive<'a> {
    model: &'a Model,
    /// The users that tuples whose condition is met name, by object and relation.
    tuples: &'a BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
    user: &'a str,
}

fn by_node(tuples: &[TupleKey]) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut nodes: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for tuple in tuples {
        if tuple.condition.as_ref().is_none_or(|condition| condition.context["n"] == 0) {
            nodes.entry((&tuple.object, &tuple.relation)).or_default().push(&tuple.user);
        }
    }
    nodes
}

type Nodes = BTreeSet<(String, String)>;

impl Naive<'_> {
    /// Every relation of every object that the user has.
    fn all(&self) -> Nodes {
        let mut certain = Nodes::new();
        loop {
            let possible = self.least(&certain);
            let next = self.least(&possible);
            if next == certain {
                return certain;
            }
            certain = next;
        }
    }

    /// What follows if exactly these are had, as far as `but not` is concerned.
    fn least(&self, negative: &Nodes) -> Nodes {
        let mut found = Nodes::new();
        loop {
            let before = found.len();
            for object in objects() {
                let definition =
                    self.model.type_definitions.iter().find(|of| object.starts_with(&of.name)).unwrap();
                for (relation, rewrite) in &definition.relations {
                    if self.holds(&object, relation, rewrite, &found, negative) {
                        found.insert((object.clone(), relation.clone()));
                    }
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    fn named<'s>(&'s self, object: &'s str, relation: &'s str) -> &'s [&'s str] {
        self.tuples.get(&(object, relation)).map_or(&[], Vec::as_slice)
    }

    fn holds(
        &self,
        object: &str,
        relation: &str,
        rewrite: &Userset,
        positive: &Nodes,
        negative: &Nodes,
    ) -> bool {
        if self.user == format!("{object}#{relation}") {
            return true;
        }
        let has = |object: &str, relation: &str| positive.contains(&(object.to_owned(), relation.to_owned()));
        match rewrite {
            Userset::Unset => false,
            Userset::This => self.named(object, relation).iter().any(|user| {
                *user == self.user
                    || (!self.user.contains('#')
                        && user.strip_suffix('*').is_some_and(|of| self.user.starts_with(of)))
                    || user.split_once('#').is_some_and(|(object, relation)| has(object, relation))
            }),
            Userset::Computed(computed) => has(object, &computed.relation),
            Userset::TupleTo(tuple_to) => self
                .named(object, &tuple_to.tupleset.relation)
                .iter()
                .any(|parent| has(parent, &tuple_to.computed_userset.relation)),
            Userset::Union(children) => {
                children.iter().any(|child| self.holds(object, relation, child, positive, negative))
            }
            Userset::Intersection(children) => {
                children.iter().all(|child| self.holds(object, relation, child, positive, negative))
            }
            Userset::Difference(difference) => {
                self.holds(object, relation, &difference.base, positive, negative)
                    && !self.holds(object, relation, &difference.subtract, negative, positive)
            }
        }
    }
}

/// Compares everything that can be asked of one random store; answers how many questions that were.
fn compare(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let made = model(&mut dice);
    (0..TUPLE_SETS).map(|_| compare_one(seed, &mut dice, &made)).sum()
}

/// With so many sets of tuples is every model tried.
const TUPLE_SETS: usize = 20;

fn compare_one(seed: u64, dice: &mut Dice, (text, plan, model): &(String, Plan, Model)) -> usize {
    let tuples = tuples(dice, plan, model);
    // Some are stored, the others come with the request.
    let split = if dice.roll(2) == 0 { tuples.len() } else { tuples.len().saturating_sub(dice.roll(60)) };
    let (stored, contextual) = tuples.split_at(split);
    let store = Memory::new(stored);
    let brought = Brought { tuples: contextual.to_vec(), ..Brought::default() };
    let limits = Limits { depth: 10_000, reads: usize::MAX, steps: usize::MAX, ..Limits::default() };
    let shown = || {
        let list: Vec<String> = tuples.iter().map(|tuple| format!("{tuple} {:?}", tuple.condition)).collect();
        format!("seed {seed}\n{text}\n{}", list.join("\n"))
    };
    let (objects, users, nodes) = (objects(), users(model), by_node(&tuples));
    let mut asked_in_all = 0;
    let mut holders: Vec<(String, Nodes)> = Vec::new();
    for user in &users {
        let naive = Naive { model, tuples: &nodes, user }.all();
        let asked: Vec<(String, &str)> =
            objects.iter().flat_map(|object| RELATIONS.map(|relation| (object.clone(), relation))).collect();
        let questions: Vec<Check<'_>> = asked
            .iter()
            .map(|(object, relation)| Check { object, relation, user, given: brought.given() })
            .collect();
        let found = block_on(checks(plan, &store, &questions, limits)).unwrap();
        for ((object, relation), found) in asked.iter().zip(found) {
            let expected = naive.contains(&(object.clone(), (*relation).to_owned()));
            assert_eq!(found, Ok(expected), "check {object} {relation} {user}\n{}", shown());
            asked_in_all += 1;
        }
        for type_name in TYPES {
            let relation = dice.one(&RELATIONS);
            let asked = ListObjects { type_name, relation, user, given: brought.given() };
            let found = block_on(list_objects(plan, &store, asked, limits)).unwrap();
            let expected: Vec<String> = naive
                .iter()
                .filter(|(object, name)| name == relation && object.starts_with(type_name))
                .map(|(object, _)| object.clone())
                .collect();
            assert_eq!(found, expected, "list objects {type_name} {relation} {user}\n{}", shown());
            asked_in_all += 1;
        }
        holders.push((user.clone(), naive));
    }
    for object in &objects {
        let relation = dice.one(&RELATIONS);
        let node = (object.clone(), relation.to_owned());
        let userset = dice.one(&RELATIONS);
        for (type_name, userset) in [("user", None), (dice.one(&TYPES), Some(userset))] {
            let asked = ListUsers { object, relation, type_name, userset, given: brought.given() };
            let found = block_on(list_users(plan, &store, asked, limits)).unwrap();
            let fits = |user: &str| match (userset, user.split_once('#')) {
                (None, None) => user.starts_with("user:"),
                (Some(userset), Some((object, relation))) => {
                    object.starts_with(type_name) && relation == userset
                }
                _ => false,
            };
            let mut expected: Vec<String> = holders
                .iter()
                .filter(|(user, holds)| fits(user) && holds.contains(&node))
                .map(|(user, _)| user.clone())
                .collect();
            expected.sort();
            // Whoever is somebody only because everybody is need not be named.
            let everybody = found.contains(&"user:*".to_owned());
            let missing = expected.iter().filter(|user| !found.contains(user)).count();
            let invented: Vec<&String> = found.iter().filter(|user| !expected.contains(user)).collect();
            assert!(
                invented.is_empty() && (missing == 0 || everybody),
                "list users {object} {relation} {type_name} {userset:?}: {found:?} for {expected:?}\n{}",
                shown()
            );
            asked_in_all += 1;
        }
        for user in ["user:a", "user:b"] {
            let asked = Check { object, relation, user, given: brought.given() };
            let found = block_on(explain(plan, &store, asked, limits)).unwrap();
            let expected = holders.iter().any(|(holder, holds)| holder == user && holds.contains(&node));
            match found {
                Explanation::Yes(path) => {
                    assert!(expected && !path.is_empty(), "explain {object} {relation} {user}\n{}", shown())
                }
                Explanation::No(_) => assert!(!expected, "explain {object} {relation} {user}\n{}", shown()),
            }
        }
    }
    asked_in_all
}

#[test]
fn nothing_differs_from_the_second_opinion() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = variable("LATCHKEY_DIFFERENTIAL_SEED");
    let seconds = variable("LATCHKEY_DIFFERENTIAL_SECONDS").unwrap_or(if first.is_some() { 0 } else { 3 });
    let (start, mut stores, mut questions) = (Instant::now(), 0, 0);
    loop {
        questions += compare(first.unwrap_or_default() + stores);
        stores += 1;
        if start.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    println!(
        "differential: {stores} random models with {TUPLE_SETS} sets of tuples each, {questions} questions, nothing differs"
    );
}
