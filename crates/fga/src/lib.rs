//! Who may do what on which object: OpenFGA's models, language, conditions and queries as pure logic. Nothing here stores, speaks HTTP or reads a clock:
//! tuples come through a small trait, everything else is handed in.

pub mod dsl;
pub mod model;
