//! Nothing ships from here; see `tests/`.
