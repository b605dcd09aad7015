//! Contracts without namespace, messages with headers and wrappers of their own, and bodies that no contract describes.

mod support;

use waxwing::contract::{Dispatch, OperationFault, RawBody, RawMessage, service_contract};
use waxwing_macros::DataContract;
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

use support::{Local, infoset, infoset_of, run, sample};

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
struct Person {
    name: Option<String>,
    age: i32,
}

fn ann() -> Person {
    Person { name: Some("Ann".into()), age: 30 }
}

#[service_contract(namespace = "", name = "IEmptyNs")]
trait EmptyNamespace {
    async fn inc(&self, x: i32) -> Result<i32, OperationFault>;

    #[operation(
        wrapper = "Wrapped",
        wrapper_namespace = "http://example.org/msg",
        reply_bare,
        result = "Only",
        result_namespace = "http://example.org/msg"
    )]
    async fn msg(
        &self,
        #[param(header, name = "Token", namespace = "http://example.org/msg")] token: String,
        #[param(name = "M")] m: i32,
        #[param(name = "Z")] z: Person,
        #[param(name = "A")] a: i32,
    ) -> Result<Person, OperationFault>;
}

#[service_contract(name = "IDefaultNs")]
trait DefaultNamespace {
    async fn inc(&self, x: i32) -> Result<i32, OperationFault>;
}

struct Increment;

impl EmptyNamespace for Increment {
    async fn inc(&self, x: i32) -> Result<i32, OperationFault> {
        Ok(x + 1)
    }

    async fn msg(
        &self,
        token: String,
        m: i32,
        z: Person,
        a: i32,
    ) -> Result<Person, OperationFault> {
        assert_eq!((token.as_str(), m, a), ("t", 2, 1));
        Ok(z)
    }
}

impl DefaultNamespace for Increment {
    async fn inc(&self, x: i32) -> Result<i32, OperationFault> {
        Ok(x + 1)
    }
}

#[test]
fn a_contract_may_have_no_namespace_or_the_default_one() {
    let client = EmptyNamespaceClient::new(Local::new(EmptyNamespaceService::new(Increment)));
    assert_eq!(run(client.inc(1)).unwrap(), 2);
    let (action, request) = client.channel().request();
    assert_eq!(
        (action.as_str(), request),
        ("urn:IEmptyNs/Inc", infoset_of(&sample("op-empty-contract-namespace-request")))
    );
    let client = DefaultNamespaceClient::new(Local::new(DefaultNamespaceService::new(Increment)));
    assert_eq!(run(client.inc(1)).unwrap(), 2);
    let (action, request) = client.channel().request();
    assert_eq!(action, "http://tempuri.org/IDefaultNs/Inc");
    assert_eq!(request, infoset_of(&sample("op-default-contract-namespace-request")));
}

#[test]
fn message_contracts_have_headers_and_wrappers_of_their_own() {
    let client = EmptyNamespaceClient::new(Local::new(EmptyNamespaceService::new(Increment)));
    assert_eq!(run(client.msg("t".into(), 2, ann(), 1)).unwrap(), ann());
    let (action, body) = client.channel().request();
    assert_eq!(action, "urn:IEmptyNs/Msg");
    let wcf = Envelope::parse(sample("op-message-contract-request"), &Limits::SOAP).unwrap();
    assert_eq!(body, infoset(wcf.payload().unwrap()));
    let requests = client.channel().requests.lock().unwrap();
    let token = |envelope: &Envelope| {
        infoset(envelope.header_named("http://example.org/msg", "Token").unwrap())
    };
    assert_eq!(token(&requests[0].1), token(&wcf));
    let (action, body) = client.channel().reply();
    assert_eq!(action, "urn:IEmptyNs/MsgResponse");
    assert_eq!(body, infoset_of(&sample("op-message-contract-unwrapped-response")));
}

#[service_contract(namespace = "urn:raw", name = "IRaw")]
trait Raw {
    #[operation(action = "urn:raw/echo", reply_action = "urn:raw/echoed")]
    async fn echo(&self, body: RawBody) -> Result<RawBody, OperationFault>;

    #[operation(action = "*")]
    async fn other(&self, message: RawMessage) -> Result<RawMessage, OperationFault>;
}

struct Mirror;

impl Raw for Mirror {
    async fn echo(&self, body: RawBody) -> Result<RawBody, OperationFault> {
        Ok(body)
    }

    async fn other(&self, message: RawMessage) -> Result<RawMessage, OperationFault> {
        Ok(RawMessage::new(format!("{}/done", message.action), message.body))
    }
}

#[test]
fn undescribed_bodies_go_through_as_they_are() {
    let client = RawClient::new(Local::new(RawService::new(Mirror)));
    let body = RawBody::parse(br#"<a:x xmlns:a="urn:a" xmlns:t="urn:t" k="t:v">t:text<y/></a:x>"#)
        .unwrap();
    assert_eq!(run(client.echo(body.clone())).unwrap(), body);
    assert_eq!(client.channel().request().1, infoset(body.payload().unwrap()));
    assert_eq!(client.channel().reply().0, "urn:raw/echoed");
    let reply = run(client.other(RawMessage::new("urn:any", body.clone()))).unwrap();
    assert_eq!(reply, RawMessage::new("urn:any/done", body));
    assert_eq!(run(client.echo(RawBody::empty())).unwrap(), RawBody::empty());
}

#[test]
fn an_operation_for_every_action_takes_what_no_other_has() {
    let service = RawService::new(Mirror);
    let contract = service.contract();
    assert_eq!(contract.operation("urn:raw/echo").unwrap().name, "Echo");
    assert_eq!(contract.operation("urn:unheard").unwrap().name, "Other");
}

#[derive(Debug)]
enum LookupError {
    NotFound(String),
    Broken(std::fmt::Error),
}

impl From<LookupError> for OperationFault {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound(name) => {
                Self::new(format!("no {name}")).with_subcode("urn:lookup", "NotFound")
            }
            LookupError::Broken(error) => error.into(),
        }
    }
}

#[service_contract(namespace = "urn:lookup", name = "ILookup")]
trait Lookup {
    async fn find(&self, name: &str) -> Result<i32, LookupError>;
}

struct Empty;

impl Lookup for Empty {
    async fn find(&self, name: &str) -> Result<i32, LookupError> {
        match name {
            "" => Err(LookupError::Broken(std::fmt::Error)),
            name => Err(LookupError::NotFound(name.to_owned())),
        }
    }
}

#[test]
fn a_service_may_have_errors_of_its_own() {
    let client = LookupClient::new(Local::new(LookupService::new(Empty)));
    let error = run(client.find("Ann")).unwrap_err();
    let fault = error.fault().expect("a fault");
    assert_eq!((fault.text(), fault.subcode().unwrap().local.as_str()), ("no Ann", "NotFound"));
    let error = run(client.find("")).unwrap_err();
    assert_eq!(error.fault().unwrap().subcode().unwrap().local, "InternalServiceFault");
}
