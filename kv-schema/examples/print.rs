//! Prints the schema's page.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(kv_schema::page::markdown().as_bytes())
}
