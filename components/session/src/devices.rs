//! `GET /session/all`: where an account is signed in.

use domain::SessionId;
use kv_schema::{Session, sessions};
use serde_json::{Map, Value};
use web::{Call, Problem, Response, StatusCode};

use crate::{
    show::{Slugs, signed_in},
    wire,
};

/// The open sessions of the account, the last used first.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let (current, account) = signed_in(call).await?;
    let (after, limit) = page(call)?;
    let sessions = sessions::read(&call.ports, account.id).await?.unwrap_or_default();
    let mut open: Vec<&Session> = sessions.alive(call.ports.now).collect();
    open.sort_by_key(|session| std::cmp::Reverse((session.seen, session.began, session.id.ulid())));
    let start = match after {
        // Ended meanwhile: whoever pages on has seen what stood before it.
        Some(after) => open.iter().position(|session| session.id == after).map_or(open.len(), |at| at + 1),
        None => 0,
    };
    let rest = open.get(start..).unwrap_or_default();
    let shown = rest.get(..limit).unwrap_or(rest);
    let mut slugs = Slugs::default();
    let mut items: Vec<Value> = Vec::new();
    for session in shown {
        let slug = slugs.of(&call.ports, session.tenant()).await?;
        items.push(wire::device(session, session.id == current.id, slug.as_deref()));
    }
    let mut body = Map::new();
    body.insert("items".into(), items.into());
    if let Some(last) = shown.last().filter(|_| shown.len() < rest.len()) {
        body.insert("next".into(), last.id.to_string().into());
    }
    Ok(web::json(StatusCode::OK, &Value::Object(body)))
}

fn page(call: &Call<'_>) -> Result<(Option<SessionId>, usize), Problem> {
    let after = match call.request.query("after") {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| Problem::field("after", "takes the `next` of a page before"))?)
        }
    };
    let limit = match call.request.query("limit") {
        None => 50,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=200).contains(limit))
            .ok_or_else(|| Problem::field("limit", "takes a number from 1 to 200"))?,
    };
    Ok((after, limit))
}
