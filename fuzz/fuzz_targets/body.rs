//! Bodies: JSON and forms.
#![no_main]

use bytes::Bytes;

libfuzzer_sys::fuzz_target!(|input: (bool, &[u8])| {
    let (form, bytes) = input;
    let media = if form { "application/x-www-form-urlencoded" } else { "application/json" };
    let request = http::Request::post("/").header("content-type", media).body(Bytes::copy_from_slice(bytes));
    let Ok(request) = request.map_err(drop).and_then(|raw| web::Request::new(raw).map_err(drop)) else { return };
    let read = request.json_or_form::<serde_json::Map<String, serde_json::Value>>();
    if let Err(problem) = read {
        assert!(problem.status().is_client_error());
    }
});
