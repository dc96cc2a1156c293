//! The pages of this room. All but the link's own are for browsers without script: a chain of forms from the address to the session.

use domain::Plain;
use web::{
    Call, Problem, Response, StatusCode, header,
    html::{self, Step, escape},
};

/// A refusal goes to a form as a page, to everyone else as a problem.
pub(crate) fn or_refusal(call: &Call<'_>, ended: Result<Response, Problem>) -> Result<Response, Problem> {
    match ended {
        Err(problem) if call.request.is_form() => {
            if let Some(cause) = problem.cause() {
                call.warn(problem.code(), &cause);
            }
            Ok(html::refusal(&problem))
        }
        ended => ended,
    }
}

/// The starting screen: the digits, and the field for the code.
pub(crate) fn check_your_mail(digits: u8) -> Response {
    own_origin(document(
        StatusCode::ACCEPTED,
        "Check your mail",
        "",
        &format!(
            r#"<h1>Check your mail</h1>
<p>If this address can sign in here, a message is on its way. Its link and code work for 10 minutes.</p>
<div class="match"><strong>{digits}</strong><span>Opening the link on another device? It asks for this number.</span></div>
<form method="post" action="/magic-link/code">
<div><label for="code">Or type the code from the mail</label>
<input id="code" name="code" class="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" spellcheck="false" required></div>
<button type="submit" class="primary">Continue</button>
</form>
<p><a href="/magic-link/attempt">I have pressed the link on another device</a></p>
<p class="muted small"><a href="/sign-in">Use another address</a></p>"#
        ),
    ))
}

/// The page behind the link. Script takes the token from the fragment, posts it when the button is pressed, and never before.
pub(crate) fn confirm(token: Option<&str>, may_have_started_here: bool) -> Response {
    let token = token.map(escape).unwrap_or_default();
    // Without script and without a token in the query there is only what the person pastes.
    let paste = if token.is_empty() {
        r#"<noscript><div><label for="pasted">Your browser runs no script. Paste the link from the mail here</label><input id="pasted" name="token" autocomplete="off" spellcheck="false" required></div></noscript>"#
    } else {
        ""
    };
    // Not `required`: a link that is over is told as such before anyone looks for digits.
    let hidden = if may_have_started_here { " hidden" } else { "" };
    let held = format!(
        r#"<input type="hidden" name="token" value="{token}"{}>"#,
        if token.is_empty() { " disabled" } else { "" }
    );
    let mut response = document(
        StatusCode::OK,
        "Finish signing in",
        r#"<script type="module" src="/static/js/magic-link-confirm.js"></script>"#,
        &format!(
            r#"<lk-confirm class="step">
<h1 tabindex="-1">Finish signing in</h1>
<p data-of="text">Press the button only if it was you who asked for this mail just now.</p>
<form method="post" action="/magic-link/confirm">
{held}{paste}
<div data-of="digits"{hidden}><label for="match">The two digits on the screen where you started</label>
<input id="match" name="match" class="code" inputmode="numeric" pattern="[0-9]{{2}}" maxlength="2" autocomplete="off"></div>
<button type="submit" class="primary">Sign in</button>
</form>
<p class="status error" role="status"></p>
</lk-confirm>"#
        ),
    );
    // Nobody keeps a page whose address may hold a token, and no search engine lists it.
    response.headers_mut().insert("x-robots-tag", header::HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Elsewhere than where it started, without script: the digits are still to be typed.
pub(crate) fn ask_for_digits(token: &str, were_wrong: bool) -> Response {
    let text = if were_wrong {
        "Those are not the digits. Type the two that the screen shows on which you started."
    } else {
        "You started on another device or browser. Type the two digits that its screen shows; if you did not start this, close the page."
    };
    own_origin(html::step(
        StatusCode::BAD_REQUEST,
        &Step {
            title: "Finish signing in",
            text,
            action: Some("/magic-link/confirm"),
            hidden: &[("token", token)],
            field: Some(("match", "The two digits", "numeric", "off")),
            button: "Confirm",
            link: "",
        },
    ))
}

/// Elsewhere than where it started: done here.
pub(crate) fn confirmed_elsewhere() -> Response {
    document(
        StatusCode::OK,
        "Confirmed",
        "",
        "<h1>Confirmed</h1><p>Go on where you started; you can close this page.</p>",
    )
}

/// The proof is there; the next form takes it to where it is judged.
pub(crate) fn go_on(handoff: &Plain<String>) -> Response {
    own_origin(html::step(
        StatusCode::OK,
        &Step {
            title: "Almost there",
            text: "Your address is confirmed.",
            action: Some("/step-up/assess"),
            hidden: &[("handoff", handoff.reveal())],
            field: None,
            button: "Continue",
            link: "",
        },
    ))
}

/// The link was not pressed yet.
pub(crate) fn still_waiting() -> Response {
    html::step(
        StatusCode::OK,
        &Step {
            title: "Not confirmed yet",
            text: "Open the link from the mail on any device and press its button, then look again.",
            action: None,
            hidden: &[],
            field: None,
            button: "Look again",
            link: "/magic-link/attempt",
        },
    )
}

/// The typed code was wrong.
pub(crate) fn code_wrong() -> Response {
    own_origin(html::step(
        StatusCode::BAD_REQUEST,
        &Step {
            title: "Wrong code",
            text: "That is not the code. Use the one from the newest mail.",
            action: Some("/magic-link/code"),
            hidden: &[],
            field: Some(("code", "The code from the mail", "numeric", "one-time-code")),
            button: "Continue",
            link: "",
        },
    ))
}

/// A document with our style sheet. `head` and `card` hold escaped text alone.
pub(crate) fn document(status: StatusCode, title: &str, head: &str, card: &str) -> Response {
    html::page(
        status,
        format!(
            r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} · Latchkey</title><link rel="icon" href="/static/img/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/static/css/latchkey.css">{head}</head><body><main class="card">{card}</main></body></html>"#
        ),
    )
}

/// Lets the page's form name its origin: with `no-referrer` it would post `Origin: null`, which browsers without `Sec-Fetch-Site` cannot make up for.
/// Only for pages whose address holds no secret.
fn own_origin(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("same-origin"));
    response
}
