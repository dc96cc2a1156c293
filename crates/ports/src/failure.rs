//! What can go wrong below a use case without anyone having asked for something wrong.

use std::fmt;

use crate::{OneTimeError, SettingsError, StoreError};

/// The platform or the set-up failed; the caller may try again, the operator reads the cause.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The store failed, or what lies in it cannot be read.
    Store(StoreError),
    /// A setting is missing.
    Settings(SettingsError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Settings(error) => error.fmt(f),
        }
    }
}
impl std::error::Error for Failure {}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl From<OneTimeError> for Failure {
    fn from(error: OneTimeError) -> Self {
        Self::Store(StoreError(error.to_string()))
    }
}
