//! What to call a browser in the list of devices. Only this name is kept, not what the browser sent.

/// A name that its owner recognises, such as `Firefox on Windows`.
pub(crate) fn name(user_agent: Option<&str>) -> String {
    let agent = user_agent.unwrap_or_default();
    let program = first_of(agent, PROGRAMS).or_else(|| product(agent)).unwrap_or("Unknown browser");
    match first_of(agent, SYSTEMS) {
        Some(system) => format!("{program} on {system}"),
        None => program.to_owned(),
    }
}

fn first_of(agent: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
}

/// What is no browser names itself first: `curl/8.5.0`.
fn product(agent: &str) -> Option<&str> {
    let product = agent.split(['/', ' ']).next()?;
    let plain = product.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    ((1..=32).contains(&product.len()) && plain && product != "Mozilla").then_some(product)
}

/// In this order: most browsers also claim to be those below them.
const PROGRAMS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_people_recognise() {
        for (agent, wanted) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on Mac",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            ("curl/8.5.0", "curl"),
            ("Mozilla/5.0", "Unknown browser"),
            ("<script>alert(1)</script>", "Unknown browser"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(name(Some(agent)), wanted, "{agent}");
        }
        assert_eq!(name(None), "Unknown browser");
    }
}
