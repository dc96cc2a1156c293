//! Every record and every key: names, shapes, lifetimes, and the few ways in which each may change. Nothing else spells a key.
//! `SCHEMA.md` is printed from [`page::all`].

pub mod account;
pub mod bearer;
pub mod budget;
pub mod ceremony;
pub mod client;
pub mod factors;
pub mod fga;
pub mod handoff;
pub mod inherit;
mod key;
pub mod keyring;
pub mod link;
pub mod mailbox;
pub mod page;
pub mod passkeys;
pub mod policy;
mod record;
mod sealed;
pub mod sessions;
pub mod slot;
pub mod sweep;
pub mod tenant;
pub mod transaction;
mod unique;

pub use account::Account;
pub use bearer::Machine;
pub use client::Client;
pub use handoff::Handoff;
pub use key::Key;
pub use page::Page;
pub use policy::{Policy, SecondFactor};
pub use record::{Change, Record, read, update};
pub use sessions::Session;
pub use tenant::Tenant;
