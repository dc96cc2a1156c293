//! Lists: how many, from where on, and the answer's shape.

use serde_json::{Value, json};
use web::{Call, Response, StatusCode};

use crate::error::AdminError;

/// How many items the caller wants.
pub(crate) fn limit(call: &Call<'_>) -> Result<usize, AdminError> {
    let Some(text) = call.request.query("limit") else { return Ok(USUAL) };
    let wanted = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    wanted.ok_or_else(|| AdminError::Field("limit".into(), format!("a number from 1 to {MOST}")))
}

/// The place in a flat list after which to go on.
pub(crate) fn place(call: &Call<'_>) -> Result<i64, AdminError> {
    let Some(text) = call.request.query("after") else { return Ok(0) };
    let place = text.parse().ok().filter(|place| *place >= 0);
    place.ok_or_else(wrong_after)
}

pub(crate) fn wrong_after() -> AdminError {
    AdminError::Field("after".into(), "the `next` of an earlier answer, unchanged".into())
}

/// A page of a list.
pub(crate) fn answer(items: Vec<Value>, next: Option<String>) -> Response {
    let mut body = json!({ "items": items });
    if let (Some(next), Some(members)) = (next, body.as_object_mut()) {
        members.insert("next".into(), next.into());
    }
    web::json(StatusCode::OK, &body)
}

const USUAL: usize = 50;
const MOST: usize = 200;
