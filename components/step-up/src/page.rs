//! The same decisions as pages, for browsers without script.

use domain::Plain;
use risk::Verdict;
use web::{
    Call, Problem, Response, StatusCode,
    html::{self, Step},
};

/// Goes on to `session`.
pub(crate) fn allowed(cleared: &Plain<String>) -> Response {
    let step = Step {
        title: "Almost there",
        text: "You have shown who you are. Continue to finish signing in on this device.",
        action: Some("/session"),
        hidden: &[("handoff", cleared.reveal())],
        button: "Continue",
        ..end()
    };
    html::step(StatusCode::OK, &step)
}

/// What would have to happen next needs script.
pub(crate) fn challenged(enrol: bool) -> Response {
    let text = if enrol {
        "Your organisation asks for a second step at every sign-in, and none is set up yet. Setting one up needs scripts: allow them for this site, then sign in again."
    } else {
        "This sign-in has to be confirmed with your passkey or a code. That needs scripts: allow them for this site, then sign in again."
    };
    html::step(StatusCode::OK, &Step { title: "One more step", text, ..end() })
}

/// Says why, and what to do.
pub(crate) fn blocked(verdict: &Verdict) -> Response {
    // What decided comes last.
    let text = verdict.reasons.last().map_or_else(String::new, |reason| html::sentence(reason.text));
    html::step(StatusCode::FORBIDDEN, &Step { title: "Signing in was stopped", text: &text, ..end() })
}

/// A refusal; its cause still goes to the log.
pub(crate) fn refusal(call: &Call<'_>, problem: &Problem) -> Response {
    if let Some(cause) = problem.cause() {
        call.warn(problem.code(), &cause);
    }
    html::refusal(problem)
}

fn end() -> Step<'static> {
    Step {
        title: "",
        text: "",
        action: None,
        hidden: &[],
        field: None,
        button: "Sign in again",
        link: "/sign-in",
    }
}
