//! `spin:redis@3.0.0`: a guest's own connections to a Redis that its `allowed_outbound_hosts` name.

use redis::{Cmd, FromRedisValue, RedisError, Value, aio::MultiplexedConnection, cmd};
use wasmtime::{
    Result,
    component::{Accessor, Resource},
};

use crate::{
    ctx::{Ctx, Spin},
    generated::spin::redis::redis::{
        Error, Host, HostConnection, HostConnectionWithStore, RedisParameter, RedisResult,
    },
};

/// The guest's handle of an open connection.
pub struct Connection(MultiplexedConnection);

type Handle = Resource<Connection>;

impl Host for Ctx {}

impl HostConnection for Ctx {
    async fn drop(&mut self, connection: Handle) -> Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send + 'static> HostConnectionWithStore<T> for Spin {
    async fn open(accessor: &Accessor<T, Self>, address: String) -> Result<Result<Handle, Error>> {
        let guest = accessor.with(|mut access| access.get().guest.clone());
        if !guest.outbound.admits(&address, "redis") {
            eprintln!(
                "[{}] refused: {} is not in allowed_outbound_hosts",
                guest.id,
                without_password(&address)
            );
            return Ok(Err(Error::InvalidAddress));
        }
        let Ok(client) = redis::Client::open(address.as_str()) else {
            return Ok(Err(Error::InvalidAddress));
        };
        Ok(match client.get_multiplexed_async_connection().await {
            Ok(connection) => {
                Ok(accessor.with(|mut access| access.get().table.push(Connection(connection)))?)
            }
            Err(error) => Err(other(&error)),
        })
    }

    async fn publish(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        channel: String,
        payload: Vec<u8>,
    ) -> Result<Result<(), Error>> {
        query(accessor, connection, cmd("PUBLISH").arg(channel).arg(payload)).await
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        key: String,
    ) -> Result<Result<Option<Vec<u8>>, Error>> {
        query(accessor, connection, cmd("GET").arg(key)).await
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        key: String,
        value: Vec<u8>,
    ) -> Result<Result<(), Error>> {
        query(accessor, connection, cmd("SET").arg(key).arg(value)).await
    }

    async fn incr(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        key: String,
    ) -> Result<Result<i64, Error>> {
        query(accessor, connection, cmd("INCRBY").arg(key).arg(1)).await
    }

    async fn del(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        keys: Vec<String>,
    ) -> Result<Result<u32, Error>> {
        query(accessor, connection, cmd("DEL").arg(keys)).await
    }

    async fn sadd(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        key: String,
        values: Vec<String>,
    ) -> Result<Result<u32, Error>> {
        query(accessor, connection, cmd("SADD").arg(key).arg(values)).await
    }

    async fn smembers(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        key: String,
    ) -> Result<Result<Vec<String>, Error>> {
        query(accessor, connection, cmd("SMEMBERS").arg(key)).await
    }

    async fn srem(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        key: String,
        values: Vec<String>,
    ) -> Result<Result<u32, Error>> {
        query(accessor, connection, cmd("SREM").arg(key).arg(values)).await
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: Handle,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Result<Result<Vec<RedisResult>, Error>> {
        let mut wanted = cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => wanted.arg(number),
                RedisParameter::Binary(bytes) => wanted.arg(bytes),
            };
        }
        let answer: Result<Value, Error> = query(accessor, connection, &wanted).await?;
        Ok(answer.and_then(|value| {
            let mut flat = Vec::new();
            flatten(value, &mut flat)?;
            Ok(flat)
        }))
    }
}

async fn query<T, R: FromRedisValue>(
    accessor: &Accessor<T, Spin>,
    connection: Handle,
    command: &Cmd,
) -> Result<Result<R, Error>> {
    let mut connection =
        accessor.with(|mut access| wasmtime::error::Ok(access.get().table.get(&connection)?.0.clone()))?;
    Ok(command.query_async(&mut connection).await.map_err(|error| other(&error)))
}

/// Redis' nested answers as the flat list that the interface knows.
fn flatten(value: Value, into: &mut Vec<RedisResult>) -> Result<(), Error> {
    match value {
        Value::Nil => into.push(RedisResult::Nil),
        Value::Int(number) => into.push(RedisResult::Int64(number)),
        Value::BulkString(bytes) => into.push(RedisResult::Binary(bytes)),
        Value::SimpleString(text) => into.push(RedisResult::Status(text)),
        Value::Okay => into.push(RedisResult::Status("OK".into())),
        Value::Array(items) | Value::Set(items) => {
            for item in items {
                flatten(item, into)?;
            }
        }
        unexpected => {
            return Err(Error::Other(format!("an answer this interface cannot carry: {unexpected:?}")));
        }
    }
    Ok(())
}

fn other(error: &RedisError) -> Error {
    match error.kind() {
        redis::ErrorKind::TypeError => Error::TypeError,
        _ => Error::Other(error.to_string()),
    }
}

/// For the log: addresses may carry a password.
fn without_password(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, host)| host)
}
