//! The store in PostgreSQL does what a store does.
#![cfg(feature = "postgres")]
#![allow(clippy::disallowed_methods)]

#[macro_use]
mod conformance;
mod database;

use std::sync::Arc;

use conformance::World;
use database::{Server, missing, open, schema, settings};
use waxwing_store::Store;
use waxwing_store::postgres::PostgresStore;

/// A schema of its own.
struct Database {
    server: Arc<Server>,
    schema: String,
    store: Arc<PostgresStore>,
    quota: Option<(u64, u64)>,
}

impl Database {
    async fn node(&self, node: &str) -> Arc<PostgresStore> {
        let mut settings = settings(&self.server.address, &self.schema, node);
        if let Some((records, octets)) = self.quota {
            (settings.most_records, settings.most_octets) = (records, octets);
        }
        open(settings).await
    }
}

impl World for Database {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<_>
    }

    async fn restart(&mut self) {
        self.store = self.node("one").await;
    }

    async fn other(&self) -> Option<Arc<dyn Store>> {
        Some(self.node("two").await)
    }

    async fn kill(&mut self) {
        let schema = &self.schema;
        let silent = format!(
            "UPDATE {schema}.nodes SET beat_at = now() - interval '2 hours' WHERE name = 'one'; \
             UPDATE {schema}.nodes SET steady_since = now() - interval '2 hours'"
        );
        self.server.client().await.batch_execute(&silent).await.expect("it is silent");
    }

    fn address(&self) -> String {
        "one:1".into()
    }
}

async fn world(quota: Option<(u64, u64)>) -> Database {
    let (server, schema) = (Server::shared(), schema());
    let mut settings = settings(&server.address, &schema, "one");
    if let Some((records, octets)) = quota {
        (settings.most_records, settings.most_octets) = (records, octets);
    }
    let store = open(settings).await;
    Database { server, schema, store, quota }
}

conformance!(world, unless missing);
