//! Operations of all forms, as WCF's formatters wrote their bodies.

mod support;

use std::collections::BTreeMap;

use waxwing::contract::{
    BoxFuture, CallError, Caller, Dispatch, FaultDetail, FaultOptions, OperationContext,
    OperationFault, RawBody, RawMessage, RequestChannel, service_contract,
};
use waxwing_datacontract::{AnyType, DateTime, Decimal, Guid, TimeSpan};
use waxwing_macros::DataContract;
use waxwing_soap::{Envelope, FaultCode, MessageVersion};
use waxwing_xml::Limits;

use support::{Local, infoset, infoset_of, run, sample};

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
struct Person {
    name: Option<String>,
    age: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
struct Animal {
    zname: Option<String>,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
struct Dog {
    #[data_member(base)]
    animal: Animal,
    age: i32,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract")]
enum AnyAnimal {
    Animal(Animal),
    Dog(Dog),
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
enum Color {
    Red,
    #[enum_member(value = "dark-blue")]
    Blue = 5,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    namespace = "http://Microsoft.ServiceModel.Samples",
    rename_all = "camelCase"
)]
struct MathFault {
    operation: String,
    problem_type: String,
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ISample")]
trait Sample {
    #[operation(results("CountResult", "exact", "total"))]
    async fn count(&self, text: &str, total: i64) -> Result<(i32, bool, i64), OperationFault>;

    async fn clear(&self) -> Result<(), OperationFault>;

    #[operation(one_way)]
    async fn notify(&self, message: Option<String>) -> Result<(), OperationFault>;

    async fn get(&self, id: i32, like: &Person) -> Result<Option<Person>, OperationFault>;

    async fn sum(
        &self,
        values: &[i32],
        names: Vec<Option<String>>,
    ) -> Result<Vec<i32>, OperationFault>;

    #[operation(name = "Renamed", result = "answer")]
    async fn original(
        &self,
        #[param(name = "question")] q: String,
    ) -> Result<String, OperationFault>;

    async fn map(&self, m: BTreeMap<String, i32>) -> Result<BTreeMap<String, i32>, OperationFault>;

    async fn adopt(&self, d: Dog) -> Result<AnyAnimal, OperationFault>;

    async fn blob(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault>;

    async fn time(
        &self,
        t: DateTime,
        s: TimeSpan,
        g: Guid,
        m: Decimal,
    ) -> Result<DateTime, OperationFault>;

    async fn paint(&self, c: Color, shade: Option<i32>) -> Result<Color, OperationFault>;

    async fn any(&self, o: Option<AnyType>) -> Result<Option<AnyType>, OperationFault>;

    #[operation(faults(
        MathFault,
        String,
        Person(
            action = "http://example.org/faults/act",
            name = "PersonTrouble",
            namespace = "http://example.org/faults"
        )
    ))]
    async fn risky(&self, what: i32) -> Result<f64, OperationFault>;

    /// Who asks?
    async fn who(&self, ctx: &OperationContext, greeting: String)
    -> Result<String, OperationFault>;
}

#[derive(Debug)]
struct Samples;

fn ann() -> Person {
    Person { name: Some("Ann".into()), age: 30 }
}

fn rex() -> Dog {
    Dog { animal: Animal { zname: Some("Rex".into()) }, age: 2 }
}

impl Sample for Samples {
    async fn count(&self, text: &str, total: i64) -> Result<(i32, bool, i64), OperationFault> {
        Ok((text.len() as i32, true, total + 1))
    }

    async fn clear(&self) -> Result<(), OperationFault> {
        Ok(())
    }

    async fn notify(&self, message: Option<String>) -> Result<(), OperationFault> {
        assert_eq!(message, None);
        Ok(())
    }

    async fn get(&self, id: i32, like: &Person) -> Result<Option<Person>, OperationFault> {
        Ok((id > 0).then(|| like.clone()))
    }

    async fn sum(
        &self,
        values: &[i32],
        names: Vec<Option<String>>,
    ) -> Result<Vec<i32>, OperationFault> {
        assert_eq!(names, [Some("a".to_owned()), None]);
        Ok(vec![values.iter().sum()])
    }

