//! Computes the golden digest and ends badly if it is another one: built for WebAssembly, it compares that build with the native one.

#[path = "../tests/support/bits.rs"]
mod bits;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    if bits::bits() == bits::GOLDEN { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
