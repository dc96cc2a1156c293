//! `POST /janitor`.

use domain::Digest;
use kv_schema::sweep;
use serde_json::json;
use web::{Call, Problem, Response, StatusCode};

/// Sweeps for a scheduler that has the token. Idempotent; `done: false` means there is more, so call again.
pub(crate) async fn sweep(call: &Call<'_>) -> Result<Response, Problem> {
    authorize(call)?;
    let mut removed = 0;
    let mut done = false;
    // Each step writes down how far it came, so that a call cut short has lost little.
    for _ in 0..STEPS {
        let swept = sweep::sweep(&call.ports, SLOTS).await?;
        removed += swept.removed;
        done = swept.done;
        if done {
            break;
        }
    }
    Ok(web::json(StatusCode::OK, &json!({ "removed": removed, "done": done })))
}

/// Digests are compared in constant time, and tell nothing about length either. Without a token in the settings nobody has the right one.
fn authorize(call: &Call<'_>) -> Result<(), Problem> {
    let wanted = call.ports.settings.optional("janitor_token");
    let right = wanted
        .zip(call.request.bearer())
        .is_some_and(|(wanted, given)| Digest::of(&[wanted.as_bytes()]) == Digest::of(&[given.as_bytes()]));
    if right {
        Ok(())
    } else {
        Err(Problem::unauthorized("send the janitor's token as `Authorization: Bearer`"))
    }
}

/// At most so many slots in a call: about three deletions each, a second or two on the slowest store we support.
const SLOTS: u32 = 100;
const STEPS: u32 = 5;
