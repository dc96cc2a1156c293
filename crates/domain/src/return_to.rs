//! Where a person goes after signing in: a path of our own, never another site.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::{fmt, str::FromStr};

/// A path with optional query on our own origin. Anything a browser could read as another origin is refused
/// (PROTOCOLS, attack case 14).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ReturnTo(String);

/// The text is not a path of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnToError;

impl fmt::Display for ReturnToError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("return_to must be a path on this site that starts with a single /")
    }
}

impl ReturnTo {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReturnTo {
    type Err = ReturnToError;

    fn from_str(text: &str) -> Result<Self, ReturnToError> {
        // Browsers drop tabs and newlines and read a backslash as a slash, so only plain visible ASCII is taken.
        let plain =
            text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`'));
        let mut bytes = text.bytes();
        let ours = bytes.next() == Some(b'/') && bytes.next() != Some(b'/');
        // A dot segment could climb out of the path into `//evil`.
        let climbs =
            text.split(['?', '#']).next().unwrap_or_default().split('/').any(|s| s == ".." || s == ".");
        if plain && ours && !climbs && text.len() <= 1_024 {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReturnToError)
        }
    }
}

impl<'de> Deserialize<'de> for ReturnTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_of_ours() {
        for text in ["/", "/account", "/authorize?client_id=cli_1&state=a%2Fb"] {
            assert!(text.parse::<ReturnTo>().is_ok(), "{text}");
        }
    }

    /// PROTOCOLS: attack case 14.
    #[test]
    fn other_sites_are_refused() {
        for text in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example/",
            "/a/..//evil.example",
            "/ä",
        ] {
            assert_eq!(text.parse::<ReturnTo>(), Err(ReturnToError), "{text:?}");
        }
    }
}
