//! The service: its effects are in a database of its own, and its sessions in a store.

use rusqlite::{Connection, params};
use tokio::io::AsyncReadExt;
use waxwing::contract::{OperationContext, OperationFault};
use waxwing::store::application::{SqliteTransaction, SqliteTransactions};
use waxwing::store::sqlite::{SqliteOptions, SqliteStore};
use waxwing::{ConfigurationFile, ServiceHostBuilder, ServiceInstances};

use crate::Failure;
use crate::contract::{CALCULATOR_CONTRACT, Calculator, CalculatorService};

/// The service has no state: what it does is in the database.
struct Calculating;

/// Writes a calculation into the open transaction, which the host commits together with its own mark.
async fn write(context: &OperationContext, n1: f64, result: f64) -> Result<f64, OperationFault> {
    let transaction = context.transaction::<SqliteTransaction>();
    let transaction = transaction.ok_or_else(|| OperationFault::new("there is no transaction"))?;
    let sql = "INSERT INTO calculations (n1, result) VALUES (?1, ?2)";
    transaction.run(move |database| database.execute(sql, params![n1, result])).await?;
    Ok(result)
}

impl Calculator for Calculating {
    async fn add(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        write(context, n1, n1 + n2).await
    }
    async fn subtract(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        write(context, n1, n1 - n2).await
    }
    async fn multiply(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        write(context, n1, n1 * n2).await
    }
    async fn divide(
        &self,
        context: &OperationContext,
        n1: f64,
        n2: f64,
    ) -> Result<f64, OperationFault> {
        write(context, n1, n1 / n2).await
    }
    async fn note(&self, context: &OperationContext, n1: f64) -> Result<(), OperationFault> {
        write(context, n1, n1).await.map(drop)
    }
}

const TABLE: &str = "PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS calculations (place INTEGER PRIMARY KEY AUTOINCREMENT, n1 REAL NOT NULL, result REAL NOT NULL)";

/// Serves until the input ends.
pub(crate) async fn serve(config: &str, database: &str, store: &str) -> Result<(), Failure> {
    let config = ConfigurationFile::load(config)?;
    let database = Connection::open(database)?;
    database.execute_batch(TABLE)?;
    let name = "Microsoft.ServiceModel.Samples.CalculatorService";
    let host = ServiceHostBuilder::from_config(&config, name, &CALCULATOR_CONTRACT)?
        .store(SqliteStore::open(&SqliteOptions::new(store))?)
        .application_transactions(SqliteTransactions::new(database)?)
        .open(ServiceInstances::per_session(|| CalculatorService::new(Calculating)))
        .await?;
    println!("READY {}", host.addresses().join(" "));
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    println!("{:?}", host.statistics());
    host.close().await;
    Ok(())
}

/// Whether each call was executed once, in order.
pub(crate) fn audit(database: &str, calls: usize) -> Result<bool, Failure> {
    let database = Connection::open(database)?;
    let mut statement = database.prepare("SELECT n1 FROM calculations ORDER BY place")?;
    let operands = statement.query_map([], |row| row.get::<_, f64>(0))?;
    let operands = operands.collect::<Result<Vec<_>, _>>()?;
    let in_order = operands.windows(2).all(|two| two[0] < two[1]);
    let mut once = operands.clone();
    once.sort_by(f64::total_cmp);
    once.dedup();
    let (executed, twice) = (operands.len(), operands.len() - once.len());
    let missing = calls.saturating_sub(once.len());
    let order = if in_order { "kept" } else { "BROKEN" };
    println!("executed {executed} missing {missing} twice {twice} order {order}");
    Ok(executed == calls && twice == 0 && in_order)
}