    async fn original(&self, q: String) -> Result<String, OperationFault> {
        assert_eq!(q, "why");
        Ok("so".into())
    }

    async fn map(&self, m: BTreeMap<String, i32>) -> Result<BTreeMap<String, i32>, OperationFault> {
        Ok(m)
    }

    async fn adopt(&self, d: Dog) -> Result<AnyAnimal, OperationFault> {
        Ok(AnyAnimal::Dog(d))
    }

    async fn blob(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok(data)
    }

    async fn time(
        &self,
        t: DateTime,
        s: TimeSpan,
        g: Guid,
        m: Decimal,
    ) -> Result<DateTime, OperationFault> {
        assert_eq!((s.to_string(), m.to_string()), ("PT1M30S".into(), "1.50".into()));
        assert_eq!(g, Guid::default());
        Ok(t)
    }

    async fn paint(&self, c: Color, shade: Option<i32>) -> Result<Color, OperationFault> {
        Ok(if shade.is_none() { c } else { Color::Red })
    }

    async fn any(&self, o: Option<AnyType>) -> Result<Option<AnyType>, OperationFault> {
        Ok(o)
    }

    async fn risky(&self, what: i32) -> Result<f64, OperationFault> {
        let zero = || MathFault { operation: "Divide".into(), problem_type: "zero".into() };
        Err(match what {
            0 => OperationFault::new("Division by zero").with_detail(zero()),
            1 => OperationFault::new("no").with_detail("d".to_owned()),
            2 => OperationFault::new("no").with_detail(ann()),
            3 => OperationFault::without_reason().with_detail(5),
            4 => OperationFault::new("reason")
                .with_code(FaultCode::Receiver)
                .with_subcode("urn:x", "Busy"),
            5 => OperationFault::new("no").with_detail(zero()).with_action("urn:own"),
            6 => OperationFault::new("no").with_detail("\u{1}".to_owned()),
            _ => OperationFault::internal("as text"),
        })
    }

