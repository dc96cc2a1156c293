//! Refusals as RFC 9457 problem details.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::Response;

/// A refusal: the status, a stable `snake_case` code, and a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    rest: Box<Rest>,
}

/// What few refusals have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rest {
    field: Option<String>,
    retry_after: Option<u64>,
    allow: Option<String>,
    more: Vec<(&'static str, serde_json::Value)>,
    cause: Option<String>,
}

impl Problem {
    /// A refusal with this status, public code and sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), rest: Box::default() }
    }

    /// 400 with this code.
    pub fn bad(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 422 `invalid_field`: names the field and says what it takes.
    pub fn field(name: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail);
        problem.rest.field = Some(name.into());
        problem
    }

    /// 401 `unauthorized`: no or a wrong credential.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403 with this code.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404 `not_found`: it does not exist, or is not the caller's to see.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "nothing is here; check the address")
    }

    /// 405 with the methods that are allowed.
    pub fn method_not_allowed(allow: String) -> Self {
        let mut problem =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("use {allow}"));
        problem.rest.allow = Some(allow);
        problem
    }

    /// 409 with this code.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 429 `too_many_requests`, to be tried again after so many seconds.
    pub fn too_many(retry_after: u64, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        problem.rest.retry_after = Some(retry_after);
        problem
    }

    /// 503 `try_again`: the store did not answer; nothing is lost. The cause belongs into the log.
    pub fn try_again() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "try_again",
            "the service could not finish this; try again in a moment",
        );
        problem.rest.retry_after = Some(1);
        problem
    }

    /// 500 `misconfigured`: a setting is missing. The log says which.
    pub fn misconfigured() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "misconfigured",
            "the service is not set up completely; its log says what is missing",
        )
    }

    /// A further member of the answer.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.rest.more.push((name, value));
        self
    }

    /// What the operator's log says about it; never part of the answer.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::fmt::Display) -> Self {
        self.rest.cause = Some(cause.to_string());
        self
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.rest.cause.as_deref()
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field it is about.
    pub fn field_name(&self) -> Option<&str> {
        self.rest.field.as_deref()
    }

    /// As an answer.
    pub fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": format!("urn:latchkey:problem:{}", self.code),
            "title": title,
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Some(members) = body.as_object_mut() {
            if let Some(field) = self.rest.field {
                members.insert("field".into(), field.into());
            }
            members.extend(self.rest.more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.rest.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        if let Some(allow) = self.rest.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

impl From<ports::StoreError> for Problem {
    fn from(error: ports::StoreError) -> Self {
        Self::try_again().caused_by(error)
    }
}

impl From<ports::SettingsError> for Problem {
    fn from(error: ports::SettingsError) -> Self {
        Self::misconfigured().caused_by(error)
    }
}

impl From<ports::Failure> for Problem {
    fn from(failure: ports::Failure) -> Self {
        match failure {
            ports::Failure::Store(error) => error.into(),
            ports::Failure::Settings(error) => error.into(),
        }
    }
}
