//! Contracts that inherit from others, as WCF's interfaces do; headers, and what the channel is told of a call.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxwing::contract::{
    BoxFuture, CallError, CallOptions, Dispatch, MessageHeader, OperationContext, OperationFault,
    ProtectionLevel, RawMessage, ReplyHeaders, Request, RequestChannel, SessionMode,
    service_contract,
};
use waxwing_soap::{Envelope, MessageVersion};

use support::{Local, run};

mod stock {
    use super::*;

    #[service_contract(namespace = "urn:stock", name = "IStock", protection_level = Sign)]
    pub(crate) trait Stock {
        async fn count(&self, article: &str) -> Result<i32, OperationFault>;
        #[operation(protection_level = EncryptAndSign)]
        async fn secret(&self) -> Result<String, OperationFault>;
    }
}

/// Two ways lead to the stock.
#[service_contract(namespace = "urn:sales", name = "ISales")]
trait Sales: stock::Stock {
    async fn sell(&self, article: &str, number: i32) -> Result<i32, OperationFault>;
}

#[service_contract(namespace = "urn:buying", name = "IBuying")]
trait Buying: stock::Stock + std::fmt::Debug {
    async fn buy(&self, article: &str, number: i32) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn forget(&self) -> Result<(), OperationFault>;
}

/// Everything, and every message that is nothing of it.
#[service_contract(namespace = "urn:shop", name = "IShop")]
trait Shop: Sales + Buying {
    #[operation(action = "*")]
    async fn anything(&self, message: RawMessage) -> Result<RawMessage, OperationFault>;
}

#[derive(Debug, Default)]
struct Store(Mutex<i32>);

impl stock::Stock for Store {
    async fn count(&self, article: &str) -> Result<i32, OperationFault> {
        assert_eq!(article, "umbrella");
        Ok(*self.0.lock().unwrap())
    }
    async fn secret(&self) -> Result<String, OperationFault> {
        Ok("under the mat".to_owned())
    }
}

impl Sales for Store {
    async fn sell(&self, _: &str, number: i32) -> Result<i32, OperationFault> {
        let mut stock = self.0.lock().unwrap();
        *stock -= number;
        Ok(*stock)
    }
}

impl Buying for Store {
    async fn buy(&self, _: &str, number: i32) -> Result<i32, OperationFault> {
        let mut stock = self.0.lock().unwrap();
        *stock += number;
        Ok(*stock)
    }
    async fn forget(&self) -> Result<(), OperationFault> {
        *self.0.lock().unwrap() = 0;
        Ok(())
    }
}

impl Shop for Store {
    async fn anything(&self, message: RawMessage) -> Result<RawMessage, OperationFault> {
        Ok(RawMessage::new(message.action + "?", message.body))
    }
}

fn actions(contract: &waxwing::contract::ContractDescription) -> Vec<&'static str> {
    contract.operations.iter().map(|operation| operation.action).collect()
}

#[test]
fn operations_keep_the_names_of_the_contract_that_declares_them() {
    let stock = ["urn:stock/IStock/Count", "urn:stock/IStock/Secret"];
    assert_eq!(actions(&SALES_CONTRACT), [&stock[..], &["urn:sales/ISales/Sell"]].concat());
    assert_eq!(
        actions(&SHOP_CONTRACT),
        [
            &stock[..],
            &["urn:sales/ISales/Sell", "urn:buying/IBuying/Buy", "urn:buying/IBuying/Forget", "*"]
        ]
        .concat()
    );
    assert_eq!((SHOP_CONTRACT.name, SHOP_CONTRACT.namespace), ("IShop", "urn:shop"));
    let reply = SHOP_CONTRACT.operation("urn:stock/IStock/Count").unwrap().reply_action;
    assert_eq!(reply, Some("urn:stock/IStock/CountResponse"));
}

#[test]
fn operations_keep_the_protection_of_the_contract_that_declares_them() {
    let [count, secret, sell] = SALES_CONTRACT.operations else { panic!("three operations") };
    let from = count.inherited_from.expect("another contract's");
    assert_eq!((from.name, from.namespace), ("IStock", "urn:stock"));
    assert_eq!(from.protection_level, Some(ProtectionLevel::Sign));
    assert_eq!(count.protection_level, None);
    assert_eq!(secret.protection_level, Some(ProtectionLevel::EncryptAndSign));
    assert_eq!(sell.inherited_from, None);
    // Through two contracts, still the one that declares it.
    let from = SHOP_CONTRACT.operations[0].inherited_from.expect("another contract's");
    assert_eq!(from.name, "IStock");
}

#[test]
fn a_client_calls_and_a_service_executes_the_operations_of_all_contracts() {
    let client = ShopClient::new(Local::new(ShopService::new(Store::default())));
    assert_eq!(run(client.buy("umbrella", 5)).unwrap(), 5);
    assert_eq!(run(client.sell("umbrella", 2)).unwrap(), 3);
    assert_eq!(run(client.count("umbrella")).unwrap(), 3);
    assert_eq!(run(client.secret()).unwrap(), "under the mat");
    let (action, _) = client.channel().request();
    assert_eq!(action, "urn:stock/IStock/Secret");
    run(client.forget()).unwrap();
    assert_eq!(run(client.count("umbrella")).unwrap(), 0);
    let other = RawMessage::new("urn:else", Default::default());
    assert_eq!(run(client.anything(other)).unwrap().action, "urn:else?");
    // A client of a base is served by the service of what inherits from it.
    let base = stock::StockClient::new(client.channel());
    assert_eq!(run(base.count("umbrella")).unwrap(), 0);
}