    async fn who(
        &self,
        ctx: &OperationContext,
        greeting: String,
    ) -> Result<String, OperationFault> {
        let name = ctx.caller().map_or("nobody", |caller| caller.name.as_str());
        Ok(format!("{greeting}, {name}"))
    }
}

fn client() -> SampleClient<Local<SampleService<Samples>>> {
    SampleClient::new(Local::new(SampleService::new(Samples)))
}

/// The last request is WCF's, under the action that WCF gives the operation.
fn assert_request<D: Dispatch>(channel: &Local<D>, operation: &str, name: &str) {
    let (action, request) = channel.request();
    assert_eq!(action, format!("http://Microsoft.ServiceModel.Samples/ISample/{operation}"));
    assert_eq!(request, infoset_of(&sample(name)));
}

fn assert_reply<D: Dispatch>(channel: &Local<D>, operation: &str, name: &str) {
    let (action, reply) = channel.reply();
    assert_eq!(
        action,
        format!("http://Microsoft.ServiceModel.Samples/ISample/{operation}Response")
    );
    assert_eq!(reply, infoset_of(&sample(name)));
}

#[test]
fn out_parameters_follow_the_result() {
    let client = client();
    assert_eq!(run(client.count("x", 5)).unwrap(), (1, true, 6));
    assert_request(client.channel(), "Count", "op-out-ref-request");
    assert_reply(client.channel(), "Count", "op-out-ref-response");
}

#[test]
fn nothing_is_an_empty_wrapper() {
    let client = client();
    run(client.clear()).unwrap();
    assert_request(client.channel(), "Clear", "op-void-request");
    assert_reply(client.channel(), "Clear", "op-void-response");
}

#[test]
fn one_way_operations_have_no_reply() {
    let client = client();
    run(client.notify(None)).unwrap();
    assert_request(client.channel(), "Notify", "op-oneway-request");
    assert!(client.channel().replies.lock().unwrap().is_empty());
    let contract = client.channel().service.contract();
    let notify = contract.operations.iter().find(|operation| operation.name == "Notify").unwrap();
    assert!(notify.one_way && notify.reply_action.is_none());
}

#[test]
fn contracts_are_parameters_and_results() {
    let client = client();
    assert_eq!(run(client.get(1, &ann())).unwrap(), Some(ann()));
    assert_request(client.channel(), "Get", "op-contract-parameter-request");
    assert_reply(client.channel(), "Get", "op-contract-parameter-response");
    assert_eq!(run(client.get(0, &ann())).unwrap(), None);
    assert_reply(client.channel(), "Get", "op-null-result-response");
}

#[test]
fn collections_are_parameters_and_results() {
    let client = client();
    assert_eq!(run(client.sum(&[1, 2], vec![Some("a".into()), None])).unwrap(), [3]);
    assert_request(client.channel(), "Sum", "op-array-request");
    assert_reply(client.channel(), "Sum", "op-array-response");
    let map = BTreeMap::from([("a".to_owned(), 1)]);
    assert_eq!(run(client.map(map.clone())).unwrap(), map);
    assert_request(client.channel(), "Map", "op-dictionary-request");
    assert_eq!(run(client.blob(vec![1, 2, 3])).unwrap(), [1, 2, 3]);
    assert_request(client.channel(), "Blob", "op-bytes-request");
}

#[test]
fn names_can_be_given() {
    let client = client();
    assert_eq!(run(client.original("why".into())).unwrap(), "so");
    assert_request(client.channel(), "Renamed", "op-messageparameter-request");
    assert_reply(client.channel(), "Renamed", "op-messageparameter-response");
}

#[test]
fn known_types_are_parameters_and_results() {
    let client = client();
    assert_eq!(run(client.adopt(rex())).unwrap(), AnyAnimal::Dog(rex()));
    assert_request(client.channel(), "Adopt", "op-derived-request");
    let any = AnyType::of(&rex()).unwrap();
    let back = run(client.any(Some(any))).unwrap().expect("not null");
    assert_request(client.channel(), "Any", "op-object-request");
    assert_eq!(back.to::<Dog>().unwrap(), rex());
    assert_eq!(run(client.any(Some(5.into()))).unwrap(), Some(5.into()));
    assert_request(client.channel(), "Any", "op-object-int-request");
}

#[test]
fn scalars_are_parameters() {
    let client = client();
    let moment: DateTime = "2026-11-23T10:00:00Z".parse().unwrap();
    let (span, amount) = ("PT1M30S".parse().unwrap(), "1.50".parse().unwrap());
    assert_eq!(run(client.time(moment, span, Guid::default(), amount)).unwrap(), moment);
    assert_request(client.channel(), "Time", "op-scalars-request");
    assert_eq!(run(client.paint(Color::Blue, None)).unwrap(), Color::Blue);
    assert_request(client.channel(), "Paint", "op-enum-nullable-request");
}

/// A service that answers with what WCF wrote.
struct Canned(&'static str);

impl RequestChannel for Canned {
    fn message_version(&self) -> MessageVersion {
        MessageVersion::SOAP12_ADDRESSING10
    }

    fn request<'a>(
        &'a self,
        _: &'a str,
        _: Envelope,
    ) -> BoxFuture<'a, Result<Envelope, CallError>> {
        let body = sample(self.0);
        let text = format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{body}</s:Body></s:Envelope>"#
        );
        Box::pin(async move { Ok(Envelope::parse(text, &Limits::SOAP).unwrap()) })
    }

