//! Traits and types generated from `wit/`; nothing is written by hand here.

wasmtime::component::bindgen!({
    inline: r#"
        package latchkey:host;
        world host {
            import spin:key-value/key-value@3.0.0;
            import spin:variables/variables@3.0.0;
            import spin:redis/redis@3.0.0;
            include wasi:keyvalue/imports@0.2.0-draft2;
        }
    "#,
    path: "wit",
    imports: { default: async | trappable },
    with: {
        "spin:key-value/key-value.store": crate::kv::OpenStore,
        "spin:redis/redis.connection": crate::redis::Connection,
        "wasi:keyvalue/store.bucket": crate::kv::OpenStore,
        "wasi:keyvalue/atomics.cas": crate::kv::OpenCas,
    },
});
