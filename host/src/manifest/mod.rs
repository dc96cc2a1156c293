//! `spin.toml`, version 2, as Spin reads it; with every variable settled and every template filled in.

mod check;
mod template;
mod toml_file;

pub use toml_file::{Mount, StaticResponse};

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::outbound::hosts::Hosts;
use toml_file::{File, Route as WrittenRoute};

/// An application, ready to be run.
#[derive(Debug)]
pub struct Manifest {
    pub name: String,
    pub version: Option<String>,
    /// The folder of `spin.toml`; paths in it are relative to this.
    pub folder: PathBuf,
    pub components: BTreeMap<String, Component>,
    pub triggers: Vec<Trigger>,
}

/// A component and everything it is granted.
#[derive(Debug)]
pub struct Component {
    pub wasm: PathBuf,
    pub variables: HashMap<String, String>,
    pub environment: BTreeMap<String, String>,
    pub stores: HashSet<String>,
    pub outbound: Hosts,
    pub files: Vec<Mount>,
    pub exclude_files: Vec<String>,
}

/// What answers on a route.
#[derive(Debug)]
pub struct Trigger {
    /// `None` for a private one: reached by service chaining only.
    pub route: Option<String>,
    pub target: Target,
}

#[derive(Debug, Clone)]
pub enum Target {
    Component(String),
    Static(StaticResponse),
}

impl Manifest {
    /// Reads a manifest; `environment` looks up what the process was given.
    pub fn read(file: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the manifest `{shown}` cannot be read"))?;
        let folder = std::path::absolute(file)?.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&text, &folder, environment).with_context(|| format!("the manifest `{shown}`"))
    }

    pub fn parse(text: &str, folder: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let written: File = toml::from_str(text)?;
        check::version(&written)?;
        let variables = variables(&written, environment)?;
        let ids: BTreeSet<&str> = written.component.keys().map(String::as_str).collect();
        let mut components = BTreeMap::new();
        for (id, written) in &written.component {
            let component =
                component(written, folder, &variables, &ids).with_context(|| format!("component `{id}`"))?;
            components.insert(id.clone(), component);
        }
        let triggers = written.trigger.http.into_iter().map(|trigger| {
            let route = match trigger.route {
                WrittenRoute::Public(route) => Some(route),
                WrittenRoute::Private { private: true } => None,
                WrittenRoute::Private { private: false } => {
                    bail!("`route = {{ private = false }}` means nothing: give a path")
                }
            };
            let shown = route.as_deref().unwrap_or("{ private = true }");
            let target = match (trigger.component, trigger.static_response) {
                (Some(id), None) if ids.contains(id.as_str()) => Target::Component(id),
                (Some(id), None) => bail!("the route `{shown}` leads to `{id}`, which is not defined"),
                (None, Some(response)) => {
                    check::static_response(&response).with_context(|| format!("the route `{shown}`"))?;
                    Target::Static(response)
                }
                _ => bail!("the route `{shown}` needs a component or a static_response, and not both"),
            };
            Ok(Trigger { route, target })
        });
        Ok(Self {
            name: written.application.name,
            version: written.application.version.filter(|version| !version.is_empty()),
            folder: folder.to_owned(),
            triggers: triggers.collect::<Result<_>>()?,
            components,
        })
    }
}