    fn send_one_way<'a>(&'a self, _: &'a str, _: Envelope) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn wcfs_replies_are_read() {
    let answers = |name| SampleClient::new(Canned(name));
    assert_eq!(run(answers("op-out-ref-response").count("", 0)).unwrap(), (1, true, 6));
    run(answers("op-void-response").clear()).unwrap();
    assert_eq!(run(answers("op-contract-parameter-response").get(1, &ann())).unwrap(), Some(ann()));
    assert_eq!(run(answers("op-null-result-response").get(1, &ann())).unwrap(), None);
    assert_eq!(run(answers("op-array-response").sum(&[], vec![])).unwrap(), [3]);
    assert_eq!(run(answers("op-messageparameter-response").original(String::new())).unwrap(), "so");
    let wrong = run(answers("op-void-response").count("", 0)).unwrap_err();
    assert!(wrong.to_string().contains("name 'CountResponse'"), "{wrong}");
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

/// The fault that the sample holds, without the language, which is the culture of the machine that wrote it.
fn wcf_fault(name: &str) -> (Option<String>, String) {
    let envelope = Envelope::parse(sample(name), &Limits::SOAP).unwrap();
    let action = waxwing_soap::Addressing::read(&envelope).unwrap().action;
    (action, without_language(infoset(envelope.payload().unwrap())))
}

fn without_language(infoset: String) -> String {
    infoset.replace(r#"lang="en-US""#, r#"lang="""#)
}

#[test]
fn declared_faults_have_their_action_and_detail() {
    let client = client();
    let fault = |what: i32| {
        let error = run(client.risky(what)).unwrap_err();
        let (action, body) = client.channel().reply();
        (error.fault().expect("a fault").clone(), action, without_language(body))
    };
    let (math, action, body) = fault(0);
    let (wcf_action, wcf_body) = wcf_fault("fault-detail-contract");
    assert_eq!((Some(action), body), (wcf_action, wcf_body));
    assert_eq!(math.detail::<MathFault>().unwrap().problem_type, "zero");
    assert!(math.detail::<Person>().is_err());
    let (text, action, body) = fault(1);
    assert_eq!(action, "http://Microsoft.ServiceModel.Samples/ISample/RiskyStringFault");
    assert_eq!(body, wcf_fault("fault-detail-string").1);
    assert_eq!(text.detail::<String>().unwrap(), "d");
    let (person, action, _) = fault(2);
    assert_eq!(action, "http://example.org/faults/act");
    assert_eq!(
        person.detail_named::<Person>("PersonTrouble", "http://example.org/faults").unwrap(),
        ann()
    );
    let (number, action, body) = fault(3);
    assert_eq!(action, "http://www.w3.org/2005/08/addressing/soap/fault");
    assert_eq!(body, wcf_fault("fault-detail-int").1);
    assert_eq!(number.detail::<i32>().unwrap(), 5);
    assert_eq!(fault(4).2, wcf_fault("fault-code-receiver").1);
    assert_eq!(fault(5).1, "urn:own");
    for internal in [6, 7] {
        let (fault, _, _) = fault(internal);
        assert_eq!(fault.subcode().map(|code| code.local.as_str()), Some("InternalServiceFault"));
    }
}

#[test]
fn an_undeclared_detail_is_called_after_its_contract() {
    let version = MessageVersion::SOAP12_ADDRESSING10;
    let message = |fault: OperationFault| {
        let message = fault.to_outgoing(version, FaultOptions::default());
        without_language(infoset(message.envelope.payload().unwrap()))
    };
    let body = message(OperationFault::new("no").with_detail(ann()));
    assert_eq!(body, wcf_fault("fault-detail-default-namespace").1);
    assert_eq!(message(OperationFault::new("reason")), wcf_fault("fault-plain").1);
    assert_eq!(message(OperationFault::without_reason()), wcf_fault("fault-no-reason").1);
}

#[test]
fn the_caller_is_known_to_the_operation() {
    let mut local = Local::new(SampleService::new(Samples));
    let caller = Caller { name: "alice".into(), ..Caller::default() };
    local.context = OperationContext::default().with_caller(caller);
    let client = SampleClient::new(local);
    assert_eq!(run(client.who("Hello".into())).unwrap(), "Hello, alice");
}

#[test]
fn an_argument_that_xml_cannot_hold_is_not_sent() {
    let client = client();
    let error = run(client.original("\u{1}".into())).unwrap_err();
    assert!(matches!(error, CallError::Contract(_)));
    assert!(
        error.to_string().contains("'Renamed'") && error.to_string().contains("question"),
        "{error}"
    );
    assert!(client.channel().requests.lock().unwrap().is_empty());
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
