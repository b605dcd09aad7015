//! Message framing against its worked octets, captured connections of WCF, and strangers.

mod captured;
#[path = "../common/mod.rs"]
#[allow(dead_code)]
mod common;
mod faults;
mod flows;
mod properties;
mod roles;
