//! As much of HTTP as the chores need: one request to a system on this machine.

use std::net::SocketAddr;

use serde_json::Value;

use crate::say::{Because as _, Result, refuse};

/// A system that `up` has started.
#[derive(Debug, Clone)]
pub(crate) struct System {
    base: String,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: i32,
    body: String,
}

impl System {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { base: format!("http://{address}") }
    }

    pub(crate) fn get(&self, path: &str, bearer: &str) -> Result<Answer> {
        send(minreq::get(format!("{}{path}", self.base)), bearer)
    }

    pub(crate) fn post(&self, path: &str, bearer: &str, body: &Value) -> Result<Answer> {
        let request = minreq::post(format!("{}{path}", self.base));
        send(request.with_header("content-type", "application/json").with_body(body.to_string()), bearer)
    }
}

fn send(request: minreq::Request, bearer: &str) -> Result<Answer> {
    let request = request.with_header("authorization", format!("Bearer {bearer}")).with_timeout(SECONDS);
    let response = request.send().because(|| "no answer".to_owned())?;
    let body = String::from_utf8_lossy(response.as_bytes()).into_owned();
    Ok(Answer { status: response.status_code, body })
}

/// Longer than any request may take on a busy machine.
const SECONDS: u64 = 45;

impl Answer {
    /// The answer's JSON, if it is one of these statuses.
    pub(crate) fn expect(&self, statuses: &[i32]) -> Result<Value> {
        if !statuses.contains(&self.status) {
            let told: String = self.body.chars().take(300).collect();
            return refuse(format!("answered {}: {told}", self.status));
        }
        serde_json::from_str(&self.body).because(|| "answered no JSON".to_owned())
    }
}
