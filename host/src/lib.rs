//! Runs a Spin application on wasmtime without Spin: the same `spin.toml`, the same `.wasm`, the same grants and
//! refusals, and each store with the strengths and flaws it has there.
//!
//! Reading order: [`cli`] what it can be told, [`manifest`] what runs, [`engine`] how it is compiled, [`app`] what
//! stands ready, [`server`] and [`answer`] the way of a request, [`outbound`] what a guest may reach, [`stores`] what
//! it may keep.
#![deny(unsafe_code)]

pub mod answer;
pub mod app;
pub mod body;
pub mod cli;
pub mod clock;
pub mod engine;
pub mod files;
pub mod headers;
pub mod manifest;
pub mod outbound;
pub mod routes;
pub mod run;
pub mod server;
pub mod stores;
