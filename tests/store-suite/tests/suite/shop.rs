//! The guest, as the cases call it.

use rig::{Answer, Client, Redis, System};
use serde_json::{Value, json};

/// The served guest on one store.
pub(crate) struct Shop {
    pub(crate) system: System,
    pub(crate) redis: Option<Redis>,
    pub(crate) store: &'static str,
}

impl Shop {
    /// Whether a store may refuse an operation that would be right (503), which callers then try again.
    pub(crate) fn may_refuse(&self) -> bool {
        self.store == "Hostile"
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller { client: self.system.client(), patient: self.may_refuse() }
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        self.caller().post(path, body)
    }

    /// The status and the code of one request, whatever it is.
    pub(crate) fn status(&self, path: &str, body: Value) -> (u16, String) {
        let answer = self.system.client().post(path, &body);
        (answer.status, answer.code().to_owned())
    }
}

/// Somebody who calls the guest.
pub(crate) struct Caller {
    client: Client,
    patient: bool,
}

impl Caller {
    /// One request.
    pub(crate) fn once(&mut self, path: &str, body: &Value) -> Answer {
        self.client.post(path, body)
    }

    /// A request that succeeds in the end.
    pub(crate) fn post(&mut self, path: &str, body: Value) -> Value {
        for _ in 0..50 {
            let answer = self.once(path, &body);
            if !(self.patient && answer.status == 503) {
                return answer.expect(200);
            }
        }
        panic!("{path}: refused fifty times");
    }

    pub(crate) fn value(&mut self, key: &str) -> Value {
        self.post("/get", json!({ "key": key }))["value"].take()
    }
}
