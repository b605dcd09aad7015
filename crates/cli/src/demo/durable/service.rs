//! The service as a process of its own.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use waxwing::contract::{OperationContext, OperationFault};
use waxwing::store::application::{SqliteTransaction, SqliteTransactions};
use waxwing::{ConfigurationFile, ServiceHostBuilder, ServiceInstances, ServiceObject};

use super::books::{ServiceBook, book};
use super::failure::Failure;
use super::files::{LaneFolder, SERVICE};
use super::ledger::{INBOX_CONTRACT, Inbox, InboxService, LEDGER_CONTRACT, Ledger, LedgerService};
use super::stores::Place;

/// What an instance of the service has: nothing. The books are in the database, and the host begins their transactions.
struct Desk;

impl Desk {
    /// Books inside the transaction that the host has begun, and that it commits together with the mark of this message.
    async fn enter(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<i64, OperationFault> {
        let transaction = context
            .transaction::<SqliteTransaction>()
            .ok_or_else(|| OperationFault::new("there is no transaction"))?;
        let balance = transaction.run(move |books| book(books, &account, number, cents)).await?;
        say(&format!("EXECUTED {number}"));
        Ok(balance)
    }
}

impl Ledger for Desk {
    async fn book(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<i64, OperationFault> {
        self.enter(context, account, number, cents).await
    }

    async fn send(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<(), OperationFault> {
        self.enter(context, account, number, cents).await.map(drop)
    }
}

impl Inbox for Desk {
    async fn post(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<(), OperationFault> {
        self.enter(context, account, number, cents).await.map(drop)
    }
}

/// A line to whoever started this process. Who is gone is told by the end of the input.
pub(super) fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// Serves until the input ends.
pub(super) async fn serve(folder: &Path, node: usize, place: &Place) -> Result<(), Failure> {
    let folder = LaneFolder::new(folder);
    let config = ConfigurationFile::load(folder.service_config(node))?;
    let books = ServiceBook::open(&folder.service_book())?.into_connection();
    let contracts = [&LEDGER_CONTRACT, &INBOX_CONTRACT];
    let builder = ServiceHostBuilder::from_config(&config, SERVICE, contracts)?;
    let address = config.configuration().waxwing.node.address.clone();
    let store = place.open(&folder, &format!("service-{node}"), address).await?;
    let builder = store.of_host(builder).application_transactions(SqliteTransactions::new(books)?);
    let instances = ServiceInstances::per_session(|| {
        let desk = Arc::new(Desk);
        ServiceObject::new()
            .contract(LedgerService::from(Arc::clone(&desk)))
            .contract(InboxService::from(desk))
    });
    let host = builder.open(instances).await?;
    say("READY");
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    host.close().await;
    Ok(())
}
