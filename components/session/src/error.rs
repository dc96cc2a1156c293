//! Why this room says no.

use kv_schema::handoff::HandoffError;
use web::Problem;

/// Why this room says no.
#[derive(Debug)]
pub(crate) enum SessionError {
    /// The handoff was not judged yet.
    StepUpRequired,
    /// No handoff of ours, used, over, or another browser's: one refusal outside.
    HandoffRefused(HandoffError),
    /// The account was disabled, deleted, or left the tenant since it was judged.
    Blocked,
    /// No session, or one that is over.
    SignedOut,
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::StepUpRequired => Self::forbidden(
                "step_up_required",
                "this sign-in was not judged yet: send its handoff to `/step-up/assess` first",
            ),
            SessionError::HandoffRefused(why) => Self::bad(
                "handoff_refused",
                "this sign-in is over or belongs to another browser; sign in again",
            )
            .caused_by(format!("{why:?}")),
            SessionError::Blocked => {
                Self::forbidden("blocked", "this account cannot sign in here; ask whoever manages it for you")
            }
            SessionError::SignedOut => Self::unauthorized("sign in first"),
        }
    }
}
