//! Expressions that hold, that do not, that fail, and that are refused when a model is written.

use serde_json::{Map, Value as Json, json};

use super::{Condition, EvalError, MAX_COST, Verdict};
use crate::model;

fn condition(parameters: &Json, expression: &str) -> model::Condition {
    let parameters = parameters.as_object().unwrap().iter();
    let parameters = parameters.map(|(name, of)| {
        let word = of.as_str().unwrap();
        let (word, held) = match word.split_once('<') {
            Some((word, held)) => (word, Some(held.trim_end_matches('>'))),
            None => (word, None),
        };
        let plain = |word| model::TypeName::from_word(word).unwrap();
        let generic_types = held
            .map(|held| model::ParamType { type_name: plain(held), generic_types: Vec::new() })
            .into_iter()
            .collect();
        (name.clone(), model::ParamType { type_name: plain(word), generic_types })
    });
    model::Condition {
        name: "c".to_owned(),
        expression: expression.to_owned(),
        parameters: parameters.collect(),
        metadata: None,
    }
}

fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn evaluate(parameters: Json, expression: &str, context: Json) -> Result<Verdict, EvalError> {
    let compiled = Condition::compile(&condition(&parameters, expression)).unwrap();
    compiled.evaluate(&object(context), &Map::new(), MAX_COST)
}

fn holds(expression: &str) -> bool {
    let context = json!({
        "i": 3, "u": 4, "d": 1.5, "s": "hello", "b": true, "l": [1, 2, 3], "m": { "k": "v" }, "a": { "n": 1, "t": [true] },
        "t": "2023-01-02T10:12:01.5Z", "x": "1h30m", "ip": "::ffff:192.168.0.7",
    });
    let types = json!({
        "i": "int", "u": "uint", "d": "double", "s": "string", "b": "bool", "l": "list<int>", "m": "map<string>", "a": "any",
        "t": "timestamp", "x": "duration", "ip": "ipaddress",
    });
    match evaluate(types, expression, context) {
        Ok(Verdict::Met) => true,
        Ok(Verdict::NotMet) => false,
        other => panic!("{expression}: {other:?}"),
    }
}

#[test]
fn expressions_that_hold() {
    for expression in [
        "i == 3 && u == 4u && d < 2.0 && b",
        "i + 2 * 3 - 1 == 8 && 7 % 4 == 3 && -i == -3 && 7 / 2 == 3",
        "-9223372036854775808 < 0 && 0xff == 255 && 1e3 == 1000.0 && .5 < 1.0",
        "s.startsWith('he') && s.endsWith(\"lo\") && s.contains('ell') && s.matches('^h.*o$') && size(s) == 5 && s.size() == 5",
        "s + '!' == 'hello!' && r'\\n' == '\\\\n' && '\\u00e9' == 'é' && '''a'b''' == \"a'b\"",
        "2 in l && !(5 in l) && l[0] == 1 && size(l) == 3 && l + [4] == [1, 2, 3, 4]",
        "l.all(x, x > 0) && l.exists(x, x == 2) && l.exists_one(x, x == 3)",
        "l.map(x, x * 2) == [2, 4, 6]",
        "l.filter(x, x > 1) == [2, 3]",
        "l.map(x, x > 1, x * 2) == [4, 6]",
        "m.k == 'v' && m['k'] == 'v' && 'k' in m && has(m.k) && !has(m.q) && {'a': 1}.a == 1",
        "a.n == 1 && a.n < 2 && a.t[0] && has(a.n)",
        "b ? i == 3 : i == 4",
        "i > 5 ? false : true",
        "t > timestamp('2023-01-01T00:00:00Z') && t < timestamp('2023-01-02T12:12:01.5+01:00')",
        "t + x == timestamp('2023-01-02T11:42:01.5Z') && t - x < t && t - (t - x) == x && x > duration('89m')",
        "t.getFullYear() == 2023 && t.getMonth() == 0 && t.getDate() == 2 && t.getDayOfMonth() == 1 && t.getDayOfWeek() == 1",
        "t.getHours() == 10 && t.getHours('+02:00') == 12 && t.getMilliseconds() == 500 && t.getDayOfYear() == 1",
        "x.getMinutes() == 90 && string(x) == '5400s' && string(t) == '2023-01-02T10:12:01.5Z'",
        "ip.in_cidr('192.168.0.0/24') && !ip.in_cidr('10.0.0.0/8') && ip == ipaddress('192.168.0.7')",
        "ipaddress('2001:db8::1').in_cidr('2001:db8::/32') && ip.in_cidr('::ffff:192.168.0.0/120')",
        "int('7') == 7 && int(d) == 1 && double(i) == 3.0 && uint(i) == 3u && string(i) == '3' && bool('true')",
        "int(timestamp('1970-01-01T00:01:00Z')) == 60 && bytes('a') == b'a' && dyn(1) == 1.0",
        "x != null && t != null && ip != null && !(x == null)",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(false && 1 / 0 == 1) && [0, 1].exists(x, 1 / x == 1)",
        "// a comment\n i == 3",
        "!!b && --i == 3",
    ] {
        assert!(holds(expression), "{expression}");
    }
}