/// The application's variables: from the environment as Spin names them, else the default.
fn variables(
    written: &File,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (name, variable) in &written.variables {
        check::variable_name(name)?;
        let from = format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase());
        ensure!(
            variable.required || variable.default.is_some(),
            "the variable `{name}` needs `default` or `required = true`"
        );
        let value = environment(&from).or_else(|| variable.default.clone());
        let value = value.with_context(|| format!("the variable `{name}` is required: set {from}"))?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn component(
    written: &toml_file::Component,
    folder: &Path,
    variables: &BTreeMap<String, String>,
    ids: &BTreeSet<&str>,
) -> Result<Component> {
    check::supported(written)?;
    let mut own = HashMap::new();
    for (name, value) in &written.variables {
        check::variable_name(name)?;
        let value = template::fill(value, variables).with_context(|| format!("its variable `{name}`"))?;
        own.insert(name.clone(), value);
    }
    Ok(Component {
        wasm: folder.join(check::source(&written.source)?),
        variables: own,
        environment: written.environment.clone(),
        stores: written.key_value_stores.iter().cloned().collect(),
        outbound: Hosts::parse(&written.allowed_outbound_hosts, |host| template::fill(host, variables), ids)?,
        files: written.files.clone(),
        exclude_files: written.exclude_files.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "house"
        version = "0.1.0"
        authors = ["somebody"]
        [variables]
        issuer = { default = "https://id.example" }
        pepper = { required = true, secret = true }
        [[trigger.http]]
        route = "/..."
        component = "web"
        [[trigger.http]]
        route = { private = true }
        component = "keys"
        [[trigger.http]]
        route = "/robots.txt"
        static_response = { status_code = 200, body = "User-agent: *", headers = { content-type = "text/plain" } }
        [component.web]
        source = "target/web.wasm"
        key_value_stores = ["default"]
        allowed_outbound_hosts = ["http://keys.spin.internal", "{{ issuer }}"]
        files = ["static/**/*", { source = "assets", destination = "/assets" }]
        [component.web.variables]
        address = "{{ issuer }}/sign-in"
        [component.web.build]
        command = "cargo xtask build"
        watch = ["src/**/*.rs"]
        [component.keys]
        source = "target/keys.wasm"
        [component.keys.environment]
        MODE = "strict"
    "#;

    fn parse(page: &str, environment: &[(&str, &str)]) -> Result<Manifest> {
        let look = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Manifest::parse(page, Path::new("/house"), look)
    }

    fn refused(page: &str) -> String {
        format!("{:#}", parse(page, &[("SPIN_VARIABLE_PEPPER", "x")]).unwrap_err())
    }

    #[test]
    fn what_spin_reads_is_read() {
        let manifest =
            parse(PAGE, &[("SPIN_VARIABLE_PEPPER", "x"), ("SPIN_VARIABLE_ISSUER", "http://localhost:3000")])
                .unwrap();
        let web = &manifest.components["web"];
        assert_eq!(web.wasm, Path::new("/house/target/web.wasm"));
        assert_eq!(web.variables["address"], "http://localhost:3000/sign-in");
        assert!(web.stores.contains("default") && web.variables.len() == 1 && web.files.len() == 2);
        assert!(
            web.outbound.admits("http://localhost:3000/x", "http")
                && !web.outbound.admits("https://id.example", "https")
        );
        assert!(manifest.triggers[1].route.is_none());
        assert!(
            matches!(&manifest.triggers[2].target, Target::Static(response) if response.body.as_deref() == Some("User-agent: *"))
        );
        assert_eq!(manifest.components["keys"].environment["MODE"], "strict");
    }

    #[test]
    fn a_required_variable_without_value_is_refused() {
        let told = format!("{:#}", parse(PAGE, &[]).unwrap_err());
        assert!(told.contains("`pepper` is required: set SPIN_VARIABLE_PEPPER"), "{told}");
    }

    #[test]
    fn what_spin_would_not_run_is_refused_with_a_sentence() {
        for (from, to, part) in [
            ("spin_manifest_version = 2", "spin_manifest_version = 1", "version 2"),
            ("component = \"keys\"", "component = \"kays\"", "`kays`, which is not defined"),
            ("\"{{ issuer }}/sign-in\"", "\"{{ isuer }}\"", "no variable `isuer`"),
            ("\"{{ issuer }}/sign-in\"", "\"{{ issuer\"", "closed"),
            ("keys.spin.internal", "kays.spin.internal", "`kays`"),
            ("key_value_stores", "key_value_store", "key_value_store"),
            ("issuer = {", "Issuer = {", "`Issuer`"),
            ("required = true, ", "", "`default` or `required"),
            ("{ private = true }", "{ private = false }", "means nothing"),
            ("status_code = 200", "status_code = 99", "99"),
            (
                "source = \"target/keys.wasm\"",
                "source = { url = \"https://x\", digest = \"sha256:0\" }",
                "local",
            ),
            ("[component.keys.environment]", "[component.keys.dependencies]", "dependencies"),
            (
                "[[trigger.http]]\n        route = \"/robots.txt\"",
                "[[trigger.redis]]\n        channel = \"x\"",
                "redis",
            ),
        ] {
            assert!(PAGE.contains(from), "{from}");
            let told = refused(&PAGE.replacen(from, to, 1));
            assert!(told.contains(part), "{to}: {told}");
        }
    }

    #[test]
    fn a_missing_manifest_is_named() {
        let told = Manifest::read(Path::new("/nowhere/spin.toml"), |_| None).unwrap_err().to_string();
        assert!(told.contains("`/nowhere/spin.toml` cannot be read"), "{told}");
    }
}
