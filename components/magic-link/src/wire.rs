//! What comes in and goes out, as JSON or as a form.

use domain::{Email, ReturnTo};
use kv_schema::mailbox::Message;
use serde::Deserialize;
use serde_json::{Value, json};

/// `POST /magic-link`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    pub(crate) email: Email,
    pub(crate) tenant: Option<String>,
    pub(crate) return_to: Option<ReturnTo>,
}

/// `POST /magic-link/confirm`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Press {
    token: String,
    #[serde(rename = "match")]
    pub(crate) digits: Option<Digits>,
}

impl Press {
    /// The token, also where someone pasted the whole link.
    pub(crate) fn token(&self) -> &str {
        bare_token(&self.token)
    }
}

/// The two digits as someone typed them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Digits {
    Text(String),
    Number(u8),
}

impl Digits {
    /// Whether they are these.
    pub(crate) fn are(&self, digits: u8) -> bool {
        match self {
            Self::Text(text) => text.trim() == digits.to_string(),
            Self::Number(number) => *number == digits,
        }
    }
}

/// `POST /magic-link/code`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    code: String,
}

impl Typed {
    /// The code without the spaces and dashes that people put in.
    pub(crate) fn code(&self) -> String {
        self.code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect()
    }
}

/// What follows the `#` or `?token=` of a link; a bare token as it is.
pub(crate) fn bare_token(text: &str) -> &str {
    let text = text.trim();
    text.rsplit_once('#').or_else(|| text.rsplit_once("token=")).map_or(text, |(_, token)| token)
}

/// A mail of the development mailbox.
pub(crate) fn message(message: &Message) -> Value {
    let mut shape = json!({
        "to": message.to,
        "from": message.from,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "at": message.at.rfc3339(),
    });
    if let Some(members) = shape.as_object_mut() {
        for (name, value) in [("link", &message.link), ("code", &message.code)] {
            if let Some(value) = value {
                members.insert(name.into(), value.as_str().into());
            }
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_link_is_its_token() {
        for text in [
            "lkm_x",
            " lkm_x\n",
            "https://id.example/magic-link/confirm#lkm_x",
            "https://id.example/magic-link/confirm?token=lkm_x",
        ] {
            assert_eq!(bare_token(text), "lkm_x");
        }
    }

    #[test]
    fn digits_are_compared_as_typed() {
        let digits = |json: &str| serde_json::from_str::<Digits>(json).map(|digits| digits.are(42));
        assert!(digits("\"42\"").unwrap() && digits("42").unwrap() && digits("\" 42 \"").unwrap());
        for other in ["\"43\"", "\"042\"", "\"\"", "\"4 2\"", "7"] {
            assert!(!digits(other).unwrap(), "{other}");
        }
        assert!(digits("[42]").is_err() && digits("-1").is_err() && digits("420").is_err());
    }
}
