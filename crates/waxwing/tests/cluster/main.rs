//! Several nodes over one store, behind a balancer that knows nothing: whichever node a message comes to, its session goes on.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod file;
#[allow(dead_code)]
#[path = "../durable/kit.rs"]
mod kit;
mod nodes;
mod routing;
