//! Small pages made by components, for browsers without script. Values are escaped where they are put in.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use crate::{Problem, Response};

/// The policy of every page: nothing but our own files, no frames, forms to ourselves.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Makes text safe between tags and inside quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A page with our headers. `html` is a whole document whose values are escaped already.
pub fn page(status: StatusCode, html: String) -> Response {
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    guard(&mut response);
    response
}

/// The headers of every page.
pub fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()"),
    );
}

/// A step of a sign-in without script: a heading, a sentence, and a form of hidden and visible fields.
pub struct Step<'a> {
    /// Title and heading.
    pub title: &'a str,
    /// What happens next.
    pub text: &'a str,
    /// Where the form posts; none for an end.
    pub action: Option<&'a str>,
    /// Hidden fields.
    pub hidden: &'a [(&'a str, &'a str)],
    /// A visible field: name, label, `inputmode`, `autocomplete`.
    pub field: Option<(&'a str, &'a str, &'a str, &'a str)>,
    /// The words on the button, or on the link if there is no form.
    pub button: &'a str,
    /// Where the link leads if there is no form.
    pub link: &'a str,
}

/// A refusal as a browser without script gets it: the sentence, and a way to begin again.
pub fn refusal(problem: &Problem) -> Response {
    let sentence = sentence(problem.detail());
    step(
        problem.status(),
        &Step {
            title: "That did not work",
            text: &sentence,
            action: None,
            hidden: &[],
            field: None,
            button: "Sign in again",
            link: "/sign-in",
        },
    )
}

/// As people read it: a capital at the start, a full stop at the end.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Renders a step with our style sheet.
pub fn step(status: StatusCode, step: &Step<'_>) -> Response {
    let title = escape(step.title);
    let hidden: String = step
        .hidden
        .iter()
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
        })
        .collect();
    let field = step.field.map_or_else(String::new, |(name, label, mode, auto)| {
        format!(
            "<label for=\"field\">{}</label><input id=\"field\" name=\"{}\" inputmode=\"{}\" autocomplete=\"{}\" required autofocus>",
            escape(label),
            escape(name),
            escape(mode),
            escape(auto)
        )
    });
    let act = match step.action {
        Some(action) => format!(
            "<form method=\"post\" action=\"{}\">{hidden}{field}<button type=\"submit\" class=\"primary\">{}</button></form>",
            escape(action),
            escape(step.button)
        ),
        None => {
            format!("<p><a class=\"button\" href=\"{}\">{}</a></p>", escape(step.link), escape(step.button))
        }
    };
    page(
        status,
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · Latchkey</title><link rel=\"stylesheet\" href=\"/static/css/latchkey.css\"></head><body><main class=\"card\"><h1>{title}</h1><p>{}</p>{act}</main></body></html>",
            escape(step.text)
        ),
    )
}
