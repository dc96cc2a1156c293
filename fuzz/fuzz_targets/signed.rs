//! Signed tokens (JWS, compact): read or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = jose::Unverified::parse(text);
});
