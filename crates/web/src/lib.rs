//! Requests in, answers out: bodies, cookies, cross-site checks, problems, pages and the routing table.
//! The only crate that knows HTTP; what a request means is the rooms' business.

mod answer;
mod call;
mod client;
pub mod cookie;
pub mod html;
mod problem;
mod request;
mod router;

pub use answer::{Response, json, no_content, redirect};
pub use call::Call;
pub use problem::Problem;
pub use request::Request;
pub use router::{Pattern, Raw};
#[doc(hidden)]
pub use router::{call, finish, request_id};

pub use http::{Method, StatusCode, header};
