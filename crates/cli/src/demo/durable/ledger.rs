//! The service of the demonstration: a ledger that books amounts, in the order of the calls.

use waxwing::contract::{OperationContext, OperationFault, service_contract};

/// Booked with an answer, or without one.
#[service_contract(
    namespace = "http://waxwing.example/durable",
    name = "ILedger",
    configuration_name = "Waxwing.Demo.ILedger",
    session_mode = Required
)]
pub(super) trait Ledger {
    /// Books an amount, and gives the balance of the account after it.
    #[operation(delivery = "transaction")]
    async fn book(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<i64, OperationFault>;

    /// Books an amount.
    #[operation(one_way, delivery = "transaction")]
    async fn send(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<(), OperationFault>;
}

/// Booked without an answer: a session of this contract has no way back.
#[service_contract(
    namespace = "http://waxwing.example/durable",
    name = "IInbox",
    configuration_name = "Waxwing.Demo.IInbox",
    session_mode = Required
)]
pub(super) trait Inbox {
    /// Books an amount.
    #[operation(one_way, delivery = "transaction")]
    async fn post(
        &self,
        context: &OperationContext,
        account: String,
        number: i64,
        cents: i64,
    ) -> Result<(), OperationFault>;
}
