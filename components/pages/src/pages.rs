//! The pages. What a form must carry on from the address is put in as hidden fields, so that it works without script.

use std::fmt::Write as _;

use domain::{Digest, ReturnTo};
use web::header::{self, HeaderValue};
use web::{Call, Problem, Response, StatusCode, html};

use crate::assets;

const SIGN_IN: &str = include_str!("../../../static/pages/sign-in.html");
const ACCOUNT: &str = include_str!("../../../static/pages/account.html");
const NOT_FOUND: &str = include_str!("../../../static/pages/not-found.html");
/// Where hidden fields go.
const FIELDS: &str = "<!-- fields -->";

/// `/` leads to signing in; who is signed in already is led on from there.
pub(crate) async fn root(_call: &Call<'_>) -> Result<Response, Problem> {
    Ok(web::redirect("/sign-in"))
}

/// The sign-in page.
pub(crate) async fn sign_in(call: &Call<'_>) -> Result<Response, Problem> {
    let mut fields = String::new();
    if let Some(tenant) = call.request.query("tenant").filter(|tenant| is_name(tenant)) {
        hidden(&mut fields, "tenant", tenant);
    }
    if let Some(path) = call.request.query("return_to").and_then(|path| path.parse::<ReturnTo>().ok()) {
        hidden(&mut fields, "return_to", path.as_str());
    }
    Ok(page(call, SIGN_IN.replace(FIELDS, &fields)))
}

/// The account page.
pub(crate) async fn account(call: &Call<'_>) -> Result<Response, Problem> {
    Ok(page(call, ACCOUNT.to_owned()))
}

/// 404, as a page for those who look at one.
pub(crate) async fn nothing(call: &Call<'_>) -> Result<Response, Problem> {
    if call.request.wants_html() {
        return Ok(same_origin_referrer(html::page(StatusCode::NOT_FOUND, NOT_FOUND.to_owned())));
    }
    Err(Problem::not_found())
}

fn page(call: &Call<'_>, text: String) -> Response {
    let digest = Digest::of(&[text.as_bytes()]);
    let hex: String = digest.bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let response = same_origin_referrer(html::page(StatusCode::OK, text));
    match HeaderValue::from_str(&format!("\"{hex}\"")) {
        Ok(tag) => assets::if_changed(call, response, tag),
        Err(_) => response,
    }
}

/// With `no-referrer` a form would post `Origin: null`, and browsers without `Sec-Fetch-Site` would be refused as cross-site.
fn same_origin_referrer(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Whether it can be a tenant's id or slug; the rooms decide if there is one.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn hidden(fields: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = write!(fields, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", html::escape(value));
}
