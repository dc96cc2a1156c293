//! The bits of this build are those that every build has. `cargo xtask risk-eval` runs the same digest as WebAssembly
//! (`examples/bits.rs`), where a difference is a trap.

#[path = "support/bits.rs"]
mod bits;
mod support;

#[test]
fn the_bits_are_golden() {
    assert_eq!(
        bits::bits(),
        bits::GOLDEN,
        "if features or weights changed on purpose, this is the new digest"
    );
}
