//! The letter with the link and the code.

use domain::{Email, Plain};

use crate::{Language, Letter};

/// What the letter says. The two digits of the starting screen are not among it: they prove that someone sees that screen.
#[derive(Debug)]
pub struct SignIn<'a> {
    /// To whom.
    pub to: &'a Email,
    /// The organisation's name, as [`brand`] makes it presentable.
    pub brand: &'a str,
    /// The link.
    pub link: Plain<String>,
    /// The code to type.
    pub code: Plain<String>,
    /// Names this letter to a provider that sends each name once; no secret.
    pub idempotency_key: String,
}

impl SignIn<'_> {
    /// Writes the letter.
    pub fn write(self, language: Language) -> Letter {
        let words = match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
        };
        let brand = brand(self.brand);
        let (link, code) = (self.link.reveal(), self.code.reveal());
        let subject = words.subject.replace("{brand}", &brand);
        let text = format!(
            "{subject}\n\n{}\n\n{link}\n\n{}\n\n{code}\n\n{}\n\n{}\n",
            words.press, words.type_, words.lives, words.ignore
        );
        let html = HTML
            .replace("{lang}", language.tag())
            .replace("{subject}", &escape(&subject))
            .replace("{press}", words.press_html)
            .replace("{button}", words.button)
            .replace("{type}", words.type_)
            .replace("{lives}", words.lives)
            .replace("{ignore}", words.ignore)
            .replace("{code}", &escape(code))
            .replace("{link}", &escape(link));
        Letter {
            to: self.to.clone(),
            subject,
            text: Plain::new(text),
            html: Plain::new(html),
            link: Some(self.link),
            code: Some(self.code),
            idempotency_key: self.idempotency_key,
        }
    }
}

/// An organisation's name as a letter may carry it: one line of at most 60 characters that no mail program turns into a link or writes backwards.
pub fn brand(name: &str) -> String {
    let harmless = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    let visible: String = name.chars().map(harmless).filter(|c| !is_format(*c)).collect();
    let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
    // Mail programs make links of `evil.example`: after a dot inside a word there is a gap.
    let mut line = String::new();
    let joined = words.join(" ").replace('{', "(").replace('}', ")");
    let mut rest = joined.chars().peekable();
    while let Some(c) = rest.next() {
        line.push(c);
        if c == '.' && rest.peek().is_some_and(|next| *next != ' ') {
            line.push(' ');
        }
    }
    if line.chars().count() > MOST_BRAND {
        line = line.chars().take(MOST_BRAND - 1).chain(['…']).collect();
    }
    if line.is_empty() { "Latchkey".into() } else { line }
}

/// Characters that are not seen and change how others are: zero-width ones, direction marks and overrides, the byte order mark.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

const MOST_BRAND: usize = 60;

struct Words {
    subject: &'static str,
    press: &'static str,
    press_html: &'static str,
    button: &'static str,
    type_: &'static str,
    lives: &'static str,
    ignore: &'static str,
}

const ENGLISH: Words = Words {
    subject: "Sign in to {brand}",
    press: "Open this link and press the button on the page:",
    press_html: "Open the link and press the button on the page.",
    button: "Sign in",
    type_: "Or type this code where you asked for it:",
    lives: "Link and code are valid for ten minutes and work once.",
    ignore: "If you did not ask for this, ignore this mail: nobody gets in without it. Do not pass it on and do not read the code to anyone.",
};

const GERMAN: Words = Words {
    subject: "Anmelden bei {brand}",
    press: "Öffnen Sie diesen Link und drücken Sie auf der Seite den Knopf:",
    press_html: "Öffnen Sie den Link und drücken Sie auf der Seite den Knopf.",
    button: "Anmelden",
    type_: "Oder tippen Sie diesen Code dort ein, wo Sie ihn angefordert haben:",
    lives: "Link und Code gelten zehn Minuten und nur einmal.",
    ignore: "Wenn Sie das nicht angefordert haben, ignorieren Sie diese Mail: Ohne sie kommt niemand hinein. Geben Sie sie nicht weiter und lesen Sie den Code niemandem vor.",
};

/// Nothing is fetched from anywhere, so nobody learns that it was opened.
const HTML: &str = r#"<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:480px;margin:0 auto">
<h1 style="font-size:22px;line-height:1.3;margin:0 0 16px">{subject}</h1>
<p>{press}</p>
<p><a href="{link}" style="display:inline-block;padding:12px 24px;border-radius:8px;background:#1f5eff;color:#ffffff;font-weight:600;text-decoration:none">{button}</a></p>
<p style="font-size:13px;word-break:break-all">{link}</p>
<p>{type}</p>
<p style="font-size:26px;font-weight:600;letter-spacing:4px;font-family:ui-monospace,Consolas,monospace">{code}</p>
<p>{lives}</p>
<p style="font-size:13px">{ignore}</p>
</div>
</body></html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(language: Language, brand: &str) -> Letter {
        SignIn {
            to: &"ada@acme.example".parse().unwrap(),
            brand,
            link: Plain::new("https://id.example/magic-link/confirm#lkm_x".into()),
            code: Plain::new("01234567".into()),
            idempotency_key: "k".into(),
        }
        .write(language)
    }

    #[test]
    fn both_parts_say_what_matters_in_both_languages() {
        for (language, minutes, ignore) in [
            (Language::English, "ten minutes", "If you did not ask for this"),
            (Language::German, "zehn Minuten", "Wenn Sie das nicht angefordert haben"),
        ] {
            let letter = letter(language, "Acme");
            for part in [letter.text.reveal(), letter.html.reveal()] {
                for needed in ["#lkm_x", "01234567", "Acme", minutes, ignore] {
                    assert!(part.contains(needed), "{needed} in {part}");
                }
                assert!(!part.contains('{') && !part.contains('}'), "{part}");
            }
            assert!(letter.html.reveal().contains(&format!("<html lang=\"{}\">", language.tag())));
        }
    }

    #[test]
    fn html_loads_nothing() {
        let letter = letter(Language::English, "Acme");
        for loading in ["<img", "src=", "url(", "<link", "@import", "<script"] {
            assert!(!letter.html.reveal().contains(loading), "{loading}");
        }
    }

    #[test]
    fn a_brand_name_cannot_inject_or_phish() {
        let letter = letter(Language::English, "A<b onload=\"x\">&co\r\nBcc: eve@evil.example {link}");
        assert!(!letter.subject.contains(['\r', '\n']));
        assert!(!letter.html.reveal().contains("<b "), "{}", letter.html.reveal());
        assert!(letter.html.reveal().contains("A&lt;b onload=&quot;x&quot;&gt;&amp;co"));
        assert!(letter.text.reveal().lines().all(|line| !line.starts_with("Bcc:")));
        for (name, shown) in [
            ("", "Latchkey"),
            ("Acme  Inc.", "Acme Inc."),
            ("urgent https://evil.example/x", "urgent https://evil. example/x"),
            ("\u{202e}emcA\u{200b}", "emcA"),
        ] {
            assert_eq!(brand(name), shown);
        }
        assert_eq!(brand(&"ä".repeat(500)).chars().count(), 60);
    }
}
