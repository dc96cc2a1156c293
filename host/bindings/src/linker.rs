//! Every import that this host offers, by interface.

use wasmtime::{Engine, Result, component::Linker};

use crate::{
    ctx::{Ctx, Spin},
    generated::{
        spin::{key_value::key_value, redis::redis, variables::variables},
        wasi::keyvalue::{atomics, batch, store},
    },
};

/// WASI 0.2 is there too because Rust's standard library on `wasm32-wasip2` still imports it.
pub fn linker(engine: &Engine) -> Result<Linker<Ctx>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    key_value::add_to_linker::<_, Spin>(&mut linker, |ctx| ctx)?;
    variables::add_to_linker::<_, Spin>(&mut linker, |ctx| ctx)?;
    redis::add_to_linker::<_, Spin>(&mut linker, |ctx| ctx)?;
    store::add_to_linker::<_, Spin>(&mut linker, |ctx| ctx)?;
    atomics::add_to_linker::<_, Spin>(&mut linker, |ctx| ctx)?;
    batch::add_to_linker::<_, Spin>(&mut linker, |ctx| ctx)?;
    Ok(linker)
}
