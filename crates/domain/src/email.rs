//! E-mail addresses, parsed strictly: what two parsers could read differently is refused (a routing decision hangs on the domain).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// An address in canonical form: lower case, the domain in its ASCII form (UTS 46), no quoting, no comments.
/// The account belonging to an address is found by this form, so `Ada@Acme.Example` and `ada@acme.example` are one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is no address we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailError {
    /// Not exactly one `@`, or nothing on one side of it.
    Shape,
    /// The part before the `@` has characters other than the unquoted ASCII ones of RFC 5322 section 3.2.3.
    Local,
    /// The part after the `@` is no public domain name: IDNA says no, or it has no dot, or it is an address literal.
    Domain,
    /// Longer than RFC 5321 section 4.5.3.1 allows.
    Length,
}

impl fmt::Display for EmailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "an address has the form name@domain with exactly one @",
            Self::Local => "the part before the @ may hold letters, digits and .!#$%&'*+/=?^_`{|}~- only",
            Self::Domain => "the part after the @ must be a domain name such as example.com",
            Self::Length => "the address is too long",
        })
    }
}

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain, in ASCII and lower case.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// For people looking over a shoulder: `a…@acme.example`.
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('…');
        format!("{first}…@{}", self.domain())
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.len() > 320 {
            return Err(EmailError::Length);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::Shape)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(EmailError::Shape);
        }
        if !local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext)) {
            return Err(EmailError::Local);
        }
        let domain = canonical_domain(domain)?;
        if local.len() > 64 || local.len() + 1 + domain.len() > 254 {
            return Err(EmailError::Length);
        }
        Ok(Self(format!("{}@{domain}", local.to_ascii_lowercase())))
    }
}

/// A domain name as UTS 46 folds it (https://www.unicode.org/reports/tr46/), ASCII, with at least one dot.
fn canonical_domain(text: &str) -> Result<String, EmailError> {
    // The deny list also refuses what is no host name at all: spaces, slashes, backslashes, brackets.
    let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::STD3)
        .map_err(|_| EmailError::Domain)?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let label_ok = |label: &&str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let last_is_a_name = labels.last().is_some_and(|last| !last.bytes().all(|b| b.is_ascii_digit()));
    if labels.len() < 2 || ascii.len() > 253 || !labels.iter().all(label_ok) || !last_is_a_name {
        return Err(EmailError::Domain);
    }
    Ok(ascii.into_owned())
}

/// RFC 5322 section 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_and_idna() {
        let parse = |text: &str| text.parse::<Email>().map(|e| e.to_string());
        assert_eq!(parse(" Ada.L+x@ACME.Example "), Ok("ada.l+x@acme.example".into()));
        assert_eq!(parse("a@Bücher.example"), Ok("a@xn--bcher-kva.example".into()));
        assert_eq!(parse("a@straße.example"), Ok("a@xn--strae-oqa.example".into()));
    }

    /// PROTOCOLS: attack case 22.
    #[test]
    fn ambiguous_addresses_are_refused() {
        use EmailError::*;
        for (text, why) in [
            ("", Shape),
            ("ada", Shape),
            ("@acme.example", Shape),
            ("ada@", Shape),
            ("a@evil.example@corp.example", Shape),
            ("\"a@evil.example\"@corp.example", Shape),
            ("\"ada\"@acme.example", Local),
            ("a b@acme.example", Local),
            ("a..b@acme.example", Local),
            (".a@acme.example", Local),
            ("аda@acme.example", Local),
            ("a\r\nbcc:x@acme.example", Local),
            ("ada@acme", Domain),
            ("ada@acme.example.", Domain),
            ("ada@[127.0.0.1]", Domain),
            ("ada@127.0.0.1", Domain),
            ("ada@acme .example", Domain),
            ("ada@acme.example\\evil.example", Domain),
            ("ada@-acme.example", Domain),
            ("ada@acme,example", Domain),
            ("ada@xn--a.example", Domain),
        ] {
            assert_eq!(text.parse::<Email>(), Err(why), "{text:?}");
        }
        assert_eq!(format!("{}@acme.example", "a".repeat(65)).parse::<Email>(), Err(Length));
    }

    #[test]
    fn a_homoglyph_domain_is_another_domain() {
        let cyrillic: Email = "ada@аcme.example".parse().unwrap();
        assert_ne!(cyrillic.domain(), "acme.example");
    }
}
