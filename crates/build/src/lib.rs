//! Rust code and configuration from the metadata of SOAP services.

// Files are read and written here: for build scripts.
#![allow(clippy::disallowed_methods)]

pub mod config;
pub mod generate;
