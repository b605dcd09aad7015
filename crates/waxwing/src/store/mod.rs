//! Stores: where reliable sessions and outboxes are kept so that they outlive the process.
//!
//! * [`Store`] is what a host and a client ask of one. `sqlite::SqliteStore` (feature `sqlite`) is a file of one process,
//!   `postgres::PostgresStore` (feature `postgres`) a database that several nodes share, [`MemoryStore`] a store for tests, which goes wrong as
//!   it is told.
//! * What they write is sealed ([`Sealing`]) under keys of a file ([`KeyFile`]), of the environment ([`KeyVariable`]), or of a source of
//!   one's own ([`KeySource`]).
//! * [`application`] has the transactions of the application that operations with `delivery = "transaction"` take part in.
//!
//! A service: [`ServiceHostBuilder::store`](crate::ServiceHostBuilder::store), or `<store>` in the section `<waxwing>` of the
//! configuration file.

mod configured;
mod shared;

/// The examples of `docs/durability.md` compile.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../../../docs/durability.md")]
mod durability {}

#[cfg(feature = "postgres")]
pub use waxwing_store::postgres;
#[cfg(feature = "sqlite")]
pub use waxwing_store::sqlite;
pub use waxwing_store::{
    Fault, FaultRates, Group, Health, KeyFile, KeySource, KeyVariable, Kind, MemoryStore, Name,
    NodeAddress, Queue, Record, RecordId, Sealing, Store, StoreError, StoredMessage, application,
};

pub(crate) use configured::{Configured, NodeName};
pub(crate) use shared::OpenStores;

/// What is told of something, for people: labels with texts.
pub type Facts = Vec<(&'static str, String)>;
