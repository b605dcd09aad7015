//! The calculator of WCF's samples, message by message as WCF wrote it.

mod support;

use waxwing::contract::{
    CallError, Dispatch, ExceptionDetail, FaultDetail, FaultOptions, OperationContext,
    OperationFault, service_contract,
};
use waxwing_soap::{Envelope, FaultCode, MessageVersion, QName};
use waxwing_xml::Limits;

use support::{Local, infoset, json, run};

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

/// The contract of the sample.
#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculator")]
trait Calculator {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
}

/// Does what the captured service did.
#[derive(Debug)]
struct Captured;

#[derive(Debug, thiserror::Error)]
#[error("boom")]
struct Boom;

impl Calculator for Captured {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 + n2)
    }

    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 - n2)
    }

    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 * n2)
    }

    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        match n2 {
            0.0 if n1 < 0.0 => Err(Boom)?,
            0.0 if n1 > 0.0 => {
                let code = FaultCode::Other(QName::new(SAMPLES, "DivideByZero"));
                Err(OperationFault::new("Division by zero").with_code(code))
            }
            _ => Ok(n1 / n2),
        }
    }
}

fn client() -> CalculatorClient<Local<CalculatorService<Captured>>> {
    CalculatorClient::new(Local::new(CalculatorService::new(Captured)))
}

/// The application messages of a scenario, in order: the action and the body's content.
fn captured(scenario: &str) -> Vec<(String, String)> {
    let scenario = json(&format!("wcf/{scenario}.json.gz"));
    let messages = scenario["messages"].as_array().expect("messages").iter();
    messages
        .map(|message| {
            let body = message["body"].as_str().expect("body");
            let envelope = Envelope::parse(body, &Limits::SOAP).expect("an envelope");
            let addressing = waxwing_soap::Addressing::read(&envelope).expect("addressing");
            let content = envelope.payload().map(infoset).unwrap_or_default();
            (addressing.action.expect("an action"), content)
        })
        .collect()
}

/// Whole bodies as text, exactly as WCF's message writer wrote them.
fn captured_text(scenario: &str, index: usize) -> String {
    let scenario = json(&format!("wcf/{scenario}.json.gz"));
    let body = scenario["messages"][index]["body"].as_str().expect("body");
    let start = body.find("<s:Body>").expect("a body") + "<s:Body>".len();
    body[start..body.find("</s:Body>").expect("an end")].to_owned()
}

