//! Why an answer is not believed, and why a question cannot be asked.

use std::fmt;

use webauthn_rs_core::error::WebauthnError;

/// Why an answer is not believed. Outside they are all one refusal; the log and the risk tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// More than 16 KiB.
    TooLarge,
    /// No JSON, or an object with one name twice.
    Malformed,
    /// This member is missing, has the wrong type, or is no base64url without padding.
    Member(&'static str),
    /// `id` is not `rawId` in base64url.
    IdMismatch,
    /// The credential id has no bytes, or more than 1023.
    CredentialIdLength,
    /// `type` is not `public-key`.
    CredentialType,
    /// The client data are no JSON object of the right shape, or have one name twice.
    ClientData,
    /// The client data are of another ceremony.
    ClientDataType,
    /// Another challenge than ours.
    Challenge,
    /// A page of another origin asked.
    Origin,
    /// A page inside another site's page asked.
    CrossOrigin,
    /// `tokenBinding` makes no sense.
    TokenBinding,
    /// The attestation object is not the map it should be.
    AttestationObject,
    /// An attestation format nobody can verify.
    AttestationFormat,
    /// `none` that says something.
    AttestationStatement,
    /// The authenticator data are too short, or no CBOR where CBOR should be.
    AuthenticatorData,
    /// The authenticator data go on after their end.
    Leftover,
    /// Flags that have no meaning yet are set.
    ReservedFlags,
    /// Backed up, although it may not be.
    BackupStateWithoutEligibility,
    /// A registration without a key.
    AttestedDataMissing,
    /// An assertion with a key.
    AttestedDataUnexpected,
    /// The authenticator speaks of another credential id than the browser.
    CredentialIdMismatch,
    /// The key is not the one its algorithm says.
    Key,
    /// An algorithm that was not offered.
    Algorithm,
    /// The authenticator made a credential that it cannot find by itself.
    NotDiscoverable,
    /// An authenticator that was to be left out.
    Excluded,
    /// Another credential than those asked for.
    NotAllowed,
    /// For another RP ID.
    RelyingParty,
    /// Nobody was there.
    UserNotPresent,
    /// Nobody was verified.
    UserNotVerified,
    /// The signature is not by this key over these data.
    Signature,
    /// Genuine, but the signature counter did not grow: there may be a copy of the key.
    CounterRegression,
    /// The credential was made to be backed up, or not to be, and now says otherwise.
    BackupEligibilityChanged,
    /// What was kept about the ceremony or the credential cannot be read.
    State,
    /// Anything else that the verifier finds wrong.
    Verifier(String),
}

impl fmt::Display for Refused {
    /// For the log: names what happened, never what was sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "the member `{name}` is missing or wrong"),
            Self::Verifier(why) => write!(f, "not verified: {why}"),
            other => write!(f, "{other:?}"),
        }
    }
}
impl std::error::Error for Refused {}

impl From<WebauthnError> for Refused {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::MismatchedChallenge => Self::Challenge,
            WebauthnError::InvalidRPOrigin => Self::Origin,
            WebauthnError::CredentialCrossOrigin => Self::CrossOrigin,
            WebauthnError::InvalidClientDataType => Self::ClientDataType,
            WebauthnError::InvalidRPIDHash => Self::RelyingParty,
            WebauthnError::UserNotPresent => Self::UserNotPresent,
            WebauthnError::UserNotVerified => Self::UserNotVerified,
            WebauthnError::AuthenticationFailure => Self::Signature,
            WebauthnError::CredentialPossibleCompromise => Self::CounterRegression,
            WebauthnError::CredentialBackupEligibilityInconsistent => Self::BackupEligibilityChanged,
            WebauthnError::CredentialMayNotBeHardwareBound => Self::BackupStateWithoutEligibility,
            WebauthnError::CredentialNotFound => Self::NotAllowed,
            WebauthnError::AttestationNotSupported => Self::AttestationFormat,
            WebauthnError::CredentialAlteredAlgFromRequest => Self::Algorithm,
            WebauthnError::COSEKeyECDSAXYInvalid
            | WebauthnError::COSEKeyRSANEInvalid
            | WebauthnError::EcdsaPointInvalid => Self::Key,
            other => Self::Verifier(other.to_string()),
        }
    }
}

/// Why a question cannot be asked: always our own fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An origin of the relying party is no URL.
    Origin,
    /// The user's handle has no bytes or more than 64, or a name is empty.
    User,
    /// What was stored as a credential is none.
    Stored,
    /// The verifier could not ask.
    Verifier(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin => f.write_str("an origin of the relying party is no URL"),
            Self::User => f.write_str("a user handle has 1 to 64 bytes, and both names are needed"),
            Self::Stored => f.write_str("a stored passkey cannot be read"),
            Self::Verifier(why) => write!(f, "the verifier cannot ask: {why}"),
        }
    }
}
impl std::error::Error for Error {}

impl From<WebauthnError> for Error {
    fn from(error: WebauthnError) -> Self {
        Self::Verifier(error.to_string())
    }
}
