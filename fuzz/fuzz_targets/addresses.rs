//! E-mail addresses and paths to return to: what is taken is canonical, and reads the same a second time.
#![no_main]

use domain::{Email, ReturnTo};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(email) = text.parse::<Email>() {
        assert_eq!(email.as_str().parse::<Email>().as_ref(), Ok(&email), "canonical");
        assert_eq!(email.as_str().matches('@').count(), 1);
        assert!(email.as_str().is_ascii() && !email.domain().is_empty());
    }
    if let Ok(path) = text.parse::<ReturnTo>() {
        assert!(path.as_str().starts_with('/') && !path.as_str().starts_with("//"));
    }
});
