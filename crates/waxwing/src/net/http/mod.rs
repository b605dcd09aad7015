//! SOAP over HTTP/1.1: a request with one message, its answer with another.

mod body;
pub mod client;
pub mod server;
mod told_body;