#[test]
fn expressions_that_do_not_hold() {
    for expression in ["i == 4", "s < 'a'", "l.all(x, x > 1)", "ip.in_cidr('192.168.1.0/24')", "a.n == 'x'"] {
        assert!(!holds(expression), "{expression}");
    }
}

#[test]
fn expressions_that_fail() {
    for (expression, why) in [
        ("1 / i == 1", "division by zero"),
        ("1 % i == 1", "modulus by zero"),
        ("[1][i + 1] == 1", "index out of bounds: 1"),
        ("{'a': 1}['b'] == 1", "no such key: b"),
        ("ipaddress('x').in_cidr('10.0.0.0/8')", "unable to parse IP address 'x'"),
        ("ipaddress('1.2.3.4').in_cidr('10.0.0.0')", "'10.0.0.0' is a malformed CIDR string"),
        ("9223372036854775807 + i + 1 > 0", "return error for overflow"),
        (
            "timestamp('9999-12-31T23:59:59Z') + duration('1s') == timestamp('2023-01-01T00:00:00Z')",
            "return error for overflow",
        ),
    ] {
        let error = evaluate(json!({ "i": "int" }), expression, json!({ "i": 0 })).unwrap_err();
        assert_eq!(error, EvalError::Failed(why.to_owned()), "{expression}");
    }
}

#[test]
fn a_missing_parameter_is_named_even_where_the_others_decide() {
    let types = json!({ "x": "int", "y": "int" });
    let missing = Verdict::Missing(vec!["y".to_owned()]);
    assert_eq!(evaluate(types, "x < 100 || y < 50", json!({ "x": 10 })), Ok(missing));
}

#[test]
fn what_a_tuple_stores_wins_over_the_request() {
    let compiled = Condition::compile(&condition(&json!({ "x": "int" }), "x == 1")).unwrap();
    let (request, stored) = (object(json!({ "x": 2 })), object(json!({ "x": 1 })));
    assert_eq!(compiled.evaluate(&request, &stored, MAX_COST), Ok(Verdict::Met));
    assert_eq!(compiled.evaluate(&stored, &request, MAX_COST), Ok(Verdict::NotMet));
}

#[test]
fn too_expensive_is_an_error_not_an_answer() {
    let list: Vec<u32> = (0..60).collect();
    let found = evaluate(json!({ "l": "list<int>" }), "l.exists(x, x == 70) || true", json!({ "l": list }));
    assert_eq!(found, Err(EvalError::TooExpensive));
}

#[test]
fn parameters_are_converted() {
    let met = |word: &str, expression: &str, given: Json| {
        evaluate(json!({ "p": word }), expression, json!({ "p": given }))
    };
    for (word, expression, given) in [
        ("int", "p == 5", json!("5")),
        ("int", "p == 5", json!(5.0)),
        ("uint", "p == 5u", json!("5")),
        ("double", "p == 1.5", json!("1.5")),
        ("double", "p == 5.0", json!(5)),
        ("any", "p == 5", json!(5)),
        ("map<int>", "p.a == 5", json!({ "a": 5 })),
        ("duration", "p == duration('90s')", json!("1m30s")),
    ] {
        assert_eq!(met(word, expression, given), Ok(Verdict::Met), "{word}");
    }
    for (word, expression, given, why) in [
        ("int", "p == 5", json!(5.5), "expected an int value, but found numeric value '5.5'"),
        ("int", "p == 5", json!("x"), "expected a int64 value, but found invalid string value 'x'"),
        ("uint", "p == 5u", json!(-1), "expected a uint value, but found int64 value '-1'"),
        ("bool", "p", json!("true"), "expected type value 'bool', but found 'string'"),
        ("string", "p == ''", json!(1), "expected type value 'string', but found 'float64'"),
        (
            "timestamp",
            "p > p",
            json!("2023"),
            "expected RFC 3339 formatted timestamp string, but found '2023'",
        ),
        ("duration", "p > p", json!("1x"), "expected a valid duration string, but found: '1x'"),
        ("ipaddress", "p == p", json!("1.2.3"), "expected a well-formed IP address, but found: '1.2.3'"),
        (
            "list<int>",
            "p == []",
            json!([1, "x"]),
            "found an invalid list item at index `1`: expected a int64 value, but found invalid string value 'x'",
        ),
        ("map<int>", "p == {}", json!(1), "map requires a map, found: float64"),
    ] {
        let error = met(word, expression, given).unwrap_err().to_string();
        let wanted =
            format!("parameter type error on condition 'c' - failed to convert context parameter 'p': {why}");
        assert_eq!(error, wanted, "{word}");
    }
}

