//! The letter that tells someone what happened to their account, in case it was not they who did it. It has no link that does anything: whoever
//! fears for their account goes there as they always do.

use domain::{Email, Plain};

use crate::{Language, Letter, brand, sign_in::escape};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An authenticator app was set up, or took the place of another.
    AppAdded,
    /// It was removed.
    AppRemoved,
    /// New recovery codes were made.
    CodesMade,
    /// A recovery code signed someone in; so many are left.
    CodeUsed(usize),
    /// A factor was switched off by wrong codes.
    FactorDisabled,
}

/// The letter.
#[derive(Debug)]
pub struct Notice<'a> {
    /// To whom.
    pub to: &'a Email,
    /// The organisation's name.
    pub brand: &'a str,
    /// What happened.
    pub event: Event,
    /// The host that people know, in words rather than as a link.
    pub site: &'a str,
    /// Names this letter to a provider that sends each name once; no secret.
    pub idempotency_key: String,
}

impl Notice<'_> {
    /// Writes the letter.
    pub fn write(self, language: Language) -> Letter {
        let brand = brand(self.brand);
        let (subject, what) = words(self.event, language);
        let (subject, advice) = match language {
            Language::English => (
                format!("{subject} ({brand})"),
                "If this was you, there is nothing to do. If it was not, somebody else is in your account: sign in as you always do, look at your account page, sign out all devices, and tell whoever manages your account.",
            ),
            Language::German => (
                format!("{subject} ({brand})"),
                "Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, ist jemand anderes in Ihrem Konto: Melden Sie sich an wie immer, sehen Sie auf Ihrer Kontoseite nach, melden Sie alle Geräte ab und sagen Sie es denen, die Ihr Konto verwalten.",
            ),
        };
        // After a dot a gap, as in a name: what mail programs turn into a link invites to press it.
        let site = crate::brand(self.site);
        let text = format!("{subject}\n\n{what}\n\n{advice}\n\n{site}\n");
        let html = HTML
            .replace("{lang}", language.tag())
            .replace("{subject}", &escape(&subject))
            .replace("{what}", &escape(&what))
            .replace("{advice}", advice)
            .replace("{site}", &escape(&site));
        Letter {
            to: self.to.clone(),
            subject,
            text: Plain::new(text),
            html: Plain::new(html),
            link: None,
            code: None,
            idempotency_key: self.idempotency_key,
        }
    }
}

fn words(event: Event, language: Language) -> (&'static str, String) {
    use Event::{AppAdded, AppRemoved, CodeUsed, CodesMade, FactorDisabled};
    use Language::{English, German};
    let (subject, what) = match (language, event) {
        (English, AppAdded) => (
            "Authenticator app set up",
            "An authenticator app was set up for your account. From now on its codes confirm a sign-in.",
        ),
        (English, AppRemoved) => (
            "Authenticator app removed",
            "The authenticator app was removed from your account. Its codes are not taken any more.",
        ),
        (English, CodesMade) => (
            "New recovery codes",
            "New recovery codes were made for your account. Earlier ones do not work any more.",
        ),
        (English, CodeUsed(left)) => {
            return (
                "Recovery code used",
                format!("A recovery code confirmed a sign-in to your account. {left} are left."),
            );
        }
        (English, FactorDisabled) => (
            "Second factor switched off",
            "Too many wrong codes in a row were typed for your account, so that factor was switched off until it is set up anew.",
        ),
        (German, AppAdded) => (
            "Authenticator-App eingerichtet",
            "Für Ihr Konto wurde eine Authenticator-App eingerichtet. Ab jetzt bestätigen ihre Codes eine Anmeldung.",
        ),
        (German, AppRemoved) => (
            "Authenticator-App entfernt",
            "Die Authenticator-App wurde aus Ihrem Konto entfernt. Ihre Codes gelten nicht mehr.",
        ),
        (German, CodesMade) => (
            "Neue Wiederherstellungscodes",
            "Für Ihr Konto wurden neue Wiederherstellungscodes gemacht. Frühere gelten nicht mehr.",
        ),
        (German, CodeUsed(left)) => {
            return (
                "Wiederherstellungscode benutzt",
                format!(
                    "Ein Wiederherstellungscode hat eine Anmeldung an Ihrem Konto bestätigt. Es bleiben {left}."
                ),
            );
        }
        (German, FactorDisabled) => (
            "Zweiter Faktor abgeschaltet",
            "Für Ihr Konto wurden zu viele falsche Codes hintereinander eingegeben; dieser Faktor ist abgeschaltet, bis er neu eingerichtet wird.",
        ),
    };
    (subject, what.to_owned())
}

const HTML: &str = r#"<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:480px;margin:0 auto">
<h1 style="font-size:22px;line-height:1.3;margin:0 0 16px">{subject}</h1>
<p>{what}</p>
<p>{advice}</p>
<p style="font-size:13px">{site}</p>
</div>
</body></html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_told_in_both_languages_without_a_link() {
        for language in [Language::English, Language::German] {
            let mut subjects = Vec::new();
            for event in [
                Event::AppAdded,
                Event::AppRemoved,
                Event::CodesMade,
                Event::CodeUsed(7),
                Event::FactorDisabled,
            ] {
                let letter = Notice {
                    to: &"ada@acme.example".parse().unwrap(),
                    brand: "Acme <b>",
                    event,
                    site: "id.acme.example",
                    idempotency_key: "k".into(),
                }
                .write(language);
                assert!(letter.link.is_none() && letter.code.is_none());
                for part in [letter.text.reveal(), letter.html.reveal()] {
                    assert!(
                        !part.contains("http") && !part.contains("href") && !part.contains('{'),
                        "{part}"
                    );
                    assert_eq!(part.contains('7'), event == Event::CodeUsed(7), "{part}");
                }
                assert!(!letter.html.reveal().contains("<b>") && letter.subject.contains("Acme"));
                subjects.push(letter.subject);
            }
            subjects.sort_unstable();
            subjects.dedup();
            assert_eq!(subjects.len(), 5, "each has a subject of its own");
        }
    }
}
