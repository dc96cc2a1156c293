//! Why this room says no.

use web::{Problem, StatusCode};

/// A refusal. What would help a guesser shares one answer; the log tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// There is no such tenant.
    TenantUnknown,
    /// The tenant's policy does not offer this method.
    MethodDisabled,
    /// Another site's page sent it.
    CrossSite,
    /// This network, or everybody in this tenant, asked for too many mails; seconds until it may again.
    TooManyMails(u64),
    /// The link or attempt was redeemed.
    Used,
    /// It is over, was replaced by a newer one, or never was.
    Expired,
    /// Who redeemed it cannot sign in here: sign-up is closed, the account disabled, the tenant gone, the method switched off.
    NobodyHere,
    /// The two digits are missing or wrong.
    MatchWrong,
    /// The typed code is wrong.
    CodeWrong,
    /// Too many wrong digits or codes; seconds until another can be tried.
    TooManyTries(u64),
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let gone = |code, detail: &str| Self::new(StatusCode::GONE, code, detail);
        match error {
            LinkError::TenantUnknown => {
                Self::field("tenant", "there is no such tenant; name it by id or slug")
            }
            LinkError::MethodDisabled => {
                Self::forbidden("method_disabled", "signing in by mail is switched off here; use another way")
            }
            LinkError::CrossSite => Self::forbidden(
                "cross_site",
                "this request must come from a page of this site: send its `Origin`",
            ),
            LinkError::TooManyMails(after) => {
                Self::too_many(after, "too many mails were asked for; wait, then try again")
            }
            LinkError::Used => gone("link_used", USED),
            // The same words: whoever has the mail learns no more about the account than that it does not work.
            LinkError::NobodyHere => gone("link_used", USED).caused_by("nobody may sign in by it"),
            LinkError::Expired => {
                gone("link_expired", "this sign-in is over or a newer mail replaced it; ask for a new mail")
            }
            LinkError::MatchWrong => {
                Self::bad("match_wrong", "type the two digits that the screen shows on which you started")
            }
            LinkError::CodeWrong => {
                Self::bad("code_wrong", "this is not the code; take the one from the newest mail")
            }
            LinkError::TooManyTries(after) => {
                Self::too_many(after, "there were too many wrong tries; ask for a new mail, or use its link")
            }
        }
    }
}

const USED: &str = "this link was used or signs nobody in; ask for a new mail and, if that does not help, ask whoever runs this site";
