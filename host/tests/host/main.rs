//! The host's program, as others start it, with a guest that does everything a host must bear.

mod keeping;
mod serving;
mod starting;
mod support;
