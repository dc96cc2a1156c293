//! Why this room says no.

use kv_schema::bearer::BearerError;
use ports::Failure;
use web::Problem;

/// A refusal, by whose fault it is.
#[derive(Debug)]
pub(crate) enum AdminError {
    /// No bearer token, or not the right one.
    Unauthorized,
    /// A signed token that is not believed; outside the same.
    TokenRefused(BearerError),
    /// A machine client's token without the scope `admin`.
    InsufficientScope,
    /// What was asked would touch the account where the caller has no say.
    ForeignAccount,
    /// The client proves itself by its keys.
    NoSecrets,
    /// It does not exist, or not there.
    NotFound,
    /// A field that cannot be taken: its name, and what it takes.
    Field(String, String),
    /// A sibling has that slug.
    SlugTaken,
    /// The root cannot be deleted.
    RootStays,
    /// Tenants, accounts or clients are in it.
    NotEmpty,
    /// A tenant above has locked this value.
    Locked(&'static str),
    /// The address belongs to a member already.
    AccountExists,
    /// The account belongs to as many tenants as it can.
    TooManyMemberships,
    /// What the request itself got wrong.
    Request(Problem),
    /// The platform or the set-up failed.
    Failed(Failure),
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Unauthorized => Self::unauthorized(
                "send `authorization: Bearer` with the bootstrap token, or with a token of a machine client",
            ),
            AdminError::TokenRefused(why) => {
                Self::unauthorized("this token is over, or not for this server; ask for another one")
                    .caused_by(format!("{why:?}"))
            }
            AdminError::InsufficientScope => {
                Self::forbidden("insufficient_scope", "administering takes a token with the scope `admin`")
            }
            AdminError::ForeignAccount => Self::forbidden(
                "foreign_account",
                "this account is also a member of tenants that are not yours, and this would hold there too; end its membership here instead",
            ),
            AdminError::NoSecrets => Self::conflict(
                "no_secrets",
                "this client signs with keys of its own (`private_key_jwt`); change its `jwks` instead",
            ),
            AdminError::NotFound => Self::not_found(),
            AdminError::Field(name, takes) => Self::field(name, takes),
            AdminError::SlugTaken => {
                Self::conflict("slug_taken", "a tenant beside it has that slug; choose another")
            }
            AdminError::RootStays => Self::conflict("root_stays", "the root tenant cannot be deleted"),
            AdminError::NotEmpty => Self::conflict(
                "not_empty",
                "tenants, accounts or clients are in it; move or delete them first, then try again",
            ),
            AdminError::Locked(key) => Self::forbidden(
                "locked",
                format!("a tenant above has locked `{key}`; `GET …/policy` says which, under `from`"),
            )
            .with("field", key.into()),
            AdminError::AccountExists => {
                Self::conflict("account_exists", "an account here has that address already")
            }
            AdminError::TooManyMemberships => Self::conflict(
                "too_many_memberships",
                "the account belongs to as many tenants as an account can; end one first",
            ),
            AdminError::Request(problem) => problem,
            AdminError::Failed(failure) => failure.into(),
        }
    }
}

impl From<Problem> for AdminError {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl From<Failure> for AdminError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
