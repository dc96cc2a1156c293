//! step-up
