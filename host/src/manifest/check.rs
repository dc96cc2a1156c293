//! What a manifest may say and this host must refuse, each with its sentence.

use anyhow::{Context as _, Result, bail, ensure};
use http::{HeaderName, HeaderValue, StatusCode};
use toml::Value;

use super::toml_file::{Component, File, StaticResponse};

pub(super) fn version(file: &File) -> Result<()> {
    let two = matches!(&file.spin_manifest_version, Value::Integer(2))
        || file.spin_manifest_version.as_str() == Some("2");
    ensure!(two, "only manifests of version 2 are understood (`spin_manifest_version = 2`)");
    Ok(())
}

pub(super) fn variable_name(name: &str) -> Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with('_')
        && !name.contains("__");
    ensure!(fits, "`{name}` is not the name of a variable: lower case, digits and single underscores");
    Ok(())
}

/// The path of a component's `.wasm`.
pub(super) fn source(source: &Value) -> Result<&str> {
    source.as_str().context("only a local file can be its source here, nothing is fetched")
}

pub(super) fn supported(component: &Component) -> Result<()> {
    let lacking = [
        ("dependencies", !component.dependencies.is_empty()),
        ("sqlite_databases", !component.sqlite_databases.is_empty()),
        ("ai_models", !component.ai_models.is_empty()),
    ];
    match lacking.iter().find(|(_, wanted)| *wanted) {
        Some((what, _)) => bail!("this host has no {what}; `spin up` has"),
        None => Ok(()),
    }
}

pub(super) fn static_response(response: &StaticResponse) -> Result<()> {
    if let Some(code) = response.status_code {
        StatusCode::from_u16(code).with_context(|| format!("`{code}` is no status code"))?;
    }
    for (name, value) in &response.headers {
        HeaderName::try_from(name).with_context(|| format!("`{name}` is no name of a header"))?;
        HeaderValue::try_from(value)
            .with_context(|| format!("the header `{name}` cannot have that value"))?;
    }
    Ok(())
}
