//! `CollectedClientData`: what the browser says about the page that asked.  <https://www.w3.org/TR/webauthn-3/#dictionary-client-data>

use serde_json::Value;

use crate::{Json, Refused, RelyingParty};

/// Checks client data as they came: parsed once, by us, every member that decides something by its exact type.
pub(crate) fn check(bytes: &[u8], ceremony: &str, challenge: &str, rp: &RelyingParty) -> Result<(), Refused> {
    // UTF-8 and JSON. A byte order mark is refused: no browser writes one, and readers differ about it.
    let Ok(Json(data)) = Json::parse(bytes) else { return Err(Refused::ClientData) };
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    // https://www.w3.org/TR/webauthn-3/#rp-op-verifying-assertion-step-type
    if text("type") != Some(ceremony) {
        return Err(Refused::ClientDataType);
    }
    // As text: there is one base64url of our bytes.
    if text("challenge") != Some(challenge) {
        return Err(Refused::Challenge);
    }
    // No URL is parsed here: `https://id.example/x` and `https://u@id.example` are other strings.
    if !text("origin").is_some_and(|origin| rp.origins.iter().any(|ours| ours == origin)) {
        return Err(Refused::Origin);
    }
    // Nobody frames our pages (frame-ancestors 'none'), so no ceremony is cross-origin.
    if !matches!(data.get("crossOrigin"), None | Some(Value::Bool(false))) || data.get("topOrigin").is_some()
    {
        return Err(Refused::CrossOrigin);
    }
    match data.get("tokenBinding") {
        None => Ok(()),
        Some(binding) => token_binding(binding),
    }
}

/// Level 3 only reserves it; browsers of Level 2 sent it. No connection of ours has one, so only its shape can be judged.
fn token_binding(binding: &Value) -> Result<(), Refused> {
    match binding.get("status").and_then(Value::as_str) {
        Some("supported") => Ok(()),
        Some("present") if binding.get("id").is_some_and(Value::is_string) => Ok(()),
        _ => Err(Refused::TokenBinding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(text: &str) -> Result<(), Refused> {
        let rp = RelyingParty::new("a.example", "A", vec!["https://a.example".into()]);
        check(text.as_bytes(), "webauthn.get", "AAAA", &rp)
    }

    fn with(more: &str) -> String {
        format!(r#"{{"type":"webauthn.get","challenge":"AAAA","origin":"https://a.example"{more}}}"#)
    }

    #[test]
    fn takes_what_browsers_write() {
        for more in [
            "",
            r#","crossOrigin":false"#,
            r#","future":{"x":[1]}"#,
            r#","tokenBinding":{"status":"supported"}"#,
        ] {
            assert_eq!(check_one(&with(more)), Ok(()), "{more}");
        }
    }

    #[test]
    fn refuses_what_they_do_not() {
        use Refused::*;
        for (more, why) in [
            (r#","crossOrigin":true"#, CrossOrigin),
            (r#","crossOrigin":null"#, CrossOrigin),
            (r#","crossOrigin":"false""#, CrossOrigin),
            (r#","topOrigin":"https://a.example""#, CrossOrigin),
            (r#","topOrigin":null"#, CrossOrigin),
            (r#","tokenBinding":"supported""#, TokenBinding),
            (r#","tokenBinding":{}"#, TokenBinding),
            (r#","tokenBinding":{"status":"present"}"#, TokenBinding),
            (r#","tokenBinding":{"status":"not-supported"}"#, TokenBinding),
            (r#","tokenBinding":{"status":"other"}"#, TokenBinding),
            (r#","origin":"https://a.example""#, ClientData),
            (r#","x":{"y":1,"y":2}"#, ClientData),
        ] {
            assert_eq!(check_one(&with(more)), Err(why), "{more}");
        }
        for (from, to, why) in [
            ("webauthn.get", "webauthn.create", ClientDataType),
            ("\"webauthn.get\"", "[]", ClientDataType),
            ("AAAA", "AAAA=", Challenge),
            ("AAAA", "", Challenge),
            ("https://a.example", "https://a.example/", Origin),
            ("https://a.example", "https://a.example:443", Origin),
            ("https://a.example", "https://A.example", Origin),
            ("https://a.example", "https://u@a.example", Origin),
            ("https://a.example", "https://b.a.example", Origin),
        ] {
            assert_eq!(check_one(&with("").replace(from, to)), Err(why), "{to}");
        }
        assert_eq!(check_one("[]"), Err(ClientDataType));
    }
}
