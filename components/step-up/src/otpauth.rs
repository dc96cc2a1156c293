//! What an authenticator app is shown: the key URI (https://github.com/google/google-authenticator/wiki/Key-Uri-Format), as text and as a picture.

use std::fmt::Write as _;

use data_encoding::BASE32_NOPAD;
use domain::Plain;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{Color, EcLevel, QrCode, types::QrError};

/// A secret as it is shown.
pub(crate) struct Shown {
    pub(crate) uri: Plain<String>,
    /// For who cannot take the picture: base 32.
    pub(crate) secret: Plain<String>,
}

impl Shown {
    pub(crate) fn new(issuer: &str, account: &str, secret: &[u8]) -> Self {
        let text = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        // A colon parts the two in the label, so the name may have none. A long name makes a picture that telephones do not read.
        let issuer: String =
            issuer.chars().filter(|c| *c != ':' && !c.is_control()).take(MOST_ISSUER).collect();
        let (issuer, secret) = (text(&issuer), BASE32_NOPAD.encode(secret));
        let uri = format!(
            "otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={}",
            text(account),
            crate::rfc6238::STEP
        );
        Self { uri: Plain::new(uri), secret: Plain::new(secret) }
    }

    /// The picture: an SVG with a white ground and a quiet zone, so that it is read on dark pages too. It holds numbers alone, nothing that was typed.
    pub(crate) fn qr_svg(&self) -> Result<Plain<String>, QrError> {
        let code = QrCode::with_error_correction_level(self.uri.reveal(), EcLevel::M)?;
        let (width, colors) = (code.width(), code.to_colors());
        let mut path = String::new();
        for (y, row) in colors.chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    // A string takes all that is written to it.
                    let _ = write!(path, "M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, run.len(), run.len());
                }
                x += run.len();
            }
        }
        let side = width + 2 * QUIET;
        Ok(Plain::new(format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>"##
        )))
    }
}

/// RFC 3986's unreserved characters stay.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const MOST_ISSUER: usize = 40;
/// ISO/IEC 18004: four modules around.
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_what_apps_read() {
        let shown = Shown::new("Blue: Harbour & Söhne", "ada+x@acme.example", b"12345678901234567890");
        assert_eq!(
            shown.uri.reveal(),
            "otpauth://totp/Blue%20Harbour%20%26%20S%C3%B6hne:ada%2Bx%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Blue%20Harbour%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn the_picture_is_a_square_of_numbers() {
        let long = "ä".repeat(200);
        let shown = Shown::new(&long, &format!("{}@acme.example", "a".repeat(200)), &[7; 20]);
        let svg = shown.qr_svg().unwrap();
        let svg = svg.reveal();
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ")
                && svg.ends_with("</svg>")
        );
        let path = svg.split(" d=\"").nth(2).unwrap().split('"').next().unwrap();
        assert!(path.chars().all(|c| "Mhvz-0123456789 ".contains(c)));
        // The corner of the finder pattern: seven dark modules, four from the edge.
        assert!(path.starts_with("M4 4h7v1h-7z"), "{}", &path[..40]);
    }
}