fn text(envelope: &Envelope) -> String {
    let mut out = Vec::new();
    envelope.document().write_children_to(envelope.body().id(), &mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_four_calls_are_wcfs_byte_by_byte() {
    let client = client();
    assert_eq!(run(client.add(100.0, 15.99)).unwrap(), 115.99);
    assert_eq!(run(client.subtract(145.0, 76.54)).unwrap(), 68.46);
    assert_eq!(run(client.multiply(9.0, 81.25)).unwrap(), 731.25);
    assert_eq!(run(client.divide(22.0, 7.0)).unwrap(), 22.0 / 7.0);
    let wcf = captured("plain");
    assert_eq!(wcf.len(), 8, "four calls");
    let channel = client.channel();
    let (requests, replies) = (channel.requests.lock().unwrap(), channel.replies.lock().unwrap());
    for (call, ((action, request), (reply_action, reply))) in
        requests.iter().zip(&*replies).enumerate()
    {
        assert_eq!(*action, wcf[2 * call].0);
        assert_eq!(*reply_action, wcf[2 * call + 1].0);
        assert_eq!(text(request), captured_text("plain", 2 * call));
        assert_eq!(text(reply), captured_text("plain", 2 * call + 1));
    }
}

#[test]
fn wcfs_requests_are_executed() {
    let service = CalculatorService::new(Captured);
    let scenario = json("wcf/plain.json.gz");
    let messages = scenario["messages"].as_array().unwrap();
    for (request, reply) in [(0, 1), (2, 3), (4, 5), (6, 7)] {
        let request =
            Envelope::parse(messages[request]["body"].as_str().unwrap(), &Limits::SOAP).unwrap();
        let action = waxwing_soap::Addressing::read(&request).unwrap().action.unwrap();
        let context = OperationContext::new(action.as_str());
        let outgoing = run(service.dispatch(&context, &action, &request)).unwrap().unwrap();
        assert_eq!(text(&outgoing.envelope), captured_text("plain", reply));
    }
}

#[test]
fn faults_of_the_service_are_wcfs() {
    let client = client();
    let error = run(client.divide(1.0, 0.0)).unwrap_err();
    assert_eq!(error.fault().expect("a fault").text(), "Division by zero");
    let internal = run(client.divide(-1.0, 0.0)).unwrap_err();
    let fault = internal.fault().expect("a fault");
    assert_eq!(fault.code, FaultCode::Receiver);
    assert!(!fault.text().contains("boom"), "the client learns nothing");
    assert_eq!(run(client.add(1.0, 2.0)).unwrap(), 3.0);
    let wcf = captured("fault-application-plain");
    let channel = client.channel();
    for (index, (action, reply)) in channel.replies.lock().unwrap().iter().enumerate() {
        assert_eq!(*action, wcf[2 * index + 1].0);
        assert_eq!(infoset(reply.payload().unwrap()), wcf[2 * index + 1].1);
    }
}

#[test]
fn internal_errors_are_told_on_demand() {
    let mut local = Local::new(CalculatorService::new(Captured));
    local.options = FaultOptions { include_exception_detail: true };
    let client = CalculatorClient::new(local);
    let error = run(client.divide(-1.0, 0.0)).unwrap_err();
    let fault = error.fault().expect("a fault");
    let wcf = captured_text("fault-application-detail-plain", 1);
    let body = format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{wcf}</s:Body></s:Envelope>"#
    );
    let envelope = Envelope::parse(body, &Limits::SOAP).unwrap();
    let wcf = waxwing_soap::Fault::read(&envelope).unwrap();
    assert_eq!(
        (&fault.code, &fault.subcodes, &fault.reason),
        (&wcf.code, &wcf.subcodes, &wcf.reason)
    );
    // Our stack trace and our type are not .NET's; the rest is the same.
    let (ours, theirs) =
        (fault.detail::<ExceptionDetail>().unwrap(), wcf.detail::<ExceptionDetail>().unwrap());
    assert!(ours.r#type.as_deref().is_some_and(|name| name.ends_with("Boom")), "{ours:?}");
    assert!(theirs.stack_trace.is_some());
    let same = ExceptionDetail { stack_trace: None, r#type: ours.r#type.clone(), ..theirs };
    assert_eq!(ours, same);
}

#[test]
fn an_unknown_action_is_refused_as_wcf_does() {
    let wcf = json("wcf/fault-bad-action-plain.json.gz");
    let body = wcf["messages"][0]["body"].as_str().unwrap();
    let request = Envelope::parse(body, &Limits::SOAP).unwrap();
    let action = "http://Microsoft.ServiceModel.Samples/ICalculator/Modulo";
    let service = CalculatorService::new(Captured);
    let fault =
        run(service.dispatch(&OperationContext::new(action), action, &request)).unwrap_err();
    assert!(!fault.is_internal());
    let reply = fault.to_outgoing(MessageVersion::SOAP12_ADDRESSING10, FaultOptions::default());
    let (wcf_action, wcf_body) = captured("fault-bad-action-plain").swap_remove(1);
    assert_eq!(reply.action, wcf_action);
    assert_eq!(infoset(reply.envelope.payload().unwrap()), wcf_body);
}

#[test]
fn the_contract_is_described() {
    let contract = CalculatorService::new(Captured).contract();
    assert_eq!((contract.name, contract.namespace), ("ICalculator", SAMPLES));
    assert_eq!(contract.operations.len(), 4);
    let divide = contract.operation(&format!("{SAMPLES}/ICalculator/Divide")).unwrap();
    assert_eq!((divide.name, divide.one_way), ("Divide", false));
    assert_eq!(
        divide.reply_action,
        Some("http://Microsoft.ServiceModel.Samples/ICalculator/DivideResponse")
    );
    assert!(contract.operation("urn:other").is_none());
}

#[test]
fn unreadable_requests_are_the_senders_fault() {
    let service = CalculatorService::new(Captured);
    let action = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
    let dispatch = |payload: &str| {
        let text = format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{payload}</s:Body></s:Envelope>"#
        );
        let request = Envelope::parse(text, &Limits::SOAP).unwrap();
        let result = run(service.dispatch(&OperationContext::new(action), action, &request));
        result.map_err(|fault| {
            Box::new(fault.to_fault(MessageVersion::SOAP12_ADDRESSING10, FaultOptions::default()))
        })
    };
    for (payload, expected) in [
        (
            r#"<Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>x</n1><n2>1</n2></Add>"#,
            "parameter http://Microsoft.ServiceModel.Samples:n1",
        ),
        (
            r#"<Sub xmlns="http://Microsoft.ServiceModel.Samples"/>"#,
            "name 'Add' and namespace 'http://Microsoft.ServiceModel.Samples'",
        ),
        (r#"<Add xmlns="urn:other"/>"#, "namespace 'urn:other'"),
        ("", "an empty body"),
    ] {
        let (fault_action, fault) = *dispatch(payload).unwrap_err();
        assert_eq!(fault.code, FaultCode::Sender);
        assert_eq!(fault.subcode().map(|code| code.local.as_str()), Some("DeserializationFailed"));
        assert!(fault_action.ends_with("/dispatcher/fault"));
        assert!(fault.text().contains(expected), "{}", fault.text());
    }
    // Order does not matter, unknown elements are skipped, what is not there is zero.
    for (payload, sum) in [
        (
            "<Add xmlns='http://Microsoft.ServiceModel.Samples'><n2>2</n2><x>9</x><n1>1</n1></Add>",
            "3",
        ),
        ("<Add xmlns='http://Microsoft.ServiceModel.Samples'><n2>2</n2></Add>", "2"),
    ] {
        let reply = dispatch(payload).unwrap().unwrap();
        assert_eq!(reply.envelope.payload().unwrap().first_element().unwrap().text(), sum);
    }
}

#[test]
fn a_reply_to_something_else_is_refused() {
    struct Wrong;
    impl waxwing::contract::RequestChannel for Wrong {
        fn message_version(&self) -> MessageVersion {
            MessageVersion::SOAP12_ADDRESSING10
        }
        fn request<'a>(
            &'a self,
            request: waxwing::contract::Request<'a>,
        ) -> waxwing::contract::BoxFuture<'a, Result<Envelope, CallError>> {
            let action = request.action;
            let mut reply = Envelope::new(self.message_version());
            let other = action.replace("/Add", "/Subtract") + "Response";
            waxwing_soap::Addressing { action: Some(other), ..Default::default() }
                .write(&mut reply);
            Box::pin(async move { Ok(reply) })
        }
        fn send_one_way<'a>(
            &'a self,
            _: waxwing::contract::Request<'a>,
        ) -> waxwing::contract::BoxFuture<'a, Result<(), CallError>> {
            Box::pin(async { Ok(()) })
        }
    }
    let client = CalculatorClient::new(std::sync::Arc::new(Wrong));
    let error = run(client.add(1.0, 2.0)).unwrap_err();
    assert!(error.to_string().contains("your client code requires action"), "{error}");
    let error = run(client.subtract(1.0, 2.0)).unwrap_err();
    assert!(error.to_string().contains("an empty body"), "{error}");
}

#[test]
fn futures_can_move_between_threads() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let client = client();
    assert_eq!(run(assert_send(client.add(1.0, 2.0))).unwrap(), 3.0);
}
