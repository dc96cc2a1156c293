//! A request as the rooms see it: path checked, headers read safely, body parsed at the door.

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;

use crate::Problem;

/// A request whose path has been checked. Bodies are parsed on demand.
#[derive(Debug)]
pub struct Request {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    /// Takes a request as it came off the wire. Paths arrive raw from the platform, so everything two readers could understand
    /// differently (empty and dot segments, encoded slashes, anything but visible ASCII) is no route of ours.
    pub fn new(raw: http::Request<Bytes>) -> Result<Self, Problem> {
        let (parts, body) = raw.into_parts();
        let path = parts.uri.path();
        let lower = path.to_ascii_lowercase();
        let strange = path.split('/').skip(1).any(|segment| segment == "." || segment == "..")
            || path.contains("//")
            || path.contains(['\\', ';'])
            || ["%2f", "%5c", "%2e", "%00"].iter().any(|code| lower.contains(code));
        if strange || !path.starts_with('/') || path.len() > 2_048 {
            return Err(Problem::not_found());
        }
        let query = parts.uri.query().unwrap_or_default();
        if query.len() > 16_384 {
            return Err(Problem::bad("query_too_long", "shorten the query to 16 KiB"));
        }
        let query = form_urlencoded::parse(query.as_bytes())
            .take(200)
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        Ok(Self { method: parts.method, path: path.to_owned(), query, headers: parts.headers, body })
    }

    /// The method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path, still percent-encoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text. Of several lines with one name the **last** counts: Spin appends its own `spin-*` lines to what the client sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok())
    }

    /// The raw body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The value of a cookie. If a name comes twice, neither is believed: a sibling subdomain may have planted one.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut found = None;
        for line in self.headers.get_all(header::COOKIE) {
            for pair in line.to_str().ok()?.split(';') {
                if let Some((key, value)) = pair.trim().split_once('=')
                    && key == name
                {
                    if found.is_some_and(|earlier| earlier != value) {
                        return None;
                    }
                    found = Some(value);
                }
            }
        }
        found
    }

    /// The bearer token of the `Authorization` header.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    fn media_type(&self) -> &str {
        self.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default().trim()
    }

    /// Whether the body is a form as a browser without script posts it.
    pub fn is_form(&self) -> bool {
        self.media_type().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// Whether the caller is a browser that shows a page.
    pub fn wants_html(&self) -> bool {
        self.header("accept").is_some_and(|accept| accept.contains("text/html"))
    }

    /// The body as JSON of the wanted shape.
    ///
    /// # Errors
    /// 415 for another content type, 400 `malformed_json`, 422 `invalid_field` that names the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let media = self.media_type().to_ascii_lowercase();
        if media != "application/json" && !media.ends_with("+json") {
            return Err(unsupported("application/json"));
        }
        parse_json(&self.body)
    }

    /// Like [`Self::json`] where a request may also have no body at all, which reads as `{}`.
    pub fn json_or_empty<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if self.body.is_empty() { parse_json(b"{}") } else { self.json() }
    }

    /// The body as JSON or, from a page without script, as a form with the same field names.
    pub fn json_or_form<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.is_form() {
            return self.json();
        }
        let fields: serde_json::Map<String, serde_json::Value> = form_urlencoded::parse(&self.body)
            .take(100)
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
            .collect();
        parse_json(serde_json::Value::Object(fields).to_string().as_bytes())
    }
}

fn unsupported(wanted: &str) -> Problem {
    Problem::new(
        http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("send `content-type: {wanted}`"),
    )
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed = || Problem::bad("malformed_json", "the body is not well-formed JSON");
    // First the form, then the meaning: a body with a wrong field and a missing brace is malformed.
    let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| malformed())?;
    // serde would read a list as a struct's fields in order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::field("body", "the body must be a JSON object"));
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(bytes)).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let told = inner.to_string();
        match inner.classify() {
            serde_json::error::Category::Data => field_problem(&path, &told),
            _ if told.starts_with("recursion limit") => malformed(),
            // It is well-formed: serde_json calls a number where it wants a word a mistake of syntax.
            _ => field_problem(&path, "another kind of value is wanted"),
        }
    })
}

