//! The ports on Spin: the only crate that names the SDK or a WIT interface.
//!
//! A component is a plain library whose last lines are
//!
//! ```ignore
//! #[cfg(target_arch = "wasm32")]
//! spin_ports::serve!(routes::answer);
//! ```

mod body;
#[cfg(any(test, not(feature = "one-time-redis")))]
mod cells;
mod contract;
#[cfg(any(test, not(feature = "one-time-redis")))]
mod counters;
mod entry;
mod fetch;
#[cfg(not(feature = "one-time-redis"))]
mod key_value;
mod outside;
#[cfg(feature = "one-time-redis")]
mod redis;
mod settings;

#[doc(hidden)]
pub use entry::{MOST_BODY, handle};
#[doc(hidden)]
pub use spin_sdk::wasip3;

/// Makes the exports of a component: every request goes to the given `async fn(Ports<'_>, web::Raw) -> web::Response`. A body may have 64 KiB,
/// unless a second argument says how many bytes.
#[macro_export]
macro_rules! serve {
    ($answer:path) => {
        $crate::serve!($answer, $crate::MOST_BODY);
    };
    ($answer:path, $most_body:expr) => {
        const _: () = {
            struct Entry;

            impl $crate::wasip3::exports::http::handler::Guest for Entry {
                async fn handle(
                    request: $crate::wasip3::http::types::Request,
                ) -> Result<$crate::wasip3::http::types::Response, $crate::wasip3::http::types::ErrorCode>
                {
                    $crate::handle(request, $most_body, async |ports, raw| $answer(ports, raw).await).await
                }
            }

            // The generated functions are `unsafe`; the lint does not look into macros of other crates, so components still forbid it.
            $crate::wasip3::http::service::export!(Entry);
        };
    };
}
