//! `/dev/mailbox`: the mails that were not sent. There only with `mailer = dev-mailbox`, which no production has.

use domain::Email;
use kv_schema::mailbox::{self, Message};
use mail::Mailer;
use serde_json::{Value, json};
use web::{
    Call, Problem, Response, StatusCode,
    html::{self, escape},
};

use crate::wire;

/// The mails, as JSON or as a page.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Problem> {
    if !Mailer::is_dev_mailbox(call.ports.settings) {
        return Err(Problem::not_found());
    }
    let to: Option<Email> = match call.request.query("to").filter(|to| !to.is_empty()) {
        Some(to) => {
            Some(to.parse().map_err(|error: domain::EmailError| Problem::field("to", error.to_string()))?)
        }
        None => None,
    };
    let messages = mailbox::list(&call.ports, to.as_ref()).await?;
    if call.request.wants_html() {
        return Ok(page(to.as_ref(), &messages));
    }
    let messages: Vec<Value> = messages.iter().map(wire::message).collect();
    Ok(web::json(StatusCode::OK, &json!({"messages": messages})))
}

fn page(to: Option<&Email>, messages: &[Message]) -> Response {
    let filter = to.map(|to| escape(to.as_str())).unwrap_or_default();
    let list: String = if messages.is_empty() {
        r#"<p class="empty">No mail yet. Start a sign-in, then look here.</p>"#.into()
    } else {
        messages.iter().map(item).collect()
    };
    let newest = messages.first().map(|message| message.at.rfc3339()).unwrap_or_default();
    let html = format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Development mailbox · Latchkey</title><link rel="icon" href="/static/img/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/static/css/latchkey.css"><script type="module" src="/static/js/dev-mailbox.js"></script></head><body><main class="page"><h1>Development mailbox</h1>
<p class="lead muted">Mails stay here instead of being sent; the newest is on top.</p>
<form method="get" action="/dev/mailbox" role="search"><label for="to">Only mails to</label><input id="to" name="to" type="email" value="{filter}" autocapitalize="none" spellcheck="false" placeholder="anyone"></form>
<p class="status" role="status" data-count="{}" data-newest="{newest}"></p>
{list}</main></body></html>"#,
        messages.len()
    );
    html::page(StatusCode::OK, html)
}

/// A mail. Its HTML part is not shown: it is the same in colour, and the text cannot do anything.
fn item(message: &Message) -> String {
    let code = message.code.as_deref().map(escape);
    let shown = code
        .as_ref()
        .map(|code| format!(r#"<div class="match"><strong>{code}</strong></div>"#))
        .unwrap_or_default();
    let link = message.link.as_deref().map(|link| {
        format!(r#"<a class="button primary" href="{}" rel="noreferrer">Open the link</a>"#, escape(link))
    });
    let copy =
        code.map(|code| format!(r#"<button type="button" data-copy="{code}" hidden>Copy the code</button>"#));
    let at = message.at.rfc3339();
    let text: String = message
        .text
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(|paragraph| format!("<p>{}</p>", escape(paragraph)))
        .collect();
    format!(
        r#"<article class="panel"><h2>{}</h2><dl class="facts"><dt>To</dt><dd>{}</dd><dt>From</dt><dd>{}</dd><dt>At</dt><dd><time datetime="{at}">{at}</time></dd></dl>{shown}<div class="head">{} {}</div><details><summary>The text part</summary>{text}</details></article>"#,
        escape(&message.subject),
        escape(message.to.as_str()),
        escape(&message.from),
        link.unwrap_or_default(),
        copy.unwrap_or_default(),
    )
}
