//! The manifest as it is written; unknown words are refused, as Spin refuses them.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) spin_manifest_version: Value,
    pub(super) application: Application,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub(super) trigger: Triggers,
    #[serde(default)]
    pub(super) component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) version: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "authors")]
    _authors: Option<Value>,
    #[serde(rename = "targets")]
    _targets: Option<Value>,
    #[serde(rename = "trigger")]
    _trigger: Option<Value>,
    #[serde(rename = "tool")]
    _tool: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variable {
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    /// A mark only, here as in Spin: no value of a variable is ever printed.
    #[serde(rename = "secret")]
    _secret: Option<bool>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) http: Vec<Trigger>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
    pub(super) route: Route,
    pub(super) component: Option<String>,
    pub(super) static_response: Option<StaticResponse>,
    #[serde(rename = "id")]
    _id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Route {
    Public(String),
    Private { private: bool },
}

/// An answer that needs no component.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticResponse {
    pub status_code: Option<u16>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Component {
    pub(super) source: Value,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) files: Vec<Mount>,
    #[serde(default)]
    pub(super) exclude_files: Vec<String>,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(super) key_value_stores: Vec<String>,
    #[serde(default)]
    pub(super) sqlite_databases: Vec<String>,
    #[serde(default)]
    pub(super) ai_models: Vec<String>,
    #[serde(default)]
    pub(super) dependencies: Table,
    #[serde(rename = "dependencies_inherit_configuration")]
    _dependencies_inherit_configuration: Option<bool>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "targets")]
    _targets: Option<Value>,
    #[serde(rename = "build")]
    _build: Option<Value>,
    #[serde(rename = "tool")]
    _tool: Option<Value>,
    #[serde(rename = "profile")]
    _profile: Option<Value>,
}

/// Files that a component may read.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Mount {
    /// Where they are is where the guest sees them.
    Pattern(String),
    #[serde(rename_all = "snake_case")]
    Placement { source: String, destination: String },
}
