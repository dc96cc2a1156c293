//! The command line: `--name value`, `--name=value`, and flags.

use std::collections::VecDeque;

use crate::say::{Result, refuse};

/// What is left of the command line.
#[derive(Debug)]
pub(crate) struct Args(VecDeque<String>);

/// An option with its name; its value is asked for by those that take one.
#[derive(Debug)]
pub(crate) struct Opt {
    pub(crate) name: String,
    value: Option<String>,
}

impl Args {
    pub(crate) fn of_process() -> Self {
        Self(std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect())
    }

    #[cfg(test)]
    pub(crate) fn of(words: &[&str]) -> Self {
        Self(words.iter().map(|&word| word.to_owned()).collect())
    }

    /// The next word as it stands.
    pub(crate) fn word(&mut self) -> Option<String> {
        self.0.pop_front()
    }

    /// Nothing more is expected.
    pub(crate) fn end(mut self) -> Result<()> {
        match self.0.pop_front() {
            None => Ok(()),
            Some(word) => refuse(format!("did not expect `{word}`; try `cargo xtask help`")),
        }
    }

    /// The next option; a bare word is refused.
    pub(crate) fn option(&mut self) -> Result<Option<Opt>> {
        let Some(word) = self.0.pop_front() else { return Ok(None) };
        if !word.starts_with('-') {
            return refuse(format!("did not expect `{word}`; try `cargo xtask help`"));
        }
        Ok(Some(match word.split_once('=') {
            Some((name, value)) => Opt { name: name.to_owned(), value: Some(value.to_owned()) },
            None => Opt { name: word, value: None },
        }))
    }

    /// The option's value: after its `=`, or the next word.
    pub(crate) fn value(&mut self, option: Opt) -> Result<String> {
        match option.value.or_else(|| self.0.pop_front()) {
            Some(value) => Ok(value),
            None => refuse(format!("`{}` needs a value", option.name)),
        }
    }
}

impl Opt {
    pub(crate) fn unknown<T>(&self) -> Result<T> {
        refuse(format!("there is no option `{}` here; try `cargo xtask help`", self.name))
    }

    /// A flag takes no value.
    pub(crate) fn flag(&self) -> Result<bool> {
        match &self.value {
            None => Ok(true),
            Some(value) => refuse(format!("`{}` takes no value (`{value}`)", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_an_equals_sign_or_a_space() {
        for words in [&["--set=a=b"][..], &["--set", "a=b"]] {
            let mut args = Args::of(words);
            let option = args.option().unwrap().unwrap();
            assert_eq!(option.name, "--set");
            assert_eq!(args.value(option).unwrap(), "a=b");
        }
    }

    #[test]
    fn bare_words_and_missing_values_are_refused() {
        assert!(Args::of(&["oops"]).option().is_err());
        let mut args = Args::of(&["--listen"]);
        let option = args.option().unwrap().unwrap();
        assert!(args.value(option).unwrap_err().0.contains("needs a value"));
        assert!(Args::of(&["--fresh=1"]).option().unwrap().unwrap().flag().is_err());
    }
}
