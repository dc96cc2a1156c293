//! The public RBA data set (Wiefling et al. 2022, CC BY 4.0), so that anybody can measure on real sign-ins.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use serde_json::{Value, json};

/// Reads the CSV and writes `events.jsonl` and `truth.jsonl` as `risk_eval.py gen` does. Rows are taken in the order of the file,
/// which is that of time.
pub(crate) fn convert(csv: &Path, folder: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    std::fs::create_dir_all(folder).map_err(told)?;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new).map_err(told);
    let (mut events, mut truths) = (create("events.jsonl")?, create("truth.jsonl")?);
    let mut lines = BufReader::new(File::open(csv).map_err(told)?).lines();
    let columns = Columns::of(&lines.next().transpose().map_err(told)?.unwrap_or_default())?;
    let (mut kept, mut left) = (0u64, 0u64);
    for (number, line) in lines.enumerate() {
        match columns.row(&line.map_err(told)?, kept) {
            Ok((event, truth)) => {
                writeln!(events, "{event}").map_err(told)?;
                writeln!(truths, "{truth}").map_err(told)?;
                kept += 1;
            }
            Err(why) => {
                left += 1;
                if left <= 5 {
                    crate::say(&format!("row {} is left out: {why}", number + 2));
                }
            }
        }
    }
    crate::say(&format!("{kept} rows converted, {left} left out"));
    Ok(())
}

/// Where each column is: by its name, for the published file has an index column in front and copies of it do not.
struct Columns(HashMap<String, usize>);

/// Columns without which a row says nothing.
const NEEDED: [&str; 6] = [
    "Login Timestamp",
    "User ID",
    "IP Address",
    "User Agent String",
    "Login Successful",
    "Is Account Takeover",
];
/// The account that all unknown names share; it has no owner (RISK-BENCHMARK section 2).
const SHARED: &str = "-4324475583306591935";
/// From here on numbers of autonomous systems are made up, as are addresses in 10.0.0.0/8.
const MADE_UP: u32 = 500_000;

impl Columns {
    fn of(header: &str) -> Result<Self, String> {
        let columns = fields(header.trim_start_matches('\u{feff}'));
        let columns = Self(columns.into_iter().enumerate().map(|(at, name)| (name, at)).collect());
        match NEEDED.iter().find(|name| !columns.0.contains_key(**name)) {
            Some(name) => Err(format!("this is not the RBA data set: there is no column `{name}`")),
            None => Ok(columns),
        }
    }

    fn row(&self, line: &str, number: u64) -> Result<(Value, Value), String> {
        let fields = fields(line);
        let cell = |name: &str| {
            let cell = self.0.get(name).and_then(|at| fields.get(*at)).map(|cell| cell.trim());
            cell.filter(|cell| !cell.is_empty() && *cell != "-" && !cell.eq_ignore_ascii_case("nan"))
        };
        let user = cell("User ID").ok_or("no `User ID`")?;
        let ip = cell("IP Address").ok_or("no `IP Address`")?;
        let t = seconds(cell("Login Timestamp").ok_or("no `Login Timestamp`")?)?;
        let yes =
            |name: &str| cell(name).is_some_and(|cell| cell.eq_ignore_ascii_case("true") || cell == "1");
        let (success, taken) = (yes("Login Successful"), yes("Is Account Takeover"));
        let real = !ip.starts_with("10.");
        let asn = cell("ASN").and_then(|asn| asn.parse::<u32>().ok()).filter(|asn| *asn < MADE_UP);
        let split = |name: &str| {
            let text = cell(name).unwrap_or_default();
            let at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
            let (name, version) = text.split_at(at);
            (name.trim().to_owned(), version.trim().to_owned())
        };
        let ((browser, major), (os, os_version)) =
            (split("Browser Name and Version"), split("OS Name and Version"));
        let outcome = match success {
            true => "success",
            false if user == SHARED => "unknown_user",
            false => "failure",
        };
        let (label, class) = match (taken, success) {
            (true, _) => ("attack", "takeover"),
            (false, true) => ("legit", "legit"),
            (false, false) => ("noise", "noise"),
        };
        let id = format!("r{number}");
        let rtt = cell("Round-Trip Time [ms]").and_then(|rtt| rtt.parse::<f64>().ok());
        let event = json!({
            "id": id, "t": t, "tenant": "rba", "user": user, "ip": ip, "asn": asn,
            "country": cell("Country").filter(|_| real), "region": cell("Region").filter(|_| real),
            "city": cell("City").filter(|_| real), "ip_flags": [], "user_agent": cell("User Agent String").unwrap_or_default(),
            "parsed": { "browser": browser, "major": major, "os": os, "os_version": os_version, "type": cell("Device Type").unwrap_or("unknown") },
            "rtt_ms": rtt, "device_id": null, "outcome": outcome,
        });
        let truth = json!({ "id": id, "user": user, "tenant": "rba", "label": label, "cls": class, "tags": [], "w": 1.0,
            "eval": true, "stepup": { "otp": label == "legit", "phr": label == "legit" } });
        Ok((event, truth))
    }
}

