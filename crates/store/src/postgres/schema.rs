//! The tables: made and brought up to date when a store opens. Nodes that open at once wait for each other in the row of the
//! version; no lock that only PostgreSQL itself knows is taken.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::failure::told;
use crate::error::StoreError;

/// What leads from each version to the next one.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

/// The version that this program writes and reads.
const NEWEST: i32 = MIGRATIONS.len() as i32;

/// How often making the schema is tried: two that make it at once disturb each other.
const ATTEMPTS: usize = 10;

/// Makes the tables where they are not, and brings them up to date. Whether they were not there.
pub(super) async fn bring_up_to_date(
    client: &mut Client,
    schema: &str,
) -> Result<bool, StoreError> {
    let before = found(client, schema).await.map_err(|e| told(&e))?;
    if before == Some(NEWEST) {
        return Ok(false);
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        match migrate(client, schema).await {
            Ok(NEWEST) => return Ok(before.is_none()),
            Ok(version) => return Err(newer(schema, version)),
            Err(error) if attempt < ATTEMPTS && disturbed(&error) => {
                tokio::time::sleep(std::time::Duration::from_millis(20 * attempt as u64)).await;
            }
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(StoreError::Configuration(format!(
                    "PostgreSQL: the role may not make the schema '{schema}' or change it. Let its owner open the store once, or: \
                     CREATE SCHEMA {schema} AUTHORIZATION …; (or GRANT CREATE ON DATABASE … TO …;) ({})",
                    told(&error)
                )));
            }
            Err(error) => return Err(told(&error)),
        }
    }
}

/// Refuses tables that are not there, or that this program does not know.
pub(super) async fn is_known(client: &Client, schema: &str) -> Result<(), StoreError> {
    match found(client, schema).await.map_err(|e| told(&e))? {
        Some(NEWEST) => Ok(()),
        Some(version) if version > NEWEST => Err(newer(schema, version)),
        Some(version) => Err(StoreError::Configuration(format!(
            "PostgreSQL: the schema '{schema}' has version {version}, and this program reads {NEWEST}: open it once with a service or \
             an outbox of this version, which brings it up to date"
        ))),
        None => Err(StoreError::Configuration(format!(
            "PostgreSQL: there is no store in the schema '{schema}': no service or outbox has opened one there. Name the schema that \
             <store> has"
        ))),
    }
}

/// The version that is there. None: there are no tables.
async fn found(client: &Client, schema: &str) -> Result<Option<i32>, Error> {
    let table = format!("{schema}.schema_version");
    let there = client
        .query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table])
        .await?
        .get::<_, bool>(0);
    if !there {
        return Ok(None);
    }
    let row = client.query_opt(&format!("SELECT version FROM {table}"), &[]).await?;
    Ok(row.map(|row| row.get(0)))
}

fn newer(schema: &str, version: i32) -> StoreError {
    StoreError::Configuration(format!(
        "PostgreSQL: the schema '{schema}' has version {version}, this program knows {NEWEST}: a newer Waxwing has changed it. \
         Run that, or name another schema."
    ))
}

fn disturbed(error: &Error) -> bool {
    let known = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        // Another node migrates, which may take its time.
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    error.code().is_some_and(|code| known.contains(code))
}

/// The version that it is at afterwards.
async fn migrate(client: &mut Client, schema: &str) -> Result<i32, Error> {
    // Whoever may use the schema but not make one gets no further than here only if it is not there.
    let there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    if client.query_opt(there, &[&schema]).await?.is_none() {
        client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
    }
    let table = format!("{schema}.schema_version");
    if found(client, schema).await?.is_none() {
        client
            .batch_execute(&format!(
                "CREATE TABLE IF NOT EXISTS {table} (one boolean PRIMARY KEY CHECK (one), version integer NOT NULL); \
                 INSERT INTO {table} VALUES (true, 0) ON CONFLICT DO NOTHING"
            ))
            .await?;
    }
    let transaction = client.transaction().await?;
    let row =
        transaction.query_one(&format!("SELECT version FROM {table} FOR UPDATE"), &[]).await?;
    let version: i32 = row.get(0);
    if version >= NEWEST {
        return Ok(version);
    }
    // However much there is to be changed.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
    let from = usize::try_from(version).unwrap_or(0);
    for migration in &MIGRATIONS[from..] {
        transaction.batch_execute(&migration.replace("{schema}", schema)).await?;
    }
    transaction.execute(&format!("UPDATE {table} SET version = $1"), &[&NEWEST]).await?;
    transaction.commit().await?;
    Ok(NEWEST)
}
