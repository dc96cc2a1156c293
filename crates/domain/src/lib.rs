//! What Latchkey talks about: identifiers, addresses, moments, secrets and the proofs that one room hands to the next.
//! Nothing here reads a clock, rolls dice, stores or speaks HTTP: moments and random bytes are handed in.

pub mod email;
pub mod id;
pub mod moment;
pub mod proof;
pub mod return_to;
pub mod secret;

pub use email::{Email, EmailError};
pub use id::{AccountId, ClientId, Id, IdError, SessionId, TenantId, Ulid};
pub use moment::{Moment, Secs, days, hours, mins};
pub use proof::{Acr, Authenticated, Method};
pub use return_to::ReturnTo;
pub use secret::{Digest, IndexKey, Plain, Token};
