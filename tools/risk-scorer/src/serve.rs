//! The line protocol: one JSON object a line in, one out.

use std::io::{BufRead as _, Write as _};

use risk::{Policy, judge};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{wire::Recorded, world::World};

#[derive(Deserialize)]
struct Asked {
    op: String,
    event: Recorded,
    #[serde(default)]
    accepted: bool,
}

/// Answers until there is nothing more.
pub(crate) fn serve() -> std::io::Result<()> {
    let mut world = World::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", answer(&mut world, &line?)?)?;
        out.flush()?;
    }
    Ok(())
}

fn answer(world: &mut World, line: &str) -> std::io::Result<Value> {
    let asked: Asked = serde_json::from_str(line)?;
    let recorded = &asked.event;
    match asked.op.as_str() {
        "score" => {
            let (event, evidence) = world.judge(recorded);
            let verdict = judge(&event, &evidence, &Policy::default());
            // The score of 0 to 100 is too coarse to compare thresholds by; this is what it is made of.
            let odds = f64::from(evidence.odds() - evidence.offset()) / 1000.0;
            let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.code).collect();
            Ok(
                json!({ "id": recorded.id, "score": odds, "points": verdict.score, "level": verdict.level, "reasons": reasons }),
            )
        }
        "learn" if asked.accepted => {
            world.learn(recorded);
            Ok(json!({}))
        }
        "observe" => {
            world.observe(recorded);
            Ok(json!({}))
        }
        _ => Ok(json!({})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(op: &str, country: &str, device: Option<&str>) -> String {
        json!({ "op": op, "accepted": true, "event": {
            "id": "e1", "t": 1.0e9, "tenant": "t", "user": "u", "ip": "203.0.113.9", "asn": 64500, "country": country,
            "parsed": { "browser": "Firefox", "major": "140", "os": "Linux", "type": "desktop" }, "device_id": device,
            "outcome": "success", "lang": null, "unknown": 1
        } })
        .to_string()
    }

    #[test]
    fn scores_learns_and_observes_as_the_protocol_says() {
        let mut world = World::default();
        let first = answer(&mut world, &line("score", "NO", Some("d"))).unwrap();
        assert_eq!((first["id"].as_str(), first["level"].as_str()), (Some("e1"), Some("low")));
        assert_eq!(answer(&mut world, &line("learn", "NO", Some("d"))).unwrap(), json!({}));
        assert_eq!(answer(&mut world, &line("observe", "NO", None)).unwrap(), json!({}));
        let same = answer(&mut world, &line("score", "NO", Some("d"))).unwrap();
        let other = answer(&mut world, &line("score", "BR", None)).unwrap();
        assert!(other["score"].as_f64() > same["score"].as_f64());
        assert!(answer(&mut world, "{}").is_err());
    }
}
