//! What is old is removed, and what there is is counted.

use std::sync::atomic::Ordering;

use deadpool_postgres::Object;
use jiff::Timestamp;

use super::reads::Reader;
use super::shared::Shared;
use super::sql::{slot, time};
use crate::error::StoreError;
use crate::limits::PAGE;
use crate::model::Kind;

/// Groups with something old. One whose row somebody holds is left for the next time.
const GROUPS: &str = "SELECT g.grp FROM @.groups g WHERE g.grp IN (SELECT DISTINCT o.grp FROM (SELECT r.grp FROM @.records r \
      WHERE r.slot <= $1 AND r.expires_at < $2 AND r.kind = ANY($3) \
      AND NOT EXISTS (SELECT 1 FROM @.messages m WHERE m.record = r.id AND m.queue = 1) LIMIT $4) o) \
    ORDER BY g.grp FOR UPDATE SKIP LOCKED";
const RECORDS: &str = "SELECT r.id FROM @.records r WHERE r.grp = ANY($1) AND r.slot <= $2 AND r.expires_at < $3 AND r.kind = ANY($4) \
    ORDER BY r.id LIMIT $5 FOR UPDATE SKIP LOCKED";
/// The rows are held: what is seen now is so.
const REMOVE: &str = "WITH r AS (DELETE FROM @.records r WHERE r.id = ANY($1) AND r.expires_at < $2 \
      AND NOT EXISTS (SELECT 1 FROM @.messages m WHERE m.record = r.id AND m.queue = 1) RETURNING r.id, octet_length(r.state) AS n), \
    m AS (DELETE FROM @.messages m USING r WHERE m.record = r.id RETURNING octet_length(m.body) AS n), \
    n AS (DELETE FROM @.names n USING r WHERE n.record = r.id) \
    SELECT (SELECT count(*) FROM r), coalesce((SELECT sum(n) FROM r), 0)::int8 + coalesce((SELECT sum(n) FROM m), 0)::int8";
const EMPTY: &str = "DELETE FROM @.groups g WHERE g.grp = ANY($1) AND NOT EXISTS (SELECT 1 FROM @.records r WHERE r.grp = g.grp)";
/// This once everything is read, in the order in which it lies.
const READ_ALL: &str =
    "SELECT set_config(name, 'on', true) FROM pg_settings WHERE name = 'enable_seqscan'";
const RECORDS_THERE: &str = "SELECT count(*) FROM @.records";
const OCTETS_THERE: &str = "SELECT (SELECT coalesce(sum(octet_length(state)), 0) FROM @.records)::int8 \
    + (SELECT coalesce(sum(octet_length(body)), 0) FROM @.messages)::int8";

/// Removes what may be forgotten.
pub(super) async fn expire(
    reader: &Reader,
    shared: &Shared,
    kinds: &[Kind],
    before: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let kinds: Vec<i16> = kinds.iter().map(|kind| *kind as i16).collect();
    let (slot, at, limit) = (slot(before), time(before), limit.min(PAGE) as i64);
    let sql = [GROUPS, RECORDS, REMOVE, EMPTY].map(|text| reader.sql(text));
    let (count, octets): (i64, i64) = reader
        .ask(async |connection: &Object| {
            let [groups, records, remove, empty] = &sql;
            connection.batch_execute("BEGIN").await?;
            let groups = connection.prepare_cached(groups).await?;
            let found = connection.query(&groups, &[&slot, &at, &kinds, &limit]).await?;
            let groups: Vec<&str> = found.iter().map(|row| row.get(0)).collect();
            let records = connection.prepare_cached(records).await?;
            let found = connection.query(&records, &[&groups, &slot, &at, &kinds, &limit]).await?;
            let ids: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
            let remove = connection.prepare_cached(remove).await?;
            let removed = connection.query_one(&remove, &[&ids, &at]).await?;
            let empty = connection.prepare_cached(empty).await?;
            connection.execute(&empty, &[&groups]).await?;
            connection.batch_execute("COMMIT").await?;
            Ok((removed.get(0), removed.get(1)))
        })
        .await?;
    shared.counts.records.fetch_sub(count, Ordering::Relaxed);
    shared.counts.octets.fetch_sub(octets, Ordering::Relaxed);
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Counts the records that there are, and the octets of everything if that is asked for.
pub(super) async fn count(
    reader: &Reader,
    shared: &Shared,
    octets: bool,
) -> Result<(), StoreError> {
    let [records_there, octets_there] = [RECORDS_THERE, OCTETS_THERE].map(|text| reader.sql(text));
    let (records, octets) = reader
        .ask(async |connection: &Object| {
            connection.batch_execute("BEGIN READ ONLY").await?;
            connection.query(READ_ALL, &[]).await?;
            let records: i64 = connection.query_one(&records_there, &[]).await?.get(0);
            let octets = match octets {
                true => Some(connection.query_one(&octets_there, &[]).await?.get::<_, i64>(0)),
                false => None,
            };
            connection.batch_execute("COMMIT").await?;
            Ok((records, octets))
        })
        .await?;
    shared.counts.records.store(records, Ordering::Relaxed);
    if let Some(octets) = octets {
        shared.counts.octets.store(octets, Ordering::Relaxed);
    }
    Ok(())
}
