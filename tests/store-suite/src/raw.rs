//! The ports, one operation per request.

use domain::Secs;
use ports::{Attempt, FetchError, OneTimeError};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Call, Problem, Response, StatusCode};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
}

pub(crate) async fn get(call: &Call<'_>) -> Result<Response, Problem> {
    let Key { key } = call.request.json()?;
    let value = call.ports.store.get(&key).await?;
    let value = value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    done(&json!({ "value": value }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    key: String,
    value: String,
    /// The value so often, for large ones.
    #[serde(default = "once")]
    times: usize,
}

const fn once() -> usize {
    1
}

pub(crate) async fn set(call: &Call<'_>) -> Result<Response, Problem> {
    let set: Set = call.request.json()?;
    call.ports.store.set(&set.key, set.value.repeat(set.times).as_bytes()).await?;
    done(&json!({}))
}

pub(crate) async fn delete(call: &Call<'_>) -> Result<Response, Problem> {
    let Key { key } = call.request.json()?;
    call.ports.store.delete(&key).await?;
    done(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Increment {
    key: String,
    by: i64,
}

pub(crate) async fn increment(call: &Call<'_>) -> Result<Response, Problem> {
    let Increment { key, by } = call.request.json()?;
    done(&json!({ "sum": call.ports.store.increment(&key, by).await? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Append {
    key: String,
    text: String,
}

/// One attempt to swap in what is there with `text` behind it.
pub(crate) async fn append(call: &Call<'_>) -> Result<Response, Problem> {
    let Append { key, text } = call.request.json()?;
    let attempt = call.ports.store.attempt(&key, &mut |old| Some([old, text.as_bytes()].concat())).await?;
    done(&match attempt {
        Attempt::Absent => json!({ "ended": "absent" }),
        Attempt::Left => json!({ "ended": "left" }),
        Attempt::Swapped => json!({ "ended": "swapped" }),
        Attempt::Lost(now) => {
            json!({ "ended": "lost", "value": now.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) })
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell {
    key: String,
    number: i64,
}

pub(crate) async fn decide(call: &Call<'_>) -> Result<Response, Problem> {
    let Cell { key, number } = call.request.json()?;
    done(&json!({ "number": call.ports.store.decide(&key, number).await? }))
}

pub(crate) async fn decided(call: &Call<'_>) -> Result<Response, Problem> {
    let Key { key } = call.request.json()?;
    done(&json!({ "number": call.ports.store.decided(&key).await? }))
}

pub(crate) async fn withdraw(call: &Call<'_>) -> Result<Response, Problem> {
    let Cell { key, number } = call.request.json()?;
    call.ports.store.withdraw(&key, number).await?;
    done(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    id: String,
    lives: u64,
}

pub(crate) async fn issue(call: &Call<'_>) -> Result<Response, Problem> {
    let Issue { id, lives } = call.request.json()?;
    once_only(call.ports.one_time.issue(&id, call.ports.now.plus(Secs(lives))).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    id: String,
}

pub(crate) async fn take(call: &Call<'_>) -> Result<Response, Problem> {
    let Id { id } = call.request.json()?;
    once_only(call.ports.one_time.take(&id).await)
}

pub(crate) async fn forget(call: &Call<'_>) -> Result<Response, Problem> {
    let Id { id } = call.request.json()?;
    once_only(call.ports.one_time.forget(&id).await)
}

fn once_only(answer: Result<(), OneTimeError>) -> Result<Response, Problem> {
    match answer {
        Ok(()) => done(&json!({})),
        Err(OneTimeError::Spent) => Err(Problem::conflict("spent", "somebody was first")),
        Err(error) => Err(Problem::try_again().caused_by(error)),
    }
}

/// What the platform handed in: how the body, the headers and the clock arrive.
pub(crate) async fn echo(call: &Call<'_>) -> Result<Response, Problem> {
    let body: Value = call.request.json()?;
    let peer = call.request.header("spin-client-addr");
    done(&json!({ "body": body, "now": call.ports.now.secs(), "peer": peer, "network": call.network() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    url: String,
    body: String,
}

/// One exchange with another server.
pub(crate) async fn fetch(call: &Call<'_>) -> Result<Response, Problem> {
    let Ask { url, body } = call.request.json()?;
    let request = http::Request::post(url)
        .header("x-asked", "by the guest")
        .body(body.into())
        .map_err(|_| Problem::field("url", "send a URL"))?;
    match call.ports.fetch.send(request).await {
        Ok(answer) => done(&json!({
            "status": answer.status().as_u16(),
            "location": answer.headers().get("location").and_then(|value| value.to_str().ok()),
            "text": String::from_utf8_lossy(answer.body()).get(..100.min(answer.body().len())),
            "length": answer.body().len(),
        })),
        Err(FetchError::Forbidden) => done(&json!({ "failed": "forbidden" })),
        Err(FetchError::TooLarge) => done(&json!({ "failed": "too large" })),
        Err(FetchError::Failed(why)) => done(&json!({ "failed": why })),
    }
}

/// The moment, as the platform's clock tells it.
#[allow(clippy::unused_async, reason = "a handler is asynchronous")]
pub(crate) async fn now(call: &Call<'_>) -> Result<Response, Problem> {
    done(&json!({ "now": call.ports.now.secs() }))
}

#[allow(clippy::unnecessary_wraps, reason = "the answer of a handler")]
pub(crate) fn done(body: &Value) -> Result<Response, Problem> {
    Ok(web::json(StatusCode::OK, body))
}
