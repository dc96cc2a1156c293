//! What the host can be told on its command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

/// Everything after the program's name.
#[derive(Debug, Parser)]
#[command(name = "latchkey-host", about, args_conflicts_with_subcommands = true, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    pub ask: Option<Ask>,
    #[command(flatten)]
    pub serve: Serve,
}

/// Questions that need no application.
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// Prints what a component imports, one interface a line
    Imports { file: PathBuf },
    /// Compiles components ahead, so that their first start is as quick as any other
    Compile {
        /// The components' files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where compiled components are kept
        #[arg(long, value_name = "DIR", default_value = "target/compiled")]
        cache: PathBuf,
    },
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The application's manifest
    #[arg(long, value_name = "FILE", default_value = "spin.toml")]
    pub manifest: PathBuf,
    /// Address and port; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    pub listen: String,
    /// The folder of the SQLite store, made if need be
    #[arg(long, value_name = "DIR", default_value = ".latchkey")]
    pub state: PathBuf,
    /// What is behind the label `default`: sqlite, memory, hostile or redis://host:6379
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    pub store: Store,
    /// A file with a number of seconds that guests' clocks are ahead; may change at any time
    #[arg(long, value_name = "FILE")]
    pub clock_offset_file: Option<PathBuf>,
    /// Requests that one instance serves in its life
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = at_least_one)]
    pub reuse: usize,
    /// Requests that one instance serves at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = at_least_one)]
    pub concurrent: usize,
    /// Milliseconds that an instance waits for its next request
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    pub idle_ms: u64,
    /// Seconds that one request may take
    #[arg(long, value_name = "SECS", default_value = "30", value_parser = seconds)]
    pub timeout: Duration,
    /// Bytes of memory that one instance may have
    #[arg(long, value_name = "BYTES", default_value_t = 128 << 20)]
    pub max_memory: usize,
    /// Bytes that the body of a request may have
    #[arg(long, value_name = "BYTES", default_value_t = 10 << 20)]
    pub max_body: u64,
    /// Where compiled components are kept [default: target/compiled beside the manifest, else below --state]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Answers tell what they cost the store: x-latchkey-kv-reads and -writes (exact with --concurrent 1)
    #[arg(long)]
    pub kv_counters: bool,
    /// For crash tests: the host kills itself right before the (N+1)th write to the store
    #[arg(long, value_name = "N")]
    pub die_after_writes: Option<u64>,
}

const AFTER: &str = "\
Variables of the application are read from SPIN_VARIABLE_NAME.
The hostile store is `memory` with the flaws of the stores that Spin knows: delays, a compare-and-swap on an absent key
that overwrites, one that reports failure although it landed, an increment that fails after it was applied (or before),
a get-many that always fails. LATCHKEY_HOSTILE_SEED=N repeats a run; LATCHKEY_HOSTILE_CAS=always makes every
compare-and-swap report failure, as Redis does; LATCHKEY_HOSTILE_INCREMENT=N lets about one increment in N fail
(default 32, 0 none).";

/// What is behind the label `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Memory,
    Hostile,
    Redis(String),
}

impl std::str::FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            "memory" => Ok(Self::Memory),
            "hostile" => Ok(Self::Hostile),
            _ if text.starts_with("redis://") || text.starts_with("rediss://") => {
                Ok(Self::Redis(text.to_owned()))
            }
            // The text itself stays out: an address may carry a password.
            _ => Err("there are sqlite, memory, hostile and redis://host:6379".to_owned()),
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a whole number from 1 is needed".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0 && *seconds <= 86_400.0);
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a number of seconds, more than 0 and at most 86400".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(words: &[&str]) -> Result<Serve, String> {
        let words = std::iter::once("latchkey-host").chain(words.iter().copied());
        Cli::try_parse_from(words).map(|cli| cli.serve).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_spins() {
        let serve = serve(&[]).unwrap();
        assert_eq!((serve.reuse, serve.concurrent, serve.idle_ms), (128, 16, 1000));
        assert_eq!((serve.max_memory, serve.max_body), (128 << 20, 10 << 20));
        assert_eq!((serve.timeout, serve.store), (Duration::from_secs(30), Store::Sqlite));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (words, part) in [
            (["--reuse", "0"], "from 1"),
            (["--concurrent", "many"], "from 1"),
            (["--timeout", "0"], "more than 0"),
            (["--timeout", "soon"], "--timeout"),
            (["--store", "postgres://u:p@h"], "redis://host:6379"),
            (["--colour", "x"], "--colour"),
        ] {
            let told = serve(&words).unwrap_err();
            assert!(told.contains(part), "{words:?}: {told}");
        }
    }

    #[test]
    fn a_question_needs_no_manifest() {
        let cli = Cli::try_parse_from(["latchkey-host", "imports", "a.wasm"]).unwrap();
        assert!(matches!(cli.ask, Some(Ask::Imports { file }) if file.ends_with("a.wasm")));
    }
}
