//! `spin:variables@3.0.0`: a guest reads what its own component maps, nothing else.

use wasmtime::{Result, component::Accessor};

use crate::{
    ctx::{Ctx, Spin},
    generated::spin::variables::variables::{Error, Host, HostWithStore},
};

impl Host for Ctx {}

impl<T: Send + 'static> HostWithStore<T> for Spin {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<Result<String, Error>> {
        let guest = accessor.with(|mut access| access.get().guest.clone());
        if !is_name(&name) {
            return Ok(Err(Error::InvalidName(format!(
                "`{name}` is not a variable name: lower case, digits and single underscores"
            ))));
        }
        Ok(match guest.variables.get(&name) {
            Some(value) => Ok(value.clone()),
            None => Err(Error::Undefined(format!("no variable `{name}` for component `{}`", guest.id))),
        })
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with('_')
        && !name.contains("__")
}
