//! What adapters share: where the provider is, and a request's frame.

use bytes::Bytes;
use http::{HeaderValue, header, request::Builder};
use ports::{Settings, SettingsError};

/// The provider's origin: `mailer_url` if set, else its usual one. Where a key or a link would go in clear over a network, it is refused.
pub(super) fn origin(settings: &Settings, usual: Option<&str>) -> Result<String, SettingsError> {
    // `spin.toml` grants the origin of `mailer_url`, which therefore cannot be empty: its default, Mailpit's, is none that was set for others.
    let set = settings.optional("mailer_url").filter(|url| usual.is_none() || *url != MAILPIT);
    let Some(url) = set.or(usual) else {
        return Err(SettingsError("set the variable mailer_url to the origin that takes the mails".into()));
    };
    let url = url.strip_suffix('/').unwrap_or(url);
    let wrong =
        || SettingsError("set the variable mailer_url to an origin such as https://mail.example".into());
    let (scheme, authority) = url.split_once("://").ok_or_else(wrong)?;
    let parsed: http::uri::Authority = authority.parse().map_err(|_| wrong())?;
    if !matches!(scheme, "http" | "https") || authority.contains('@') {
        return Err(wrong());
    }
    if scheme == "http" && !is_near(parsed.host()) {
        return Err(SettingsError(
            "set the variable mailer_url to an https origin: over http, links and keys can be read on the way".into(),
        ));
    }
    Ok(url.to_owned())
}

/// This machine, or a name without a dot: a neighbour in a network of containers.
fn is_near(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => !host.contains('.') || host.ends_with(".localhost"),
    }
}

/// A setting that goes into a request's line, path or host name as it is.
pub(super) fn plain<'a>(settings: &'a Settings, name: &str) -> Result<&'a str, SettingsError> {
    let value = settings.required(name)?;
    if value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
        return Ok(value);
    }
    Err(SettingsError(format!("set the variable {name} to letters, digits, `-`, `.` and `_` alone")))
}

/// The provider's key.
pub(super) fn key(settings: &Settings) -> Result<String, SettingsError> {
    let key = settings.required("mail_api_key")?.trim().to_owned();
    if HeaderValue::from_str(&key).is_ok() {
        return Ok(key);
    }
    Err(SettingsError("set the variable mail_api_key to one line of visible characters".into()))
}

/// A POST to the provider.
pub(super) fn post(origin: &str, path: &str, media: &'static str) -> Builder {
    http::Request::post(format!("{origin}{path}"))
        .header(header::CONTENT_TYPE, media)
        .header(header::ACCEPT, "application/json")
}

/// Adds a header that no log shows.
pub(super) fn secret(
    request: Builder,
    name: impl TryInto<http::HeaderName, Error: Into<http::Error>>,
    value: &str,
) -> Result<Builder, http::Error> {
    let mut value = HeaderValue::from_str(value)?;
    value.set_sensitive(true);
    Ok(request.header(name, value))
}

/// The body of a JSON request.
pub(super) fn body(json: &serde_json::Value) -> Bytes {
    Bytes::from(json.to_string())
}

pub(super) const JSON: &str = "application/json";

/// Where Mailpit usually is.
pub(super) const MAILPIT: &str = "http://localhost:8025";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<String, SettingsError> {
        let values = [("public_url", "http://localhost:3000"), ("mailer_url", url)];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        origin(&Settings::new(values.into()).unwrap(), None)
    }

    #[test]
    fn an_origin_is_https_or_near() {
        for url in [
            "https://mail.example",
            "http://localhost:8025",
            "http://127.0.0.1:1",
            "http://[::1]:8025",
            "http://mailpit:8025",
        ] {
            assert_eq!(at(url).as_deref(), Ok(url));
        }
        assert_eq!(at("https://mail.example/").as_deref(), Ok("https://mail.example"));
        for url in [
            "",
            "mail.example",
            "ftp://mail.example",
            "http://mail.example",
            "http://192.0.2.1",
            "https://a/b",
            "https://u:p@a",
            "https://a b",
        ] {
            assert!(at(url).is_err(), "{url}");
        }
    }
}
