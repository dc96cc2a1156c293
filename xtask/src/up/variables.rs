//! What every variable of `spin.toml` is set to: by `--set`, else by the environment as Spin reads it, else by `up`.

use std::collections::BTreeMap;

use crate::manifest::Manifest;
use crate::say::{Result, refuse};

/// Secrets that `up` makes although `spin.toml` would let them be empty.
const MADE: [&str; 6] =
    ["index_key", "handoff_key", "keyring_key", "janitor_token", "device_pepper", "bootstrap_token"];

/// What is settled before the secrets are.
#[derive(Debug)]
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
    /// Those that `up` makes and keeps.
    pub(crate) to_make: Vec<String>,
}

impl Variables {
    /// `given` is from the command line, `environment` looks up a `SPIN_VARIABLE_…`.
    pub(crate) fn settle(
        manifest: &Manifest,
        given: &BTreeMap<String, String>,
        environment: impl Fn(&str) -> Option<String>,
        port: u16,
    ) -> Result<Self> {
        if let Some(unknown) = given.keys().find(|name| !manifest.variables.contains_key(*name)) {
            let known: Vec<_> = manifest.variables.keys().map(String::as_str).collect();
            return refuse(format!("`spin.toml` has no variable `{unknown}`; it has {}", known.join(", ")));
        }
        let mut settled = Self { values: BTreeMap::new(), to_make: Vec::new() };
        for (name, variable) in &manifest.variables {
            let value = given.get(name).cloned();
            let value = value.or_else(|| environment(&spin_name(name))).or_else(|| default(name, port));
            match value {
                Some(value) => drop(settled.values.insert(name.clone(), value)),
                None if MADE.contains(&name.as_str()) || (variable.required && variable.secret) => {
                    settled.to_make.push(name.clone());
                }
                None if variable.required => {
                    return refuse(format!(
                        "the variable `{name}` has no default: give it with --set {name}=…"
                    ));
                }
                None => {}
            }
        }
        Ok(settled)
    }

    pub(crate) fn add(&mut self, made: BTreeMap<String, String>) {
        self.values.extend(made.into_iter().filter(|(name, _)| self.to_make.contains(name)));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// For the runtime's environment: the command line could be read by every user of the machine.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (String, &String)> {
        self.values.iter().map(|(name, value)| (spin_name(name), value))
    }
}

/// The variables a developer's machine wants otherwise than a deployment.
fn default(name: &str, port: u16) -> Option<String> {
    match name {
        "public_url" => Some(format!("http://localhost:{port}")),
        "mailer" => Some("dev-mailbox".to_owned()),
        "allow_loopback_upstreams" => Some("true".to_owned()),
        _ => None,
    }
}

fn spin_name(name: &str) -> String {
    format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::parse(
            r#"
            [variables]
            public_url = { default = "" }
            mailer = { default = "" }
            mail_api_key = { default = "", secret = true }
            index_key = { required = true, secret = true }
            bootstrap_token = { default = "", secret = true }
            region = { required = true }
            "#,
        )
        .unwrap()
    }

    fn settle(given: &[(&str, &str)]) -> Result<Variables> {
        let given = given.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let environment = |name: &str| (name == "SPIN_VARIABLE_MAILER").then(|| "mailpit".to_owned());
        Variables::settle(&manifest(), &given, environment, 4000)
    }

    #[test]
    fn an_unknown_variable_is_refused() {
        let told = settle(&[("pubic_url", "x")]).unwrap_err().0;
        assert!(told.contains("no variable `pubic_url`") && told.contains("public_url"), "{told}");
    }

    #[test]
    fn a_required_variable_without_value_is_refused() {
        assert!(settle(&[]).unwrap_err().0.contains("--set region="));
    }

    #[test]
    fn command_line_then_environment_then_ours() {
        let mut settled = settle(&[("region", "eu"), ("bootstrap_token", "mine")]).unwrap();
        assert_eq!(settled.get("public_url"), Some("http://localhost:4000"));
        assert_eq!(settled.get("mailer"), Some("mailpit"));
        assert_eq!(settled.get("mail_api_key"), None);
        assert_eq!(settled.to_make, ["index_key"]);
        let kept = [("index_key", "made"), ("bootstrap_token", "kept earlier")];
        settled.add(kept.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!((settled.get("index_key"), settled.get("bootstrap_token")), (Some("made"), Some("mine")));
    }
}
