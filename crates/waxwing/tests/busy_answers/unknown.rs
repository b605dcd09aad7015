//! What names a session that nobody knows.

use waxwing::store::MemoryStore;
use waxwing::{ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::HttpClient;

use crate::common::*;

/// A SOAP 1.2 message of somebody whom nobody knows.
fn stranger(to: &str, action: &str, header: &str, body: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"
             xmlns:r="{RM}"><s:Header><a:Action s:mustUnderstand="1">{action}</a:Action>{header}<a:MessageID>urn:uuid:6a1f6f0e-0000-4000-8000-000000000001</a:MessageID>
             <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>
             <a:To s:mustUnderstand="1">{to}</a:To></s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    )
}

const RM: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";
const UNKNOWN: &str = "urn:uuid:6a1f6f0e-0000-4000-8000-0000000000ff";

/// What names a session that nobody here knows is answered with a fault only by a service that has asked its store.
#[tokio::test]
async fn a_name_that_nobody_knows_is_503_while_nobody_can_be_asked() {
    let folder = stores("service", "ca", &[]);
    let store = MemoryStore::new("node:1");
    let config = service_config(&Binding::none(), folder.path());
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let host = builder.unwrap().store(store.clone()).open(instances).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let sequence = format!(
        r#"<r:Sequence s:mustUnderstand="1"><r:Identifier>{UNKNOWN}</r:Identifier><r:MessageNumber>7</r:MessageNumber></r:Sequence>"#
    );
    let last = sequence.replace("</r:Sequence>", "<r:LastMessage/></r:Sequence>");
    let asked = format!("<r:AckRequested><r:Identifier>{UNKNOWN}</r:Identifier></r:AckRequested>");
    let add = r#"<Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>1</n1><n2>2</n2></Add>"#;
    let terminate = format!(
        "<r:TerminateSequence><r:Identifier>{UNKNOWN}</r:Identifier></r:TerminateSequence>"
    );
    let call = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
    let messages = [
        stranger(&address, call, &sequence, add),
        stranger(&address, &format!("{RM}/AckRequested"), &asked, ""),
        stranger(&address, &format!("{RM}/LastMessage"), &last, ""),
        stranger(&address, &format!("{RM}/TerminateSequence"), "", &terminate),
    ];
    let client = HttpClient::new();
    let content_type = "application/soap+xml; charset=utf-8";
    for message in &messages {
        let before = client.post(&address, content_type, message.clone()).await.unwrap();
        assert_eq!(before.status, 500, "{message}");
        assert!(before.body.windows(15).any(|part| part == b"UnknownSequence"), "{message}");
        store.go_down();
        let down = client.post(&address, content_type, message.clone()).await;
        let answer = down.ok().map(|answer| (answer.status.as_u16(), answer.body.len()));
        assert!(matches!(answer, None | Some((503, 0))), "{answer:?} to {message}");
        store.heal();
    }
}
