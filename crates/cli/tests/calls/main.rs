//! `waxwing call` and `waxwing ping` against a service in the test: its metadata over HTTP, a reliable session, message
//! security with certificates.

#![allow(clippy::disallowed_methods, missing_docs)]

mod dry;
mod hostile;
mod live;
mod options;
mod shop;
