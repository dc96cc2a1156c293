//! A browser as a room sees one: it keeps cookies and names its origin.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use ports::Ports;
use serde_json::Value;

use crate::World;

/// A browser.
#[derive(Debug, Clone)]
pub struct Browser {
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// Headers it sends with every request; the last one with a name counts.
    pub headers: Vec<(String, String)>,
}

impl Default for Browser {
    fn default() -> Self {
        let headers = [
            ("origin", "http://localhost:3000"),
            ("spin-client-addr", "192.0.2.7:4711"),
            ("user-agent", "Testkit/1.0"),
        ];
        Self {
            cookies: BTreeMap::new(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
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
}

impl Browser {
    /// With another or a further header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Sends a request with a JSON body, or none if it is null.
    pub async fn send(
        &mut self,
        world: &World,
        room: impl AsyncFn(Ports<'_>, web::Raw) -> web::Response,
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        let body = if body.is_null() { None } else { Some(("application/json", body.to_string())) };
        self.send_text(world, room, method, path, body).await
    }

    /// Sends a form.
    pub async fn send_form(
        &mut self,
        world: &World,
        room: impl AsyncFn(Ports<'_>, web::Raw) -> web::Response,
        path: &str,
        form: &str,
    ) -> Answer {
        self.send_text(
            world,
            room,
            "POST",
            path,
            Some(("application/x-www-form-urlencoded", form.to_owned())),
        )
        .await
    }

    /// Sends a request with any body.
    pub async fn send_text(
        &mut self,
        world: &World,
        room: impl AsyncFn(Ports<'_>, web::Raw) -> web::Response,
        method: &str,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let line: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, line.join("; "));
        }
        let body = body.map_or_else(Bytes::new, |(media, body)| {
            if let Some(headers) = request.headers_mut() {
                let media = HeaderValue::from_str(media).unwrap_or(HeaderValue::from_static("x/y"));
                headers.insert(HeaderName::from_static("content-type"), media);
            }
            Bytes::from(body)
        });
        #[allow(clippy::expect_used, reason = "a test that cannot say its request has to stop")]
        let request = request.body(body).expect("a request");
        let response = room(world.ports(), request).await;
        self.keep(&response);
        let text = String::from_utf8_lossy(response.body()).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text, json }
    }

    fn keep(&mut self, response: &Response<Bytes>) {
        for line in response.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }
}
