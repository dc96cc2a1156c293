//! The errors of OpenFGA's API: a number, a name and a status each. Messages are upstream's where tools look at them.

use std::fmt;

/// The error codes that this crate's answers use, and those that a server around it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// 2000: the request does not fit the model, or a condition could not be judged.
    ValidationError,
    /// 2001
    AuthorizationModelNotFound,
    /// 2002: a bound was hit before an answer was found.
    ResolutionTooComplex,
    /// 2003
    InvalidWriteInput,
    /// 2004
    DuplicateTuplesInOneRequest,
    /// 2007
    InvalidContinuationToken,
    /// 2017
    WriteFailedDueToInvalidInput,
    /// 2020
    LatestAuthorizationModelNotFound,
    /// 2021
    TypeNotFound,
    /// 2022
    RelationNotFound,
    /// 2023
    EmptyRelationDefinition,
    /// 2025
    InvalidUser,
    /// 2027
    InvalidTuple,
    /// 2028
    UnknownRelation,
    /// 2049
    InvalidStartTime,
    /// 2052
    ContinuationTokenMismatch,
    /// 2053
    ExceededEntityLimit,
    /// 2056
    InvalidAuthorizationModel,
    /// 4000: the store failed.
    InternalError,
    /// 5002
    StoreIdNotFound,
    /// gRPC's `Aborted`: another writer was faster, or the same tuple with another condition.
    Aborted,
}

impl Code {
    /// Number, name, HTTP status.
    const fn row(self) -> (u16, &'static str, u16) {
        match self {
            Self::ValidationError => (2000, "validation_error", 400),
            Self::AuthorizationModelNotFound => (2001, "authorization_model_not_found", 400),
            Self::ResolutionTooComplex => (2002, "authorization_model_resolution_too_complex", 400),
            Self::InvalidWriteInput => (2003, "invalid_write_input", 400),
            Self::DuplicateTuplesInOneRequest => (2004, "cannot_allow_duplicate_tuples_in_one_request", 400),
            Self::InvalidContinuationToken => (2007, "invalid_continuation_token", 400),
            Self::WriteFailedDueToInvalidInput => (2017, "write_failed_due_to_invalid_input", 400),
            Self::LatestAuthorizationModelNotFound => (2020, "latest_authorization_model_not_found", 400),
            Self::TypeNotFound => (2021, "type_not_found", 400),
            Self::RelationNotFound => (2022, "relation_not_found", 400),
            Self::EmptyRelationDefinition => (2023, "empty_relation_definition", 400),
            Self::InvalidUser => (2025, "invalid_user", 400),
            Self::InvalidTuple => (2027, "invalid_tuple", 400),
            Self::UnknownRelation => (2028, "unknown_relation", 400),
            Self::InvalidStartTime => (2049, "invalid_start_time", 400),
            Self::ContinuationTokenMismatch => (2052, "query_string_type_continuation_token_mismatch", 400),
            Self::ExceededEntityLimit => (2053, "exceeded_entity_limit", 400),
            Self::InvalidAuthorizationModel => (2056, "invalid_authorization_model", 400),
            Self::InternalError => (4000, "internal_error", 500),
            Self::StoreIdNotFound => (5002, "store_id_not_found", 404),
            Self::Aborted => (10, "Aborted", 409),
        }
    }

    /// OpenFGA's number.
    pub const fn number(self) -> u16 {
        self.row().0
    }

    /// The `code` of an answer.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().2
    }
}

/// An error as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Which.
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// The parameters that a condition lacks, if that is why. (AuthZEN answers no instead.)
    pub missing: Vec<String>,
}

impl Error {
    /// An error with its message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), missing: Vec::new() }
    }

    /// 2000.
    pub fn validation(message: impl fmt::Display) -> Self {
        Self::new(Code::ValidationError, message.to_string())
    }

    /// 2021.
    pub fn type_not_found(name: &str) -> Self {
        Self::new(Code::TypeNotFound, format!("type '{name}' not found"))
    }

    /// 2022.
    pub fn relation_not_found(type_name: &str, relation: &str) -> Self {
        Self::new(Code::RelationNotFound, format!("relation '{type_name}#{relation}' not found"))
    }

    /// 2002.
    pub fn too_complex() -> Self {
        Self::new(
            Code::ResolutionTooComplex,
            "Authorization Model resolution required too many rewrite rules to be resolved. Check your authorization model for infinite recursion or too much nesting",
        )
    }

    /// 2053.
    pub fn exceeded(what: &str, limit: usize) -> Self {
        Self::new(
            Code::ExceededEntityLimit,
            format!("The number of {what} exceeds the allowed limit of {limit}"),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
