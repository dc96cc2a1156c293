//! Our cookies: `__Host-` ones on https, plain names on http loopback; HttpOnly, SameSite=Lax, path `/`.

use domain::{Plain, Secs};
use http::{HeaderValue, header};
use ports::Settings;

use crate::{Request, Response};

/// The session.
pub const SESSION: &str = "session";
/// A browser waiting for its magic link.
pub const ATTEMPT: &str = "attempt";
/// A browser in a passkey ceremony.
pub const CEREMONY: &str = "ceremony";
/// A browser in a step-up.
pub const TRANSACTION: &str = "transaction";
/// A browser known from before.
pub const DEVICE: &str = "device";

fn full_name(settings: &Settings, name: &str) -> String {
    if settings.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

/// Reads one of our cookies.
pub fn read<'a>(settings: &Settings, request: &'a Request, name: &str) -> Option<&'a str> {
    request.cookie(&full_name(settings, name))
}

/// Adds a cookie to the answer.
pub fn set(settings: &Settings, response: &mut Response, name: &str, value: &Plain<String>, lives: Secs) {
    let name = full_name(settings, name);
    let secure = if settings.is_https() { "; Secure" } else { "" };
    let line =
        format!("{name}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", value.reveal(), lives.0);
    if let Ok(mut line) = HeaderValue::from_str(&line) {
        line.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}

/// Tells the browser to forget a cookie.
pub fn clear(settings: &Settings, response: &mut Response, name: &str) {
    set(settings, response, name, &Plain::new(String::new()), Secs(0));
}
