//! Everything that must be exact, on an outbound Redis: for hosts whose own key-value store has no atomics and answers late
//! (reference/SPIN.md 3). Records live there too, since a record that is swapped must be where it is compared.
//!
//! Needs Redis 6.2 (`SET .. XX KEEPTTL GET`). A script runs alone, so it compares and writes in one step.

use std::{cell::RefCell, rc::Rc};

use async_trait::async_trait;
use domain::{Moment, Secs, hours};
use ports::{Alter, Attempt, OneTime, OneTimeError, Settings, SettingsError, Store, StoreError};
use spin_sdk::redis::{Connection, Error, RedisParameter, RedisResult};

use crate::contract;

thread_local! {
    /// Kept by the instance, since a connection costs more than a request's commands; replaced once a command fails.
    static CONNECTION: RefCell<Option<(String, Rc<Connection>)>> = const { RefCell::new(None) };
}

/// The server that the variable `one_time_redis` names.
#[derive(Clone)]
pub(crate) struct Server(String);

impl Server {
    pub(crate) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self(settings.required("one_time_redis")?.to_owned()))
    }

    async fn connection(&self) -> Result<Rc<Connection>, StoreError> {
        let kept = CONNECTION.with_borrow(|kept| {
            kept.as_ref().filter(|(address, _)| *address == self.0).map(|(_, connection)| connection.clone())
        });
        if let Some(connection) = kept {
            return Ok(connection);
        }
        let connection = Rc::new(Connection::open(&self.0).await.map_err(failed)?);
        CONNECTION.with_borrow_mut(|kept| *kept = Some((self.0.clone(), connection.clone())));
        Ok(connection)
    }

    /// Sends one command, whose answer is one thing.
    async fn ask(&self, command: &str, arguments: &[&[u8]]) -> Result<RedisResult, StoreError> {
        let connection = self.connection().await?;
        let arguments = arguments.iter().map(|argument| RedisParameter::Binary(argument.to_vec()));
        match connection.execute(command, arguments).await {
            Ok(mut answer) => Ok(answer.pop().unwrap_or(RedisResult::Nil)),
            Err(error) => {
                CONNECTION.take();
                Err(failed(error))
            }
        }
    }

    async fn number(&self, command: &str, arguments: &[&[u8]]) -> Result<i64, StoreError> {
        match self.ask(command, arguments).await? {
            RedisResult::Int64(number) => Ok(number),
            _ => Err(StoreError(format!("redis answered {command} with no number"))),
        }
    }

    async fn bytes(&self, command: &str, arguments: &[&[u8]]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.ask(command, arguments).await? {
            RedisResult::Nil => Ok(None),
            RedisResult::Binary(bytes) => Ok(Some(bytes)),
            _ => Err(StoreError(format!("redis answered {command} with no text"))),
        }
    }

    /// Whether a conditional `SET` was done.
    async fn was_set(&self, arguments: &[&[u8]]) -> Result<bool, StoreError> {
        match self.ask("SET", arguments).await? {
            RedisResult::Nil => Ok(false),
            RedisResult::Status(_) => Ok(true),
            _ => Err(StoreError("redis answered SET with something else".into())),
        }
    }
}

/// The store.
pub(crate) struct Redis(Server);

impl Redis {
    pub(crate) const fn at(server: Server) -> Self {
        Self(server)
    }
}

/// Puts the new value if the old one is still there.
const SWAP: &[u8] =
    b"if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0";
/// Removes what is decided, if it still is.
const WITHDRAW: &[u8] =
    b"if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

