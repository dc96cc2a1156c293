//! Why the token endpoint says no, in the words of RFC 6749 section 5.2.

use ports::Failure;
use serde_json::json;
use web::{Call, Response, StatusCode, header};

/// Why the token endpoint says no.
#[derive(Debug)]
pub(crate) enum OauthError {
    /// The body is no form.
    NoForm,
    /// A parameter comes twice.
    Repeated,
    /// No grant was named.
    NoGrant,
    /// The client proves itself in two ways at once, or names two of itself.
    TwoProofs,
    /// We do not know that grant.
    OtherGrant,
    /// The client did not prove who it is; one refusal outside.
    ClientRefused(ClientRefused),
    /// Too many from this network did not; good again after so many seconds.
    TooMany(u64),
    /// It asks for what it may not have.
    ScopeRefused,
    /// It asks for a token for whom it may not have one.
    TargetRefused,
    /// The platform or the set-up failed.
    Failed(Failure),
}

/// Why a client was refused, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientRefused {
    /// It showed nothing, or nothing that can be read.
    NoProof,
    /// There is no such client, or it is disabled.
    Unknown,
    /// It is registered to prove itself otherwise.
    OtherMethod,
    /// The secret is wrong.
    WrongSecret,
    /// What it signed is wrong.
    Assertion(jose::Refused),
    /// It signed with a key that is not registered.
    UnknownKey,
    /// What it signed is about somebody else.
    OtherSubject,
    /// What it signed has no name by which it could be known again.
    NoName,
    /// What it signed was used before.
    Replayed,
}

impl OauthError {
    /// As an answer. The operator's log says why.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Response {
        let (status, error, description) = self.told();
        match self {
            Self::ClientRefused(why) => call.warn(error, &format!("{why:?}")),
            Self::Failed(failure) => call.warn(error, failure),
            _ => {}
        }
        let mut response = web::json(status, &json!({ "error": error, "error_description": description }));
        let headers = response.headers_mut();
        headers.insert(header::PRAGMA, header::HeaderValue::from_static("no-cache"));
        match self {
            Self::ClientRefused(_) => {
                let challenge =
                    header::HeaderValue::from_static("Basic realm=\"latchkey\", charset=\"UTF-8\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::TooMany(after) => drop(headers.insert(header::RETRY_AFTER, (*after).into())),
            Self::Failed(Failure::Store(_)) => drop(headers.insert(header::RETRY_AFTER, 1.into())),
            _ => {}
        }
        response
    }

    fn told(&self) -> (StatusCode, &'static str, &'static str) {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        match self {
            Self::NoForm => (BAD, "invalid_request", "send a body of type application/x-www-form-urlencoded"),
            Self::Repeated => (BAD, "invalid_request", "send each parameter once"),
            Self::NoGrant => (BAD, "invalid_request", "name the grant_type"),
            Self::TwoProofs => (BAD, "invalid_request", "prove who the client is in one way, once"),
            Self::OtherGrant => (BAD, "unsupported_grant_type", "use the grant_type client_credentials"),
            Self::ClientRefused(_) => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "no such client, or it did not prove to be it")
            }
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "too many wrong proofs from this network; wait as long as retry-after says",
            ),
            Self::ScopeRefused => {
                (BAD, "invalid_scope", "ask for scopes that the client was registered with, or for none")
            }
            Self::TargetRefused => (
                BAD,
                "invalid_target",
                "ask for a token for this server, or for one resource of the client's",
            ),
            Self::Failed(Failure::Store(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again in a moment")
            }
            Self::Failed(Failure::Settings(_)) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "the service is not set up completely; its log says what is missing",
            ),
        }
    }
}

impl From<Failure> for OauthError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ClientRefused> for OauthError {
    fn from(refused: ClientRefused) -> Self {
        Self::ClientRefused(refused)
    }
}
