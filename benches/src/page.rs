//! The page.

use std::{fmt::Write as _, io, time::Duration};

use crate::{measure::Everything, root};

const PAGE: &str = "docs/PERFORMANCE.md";
const BEGIN: &str = "<!-- measured: `cargo xtask bench --write` -->";
const END: &str = "<!-- end of measured -->";

/// Prints what was measured, and puts it into the page if wanted.
pub(crate) fn tell(measured: &Everything, write: bool) -> io::Result<()> {
    let text = markdown(measured);
    {
        use io::Write as _;
        io::stdout().write_all(text.as_bytes())?;
    }
    if !write {
        return Ok(());
    }
    let page = std::fs::read_to_string(root().join(PAGE))?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return Err(io::Error::other(format!("{PAGE} has no place for what was measured")));
    };
    std::fs::write(root().join(PAGE), format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))
}

fn markdown(measured: &Everything) -> String {
    let mut text = String::new();
    let _ = write!(text, "Machine: {}.\n\n", machine());
    text.push_str("| request, warm | reads | writes | budget |\n| --- | ---: | ---: | --- |\n");
    for row in &measured.operations {
        let (reads, writes) = row.budget;
        let kept = if row.reads <= reads && row.writes <= writes { "" } else { ", **over**" };
        let _ =
            writeln!(text, "| {} | {} | {} | ≤ {reads} + {writes}{kept} |", row.what, row.reads, row.writes);
    }
    text.push_str("\n| request, SQLite | connections | per second | p50 ms | p95 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for row in &measured.timings {
        for (connections, of) in [(1, &row.one), (32, &row.many)] {
            let _ = writeln!(
                text,
                "| {} | {connections} | {:.0} | {} | {} | {} |",
                row.what,
                of.per_second,
                millis(of.p50),
                millis(of.p95),
                millis(of.p99)
            );
        }
    }
    text.push_str("\n| start | ms |\n| --- | ---: |\n");
    for (what, took) in [
        ("system, components compiled at start", measured.starts.0),
        ("system, compiled components at hand", measured.starts.1),
        ("first request of a component (new instance)", measured.first.0),
        ("the same a moment later", measured.first.1),
    ] {
        let _ = writeln!(text, "| {what} | {} |", millis(took));
    }
    text.push_str("\n| component | KiB of Wasm |\n| --- | ---: |\n");
    for (name, size) in &measured.sizes {
        let _ = writeln!(text, "| {name} | {size} |");
    }
    text
}

fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1_000.0)
}

/// Processor and memory, as Linux tells.
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let value = |text: &str, name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    let processor =
        value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = value(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let memory =
        memory.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / (1 << 20);
    format!(
        "{processor}, {cores} cores shared with the load generator, {memory} GiB, {}",
        std::env::consts::OS
    )
}
