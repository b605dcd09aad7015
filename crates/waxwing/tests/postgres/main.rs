//! Several hosts over one real PostgreSQL: what they do when one of them stands still, dies, or is cut off from the database. Each
//! call writes in the application's own transaction, so what was executed twice would show.

#![cfg(feature = "postgres")]
#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod hosts;
mod kit;
mod outboxes;
mod shards;
