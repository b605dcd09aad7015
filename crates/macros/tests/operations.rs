//! Operations of all forms, as WCF's formatters wrote their bodies.

mod support;

use std::collections::BTreeMap;

use waxwing::contract::{
    BoxFuture, CallError, Caller, Dispatch, ExceptionDetail, FaultDetail, FaultOptions,
    OperationContext, OperationFault, Request, RequestChannel, service_contract,
};
use waxwing_datacontract::{AnyType, DateTime, Decimal, Guid, TimeSpan};
use waxwing_macros::DataContract;
use waxwing_soap::{Envelope, Fault, FaultCode, MessageVersion, QName};
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
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;

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
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 / n2)
    }

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
fn numbers_are_parameters_and_results() {
    let client = client();
    assert_eq!(run(client.divide(22.0, 7.0)).unwrap(), 22.0 / 7.0);
    assert_request(client.channel(), "Divide", "op-divide-request");
    assert_reply(client.channel(), "Divide", "op-divide-response");
    assert_eq!(run(client.divide(1.0, 0.0)).unwrap(), f64::INFINITY);
    assert_reply(client.channel(), "Divide", "op-divide-response-inf");
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

    fn request<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        let body = sample(self.0);
        let text = format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{body}</s:Body></s:Envelope>"#
        );
        Box::pin(async move { Ok(Envelope::parse(text, &Limits::SOAP).unwrap()) })
    }

    fn send_one_way<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
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
    let code =
        FaultCode::Other(QName::new("http://Microsoft.ServiceModel.Samples", "DivideByZero"));
    let own_code = OperationFault::new("reason").with_code(code);
    assert_eq!(message(own_code), wcf_fault("fault-code-subcode").1);
    let mut two_languages = Fault::new(FaultCode::Sender, "");
    two_languages.reason = vec![("en".into(), "no".into()), ("de".into(), "nein".into())];
    let two_languages = OperationFault::from_fault(two_languages);
    assert_eq!(message(two_languages), wcf_fault("fault-reason-two-languages").1);
}

#[test]
fn exception_details_are_read_and_told() {
    #[derive(Debug, thiserror::Error)]
    #[error("boom")]
    struct Outer(#[source] Inner);
    #[derive(Debug, thiserror::Error)]
    #[error("inner")]
    struct Inner;
    let options = FaultOptions { include_exception_detail: true };
    let (action, fault) =
        OperationFault::from(Outer(Inner)).to_fault(MessageVersion::SOAP12_ADDRESSING10, options);
    let envelope = Envelope::parse(sample("fault-exception-detail"), &Limits::SOAP).unwrap();
    let wcf = Fault::read(&envelope).unwrap();
    assert_eq!(Some(action), wcf_fault("fault-exception-detail").0);
    assert_eq!(
        (&fault.code, &fault.subcodes, fault.text()),
        (&wcf.code, &wcf.subcodes, wcf.text())
    );
    let mut ours = fault.detail::<ExceptionDetail>().unwrap();
    let theirs = wcf.detail::<ExceptionDetail>().unwrap();
    assert_eq!(theirs.r#type.as_deref(), Some("System.InvalidOperationException"));
    // All but the names of the types is the same.
    ours.r#type = theirs.r#type.clone();
    let cause = ours.inner_exception.as_mut().expect("a cause");
    cause.r#type = theirs.inner_exception.as_ref().and_then(|cause| cause.r#type.clone());
    assert_eq!(ours, theirs);
}

#[test]
fn every_sample_of_a_message_is_used() {
    let all = support::json("datacontract/samples.json.gz");
    let names = all.as_array().unwrap().iter().map(|sample| sample["name"].as_str().unwrap());
    let here = concat!(include_str!("operations.rs"), include_str!("messages.rs"));
    let unused = names
        .filter(|name| name.starts_with("op-") || name.starts_with("fault-"))
        .filter(|name| !here.contains(&format!("\"{name}\"")));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_caller_is_known_to_the_operation() {
    let mut local = Local::new(SampleService::new(Samples));
    let caller = Caller::user_name("alice");
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

/// Protection levels stand in the description as they are said; what says nothing goes by what is around it.
mod levels {
    #![allow(missing_docs, unreachable_pub)]

    use waxwing::contract::{
        MessageDescription, OperationFault, PartDescription, ProtectionLevel, service_contract,
    };

    #[service_contract(namespace = "urn:l", name = "ILevels", protection_level = Sign)]
    pub trait Levels {
        async fn nothing(&self, a: i32) -> Result<i32, OperationFault>;
        #[operation(
            protection_level = None,
            request_protection_level = Sign,
            reply_protection_level = EncryptAndSign,
            faults(String, i32(protection_level = EncryptAndSign)),
            results(header("Status", protection_level = Sign), header("Ticket"), "Price")
        )]
        async fn all(
            &self,
            #[param(header, protection_level = None)] trace: &str,
            #[param(protection_level = EncryptAndSign)] secret: i32,
            open: i32,
        ) -> Result<(String, String, f64), OperationFault>;
    }

    #[test]
    fn are_described() {
        const SIGN: Option<ProtectionLevel> = Some(ProtectionLevel::Sign);
        const SECRET: Option<ProtectionLevel> = Some(ProtectionLevel::EncryptAndSign);
        const OPEN: Option<ProtectionLevel> = Some(ProtectionLevel::None);
        assert_eq!(LEVELS_CONTRACT.protection_level, SIGN);
        let [nothing, all] = LEVELS_CONTRACT.operations else { panic!("two operations") };
        assert_eq!(nothing.protection_level, None);
        let MessageDescription { protection_level, parts, headers, .. } = nothing.request;
        let part_levels = |parts: &[PartDescription]| -> Vec<Option<ProtectionLevel>> {
            parts.iter().map(|part| part.protection_level).collect()
        };
        assert_eq!((protection_level, part_levels(parts), headers.len()), (None, vec![None], 0));
        assert_eq!(all.protection_level, OPEN);
        assert_eq!(all.request.protection_level, SIGN);
        assert_eq!(part_levels(all.request.parts), [SECRET, None]);
        let headers = |parts: &[PartDescription]| -> Vec<_> {
            parts.iter().map(|part| (part.namespace, part.local, part.protection_level)).collect()
        };
        let header = |local, level| ("urn:l", local, level);
        assert_eq!(headers(all.request.headers), [header("trace", OPEN)]);
        assert_eq!(all.reply.protection_level, SECRET);
        assert_eq!(part_levels(all.reply.parts), [None]);
        assert_eq!(headers(all.reply.headers), [header("Status", SIGN), header("Ticket", None)]);
        let faults: Vec<_> = all.faults.iter().map(|fault| fault.protection_level).collect();
        assert_eq!(faults, [None, SECRET]);
    }
}
