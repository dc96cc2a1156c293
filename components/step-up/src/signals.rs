//! Reads what the records say about a sign-in into the signals that are scored.

use domain::{Digest, Method, hours};
use kv_schema::{Handoff, passkeys::Passkeys, sessions::Sessions};
use ports::{Failure, Ports};
use risk::{Device, Signal, Signals};

/// The signals. A record that could not be read is a missing signal, which makes the level medium at least.
pub(crate) fn gather(
    ports: &Ports<'_>,
    handoff: &Handoff,
    device: Option<Digest>,
    sessions: &Result<Option<Sessions>, Failure>,
    passkeys: &Passkeys,
) -> Signals {
    Signals {
        device: known(ports, device, sessions),
        failures: Signal::Known(failures(ports, handoff, passkeys)),
    }
}

fn known(
    ports: &Ports<'_>,
    device: Option<Digest>,
    sessions: &Result<Option<Sessions>, Failure>,
) -> Signal<Device> {
    let sessions = match sessions {
        Ok(Some(sessions)) => sessions,
        Ok(None) => return Signal::Missing,
        Err(failure) => {
            ports.log.warn(&format!("judging without the account's devices: {failure}"));
            return Signal::Missing;
        }
    };
    Signal::Known(if device.is_some_and(|device| sessions.knows(&device, ports.now)) {
        Device::Known
    } else if sessions.since.is_none() && sessions.open.is_empty() && sessions.devices.is_empty() {
        Device::First
    } else {
        Device::New
    })
}

/// Failures of the last hour, by the first factor's own count and by the passkeys'.
fn failures(ports: &Ports<'_>, handoff: &Handoff, passkeys: &Passkeys) -> u32 {
    let recent = ports.now.minus(hours(1));
    let passkeys = passkeys.failed.iter().filter(|at| **at > recent).count();
    let passkeys = u32::try_from(passkeys).unwrap_or(u32::MAX);
    if handoff.who.methods().contains(&Method::Passkey) {
        // The same failures, told by two.
        handoff.failures.max(passkeys)
    } else {
        handoff.failures.saturating_add(passkeys)
    }
}
