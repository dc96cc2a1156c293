//! One deed per path; what it needs comes in the query, as `?name=value`, undecoded.

use std::{
    collections::HashMap,
    hint::black_box,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use spin_sdk::{
    experimental::wasi::keyvalue::{atomics, batch, store as buckets},
    http::{FullBody, Request, Response, body::IncomingBodyExt as _, get},
    http_service,
    key_value::Store,
    time::sleep,
    variables,
};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let query: HashMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let text = |name: &str| query.get(name).copied().unwrap_or_default();
    let number = |name: &str| text(name).parse::<u64>().unwrap_or_default();
    // A component behind `/a/...` and one that is called by another see the whole path; the deed is its last part.
    let deed = head.uri.path().rsplit('/').next().unwrap_or_default();
    let told = match deed {
        "head" => {
            let lines =
                head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?")));
            format!("{} {}\n{}", head.method, head.uri, lines.collect::<Vec<_>>().join("\n"))
        }
        "body" => match body.bytes().await {
            Ok(bytes) => bytes.len().to_string(),
            Err(error) => format!("{error:?}"),
        },
        "wait" => {
            sleep(Duration::from_millis(number("ms"))).await;
            "waited".to_owned()
        }
        "spin" => {
            if query.contains_key("after") {
                sleep(Duration::from_millis(number("after"))).await;
            }
            spin(Duration::from_millis(number("ms")))
        }
        "trap" => {
            sleep(Duration::from_millis(number("ms"))).await;
            std::process::abort();
        }
        "grow" => grow(number("mib")),
        "now" => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string(),
        "environment" => std::env::var(text("name")).unwrap_or_else(|error| error.to_string()),
        "read" => std::fs::read_to_string(text("file")).unwrap_or_else(|error| error.to_string()),
        "write" => format!("{:?}", std::fs::write(text("file"), "changed").is_ok()),
        "connect" => format!("{:?}", std::net::TcpStream::connect(text("to")).is_ok()),
        "variable" => variables::get(text("name")).await.unwrap_or_else(|error| format!("{error:?}")),
        "get" => match get(text("url")).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let body = body.bytes().await.unwrap_or_default();
                format!("{} {}", head.status.as_u16(), String::from_utf8_lossy(&body))
            }
            Err(error) => format!("{error:?}"),
        },
        "open" => {
            let (new, old) = (Store::open(text("label")).await, buckets::open(text("label")));
            format!("{:?} {:?}", new.map(drop), old.map(drop))
        }
        "set" | "value" | "keys" | "list" | "many" | "add" | "swap" => {
            keep(deed, text("key"), text("value")).await
        }
        _ => "no such deed".to_owned(),
    };
    Response::new(FullBody::new(told.into()))
}

fn spin(time: Duration) -> String {
    let started = Instant::now();
    let mut turns = 0_u64;
    while time.is_zero() || started.elapsed() < time {
        for turn in 0..10_000 {
            turns = black_box(turns.wrapping_add(turn));
        }
    }
    "spun".to_owned()
}

fn grow(mib: u64) -> String {
    let mut room: Vec<Vec<u8>> = Vec::new();
    for _ in 0..mib {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(1 << 20).is_err() {
            return format!("full after {}", room.len());
        }
        piece.resize(1 << 20, 1);
        room.push(black_box(piece));
    }
    format!("grown to {}", room.len())
}

async fn keep(deed: &str, key: &str, value: &str) -> String {
    let Ok(store) = Store::open_default().await else { return "no store".to_owned() };
    let Ok(bucket) = buckets::open("default") else { return "no bucket".to_owned() };
    let shown = |value: Option<Vec<u8>>| value.map(|value| String::from_utf8_lossy(&value).into_owned());
    match deed {
        "set" => format!("{:?}", store.set(key, value).await),
        "value" => format!("{:?}", store.get(key).await.map(shown)),
        "keys" => format!("{:?}", store.get_keys().await.collect().await.map(|keys| keys.len())),
        "list" => format!("{:?}", bucket.list_keys(None).map(|found| found.keys.len())),
        "many" => format!(
            "{:?}",
            batch::get_many(&bucket, &[key.to_owned(), value.to_owned()]).map(|found| found.len())
        ),
        "add" => format!("{:?}", atomics::increment(&bucket, key, value.parse().unwrap_or_default())),
        _ => match atomics::Cas::new(&bucket, key) {
            Ok(attempt) => {
                let seen = attempt.current().map(shown);
                let swapped = match atomics::swap(attempt, value.as_bytes()) {
                    Ok(()) => "swapped".to_owned(),
                    Err(atomics::CasError::CasFailed(fresh)) => {
                        format!("failed, now {:?}", fresh.current().map(shown))
                    }
                    Err(atomics::CasError::StoreError(error)) => format!("{error:?}"),
                };
                format!("{seen:?} {swapped}")
            }
            Err(error) => format!("{error:?}"),
        },
    }
}
