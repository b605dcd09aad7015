//! Nodes: who lives. It decides who may claim, never what is written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::expire;
use super::failure::told;
use super::reads::Reader;
use super::safety;
use super::settings::{Danger, PostgresSettings};
use super::shared::Shared;
use super::sql::number;
use crate::error::StoreError;
use crate::nodes::{Incarnation, Node};
use crate::store::NodeAddress;

/// A new process takes the place of those that had its name; what was not heard of for a day is forgotten.
pub(super) async fn join(
    client: &mut Client,
    settings: &PostgresSettings,
) -> Result<Incarnation, StoreError> {
    let schema = &settings.schema;
    let joined = async {
        let transaction = client.transaction().await?;
        let insert = format!(
            "INSERT INTO {schema}.nodes (name, address, joined_at, beat_at, steady_since) VALUES ($1, $2, now(), now(), now()) \
             RETURNING incarnation"
        );
        let row = transaction.query_one(&insert, &[&settings.node, &settings.address.0]).await?;
        let incarnation: i64 = row.get(0);
        let replace = format!(
            "UPDATE {schema}.nodes SET left_at = now() WHERE name = $1 AND incarnation < $2 AND left_at IS NULL"
        );
        transaction.execute(&replace, &[&settings.node, &incarnation]).await?;
        let forget = format!(
            "DELETE FROM {schema}.nodes WHERE incarnation <> $1 AND beat_at < now() - interval '1 day'"
        );
        transaction.execute(&forget, &[&incarnation]).await?;
        transaction.commit().await?;
        Ok(Incarnation(incarnation.unsigned_abs()))
    };
    joined.await.map_err(|e: tokio_postgres::Error| told(&e))
}

/// One beat. Whoever was silent for longer than the others wait begins to be steady anew.
const BEAT: &str = "UPDATE @.nodes SET beat_at = now(), steady_since = CASE WHEN beat_at < now() - $2::int8 * interval '1 millisecond' \
    THEN now() ELSE steady_since END WHERE incarnation = $1 AND left_at IS NULL RETURNING 1";

/// How often what there is is counted anew where it is limited, and where it is not.
const COUNT_LIMITED: Duration = Duration::from_secs(30);
const COUNT: Duration = Duration::from_secs(600);

/// Beats until it is aborted.
pub(super) async fn beat(reader: Arc<Reader>, shared: Arc<Shared>) {
    let settings = &shared.settings;
    let limited = settings.most_octets != u64::MAX || settings.most_records != u64::MAX;
    let count_every = if limited { COUNT_LIMITED } else { COUNT };
    let mut counted = tokio::time::Instant::now();
    loop {
        tokio::time::sleep(settings.beat_every).await;
        let (me, sent) = (number(shared.me.0), Instant::now());
        match reader.rows(BEAT, &[&me, &reader.dead_after()]).await {
            Ok(rows) if rows.is_empty() => {
                let text = format!(
                    "another process has joined under the name of this node, '{}': give each node a name of its own",
                    settings.node
                );
                tracing::error!("{text}");
                shared.replaced(StoreError::InUse(text));
                return;
            }
            Ok(_) => shared.heard.beat(sent, Instant::now(), settings.dead_after),
            Err(error) => tracing::debug!("a beat was lost: {error}"),
        }
        if counted.elapsed() > count_every {
            counted = tokio::time::Instant::now();
            look(&reader, settings).await;
            if let Err(error) = expire::count(&reader, &shared, true).await {
                tracing::debug!("what the store holds was not counted: {error}");
            }
        }
    }
}

/// Whether the server became unsafe meanwhile: told, since what is open goes on.
async fn look(reader: &Reader, settings: &PostgresSettings) {
    match reader.server().await {
        Ok(server) => {
            let is_new =
                |danger: &&Danger| server.has(**danger) && !settings.dangers.contains(danger);
            for danger in Danger::ALL.iter().filter(is_new) {
                tracing::error!("PostgreSQL: {}", safety::words(*danger));
            }
        }
        Err(error) => tracing::debug!("PostgreSQL could not be looked at: {error}"),
    }
}

const LIVING: &str = "SELECT incarnation, name, address, draining FROM @.nodes WHERE left_at IS NULL \
    AND beat_at > now() - $1::int8 * interval '1 millisecond' ORDER BY incarnation LIMIT 1000";

/// Those that live.
pub(super) async fn living(reader: &Reader) -> Result<Vec<Node>, StoreError> {
    let rows = reader.rows(LIVING, &[&reader.dead_after()]).await?;
    let node = |row: &tokio_postgres::Row| Node {
        incarnation: Incarnation(row.get::<_, i64>(0).unsigned_abs()),
        name: row.get(1),
        address: NodeAddress(row.get(2)),
        draining: row.get(3),
    };
    Ok(rows.iter().map(node).collect())
}

/// Takes nothing new.
pub(super) async fn drain(reader: &Reader, me: Incarnation) -> Result<(), StoreError> {
    let sql = "UPDATE @.nodes SET draining = true WHERE incarnation = $1 RETURNING 1";
    reader.rows(sql, &[&number(me.0)]).await.map(drop)
}

/// Leaves: what it owns may be claimed.
pub(super) async fn leave(reader: &Reader, me: Incarnation) -> Result<(), StoreError> {
    let sql =
        "UPDATE @.nodes SET left_at = now() WHERE incarnation = $1 AND left_at IS NULL RETURNING 1";
    reader.rows(sql, &[&number(me.0)]).await.map(drop)
}
