//! magic-link
