//! The first messages of captured WCF clients that are set to something else than this service: the fault is WCF's, and
//! the log says what the client is probably set to.

#![allow(clippy::disallowed_methods)]

mod common;
#[path = "common/log.rs"]
mod log;

use std::io::Read;
use std::path::Path;

use common::*;
use jiff::SignedDuration;
use log::Log;
use waxwing::environment::Clock;
use waxwing::{ServiceHostBuilder, ServiceInstances};
use waxwing_soap::{Envelope, Fault};
use waxwing_testkit::http::HttpClient;
use waxwing_xml::Limits;

/// The first request of a scenario, when it was captured, and the fault that WCF's service gave.
fn captured(scenario: &str) -> (String, jiff::Timestamp, Fault) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../testdata/wcf/{scenario}.json.gz"));
    let file = std::fs::File::open(&file).unwrap_or_else(|e| panic!("{scenario}: {e}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let scenario: serde_json::Value = serde_json::from_str(&text).unwrap();
    let text = |at: usize, name: &str| scenario["messages"][at][name].as_str().unwrap().to_owned();
    let answer = Envelope::parse(text(1, "body"), &Limits::SOAP).unwrap();
    (text(0, "body"), text(0, "captured_at").parse().unwrap(), Fault::read(&answer).unwrap())
}

async fn check(scenario: &str, service: &Binding, hint: &str) {
    let (request, at, expected) = captured(scenario);
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = stores("service", "ca", &[]);
    let config = service_config(service, folder.path());
    let seconds = at.duration_since(jiff::Timestamp::now()).as_secs();
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .clock(Clock::with_offset(SignedDuration::from_secs(seconds)))
        .open(ServiceInstances::single(CalculatorService::new(Counting::default())))
        .await
        .unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let content_type = "application/soap+xml; charset=utf-8";
    let answer = HttpClient::new().post(&address, content_type, request).await.unwrap();
    let envelope = Envelope::parse(answer.body.to_vec(), &Limits::SOAP).unwrap();
    let fault = Fault::read(&envelope).expect("a fault");
    assert_eq!((answer.status.as_u16(), &fault.code), (500, &expected.code), "{scenario}");
    assert_eq!(fault.subcodes, expected.subcodes, "{scenario}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("WARN") && log.contains(hint), "{scenario}: '{hint}' is not in: {log}");
}

#[tokio::test]
async fn the_log_names_what_the_client_is_probably_set_to() {
    let newer = |binding: Binding| Binding { section: "ws2007HttpBinding", ..binding };
    let plain = || Binding { reliable: false, ..Binding::none() };
    let (known, negotiated) = (Binding::certificate(false), Binding::certificate(true));
    let newest = "the client has ws2007HttpBinding (WS-Trust 1.3)";
    for (scenario, service, hint) in [
        ("fault-no-security-client", known.clone(), "the client has no message security"),
        (
            "fault-nego-mismatch-client-nego",
            known.clone(),
            "negotiateServiceCredential=\"true\", this endpoint",
        ),
        (
            "fault-nego-mismatch-service-nego",
            negotiated.clone(),
            "negotiateServiceCredential=\"false\", this",
        ),
        ("fault-sc13-to-sc10", known, newest),
        ("tlsnego-fault-dialect-client-2007", negotiated.clone(), newest),
        (
            "tlsnego-fault-dialect-service-2007",
            newer(negotiated),
            "the client has wsHttpBinding (WS-Trust of",
        ),
        ("fault-no-rm-service", plain(), "the client has <reliableSession enabled=\"true\"/>"),
        ("fault-no-rm-client", Binding::none(), "the client has no <reliableSession"),
        ("fault-no-rm11-client", newer(Binding::none()), "the client has no <reliableSession"),
        ("fault-rm10-to-rm11", newer(Binding::none()), "WS-ReliableMessaging of February 2005"),
        ("fault-rm11-to-rm10", Binding::none(), "the client has WS-ReliableMessaging 1.1"),
        ("fault-bad-action-plain", plain(), "ICalculator/Modulo"),
    ] {
        check(scenario, &service, hint).await;
    }
}