#[test]
fn an_action_of_no_contract_is_refused() {
    let service = SalesService::new(Store::default());
    assert_eq!(service.contract().name, "ISales");
    let context = OperationContext::new("urn:buying/IBuying/Buy");
    let message = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let refused = run(service.dispatch(&context, context.action(), &message)).unwrap_err();
    assert!(refused.to_string().contains("ContractFilter mismatch"), "{refused}");
}

/// A session from `begin` to `end`.
#[service_contract(namespace = "urn:session", session_mode = Required)]
trait Demarcated {
    async fn begin(&self) -> Result<(), OperationFault>;
    #[operation(is_initiating = false)]
    async fn step(&self) -> Result<(), OperationFault>;
    #[operation(is_initiating = false, is_terminating)]
    async fn end(&self) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:session", session_mode = Required)]
trait DerivedSession: Demarcated {
    async fn more(&self) -> Result<(), OperationFault>;
}

#[test]
fn operations_say_where_in_a_session_they_stand() {
    assert_eq!(DEMARCATED_CONTRACT.session_mode, SessionMode::Required);
    assert_eq!(STOCK_MODE, SessionMode::Allowed);
    let places = |contract: &waxwing::contract::ContractDescription| -> Vec<_> {
        let operations = contract.operations.iter();
        operations.map(|known| (known.is_initiating, known.is_terminating)).collect()
    };
    let own = [(true, false), (false, false), (false, true)];
    assert_eq!(places(&DEMARCATED_CONTRACT), own);
    assert_eq!(places(&DERIVED_SESSION_CONTRACT), [&own[..], &[(true, false)]].concat());
}

const STOCK_MODE: SessionMode = stock::STOCK_CONTRACT.session_mode;

#[service_contract(namespace = "urn:echo")]
trait Echo {
    /// Gives the ticket back that came in a header, and puts another one into the reply.
    #[operation(faults(i32))]
    async fn ticket(&self, context: &OperationContext, fail: bool) -> Result<i32, OperationFault>;
}

struct Tickets;

impl Echo for Tickets {
    async fn ticket(&self, context: &OperationContext, fail: bool) -> Result<i32, OperationFault> {
        let ticket = context.header::<i32>("Ticket", "urn:t")?.unwrap_or_default();
        context.add_reply_header(MessageHeader::new("Next", "urn:t", &(ticket + 1))?);
        match fail {
            true => Err(OperationFault::new("no").with_detail(ticket)),
            false => Ok(ticket),
        }
    }
}

#[test]
fn headers_that_no_contract_declares_go_both_ways() {
    let client = EchoClient::new(Arc::new(Local::new(EchoService::new(Tickets))));
    let next = ReplyHeaders::new();
    let ticket = MessageHeader::new("Ticket", "urn:t", &5).unwrap();
    let ticket = ticket.must_understand(true).relay(true);
    let options = CallOptions::new().header(ticket.clone()).reply_headers(&next);
    let with = client.with_options(options);
    assert_eq!(run(with.ticket(false)).unwrap(), 5);
    assert_eq!(next.header::<i32>("Next", "urn:t").unwrap(), Some(6));
    assert!(next.header::<String>("Other", "urn:t").unwrap().is_none());
    let request = client.channel().last_request();
    let header = request.header_named("urn:t", "Ticket").expect("the header");
    assert!(request.must_understand(header));
    let soap = "http://www.w3.org/2003/05/soap-envelope";
    assert_eq!(header.attribute_ns(soap, "relay"), Some("1"));
    // A fault has the headers, too.
    let fault = run(with.ticket(true)).unwrap_err();
    assert!(matches!(fault, CallError::Fault(_)), "{fault}");
    assert_eq!(next.header::<i32>("Next", "urn:t").unwrap(), Some(6));
    // One for somebody on the way is not for the service.
    let other = client.with_header(ticket.actor("urn:proxy"));
    assert_eq!(run(other.ticket(false)).unwrap(), 0);
    assert_eq!(run(client.ticket(false)).unwrap(), 0);
    // Names of the protocols are the channel's.
    for namespace in [
        "http://www.w3.org/2005/08/addressing",
        "http://schemas.xmlsoap.org/ws/2005/02/rm",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    ] {
        assert!(MessageHeader::new("To", namespace, &1).is_err(), "{namespace}");
    }
}

/// Remembers how long each call may take.
#[derive(Default)]
struct Times(Mutex<Vec<Option<Duration>>>);

impl RequestChannel for Times {
    fn message_version(&self) -> MessageVersion {
        MessageVersion::SOAP12_ADDRESSING10
    }
    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        self.0.lock().unwrap().push(request.timeout);
        Box::pin(async { Err(CallError::channel("nobody is there")) })
    }
    fn send_one_way<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn a_call_has_a_time_of_its_own() {
    let client = ShopClient::new(Arc::new(Times::default()));
    let second = Duration::from_secs(1);
    let short = client.with_timeout(second);
    assert!(run(short.count("umbrella")).is_err());
    assert!(run(short.sell("umbrella", 1)).is_err());
    assert!(run(client.count("umbrella")).is_err());
    assert!(run(short.with_timeout(second * 2).count("umbrella")).is_err());
    let times = client.channel().0.lock().unwrap().clone();
    assert_eq!(times, [Some(second), Some(second), None, Some(second * 2)]);
}
