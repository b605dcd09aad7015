//! Where what must survive a crash is kept: reliable sessions with their security contexts, and outboxes.
//!
//! * [`Store`]: what the host and the client ask of one. [`Unit`] is what is committed at once, [`Outcome`] what became of
//!   it, [`Claim`] who has a session.
//! * [`MemoryStore`]: for tests and simulations, with faults as they are asked for.
//! * [`sqlite`] (feature): one file of one process. `postgres` (feature): several nodes.
//! * [`ShardedStore`]: several stores as one.
//! * [`application`]: the transactions of the application that operations take part in.
//!
//! A store knows nothing of messages and keys: a [`Record`] has a state, which is octets, and [messages](StoredMessage).
//! What it writes is sealed under a ring of keys ([`waxwing_crypto::KeyRing`]).
//!
//! **Fences.** Records that belong together (a security context and the sequences in it) are a [`Group`]. A group is owned
//! by one node at a time; each change of owner makes its [`Epoch`] greater, and a unit of an earlier epoch is
//! [`Outcome::Fenced`]. Each change of a record's state makes its [`Version`] greater by one, and a unit that does not follow
//! the version that is there is [`Outcome::Stale`]: its author writes from a state that is not the last one.

// Above the IO line; see clippy.toml for what the pure crates may not.
#![allow(clippy::disallowed_methods)]

pub mod application;
mod error;
mod keys;
mod limits;
mod memory;
mod model;
mod nodes;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod seal;
mod sharded;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod store;

pub use error::StoreError;
pub use keys::{KeyFile, KeySource, KeyVariable, Sealing};
pub use memory::{Fault, FaultRates, MemoryStore};
pub use model::{
    Epoch, Group, Kind, MessageChange, Name, NameChange, Queue, Record, RecordId, Step,
    StoredMessage, Unit, Version,
};
pub use nodes::{Incarnation, Node, Nodes, Standing};
pub use sharded::{ShardOf, ShardedStore};
pub use store::{BoxFuture, Claim, Health, NodeAddress, Outcome, Store};
