//! `POST /step-up/recovery-codes`: ten new codes in the place of those before. They are shown in this one answer.

use data_encoding::BASE32_NOPAD;
use domain::Plain;
use kv_schema::{
    Change,
    factors::Recovery,
    passkeys::{self, Passkeys},
};
use mail::Event;
use serde_json::json;
use web::{Call, Problem, Response, StatusCode};

use crate::{
    caller::{self, Caller},
    error::StepUpError,
    notify::notify,
    wire::Nothing,
};

/// Makes them.
pub(crate) async fn renew(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let ports = &call.ports;
    let Nothing {} = call.request.json_or_empty()?;
    let (session, account) = caller::signed_in(call).await?;
    let id = session.id;
    let caller = Caller::SignedIn(Box::new((session, account)));
    let account = caller.account();
    caller.admit(ports, &caller::factors(call, account).await?)?;
    let key = ports.settings.keyring_key()?;
    let codes: Vec<Plain<String>> =
        (0..CODES).map(|_| Plain::new(BASE32_NOPAD.encode(&ports.entropy.bytes::<BYTES>()))).collect();
    let digests: Vec<_> =
        codes.iter().map(|code| Recovery::digest(&key, account.id, code.reveal())).collect();
    let list = Recovery { codes: digests, made: ports.now, used: None, wrong: 0, session: id };
    let kept =
        passkeys::update(ports, account.id, |passkeys: &mut Passkeys| match caller.admit(ports, passkeys) {
            Ok(()) => {
                passkeys.factors.recovery = Some(list.clone());
                Change::Write(Ok(()))
            }
            Err(refused) => Change::Leave(Err(refused)),
        });
    kept.await?.ok_or(StepUpError::Blocked)??;
    notify(call, account, caller.tenant(), Event::CodesMade).await;
    let shown: Vec<String> = codes.iter().map(|code| grouped(code.reveal())).collect();
    Ok(web::json(StatusCode::OK, &json!({ "codes": shown })))
}

/// As it is written down: four by four.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A code in its one spelling, whatever a person made of it: no gaps, capitals, and the letters that the alphabet has for the digits it lacks.
pub(crate) fn normal(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            '0' => 'O',
            '1' => 'I',
            '8' => 'B',
            c => c,
        })
        .collect()
}

const CODES: usize = 10;
/// NIST SP 800-63B-4 asks for 64 bits; these are 80, and sixteen letters.
const BYTES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        assert_eq!(grouped("ABCDEFGHIJKLMNOP"), "ABCD-EFGH-IJKL-MNOP");
        for typed in
            ["ABCD-EFGH-IJKL-MNOP", "abcdefghijklmnop", " ab cd efgh-ijkl  mn0p ", "A8CDEFGH1JKLMNOP"]
        {
            assert_eq!(normal(typed), "ABCDEFGHIJKLMNOP", "{typed}");
        }
    }
}
