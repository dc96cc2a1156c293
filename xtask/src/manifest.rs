//! `spin.toml`, as far as the chores need it: components, routes, variables, grants.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::say::{Because as _, Result, refuse};
use crate::tree::Tree;

/// Where every Wasm file of ours is built, seen from the root.
pub(crate) const WASM: &str = "target/wasm/wasm32-wasip2/release";

/// The running system as `spin.toml` tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) components: BTreeMap<String, Component>,
    pub(crate) variables: BTreeMap<String, Variable>,
}

/// One component and what it is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) source: String,
    pub(crate) routes: BTreeSet<String>,
    pub(crate) stores: BTreeSet<String>,
    /// The component's own names of its variables.
    pub(crate) variables: BTreeSet<String>,
    pub(crate) outbound: BTreeSet<String>,
}

/// One application variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) required: bool,
    pub(crate) secret: bool,
}

impl Manifest {
    pub(crate) fn read(tree: &Tree) -> Result<Self> {
        if !tree.path("spin.toml").is_file() {
            return refuse(
                "there is no `spin.toml` at the root of the work tree, so nothing says what the components are",
            );
        }
        Self::parse(&tree.read("spin.toml")?)
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let table: Table = text.parse().because(|| "`spin.toml` cannot be read".to_owned())?;
        let mut manifest = Self::default();
        for (id, entry) in sub_table(&table, "component") {
            manifest.components.insert(id.clone(), component(entry));
        }
        for (name, entry) in sub_table(&table, "variables") {
            let flag = |key| entry.get(key).and_then(Value::as_bool).unwrap_or_default();
            manifest
                .variables
                .insert(name.clone(), Variable { required: flag("required"), secret: flag("secret") });
        }
        let triggers = table.get("trigger").and_then(|trigger| trigger.get("http")).and_then(Value::as_array);
        for trigger in triggers.into_iter().flatten() {
            let route = trigger.get("route").and_then(Value::as_str);
            let id = trigger.get("component").and_then(Value::as_str);
            if let (Some(route), Some(id)) = (route, id) {
                let Some(component) = manifest.components.get_mut(id) else {
                    return refuse(format!(
                        "`spin.toml` sends `{route}` to `{id}`, which it does not define"
                    ));
                };
                component.routes.insert(route.to_owned());
            }
        }
        Ok(manifest)
    }

    /// The components that are built from this work tree.
    pub(crate) fn built_here(&self) -> impl Iterator<Item = &str> {
        let here = |component: &Component| component.source.starts_with("target/wasm/");
        self.components.iter().filter(move |(_, component)| here(component)).map(|(id, _)| id.as_str())
    }
}

fn component(entry: &Value) -> Component {
    let strings = |key| {
        let list = entry.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let variables = entry.get("variables").and_then(Value::as_table).into_iter().flatten();
    Component {
        source: entry.get("source").and_then(Value::as_str).unwrap_or_default().to_owned(),
        routes: BTreeSet::new(),
        stores: strings("key_value_stores"),
        variables: variables.map(|(name, _)| name.clone()).collect(),
        outbound: strings("allowed_outbound_hosts"),
    }
}

fn sub_table<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    table.get(key).and_then(Value::as_table).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
        spin_manifest_version = 2
        [variables]
        public_url = { default = "http://localhost:3000" }
        keyring_key = { required = true, secret = true }
        [[trigger.http]]
        route = "/passkey/..."
        component = "passkey"
        [component.passkey]
        source = "target/wasm/wasm32-wasip2/release/passkey.wasm"
        key_value_stores = ["default"]
        allowed_outbound_hosts = []
        [component.passkey.variables]
        public_url = "{{ public_url }}"
        [component.elsewhere]
        source = { url = "https://a.example/x.wasm", digest = "sha256:0" }
    "#;

    #[test]
    fn components_built_here_are_those_below_the_target_folder() {
        let manifest = Manifest::parse(PAGE).unwrap();
        assert_eq!(manifest.built_here().collect::<Vec<_>>(), ["passkey"]);
        assert!(manifest.variables["keyring_key"].secret);
        assert!(manifest.components["passkey"].routes.contains("/passkey/..."));
    }

    #[test]
    fn a_route_to_nowhere_is_refused() {
        let page = "[[trigger.http]]\nroute = \"/a\"\ncomponent = \"b\"\n";
        assert!(Manifest::parse(page).unwrap_err().0.contains("does not define"));
    }
}