#[test]
fn faults_of_type_are_found_when_written() {
    for (expression, why) in [
        ("i + s == 1", "found no matching overload for '_+_' applied to '(int, string)'"),
        ("i == d", "found no matching overload for '_==_' applied to '(int, double)'"),
        ("nope == 1", "undeclared reference to 'nope' (in container '')"),
        ("s.nope()", "undeclared reference to 'nope' (in container '')"),
        ("s.startsWith(i)", "found no matching overload for 'startsWith' applied to 'string.(int)'"),
        ("i.field == 1", "type 'int' does not support field selection"),
        ("i in s", "found no matching overload for '@in' applied to '(int, string)'"),
        ("i && b", "found no matching overload for '_&&_' applied to '(int, bool)'"),
        ("!i", "found no matching overload for '!_' applied to '(int)'"),
        (
            "i.all(x, true)",
            "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        ("ip.in_cidr(i)", "found no matching overload for 'in_cidr' applied to 'IPAddress.(int)'"),
        ("i ==", "Syntax error: mismatched input '<EOF>' expecting"),
        ("(i == 1", "Syntax error: mismatched input '<EOF>' expecting ')'"),
        ("i == 1 i", "Syntax error: extraneous input 'i' expecting <EOF>"),
        ("i = 1", "Syntax error: token recognition error at: '='"),
        ("s == 'a", "Syntax error: unterminated string"),
        ("has(i)", "invalid argument to has() macro"),
        ("99999999999999999999 == i", "invalid int literal"),
        ("if == 1", "reserved identifier: if"),
    ] {
        let types = json!({ "i": "int", "s": "string", "d": "double", "b": "bool", "ip": "ipaddress" });
        let error = Condition::compile(&condition(&types, expression)).unwrap_err().to_string();
        assert!(error.contains(why), "{expression}: {error}");
        assert!(error.starts_with("failed to compile expression on condition 'c' - ERROR: c:1:"), "{error}");
    }
}

#[test]
fn a_result_that_is_no_bool_is_refused() {
    for (expression, found) in [("i + 1", "int"), ("a.b", "dyn"), ("[i]", "list(int)")] {
        let types = json!({ "i": "int", "a": "any" });
        let error = Condition::compile(&condition(&types, expression)).unwrap_err();
        assert_eq!(error.cause, format!("expected a bool condition expression output, but got '{found}'"));
    }
}

#[test]
fn deep_expressions_are_refused() {
    for expression in [
        format!("{}b{}", "(".repeat(100), ")".repeat(100)),
        format!("{}0 == 0", "1 + ".repeat(100)),
        format!("a{} == 1", ".b".repeat(100)),
    ] {
        let types = json!({ "b": "bool", "a": "any" });
        let error = Condition::compile(&condition(&types, &expression)).unwrap_err();
        assert!(error.cause.contains("recursion limit"), "{error}");
    }
}

#[test]
fn unknown_types_of_parameters_are_refused() {
    let mut unspecified = condition(&json!({ "p": "int" }), "true");
    unspecified.parameters["p"].type_name = model::TypeName::default();
    let error = Condition::compile(&unspecified).unwrap_err();
    assert!(error.cause.contains("unknown condition parameter type"), "{error}");
    let bare = Condition::compile(&condition(&json!({ "p": "list" }), "true")).unwrap_err();
    assert!(bare.cause.contains("requires 1 generic types; found 0"), "{bare}");
}

#[test]
fn a_stored_context_has_only_declared_parameters() {
    let compiled = Condition::compile(&condition(&json!({ "x": "int" }), "x == 1")).unwrap();
    assert_eq!(compiled.admits(&object(json!({ "x": 1 }))), Ok(()));
    let unknown = compiled.admits(&object(json!({ "y": 1 })));
    assert_eq!(unknown, Err("found invalid context parameter: y".to_owned()));
    assert!(compiled.admits(&object(json!({ "x": "a" }))).is_err());
}

#[test]
fn compiled_conditions_are_stored_and_read_back() {
    let compiled = Condition::compile(&condition(&json!({ "l": "list<int>" }), "l.all(x, x > 1u == false)"));
    assert!(compiled.is_err());
    let compiled = Condition::compile(&condition(&json!({ "l": "list<int>" }), "l.all(x, x > 1)")).unwrap();
    let read: Condition = serde_json::from_str(&serde_json::to_string(&compiled).unwrap()).unwrap();
    assert_eq!(read, compiled);
}