/// The cells of a line: separated by commas, in double quotes where they contain one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}

/// `2020-02-03 12:43:30.772` as seconds since 1970.
fn seconds(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is no time");
    let (date, time) = text.trim_end_matches('Z').split_once([' ', 'T']).ok_or_else(wrong)?;
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<i64>().ok()).ok_or_else(wrong);
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next())?, number(parts.next())?, number(parts.next())?);
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next())?, number(parts.next())?);
    let second: f64 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 24 || minute > 59 {
        return Err(wrong());
    }
    // Days from civil, with the year beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * ((month + 9) % 12) + 2) / 5
        + day
        - 719_469;
    let whole = i32::try_from(days * 1440 + hour * 60 + minute).map_err(|_| wrong())?;
    Ok(f64::from(whole) * 60.0 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand in the published format; no row of the data set.
    const HEADER: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover";

    fn row(line: &str) -> Result<(Value, Value), String> {
        Columns::of(HEADER).unwrap().row(line, 7)
    }

    #[test]
    fn a_row_becomes_an_event_and_its_truth() {
        let (event, truth) = row(
            "0,2020-02-03 12:43:30.772,-42,612.0,203.0.113.7,NO,-,\"Oslo, Sentrum\",64500,\"Mozilla/5.0 (X11, \"\"Linux\"\")\",Firefox 20.0.0.1618,iOS 13.4,mobile,True,False,False",
        )
        .unwrap();
        assert_eq!(event["t"], 1_580_733_810.772);
        assert_eq!((event["user"].as_str(), event["asn"].as_u64()), (Some("-42"), Some(64500)));
        assert_eq!((event["region"].as_str(), event["city"].as_str()), (None, Some("Oslo, Sentrum")));
        assert_eq!(event["user_agent"], "Mozilla/5.0 (X11, \"Linux\")");
        assert_eq!(
            (event["parsed"]["browser"].as_str(), event["parsed"]["major"].as_str()),
            (Some("Firefox"), Some("20.0.0.1618"))
        );
        assert_eq!((event["rtt_ms"].as_f64(), event["outcome"].as_str()), (Some(612.0), Some("success")));
        assert_eq!((truth["label"].as_str(), truth["id"].as_str()), (Some("legit"), Some("r7")));
        let recorded: crate::wire::Recorded = serde_json::from_value(event).unwrap();
        assert_eq!(recorded.event().at, 1_580_733_810);
    }

    #[test]
    fn takeovers_failures_and_made_up_networks_are_told_apart() {
        let (event, truth) = row("1,2020-02-03 12:43:30.772,-42,,10.3.1.2,RO,-,-,500012,x,Chrome 1,Mac OS X 10,desktop,True,True,True").unwrap();
        assert_eq!(
            (event["asn"].as_u64(), event["country"].as_str(), event["rtt_ms"].as_f64()),
            (None, None, None)
        );
        assert_eq!((truth["label"].as_str(), truth["cls"].as_str()), (Some("attack"), Some("takeover")));
        let (event, truth) =
            row(&format!("2,2020-02-29 00:00:00,{SHARED},,203.0.113.7,NO,-,-,1,x,,,,False,False,False"))
                .unwrap();
        assert_eq!(
            (event["outcome"].as_str(), truth["label"].as_str()),
            (Some("unknown_user"), Some("noise"))
        );
        assert_eq!(event["t"], 1_582_934_400.0);
    }

    #[test]
    fn what_is_no_row_is_said() {
        assert!(Columns::of("a,b").err().unwrap().contains("Login Timestamp"));
        assert!(row("3,yesterday,-42,,203.0.113.7").unwrap_err().contains("no time"));
        assert!(row("4,2020-02-03 12:43:30.772,,,").unwrap_err().contains("User ID"));
    }
}
