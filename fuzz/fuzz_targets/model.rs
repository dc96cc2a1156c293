//! Authorization models as text: read or refused, and what is read prints as a text that reads the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(model) = fga::dsl::parse_model(text) else { return };
    if let Ok(printed) = fga::dsl::print(&model, false) {
        assert!(fga::dsl::parse_model(&printed).is_ok(), "what we print we read: {printed}");
    }
});
