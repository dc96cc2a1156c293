//! The languages our letters are written in.

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, for everyone whose browser does not prefer another of ours.
    English,
    /// German.
    German,
}

impl Language {
    /// The one of ours that an `Accept-Language` header likes best (RFC 9110 section 12.5.4).
    pub fn preferred(accept: Option<&str>) -> Self {
        let mut best = (0.0, Self::English);
        for entry in accept.unwrap_or_default().split(',').take(50) {
            let mut parts = entry.split(';').map(str::trim);
            let primary = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_str() {
                "de" => Self::German,
                "en" | "*" => Self::English,
                _ => continue,
            };
            let weight: f32 = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            // Of equals the first counts.
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// As in the attribute `lang`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_of_ours_is_taken() {
        use Language::*;
        for (accept, expected) in [
            ("", English),
            ("de", German),
            ("de-AT, en;q=0.8", German),
            ("fr, de;q=0.5, en;q=0.7", English),
            ("fr, de;q=0.7, en;q=0.5", German),
            ("en, de", English),
            ("DE-ch;q=0.9, *;q=0.1", German),
            ("de;q=0", English),
            ("de;q=nonsense", English),
            (";;,,=", English),
        ] {
            assert_eq!(Language::preferred(Some(accept)), expected, "{accept}");
        }
        assert_eq!(Language::preferred(None), English);
    }
}
