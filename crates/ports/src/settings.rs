//! A deployment's settings: Spin variables, read at the entry and checked once.

use std::{collections::BTreeMap, fmt};

use domain::IndexKey;

/// A setting is missing or makes no sense; the sentence says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(pub String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for SettingsError {}

/// The settings a component was granted. A component asks only for those in its row of `spin.toml`.
#[derive(Clone)]
pub struct Settings {
    public_url: String,
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl Settings {
    /// Checks what every component needs (`public_url`).
    pub fn new(values: BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let public_url =
            values.get("public_url").map(|url| url.trim_end_matches('/').to_owned()).unwrap_or_default();
        let (scheme, authority) = public_url.split_once("://").unwrap_or_default();
        let plain = !authority.is_empty()
            && !authority.contains(['/', '?', '#', '@', ' '])
            && authority == authority.to_ascii_lowercase();
        if !plain || !matches!(scheme, "http" | "https") {
            return Err(SettingsError(
                "set the variable public_url to the origin people see, such as https://id.example".into(),
            ));
        }
        Ok(Self { public_url, values })
    }

    /// Scheme, host and port that people see; the issuer and the base of every link. Never taken from a request's headers.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Whether people come by https; then cookies are `__Host-` ones.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The host name alone: the RP ID of our passkeys.
    pub fn host(&self) -> &str {
        let authority = self.public_url.split_once("://").map_or("", |(_, authority)| authority);
        authority.rsplit_once(':').map_or(authority, |(host, _)| host)
    }

    /// A setting that may be left out; empty counts as left out.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting that this component cannot do without.
    pub fn required(&self, name: &str) -> Result<&str, SettingsError> {
        self.optional(name)
            .ok_or_else(|| SettingsError(format!("set the variable {name} and grant it to this component")))
    }

    /// The key under which user input is hashed into storage keys.
    pub fn index_key(&self) -> Result<IndexKey, SettingsError> {
        self.key("index_key")
    }

    /// The key that signs handoffs between rooms.
    pub fn handoff_key(&self) -> Result<IndexKey, SettingsError> {
        self.key("handoff_key")
    }

    /// The key that wraps the private keys which tokens are signed with.
    pub fn keyring_key(&self) -> Result<IndexKey, SettingsError> {
        self.key("keyring_key")
    }

    fn key(&self, name: &str) -> Result<IndexKey, SettingsError> {
        IndexKey::new(self.required(name)?.as_bytes())
            .ok_or_else(|| SettingsError(format!("set the variable {name} to at least 16 random bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Settings, SettingsError> {
        Settings::new([("public_url".to_owned(), url.to_owned())].into())
    }

    #[test]
    fn public_url_is_an_origin() {
        let settings = of("https://id.example:8443/").unwrap();
        assert_eq!(
            (settings.public_url(), settings.host(), settings.is_https()),
            ("https://id.example:8443", "id.example", true)
        );
        for url in
            ["", "id.example", "ftp://x", "https://", "https://a/b", "https://u@a", "https://A.example"]
        {
            assert!(of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_missing_setting_says_which() {
        let settings = of("http://localhost:3000").unwrap();
        assert!(settings.required("index_key").unwrap_err().0.contains("index_key"));
    }
}
