//! Captured conversations of WCF over net.tcp and with `wsDualHttpBinding`: every protected message verifies, is decrypted to
//! what it should be, is taken by our client and our service, and is built again.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/nego.rs"]
mod nego;

#[path = "../../../soap/tests/binary/ends.rs"]
mod ends;
mod messages;
mod octets;
mod roles;
