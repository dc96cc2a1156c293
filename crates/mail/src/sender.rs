//! Who our letters come from.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use domain::Email;
use ports::SettingsError;

/// The sender, from the variable `mailer_from`: `no-reply@id.example` or `Acme Sign-in <no-reply@id.example>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// What people see.
    pub name: Option<String>,
    /// The address.
    pub email: String,
}

impl Sender {
    /// Reads the variable. An address `@localhost`, which no provider takes, is one only where mails stay on this machine (`local`).
    ///
    /// # Errors
    /// It is no address, or the name holds control characters or quotes.
    pub fn parse(text: &str, local: bool) -> Result<Self, SettingsError> {
        let wrong = || {
            SettingsError(
                "set the variable mailer_from to an address such as `Acme Sign-in <no-reply@id.example>`"
                    .into(),
            )
        };
        let (name, address) = match text.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        if name.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '<' | '>')) || name.len() > 100 {
            return Err(wrong());
        }
        let name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
        let parse = |address: &str| address.parse::<Email>().map_err(|_| wrong());
        let email = match address.strip_suffix("@localhost") {
            Some(mailbox) if local => {
                parse(&format!("{mailbox}@localhost.example")).map(|_| address.to_owned())?
            }
            _ => parse(address)?.as_str().to_owned(),
        };
        Ok(Self { name, email })
    }

    /// As in a `From` header, the name quoted.
    pub(crate) fn header(&self) -> String {
        match &self.name {
            Some(name) => format!("\"{name}\" <{}>", self.email),
            None => self.email.to_string(),
        }
    }

    /// Like [`Self::header`] in ASCII alone (RFC 2047), for providers that put it into the mail as it is.
    pub(crate) fn ascii_header(&self) -> String {
        match &self.name {
            Some(name) if !name.is_ascii() => format!("=?UTF-8?B?{}?= <{}>", B64.encode(name), self.email),
            _ => self.header(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_or_without_a_name() {
        let header = |text: &str| Sender::parse(text, false).map(|sender| sender.header());
        assert_eq!(header("no-reply@id.example"), Ok("no-reply@id.example".into()));
        assert_eq!(
            header("Acme, Inc. <no-reply@id.example>"),
            Ok("\"Acme, Inc.\" <no-reply@id.example>".into())
        );
        assert_eq!(header("\"Acme\" <a@id.example>"), Ok("\"Acme\" <a@id.example>".into()));
        let umlaut = Sender::parse("Müller <a@id.example>", false).unwrap();
        assert_eq!(umlaut.ascii_header(), "=?UTF-8?B?TcO8bGxlcg==?= <a@id.example>");
    }

    #[test]
    fn what_could_inject_a_header_is_refused() {
        for text in
            ["", "Acme", "a@b", "A\r\nBcc: x <a@id.example>", "A\"B\"<a@id.example>", "A <a@id.example> b"]
        {
            assert!(Sender::parse(text, true).is_err(), "{text:?}");
        }
    }
    #[test]
    fn localhost_is_an_address_only_where_mails_stay() {
        let text = "Latchkey <no-reply@localhost>";
        assert_eq!(
            Sender::parse(text, true).map(|sender| sender.header()),
            Ok("\"Latchkey\" <no-reply@localhost>".into())
        );
        assert!(Sender::parse(text, false).is_err());
        assert!(Sender::parse("a\r\nb@localhost", true).is_err());
    }
}
