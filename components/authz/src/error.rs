//! Why this room says no, each in the shape that the asker's standard gives it.

use bytes::Bytes;
use fga::{Code, Error, QueryError};
use kv_schema::fga::Refusal;
use ports::{Failure, StoreError};
use serde_json::json;
use web::{Problem, Response, StatusCode, header};

/// A refusal.
#[derive(Debug)]
pub(crate) enum Refused {
    /// OpenFGA's, with its code.
    Fga(Error),
    /// No bearer token.
    NoToken,
    /// A bearer token that is not the right one.
    WrongToken,
    /// The right token, without this scope.
    Scope(&'static str),
    /// The state that was asked for has not been reached here.
    Behind,
    /// AuthZEN's: a sentence.
    Malformed(String),
    /// AuthZEN's: there is no such tenant or store.
    NoTenant,
    /// The platform or the set-up failed, or what the request itself got wrong.
    Other(Problem),
}

impl Refused {
    /// 2000.
    pub(crate) fn validation(message: impl std::fmt::Display) -> Self {
        Self::Fga(Error::validation(message))
    }

    /// 5002.
    pub(crate) fn no_store() -> Self {
        Self::Fga(Error::new(Code::StoreIdNotFound, "Store ID not found"))
    }

    /// As an answer; failures stay problems, so that their cause is logged.
    pub(crate) fn answer(self) -> Result<Response, Problem> {
        Ok(match self {
            Self::Fga(error) => {
                let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
                let mut body = json!({ "code": error.code.name(), "message": error.message });
                if let (Some(members), false) = (body.as_object_mut(), error.missing.is_empty()) {
                    members.insert("missing".to_owned(), error.missing.into());
                }
                web::json(status, &body)
            }
            Self::NoToken => unauthorized("bearer_token_missing", "missing bearer token"),
            Self::WrongToken => unauthorized("unauthenticated", "unauthenticated"),
            Self::Scope(scope) => web::json(
                StatusCode::FORBIDDEN,
                &json!({ "code": "forbidden", "message": format!("the token lacks the scope `{scope}`") }),
            ),
            Self::Behind => web::json(
                StatusCode::CONFLICT,
                &json!({ "code": "revision_not_reached", "message": "this store has not reached the revision of `latchkey-revision` yet; try again" }),
            ),
            Self::Malformed(sentence) => plain(StatusCode::BAD_REQUEST, sentence),
            Self::NoTenant => plain(StatusCode::NOT_FOUND, "there is no such tenant or store".to_owned()),
            Self::Other(problem) => return Err(problem),
        })
    }
}

fn unauthorized(code: &str, message: &str) -> Response {
    let mut response = web::json(StatusCode::UNAUTHORIZED, &json!({ "code": code, "message": message }));
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response
}

fn plain(status: StatusCode, sentence: String) -> Response {
    let mut response = Response::new(Bytes::from(sentence));
    *response.status_mut() = status;
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Fga(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Other(failure.into())
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<QueryError<Failure>> for Refused {
    fn from(error: QueryError<Failure>) -> Self {
        match error {
            QueryError::Refused(error) => Self::Fga(error),
            QueryError::Store(failure) => failure.into(),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let tuple = fga::TupleKey::new;
        match refusal {
            Refusal::Gone => Self::no_store(),
            Refusal::Exists(object, relation, user) => {
                fga::write::already_there(&tuple(object, relation, user)).into()
            }
            Refusal::OtherCondition(object, relation, user) => {
                fga::write::other_condition(&tuple(object, relation, user)).into()
            }
            Refusal::Missing(object, relation, user) => {
                fga::write::not_there(&tuple(object, relation, user)).into()
            }
        }
    }
}
