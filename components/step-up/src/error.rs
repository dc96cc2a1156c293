//! Why this room says no.

use kv_schema::handoff::HandoffError;
use web::{Problem, StatusCode};

/// Why this room says no. What a decision is (`block`) is an answer, not an error.
#[derive(Debug)]
pub(crate) enum StepUpError {
    /// No handoff of ours, used, over, or another browser's: one refusal outside.
    HandoffRefused(HandoffError),
    /// No transaction waits under this cookie, or it is over.
    TransactionGone,
    /// The second factor was not right; the reason is for the log.
    FactorRefused(String),
    /// Too many wrong answers; seconds until it is worth trying again.
    TooManyTries(u64),
    /// The account was disabled or left the tenant while the transaction waited.
    Blocked,
    /// The factor was switched off by wrong answers before this one.
    FactorDisabled,
    /// The session has one factor, and the account has more.
    StepUpRequired,
    /// No authenticator app is being set up, or it took too long.
    EnrolmentGone,
    /// A secret could not be drawn.
    Unpresentable(qrcode::types::QrError),
    /// The verifier could not make a question.
    Verifier(webauthn::Error),
}

impl From<StepUpError> for Problem {
    fn from(error: StepUpError) -> Self {
        match error {
            StepUpError::HandoffRefused(why) => Self::bad(
                "handoff_refused",
                "this sign-in is over or belongs to another browser; sign in again",
            )
            .caused_by(format!("{why:?}")),
            StepUpError::TransactionGone => {
                Self::bad("transaction_gone", "this step-up is over; sign in again")
            }
            StepUpError::FactorRefused(why) => {
                Self::bad("factor_refused", "that was not confirmed; ask for a new question and try again")
                    .caused_by(why)
            }
            StepUpError::TooManyTries(after) => {
                Self::too_many(after, "too many wrong answers; wait, then sign in again")
            }
            StepUpError::Blocked => {
                Self::forbidden("blocked", "this account cannot sign in here; ask whoever manages it for you")
            }
            StepUpError::FactorDisabled => Self::forbidden(
                "factor_disabled",
                "this was switched off after too many wrong codes; use another factor, or ask whoever manages your account",
            ),
            StepUpError::StepUpRequired => Self::forbidden(
                "step_up_required",
                "sign in again with the second factor you have, then change it",
            ),
            StepUpError::EnrolmentGone => {
                Self::bad("enrolment_gone", "no authenticator app is being set up; begin again")
            }
            StepUpError::Unpresentable(why) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "misconfigured",
                "the service is not set up completely; its log says what is missing",
            )
            .caused_by(why),
            StepUpError::Verifier(why) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "misconfigured",
                "the service is not set up completely; its log says what is missing",
            )
            .caused_by(why),
        }
    }
}