#[async_trait(?Send)]
impl Store for Redis {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        contract::key(key)?;
        self.0.bytes("GET", &[key.as_bytes()]).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        contract::key(key)?;
        contract::value(key, value)?;
        self.0.was_set(&[key.as_bytes(), value]).await.map(drop)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        contract::key(key)?;
        self.0.number("DEL", &[key.as_bytes()]).await.map(drop)
    }

    async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        contract::key(key)?;
        self.0.number("INCRBY", &[key.as_bytes(), by.to_string().as_bytes()]).await
    }

    async fn attempt(&self, key: &str, change: &mut Alter<'_>) -> Result<Attempt, StoreError> {
        let Some(old) = self.get(key).await? else { return Ok(Attempt::Absent) };
        let Some(new) = change(&old) else { return Ok(Attempt::Left) };
        contract::value(key, &new)?;
        match self.0.number("EVAL", &[SWAP, b"1", key.as_bytes(), &old, &new]).await? {
            1 => Ok(Attempt::Swapped),
            _ => Ok(Attempt::Lost(self.get(key).await?)),
        }
    }

    async fn decide(&self, key: &str, proposal: i64) -> Result<i64, StoreError> {
        contract::key(key)?;
        contract::proposal(key, proposal)?;
        let proposed = proposal.to_string();
        for _ in 0..TRIES {
            if self.0.was_set(&[key.as_bytes(), proposed.as_bytes(), b"NX"]).await? {
                return Ok(proposal);
            }
            // Withdrawn in between, if nothing is there any more.
            if let Some(decided) = self.decided(key).await? {
                return Ok(decided);
            }
        }
        Err(StoreError(format!("`{key}` could not be decided in {TRIES} rounds")))
    }

    async fn decided(&self, key: &str) -> Result<Option<i64>, StoreError> {
        let Some(bytes) = self.get(key).await? else { return Ok(None) };
        let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
        number.map_or_else(|| Err(StoreError(format!("`{key}` is no cell"))), |number| Ok(Some(number)))
    }

    async fn withdraw(&self, key: &str, decided: i64) -> Result<(), StoreError> {
        contract::key(key)?;
        let decided = decided.to_string();
        self.0.number("EVAL", &[WITHDRAW, b"1", key.as_bytes(), decided.as_bytes()]).await.map(drop)
    }
}

/// Single use: a mark that only the first can make, and that only the first finds unspent. It stays when it is spent, so that it cannot be
/// made again, and goes by itself.
pub(crate) struct Marks {
    server: Server,
    now: Moment,
}

impl Marks {
    pub(crate) const fn at(server: Server, now: Moment) -> Self {
        Self { server, now }
    }
}

#[async_trait(?Send)]
impl OneTime for Marks {
    async fn issue(&self, id: &str, expires: Moment) -> Result<(), OneTimeError> {
        contract::key(id).map_err(of_store)?;
        let lives = Secs(expires.plus(GRACE).secs().saturating_sub(self.now.secs()).max(GRACE.0));
        let lives = lives.0.to_string();
        let mark: [&[u8]; 5] = [id.as_bytes(), ISSUED, b"NX", b"EX", lives.as_bytes()];
        if self.server.was_set(&mark).await.map_err(of_store)? { Ok(()) } else { Err(OneTimeError::Spent) }
    }

    async fn take(&self, id: &str) -> Result<(), OneTimeError> {
        contract::key(id).map_err(of_store)?;
        let mark: [&[u8]; 5] = [id.as_bytes(), TAKEN, b"XX", b"KEEPTTL", b"GET"];
        match self.server.bytes("SET", &mark).await.map_err(of_store)? {
            Some(before) if before == ISSUED => Ok(()),
            _ => Err(OneTimeError::Spent),
        }
    }

    async fn forget(&self, id: &str) -> Result<(), OneTimeError> {
        contract::key(id).map_err(of_store)?;
        self.server.number("DEL", &[id.as_bytes()]).await.map(drop).map_err(of_store)
    }
}

const ISSUED: &[u8] = b"1";
const TAKEN: &[u8] = b"2";
/// A mark outlives what it guards, for clocks that differ.
const GRACE: Secs = hours(1);
const TRIES: usize = 200;

fn of_store(error: StoreError) -> OneTimeError {
    OneTimeError::Store(error.0)
}

/// The address holds a password, so it is never named.
fn failed(error: Error) -> StoreError {
    StoreError(match error {
        Error::InvalidAddress => {
            "redis: `one_time_redis` is no address that this component may reach; see allowed_outbound_hosts"
                .into()
        }
        Error::TooManyConnections => "redis: too many connections".into(),
        Error::TypeError => "redis: an answer of another type".into(),
        Error::Other(why) => format!("redis: {why}"),
    })
}
