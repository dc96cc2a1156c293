//! Why this room says no.

use domain::AccountId;
use ports::Failure;
use serde_json::json;
use web::{Problem, StatusCode};
use webauthn::{Error, Refused};

/// Why nobody was signed in. Outside all but one are the same refusal.
#[derive(Debug)]
pub(crate) enum SignInError {
    /// The request itself is none we read.
    Request(Problem),
    /// There is no tenant such as the request names.
    TenantUnknown,
    /// The tenant's policy does not have passkeys among its methods.
    MethodOff,
    /// The tenant of the ceremony was deleted.
    TenantGone,
    /// The tenant that the account signs in to does not have passkeys among its methods.
    MethodOffThere,
    /// There is no ceremony with this cookie, or it is over, or its answer was given, or it was for something else.
    CeremonyGone,
    /// Nobody typed an address, and the authenticator does not say whose credential it is.
    UserHandleMissing,
    /// The credential, under the user handle that came with it, is nobody's (any more): the browser may forget it.
    CredentialUnknown { rp_id: String, credential_id: String },
    /// An address was typed, and the credential is not that account's.
    NotTheOwner,
    /// The answer is not believed.
    Refused(Refused),
    /// An answer for this account's credential is not believed; it was noted.
    Failed(AccountId, Refused),
    /// The account is disabled.
    AccountDisabled,
    /// The account is no member of the tenant, and policy `sign_up` lets nobody become one.
    SignUpClosed,
    /// The question could not be asked.
    Ask(Error),
    /// The platform failed.
    Failure(Failure),
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let refused = |why: String| {
            Problem::bad("sign_in_refused", "this passkey did not sign you in; try again or use another way")
                .caused_by(why)
        };
        match error {
            SignInError::Request(problem) => problem,
            SignInError::TenantUnknown => {
                Self::field("tenant", "there is no such tenant; name it by id or slug")
            }
            SignInError::MethodOff => {
                Self::forbidden("method_disabled", "signing in with a passkey is not offered here")
            }
            SignInError::CredentialUnknown { rp_id, credential_id } => Self::new(
                StatusCode::NOT_FOUND,
                "unknown_credential",
                "this passkey is not known here (any more); remove it or use another",
            )
            .with("rpId", json!(rp_id))
            .with("credentialId", json!(credential_id)),
            SignInError::CeremonyGone
            | SignInError::TenantGone
            | SignInError::MethodOffThere
            | SignInError::UserHandleMissing
            | SignInError::NotTheOwner
            | SignInError::AccountDisabled
            | SignInError::SignUpClosed => refused(format!("{error:?}")),
            SignInError::Refused(why) => refused(why.to_string()),
            SignInError::Failed(account, why) => refused(format!("{why}, with a passkey of {account}")),
            SignInError::Ask(why) => Self::misconfigured().caused_by(why),
            SignInError::Failure(failure) => failure.into(),
        }
    }
}

/// Why no passkey was added.
#[derive(Debug)]
pub(crate) enum RegisterError {
    /// The request itself is none we read, or its sender may not add passkeys.
    Request(Problem),
    /// There is no ceremony with this cookie, or it is over, or its answer was given, or it was another account's.
    CeremonyGone,
    /// The answer is not believed.
    Refused(Refused),
    /// The credential id is somebody's.
    CredentialKnown,
    /// The account was to enrol its first factor, and has one.
    FactorThere,
    /// The session has one factor, and the account has an authenticator app or recovery codes.
    StepUpRequired,
    /// The account has as many passkeys as one may have.
    TooMany,
    /// The account went away.
    AccountGone,
    /// The question could not be asked.
    Ask(Error),
    /// The platform failed.
    Failure(Failure),
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        let refused = |why: String| {
            Problem::bad("registration_refused", "this passkey could not be added; try again").caused_by(why)
        };
        match error {
            RegisterError::Request(problem) => problem,
            RegisterError::TooMany => Self::conflict(
                "too_many_passkeys",
                format!("remove a passkey first: {} is the most", kv_schema::passkeys::Passkeys::MOST),
            ),
            RegisterError::StepUpRequired => step_up_required(),
            RegisterError::CeremonyGone
            | RegisterError::CredentialKnown
            | RegisterError::FactorThere
            | RegisterError::AccountGone => refused(format!("{error:?}")),
            RegisterError::Refused(why) => refused(why.to_string()),
            RegisterError::Ask(why) => Self::misconfigured().caused_by(why),
            RegisterError::Failure(failure) => failure.into(),
        }
    }
}

/// The session has one factor, and the account more.
pub(crate) fn step_up_required() -> Problem {
    Problem::forbidden("step_up_required", "sign in again with the second factor you have, then change it")
}

macro_rules! wraps {
    ($($error:ident $variant:ident $inner:ty;)*) => {$(
        impl From<$inner> for $error {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        }
    )*};
}

wraps! {
    SignInError Request Problem;
    SignInError Refused Refused;
    SignInError Ask Error;
    SignInError Failure Failure;
    RegisterError Request Problem;
    RegisterError Refused Refused;
    RegisterError Ask Error;
    RegisterError Failure Failure;
}