/// serde says "missing field `x`" about the parent; the answer names the field itself.
fn field_problem(path: &str, message: &str) -> Problem {
    let message = message.split(" at line ").next().unwrap_or(message);
    let named = |lead: &str| message.strip_prefix(lead).and_then(|rest| rest.split('`').next());
    let inner =
        named("missing field `").or_else(|| named("unknown field `")).or_else(|| named("duplicate field `"));
    let name = match (path, inner) {
        (".", Some(field)) => field.to_owned(),
        (path, Some(field)) if !path.ends_with(field) => format!("{path}.{field}"),
        (path, _) => path.trim_start_matches('.').to_owned(),
    };
    Problem::field(if name.is_empty() { "body".to_owned() } else { name }, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Ask {
        email: String,
        #[serde(default)]
        deep: Option<Deep>,
        #[serde(default)]
        word: Option<Word>,
    }
    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Yes,
    }
    #[derive(Deserialize, Debug)]
    struct Deep {
        #[allow(dead_code, reason = "only its parsing matters here")]
        n: u32,
    }

    fn request(content_type: &str, body: &str) -> Request {
        let raw = http::Request::post("/x?a=1&a=2")
            .header("content-type", content_type)
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        Request::new(raw).unwrap()
    }

    fn refusal(body: &str) -> (u16, &'static str, Option<String>) {
        let problem = request("application/json", body).json::<Ask>().unwrap_err();
        (problem.status().as_u16(), problem.code(), problem.field_name().map(str::to_owned))
    }

    #[test]
    fn malformed_json() {
        for body in ["", "{", "{\"email\":\"a\"} x", "\u{feff}{}", &"[".repeat(10_000)] {
            assert_eq!(refusal(body), (400, "malformed_json", None), "{body:.20}");
        }
        // In a field that nobody asked for, too.
        assert_eq!(parse_json::<Ask>(b"{\"mail\":\"\xff\"}").unwrap_err().code(), "malformed_json");
    }

    #[test]
    fn invalid_field_names_the_field() {
        let field = |body: &str| refusal(body).2.unwrap();
        assert_eq!(field("{}"), "email");
        assert_eq!(field("{\"email\":7}"), "email");
        assert_eq!(field("{\"email\":\"a\",\"mail\":1}"), "mail");
        assert_eq!(field("{\"email\":\"a\",\"email\":\"b\"}"), "email");
        assert_eq!(field("{\"email\":\"a\",\"deep\":{}}"), "deep.n");
        assert_eq!(field("{\"email\":\"a\",\"deep\":{\"n\":-1}}"), "deep.n");
        for word in ["7", "\"no\"", "[]", "{}", "true"] {
            assert_eq!(field(&format!("{{\"email\":\"a\",\"word\":{word}}}")), "word", "{word}");
        }
        assert!(matches!(
            request("application/json", "{\"email\":\"a\",\"word\":\"yes\"}").json::<Ask>().unwrap().word,
            Some(Word::Yes)
        ));
        assert_eq!(field("[]"), "body");
        assert_eq!(refusal("{}").0, 422);
    }

    #[test]
    fn unsupported_media_type() {
        let problem = request("text/plain", "{}").json::<Ask>().unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (415, "unsupported_media_type"));
        assert!(request("application/json; charset=utf-8", "{\"email\":\"a\"}").json::<Ask>().is_ok());
    }

    #[test]
    fn a_form_reads_like_json() {
        let ask: Ask =
            request("application/x-www-form-urlencoded", "email=a%40b.example&deep=").json_or_form().unwrap();
        assert_eq!(ask.email, "a@b.example");
        assert!(ask.deep.is_none(), "an empty input is one left out");
    }

    #[test]
    fn ambiguous_paths_are_no_routes() {
        for path in ["//x", "/a//b", "/a/../b", "/a/./b", "/a%2fb", "/a%2E%2e/b", "/a;b", "/a%5Cb"] {
            let raw = http::Request::get(path).body(Bytes::new());
            assert!(raw.is_err() || Request::new(raw.unwrap()).is_err(), "{path}");
        }
    }

    #[test]
    fn the_last_spin_header_counts_and_a_doubled_cookie_does_not() {
        let raw = http::Request::get("/")
            .header("spin-client-addr", "6.6.6.6:1")
            .header("spin-client-addr", "127.0.0.1:2")
            .header("cookie", "a=1; session=x; session=y")
            .body(Bytes::new())
            .unwrap();
        let request = Request::new(raw).unwrap();
        assert_eq!(request.header("spin-client-addr"), Some("127.0.0.1:2"));
        assert_eq!((request.cookie("a"), request.cookie("session")), (Some("1"), None));
    }
}
