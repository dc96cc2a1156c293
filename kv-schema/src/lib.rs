//! kv-schema
