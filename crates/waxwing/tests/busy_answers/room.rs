//! More sessions than may wait for a place: WCF's client gives up at the fault `ConnectionLimitReached`, and comes again every ten
//! seconds to a service that says 503.

use waxwing::binding::{
    SecurityMode, ServiceBehavior, ServiceThrottling, Ws2007HttpBinding, WsHttpBinding,
};
use waxwing::store::MemoryStore;
use waxwing::{ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::{HttpClient, HttpResponse};

use crate::common::*;

const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

/// How many sessions wait at most (`maxPendingChannels`).
const PENDING: usize = 4;

/// Reliable messaging without security, in one of its versions, as a client writes it.
struct Client {
    http: HttpClient,
    address: String,
    namespace: &'static str,
    is_11: bool,
}

impl Client {
    async fn post(&self, id: usize, action: &str, body: &str) -> HttpResponse {
        let Self { address, namespace, .. } = self;
        let message = format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:r="{namespace}">
            <s:Header><a:Action s:mustUnderstand="1">{namespace}/{action}</a:Action><a:MessageID>urn:uuid:00000000-0000-4000-8000-{id:012}</a:MessageID>
            <a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">{address}</a:To></s:Header>
            <s:Body>{body}</s:Body></s:Envelope>"#
        );
        let content_type = "application/soap+xml; charset=utf-8";
        self.http.post(address, content_type, message).await.unwrap()
    }

    /// Asks for the session of this number.
    async fn create(&self, session: usize) -> HttpResponse {
        let endpoint = format!("<a:Address>{ANONYMOUS}</a:Address>");
        let offered =
            if self.is_11 { format!("<r:Endpoint>{endpoint}</r:Endpoint>") } else { String::new() };
        let offer = format!("urn:uuid:11111111-0000-4000-8000-{session:012}");
        let body = format!(
            "<r:CreateSequence><r:AcksTo>{endpoint}</r:AcksTo><r:Offer><r:Identifier>{offer}</r:Identifier>{offered}</r:Offer></r:CreateSequence>"
        );
        self.post(session, "CreateSequence", &body).await
    }

    async fn terminate(&self, sequence: &str) -> HttpResponse {
        let body = format!(
            "<r:TerminateSequence><r:Identifier>{sequence}</r:Identifier></r:TerminateSequence>"
        );
        self.post(999, "TerminateSequence", &body).await
    }
}

fn text(response: &HttpResponse) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

/// The sequence that was made.
fn made(response: &HttpResponse) -> Option<String> {
    let text = text(response).split_once("CreateSequenceResponse")?.1;
    let (_, identifier) = text.split_once("Identifier>")?;
    Some(identifier.split('<').next()?.to_owned())
}

async fn host(is_11: bool, store: Option<MemoryStore>) -> ServiceHost {
    let behavior = ServiceBehavior::default()
        .service_throttling(ServiceThrottling::default().max_concurrent_sessions(1));
    let (none, address) = (SecurityMode::None, "http://127.0.0.1:0/calc");
    let builder = ServiceHostBuilder::new();
    let contract = &CALCULATOR_CONTRACT;
    let builder = match is_11 {
        true => builder.endpoint(Ws2007HttpBinding::new(none, true), address, contract, behavior),
        false => builder.endpoint(WsHttpBinding::new(none, true), address, contract, behavior),
    };
    let mut builder = builder.unwrap();
    if let Some(store) = store {
        builder = builder.store(store);
    }
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    builder.open(instances).await.unwrap()
}

async fn fill(is_11: bool, store: Option<MemoryStore>) -> (ServiceHost, Client, Vec<String>) {
    let host = host(is_11, store).await;
    let namespace = match is_11 {
        true => "http://docs.oasis-open.org/ws-rx/wsrm/200702",
        false => "http://schemas.xmlsoap.org/ws/2005/02/rm",
    };
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let client = Client { http: HttpClient::new(), address, namespace, is_11 };
    let mut sequences = Vec::new();
    for session in 0..=PENDING {
        let response = client.create(session).await;
        sequences.push(made(&response).unwrap_or_else(|| panic!("{session}: {}", text(&response))));
    }
    (host, client, sequences)
}

#[tokio::test]
async fn one_too_many_is_told_to_come_again() {
    for is_11 in [false, true] {
        let (host, client, sequences) = fill(is_11, Some(MemoryStore::new("node:1"))).await;
        for _ in 0..2 {
            let refused = client.create(PENDING + 1).await;
            assert_eq!((refused.status.as_u16(), text(&refused)), (503, ""), "{is_11}");
        }
        // One that waits already asks again, as it does when its answer was lost.
        let again = client.create(PENDING).await;
        assert_eq!(made(&again).as_ref(), sequences.last(), "{is_11}");
        // The one that has the place goes; the same request is taken now.
        let ended = client.terminate(&sequences[0]).await;
        assert!(ended.status.is_success() || ended.status == 500, "{is_11}: {}", text(&ended));
        let taken = client.create(PENDING + 1).await;
        assert!(made(&taken).is_some(), "{is_11}: {} {}", taken.status, text(&taken));
        assert!(host.statistics().kept.commits > 0);
    }
}

/// Without a store everything is as WCF has it.
#[tokio::test]
async fn without_a_store_one_too_many_is_refused_as_by_wcf() {
    for is_11 in [false, true] {
        let (_host, client, _) = fill(is_11, None).await;
        let refused = client.create(PENDING + 1).await;
        assert_eq!(refused.status, 500, "{is_11}");
        assert!(text(&refused).contains("ConnectionLimitReached"), "{is_11}: {}", text(&refused));
    }
}
