//! AWS Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html), as much as a POST without query needs:
//! only composition, SHA-256 and HMAC are RustCrypto's.

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};

/// Whose request it is, and where it goes.
pub(crate) struct Scope<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// `20150830T123600Z`.
    pub(crate) at: &'a str,
}

/// The `Authorization` header. `headers` in lower case and in the order of their names; `path` and `query` already canonical.
pub(crate) fn authorization(
    scope: &Scope<'_>,
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", hex(&Sha256::digest(body)));
    let day = scope.at.get(..8).unwrap_or_default();
    let credential = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{credential}\n{}",
        scope.at,
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let signature = hex(&hmac(&signing_key(scope, day), to_sign.as_bytes()));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{credential}, SignedHeaders={names}, Signature={signature}",
        scope.key_id
    )
}

fn signing_key(scope: &Scope<'_>, day: &str) -> [u8; 32] {
    let start = hmac(format!("AWS4{}", scope.secret).as_bytes(), day.as_bytes());
    [scope.region, scope.service, "aws4_request"].iter().fold(start, |key, part| hmac(&key, part.as_bytes()))
}

/// HMAC-SHA-256.
pub(crate) fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this never fails; zeros would be refused by whoever checks them.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else { return [0; 32] };
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn scope(service: &'static str) -> Scope<'static> {
        Scope { key_id: "AKIDEXAMPLE", secret: SECRET, region: "us-east-1", service, at: "20150830T123600Z" }
    }

    fn signature(method: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let header = authorization(&scope("service"), method, "/", "", headers, body);
        header.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// The values AWS publishes: the signing key of the documentation, the cases of its signature test suite.
    #[test]
    fn the_published_examples() {
        assert_eq!(
            hex(&signing_key(&scope("iam"), "20150830")),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
        let host = ("host", "example.amazonaws.com");
        let date = ("x-amz-date", "20150830T123600Z");
        // get-vanilla, post-vanilla, post-x-www-form-urlencoded
        assert_eq!(
            signature("GET", &[host, date], b""),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signature("POST", &[host, date], b""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(
            signature("POST", &[form, host, date], b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    /// The walk-through of the documentation: ListUsers of IAM.
    #[test]
    fn the_documented_walk_through() {
        let header = authorization(
            &scope("iam"),
            "GET",
            "/",
            "Action=ListUsers&Version=2010-05-08",
            &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            b"",
        );
        assert_eq!(
            header,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
