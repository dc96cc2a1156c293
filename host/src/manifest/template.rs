//! `{{ name }}` in values.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

/// The text with every variable filled in.
pub(super) fn fill(text: &str, variables: &BTreeMap<String, String>) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").context("a `{{` is not closed by `}}`")?;
        let name = name.trim();
        let value =
            variables.get(name).with_context(|| format!("the application has no variable `{name}`"))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values_and_the_rest_stays() {
        let variables =
            BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "{{ a }}".to_owned())]);
        for (text, filled) in [
            ("", ""),
            ("x", "x"),
            ("{{a}}", "1"),
            ("x-{{ a }}-{{a}}", "x-1-1"),
            ("}}{", "}}{"),
            ("{{ b }}", "{{ a }}"),
        ] {
            assert_eq!(fill(text, &variables).unwrap(), filled);
        }
        for text in ["{{ a", "{{ c }}", "{{}}"] {
            assert!(fill(text, &variables).is_err(), "{text}");
        }
    }
}
