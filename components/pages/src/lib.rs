//! The front end as files: the sign-in and account pages, style sheets and scripts, the API's description, and "nothing is here".
//! It holds no state, knows no secret and reads no record; all of it is in the component, so serving costs no file access.

mod assets;
mod pages;
pub mod routes;

#[cfg(target_arch = "wasm32")]
spin_ports::serve!(routes::answer);
