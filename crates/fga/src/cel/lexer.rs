//! From text to the tokens of CEL.

use super::ast::Fault;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tok {
    Ident(String),
    Int(u64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    /// Operators and punctuation.
    Sign(&'static str),
    End,
}

impl Tok {
    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Ident(name) => name.clone(),
            Self::Int(number) | Self::Uint(number) => number.to_string(),
            Self::Double(number) => number.to_string(),
            Self::String(text) => format!("{text:?}"),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::End => "<EOF>".to_owned(),
        }
    }
}

const SIGNS: [&str; 27] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-",
    "*", "/", "%", "!", "=", "&", "|",
];

/// The tokens with the bytes where they begin; the last is [`Tok::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(u32, Tok)>, Fault> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    loop {
        lexer.skip();
        let at = lexer.place();
        let token = lexer.token()?;
        let end = token == Tok::End;
        found.push((at, token));
        if end {
            return Ok(found);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn place(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            let comment =
                trimmed.strip_prefix("//").map_or("", |after| after.split('\n').next().unwrap_or_default());
            let comment = if trimmed.starts_with("//") { comment.len() + 2 } else { 0 };
            let skipped = rest.len() - trimmed.len() + comment;
            if skipped == 0 {
                return;
            }
            self.at += skipped;
        }
    }

    fn token(&mut self) -> Result<Tok, Fault> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Tok::End) };
        if let Some((prefix, bytes, raw)) = string_prefix(rest) {
            self.at += prefix;
            return self.string(bytes, raw);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.at += length;
            return Ok(Tok::Ident(rest.get(..length).unwrap_or_default().to_owned()));
        }
        let second = rest.chars().nth(1).unwrap_or(' ');
        if first.is_ascii_digit() || (first == '.' && second.is_ascii_digit()) {
            return self.number();
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) if !matches!(*sign, "=" | "&" | "|") => {
                self.at += sign.len();
                Ok(Tok::Sign(sign))
            }
            _ => Err(self.fault(format!("Syntax error: token recognition error at: '{first}'"))),
        }
    }

    fn fault(&self, message: String) -> Fault {
        Fault::new(self.place(), message)
    }

    fn number(&mut self) -> Result<Tok, Fault> {
        let rest = self.rest();
        if let Some(hex) = rest.strip_prefix("0x") {
            let length = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
            let value = u64::from_str_radix(hex.get(..length).unwrap_or_default(), 16)
                .map_err(|_| self.fault("invalid int literal".to_owned()))?;
            self.at += 2 + length;
            return Ok(self.suffixed(value));
        }
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let mut length = digits(rest);
        let mut float = false;
        let after = |length: usize| rest.get(length..).unwrap_or_default();
        if let Some(fraction) = after(length).strip_prefix('.')
            && fraction.starts_with(|c: char| c.is_ascii_digit())
        {
            float = true;
            length += 1 + digits(fraction);
        }
        if let Some(exponent) = after(length).strip_prefix(['e', 'E']) {
            let sign = usize::from(exponent.starts_with(['+', '-']));
            let power = digits(exponent.get(sign..).unwrap_or_default());
            if power > 0 {
                float = true;
                length += 1 + sign + power;
            }
        }
        let written = rest.get(..length).unwrap_or_default();
        if float {
            let value = written.parse().map_err(|_| self.fault("invalid double literal".to_owned()))?;
            self.at += length;
            return Ok(Tok::Double(value));
        }
        let value = written.parse().map_err(|_| self.fault("invalid int literal".to_owned()))?;
        self.at += length;
        Ok(self.suffixed(value))
    }

    fn suffixed(&mut self, value: u64) -> Tok {
        if self.rest().starts_with(['u', 'U']) {
            self.at += 1;
            return Tok::Uint(value);
        }
        Tok::Int(value)
    }

    /// Behind the prefix, at the quotes.
    fn string(&mut self, bytes: bool, raw: bool) -> Result<Tok, Fault> {
        let start = self.place();
        let unclosed = || Fault::new(start, "Syntax error: unterminated string");
        let rest = self.rest();
        let quotes = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quotes| rest.starts_with(quotes))
            .ok_or_else(unclosed)?;
        self.at += quotes.len();
        let mut found: Vec<u8> = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quotes) {
                self.at += quotes.len();
                break;
            }
            let next = rest.chars().next().ok_or_else(unclosed)?;
            if matches!(next, '\n' | '\r') && quotes.len() == 1 {
                return Err(unclosed());
            }
            self.at += next.len_utf8();
            if next == '\\' && !raw {
                self.escape(bytes, &mut found)?;
            } else {
                found.extend(next.to_string().as_bytes());
            }
        }
        if bytes {
            return Ok(Tok::Bytes(found));
        }
        String::from_utf8(found).map(Tok::String).map_err(|_| Fault::new(start, "invalid unicode escape"))
    }

    fn escape(&mut self, bytes: bool, found: &mut Vec<u8>) -> Result<(), Fault> {
        let wrong = self.fault("Syntax error: unknown escape sequence".to_owned());
        let rest = self.rest();
        let next = rest.chars().next().ok_or_else(|| wrong.clone())?;
        let (skip, radix, length) = match next {
            'x' | 'X' => (1, 16, 2),
            'u' => (1, 16, 4),
            'U' => (1, 16, 8),
            '0'..='3' => (0, 8, 3),
            _ => {
                let byte = match next {
                    'a' => 7,
                    'b' => 8,
                    'f' => 12,
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'v' => 11,
                    '"' => b'"',
                    '\'' => b'\'',
                    '\\' => b'\\',
                    '?' => b'?',
                    '`' => b'`',
                    _ => return Err(wrong),
                };
                self.at += 1;
                found.push(byte);
                return Ok(());
            }
        };
        let code = rest
            .get(skip..skip + length)
            .and_then(|digits| u32::from_str_radix(digits, radix).ok())
            .ok_or_else(|| wrong.clone())?;
        self.at += skip + length;
        match u8::try_from(code) {
            Ok(byte) if bytes && length < 4 => found.push(byte),
            _ => {
                let character = char::from_u32(code).filter(|_| !(bytes && length >= 4)).ok_or(wrong)?;
                found.extend(character.to_string().as_bytes());
            }
        }
        Ok(())
    }
}

/// The length of `r`, `b` or both before quotes, and what they mean.
fn string_prefix(rest: &str) -> Option<(usize, bool, bool)> {
    let letters: String = rest.chars().take_while(char::is_ascii_alphabetic).take(3).collect();
    let quoted = rest.get(letters.len()..)?.starts_with(['"', '\'']);
    let (bytes, raw) = match letters.to_ascii_lowercase().as_str() {
        "" => (false, false),
        "r" => (false, true),
        "b" => (true, false),
        "br" => (true, true),
        _ => return None,
    };
    quoted.then_some((letters.len(), bytes, raw))
}
