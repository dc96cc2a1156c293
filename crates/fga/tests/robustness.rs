//! Broken texts: whatever is cut, doubled or mixed up, there is an answer and no trap. Seeded, a second or two.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has to stop")]

use fga::model::{Condition, ParamType, TypeName};
use fga::{Plan, cel, dsl};
use serde_json::{Map, json};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }
}

const TEXT: &str = "# a comment
model
  schema 1.1

type user
type group
  relations
    define member: [user, user:*, group#member with during]

type folder # a comment
  relations
    define parent: [folder]
    define viewer: ([user] or viewer from parent) but not (parent or viewer)

condition during(now: timestamp, names: list<string>) {
  now < timestamp(\"2030-01-01T00:00:00Z\") && 'é' in names // comment
}
";

const PIECES: [&str; 24] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "#",
    ",",
    "\n",
    " ",
    "define",
    "type",
    "model",
    "module x",
    "condition",
    " or ",
    " but not ",
    "\"",
    "'",
    "é\u{0}",
    "&",
    "|x",
    "\r\n\t",
];

fn broken(dice: &mut Dice, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(characters.len() + 1);
        let until = (at + dice.roll(12)).min(characters.len());
        match dice.roll(3) {
            0 => drop(characters.drain(at..until)),
            1 => {
                let piece: Vec<char> = characters[at..until].to_vec();
                let to = dice.roll(characters.len() + 1);
                characters.splice(to..to, piece);
            }
            _ => {
                let piece = PIECES[dice.roll(PIECES.len())].chars();
                characters.splice(at..at, piece);
            }
        }
    }
    characters.into_iter().collect()
}

#[test]
fn broken_texts_have_an_answer() {
    let mut dice = Dice(7);
    let mut read = 0;
    for _ in 0..150 {
        let text = broken(&mut dice, TEXT);
        match dsl::parse(&text) {
            Ok(parsed) => {
                read += 1;
                dsl::faults(&parsed.model, Some(&text));
                drop(Plan::compile(&parsed.model));
                drop(dsl::print(&parsed.model, true));
                drop(dsl::assemble(&[("a.fga", &text), ("b.fga", &text)], "1.2"));
            }
            Err(errors) => assert!(!errors.is_empty()),
        }
        drop(dsl::mod_file::read(&text));
    }
    assert!(read > 0 && read < 150, "{read}");
}

const EXPRESSION: &str = "a.b[0] == 1 && (l.exists(x, x > 2) || t + d < t) ? size(s) > 3u : m['k'].matches('^a+$') in [true, -1, 2.5e3, b'x', {'a': null}]";

#[test]
fn broken_expressions_have_an_answer() {
    let mut dice = Dice(11);
    let word = |word| ParamType { type_name: TypeName::from_word(word).unwrap(), generic_types: Vec::new() };
    let held = |of, held| ParamType { generic_types: vec![word(held)], ..word(of) };
    let parameters = [
        ("a", word("any")),
        ("l", held("list", "int")),
        ("m", held("map", "any")),
        ("t", word("timestamp")),
        ("d", word("duration")),
        ("s", word("string")),
        ("x", word("any")),
    ];
    let context = json!({
        "a": { "b": [1] }, "l": [1, 2, 3], "m": { "k": "aaa" }, "t": "2020-01-01T00:00:00Z", "d": "1h", "s": "abcd", "x": false,
    });
    let mut compiled = 0;
    for round in 0..2_500 {
        let expression = if round % 2 == 0 {
            broken(&mut dice, EXPRESSION)
        } else {
            // Small ones, of which more compile.
            let parts = [
                "a.b",
                "l",
                "m",
                "t",
                "d",
                "s",
                "x",
                "1",
                "-1",
                "'a'",
                "true",
                "null",
                "[]",
                "{}",
                "2u",
                "1.5",
                "t.getHours()",
                "size(s)",
                "string(d)",
                "int(s)",
                "l[9]",
                "m.z",
                "dyn(x)",
                "duration(s)",
            ];
            let signs = ["==", "!=", "<", ">=", "&&", "||", "+", "-", "*", "/", "%", "in", "? x :"];
            let mut text = parts[dice.roll(parts.len())].to_owned();
            for _ in 0..dice.roll(4) {
                text.push_str(&format!(
                    " {} {}",
                    signs[dice.roll(signs.len())],
                    parts[dice.roll(parts.len())]
                ));
            }
            text
        };
        let condition = Condition {
            name: "c".into(),
            expression,
            parameters: parameters.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect(),
            metadata: None,
        };
        if let Ok(condition) = cel::Condition::compile(&condition) {
            compiled += 1;
            drop(condition.evaluate(context.as_object().unwrap(), &Map::new(), cel::MAX_COST));
        }
    }
    assert!(compiled > 50, "{compiled}");
}
