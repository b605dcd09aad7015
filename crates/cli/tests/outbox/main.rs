//! `waxwing outbox` and the dead letters of a database, as a script runs them: on a file, and on a PostgreSQL where there is one.

// Tests read files and start programs.
#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod letters;
mod people;
mod shop;
