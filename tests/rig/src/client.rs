//! A small browser: cookies, an origin, no redirects of its own accord.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, Request, header};
use serde_json::Value;
use ureq::Agent;

/// A browser at one origin.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    port: u16,
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// Headers it sends with every request.
    pub headers: BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Answer {
    /// The problem's code.
    pub fn code(&self) -> &str {
        self.json.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// A member of the body as text.
    pub fn text_of(&self, name: &str) -> String {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, of an answer with this status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        let headers = [("origin".to_owned(), format!("http://localhost:{port}"))].into();
        Self { agent: config.into(), port, cookies: BTreeMap::new(), headers }
    }

    /// The same with another or a further header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// GET.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// POST with JSON.
    pub fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(("application/json", body.to_string().as_bytes())))
    }

    /// Any method, any body.
    pub fn send(&mut self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        self.try_send(method, path, body).unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// Any method, any body, and maybe no answer: where the server is killed in between.
    pub fn try_send(
        &mut self,
        method: &str,
        path: &str,
        body: Option<(&str, &[u8])>,
    ) -> Result<Answer, String> {
        // By number, since `localhost` may be resolved to an address at which nobody listens.
        let mut request =
            Request::builder().method(method).uri(format!("http://127.0.0.1:{}{path}", self.port));
        request = request.header(header::HOST, format!("localhost:{}", self.port));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let answer = match body {
            Some((media, body)) => {
                self.agent.run(request.header(header::CONTENT_TYPE, media).body(body).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let (parts, mut body) = answer.map_err(|error| error.to_string())?.into_parts();
        let text = body.read_to_string().map_err(|error| error.to_string())?;
        self.keep(&parts.headers);
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text, json })
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap_or_default();
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let over = value.is_empty() || line.to_ascii_lowercase().contains("max-age=0");
            if over {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
