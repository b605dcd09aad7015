//! Every fault of the captured WCF services, given to this client at the step where WCF gave it to its own: the code of
//! the error says what it is. The same with every Reason text blanked: services write in the language of their machine.

#![allow(clippy::disallowed_methods)]

mod common;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use http::StatusCode;
use waxwing::contract::CallError;
use waxwing::{ChannelError, ChannelFactory, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::{HttpClient, HttpReply, HttpRequest, HttpServer};

/// What both sides are set to.
#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Reliable,
    Certificate,
    CertificateNegotiated,
    UserName,
    UserNameNegotiated,
    NoneNegotiated,
    OneShot,
    OneShotNegotiated,
}

use Kind::*;

fn binding(kind: Kind, is_2007: bool) -> Binding {
    let message = |credential: &str, negotiate: bool, context: bool| {
        format!(
            r#"<security mode="Message"><message clientCredentialType="{credential}" negotiateServiceCredential="{negotiate}" establishSecurityContext="{context}"/></security>"#
        )
    };
    let (security, reliable) = match kind {
        Plain => (Binding::none().security, false),
        Reliable => (Binding::none().security, true),
        Certificate => (message("Certificate", false, true), true),
        CertificateNegotiated => (message("Certificate", true, true), true),
        UserName => (message("UserName", false, true), true),
        UserNameNegotiated => (message("UserName", true, true), true),
        NoneNegotiated => (message("None", true, true), true),
        OneShot => (message("Certificate", false, false), false),
        OneShotNegotiated => (message("Certificate", true, false), false),
    };
    let section = if is_2007 { "ws2007HttpBinding" } else { "wsHttpBinding" };
    Binding { section, reliable, security, extra: "" }
}

/// The fault of a captured scenario: the last one, which is the one that the scenario is about.
fn captured(scenario: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../testdata/wcf/{scenario}.json.gz"));
    let file = std::fs::File::open(&file).unwrap_or_else(|e| panic!("{scenario}: {e}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let scenario: serde_json::Value = serde_json::from_str(&text).unwrap();
    let bodies = scenario["messages"].as_array().unwrap().iter().filter_map(|m| m["body"].as_str());
    let mut faults: Vec<_> = bodies.filter(|body| body.contains(":Fault>")).collect();
    faults.pop().expect("a fault").to_owned()
}

/// The text of the first element with this local name.
fn content<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let tags = message.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
    let found = tags.filter_map(|tag| tag.split_once('>')).find(|(tag, _)| {
        let qname = tag.split(' ').next().unwrap_or_default();
        qname.rsplit(':').next() == Some(name)
    });
    found.map(|(_, text)| text)
}

/// The fault as an answer to this request: related to it, about its sequence, with texts or without.
fn answer(fault: &str, request: &str, with_texts: bool) -> String {
    let mut fault = fault.to_owned();
    let mut replace = |name: &str, with: Option<&str>| {
        if let (Some(old), Some(new)) = (content(&fault, name).map(str::to_owned), with) {
            fault = fault.replace(&old, new);
        }
    };
    replace("RelatesTo", content(request, "MessageID"));
    replace("Identifier", content(request, "Identifier"));
    if with_texts {
        return fault;
    }
    let (start, end) = (fault.find("<s:Text").unwrap(), fault.find("</s:Text>").unwrap());
    let text = fault[start..].find('>').unwrap() + start + 1;
    fault.replace_range(text..end, "");
    fault
}

/// A service of this kind, and before it a link that answers the messages with this end of an action by a fault.
async fn fails(
    kind: Kind,
    is_2007: bool,
    step: &'static str,
    fault: String,
    texts: bool,
) -> Result<ChannelError, String> {
    let both = binding(kind, is_2007);
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let config = service_config(&both, folders[0].path());
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .user_names(|_: &str, _: Option<&str>| Ok(()))
        .open(ServiceInstances::single(CalculatorService::new(Counting::default())))
        .await
        .unwrap();
    let service = format!("http://{}/calc", host.local_addresses()[0]);
    let (client, fault) = (HttpClient::new(), Arc::new(fault));
    let to = service.clone();
    let handler = move |request: HttpRequest| {
        let (client, to, fault) = (client.clone(), to.clone(), Arc::clone(&fault));
        async move {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            let content_type = request.content_type.clone().unwrap_or_default();
            if text.contains(&format!("{step}</a:Action>")) {
                let body = answer(&fault, &text, texts).into();
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return HttpReply::Message { status, content_type, body };
            }
            let answer = client.post(&to, &content_type, request.body).await;
            answer.map_or(HttpReply::Abort, HttpReply::from)
        }
    };
    let link = HttpServer::start(handler).await.unwrap();
    let config = client_config(&both, folders[1].path(), &service, "CN=", "localhost");
    let mut factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT)
        .unwrap()
        .user_name("alice", "secret")
        .via(format!("http://{}/calc", link.local_addr()));
    factory.endpoint_mut().timeouts.open = waxwing::binding::TimeSpan::seconds(8);
    let opened = tokio::time::timeout(Duration::from_secs(15), factory.open_channel()).await;
    let channel = match opened.map_err(|_| "opening hangs".to_owned())? {
        Ok(channel) => channel,
        Err(error) => return Ok(error),
    };
    let client = CalculatorClient::new(&channel);
    let called = tokio::time::timeout(Duration::from_secs(15), client.add(1.0, 2.0)).await;
    match called.map_err(|_| "the call hangs".to_owned())?.expect_err("refused") {
        CallError::Channel(error) => Ok(error.downcast_ref::<ChannelError>().unwrap().clone()),
        other => Err(format!("a fault of the application: {other}")),
    }
}

async fn all(rows: &[(&str, Kind, &'static str, &str)], is_2007: bool) {
    let mut wrong = Vec::new();
    for (scenario, kind, step, code) in rows {
        for texts in [true, false] {
            let error = fails(*kind, is_2007, step, captured(scenario), texts).await;
            match error {
                Ok(error) if error.code() == Some(code) => {}
                Ok(error) => {
                    wrong.push(format!("{scenario} (texts: {texts}): not {code}: {error}"))
                }
                Err(error) => {
                    wrong.push(format!("{scenario} (texts: {texts}): not {code}: {error}"))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn faults_of_services_with_other_reliable_sessions_and_contracts() {
    let rows = [
        ("fault-no-rm-service", Reliable, "CreateSequence", "no-reliable-session"),
        ("fault-rm10-to-rm11", Reliable, "CreateSequence", "other-reliable-messaging-version"),
        ("fault-no-security-client", Reliable, "CreateSequence", "security-mismatch"),
        ("fault-no-rm-client", Plain, "/Add", "unknown-operation-or-reliable-session-required"),
        ("fault-no-rm11-client", Plain, "/Add", "reliable-session-required"),
        ("fault-bad-action-plain", Plain, "/Add", "unknown-operation-or-reliable-session-required"),
        ("inject-mustunderstand-plain", Plain, "/Add", "header-not-understood"),
        ("idle-service-timeout-rm10", Reliable, "/Add", "session-forgotten"),
        ("fault-no-rm-service-sc", Certificate, "CreateSequence", "no-reliable-session"),
        (
            "tlsnego-fault-rm-client-only",
            CertificateNegotiated,
            "CreateSequence",
            "no-reliable-session",
        ),
        ("fault-bad-action-sc", Certificate, "/Add", "operation-refused"),
        ("inject-tampered-body-sc", Certificate, "/Add", "operation-refused"),
        ("idle-service-timeout-sc", Certificate, "/Add", "security-session-forgotten"),
    ];
    all(&rows, false).await;
    let rows = [("fault-rm11-to-rm10", Reliable, "CreateSequence", "reliable-session-mismatch")];
    all(&rows, true).await;
}

#[tokio::test]
async fn faults_of_services_with_other_security() {
    let rows = [
        (
            "fault-nego-mismatch-client-nego",
            CertificateNegotiated,
            "RST/Issue",
            "negotiation-mismatch",
        ),
        (
            "tlsnego-fault-nego-client-service-not",
            CertificateNegotiated,
            "RST/Issue",
            "negotiation-mismatch",
        ),
        ("fault-nego-mismatch-service-nego", Certificate, "RST/SCT", "invalid-security"),
        ("fault-wrong-service-cert-sc", Certificate, "RST/SCT", "invalid-security"),
        ("inject-tampered-timestamp-rst", Certificate, "RST/SCT", "invalid-security"),
        ("fault-clock-skew-client-ahead-sc", Certificate, "RST/SCT", "invalid-security"),
        ("fault-wrong-service-cert-oneshot", OneShot, "/Add", "invalid-security"),
        (
            "tlsnego-fault-client-oneshot-service-sc",
            OneShotNegotiated,
            "/Add",
            "secure-conversation-mismatch",
        ),
        (
            "tlsnego-fault-client-sc-service-oneshot",
            CertificateNegotiated,
            "RST/SCT",
            "security-session-refused",
        ),
        (
            "tlsnego-fault-dialect-service-2007",
            CertificateNegotiated,
            "RST/Issue",
            "other-security-version",
        ),
        ("tlsnego-fault-suite-mismatch", CertificateNegotiated, "RST/Issue", "algorithm-suite"),
        ("tlsnego-fault-keysize", CertificateNegotiated, "RST/Issue", "algorithm-suite"),
        ("tlsnego-fault-valuetype", CertificateNegotiated, "RSTR/Issue", "negotiation-interrupted"),
        (
            "tlsnego-fault-rst-sct-twice",
            CertificateNegotiated,
            "RST/SCT",
            "negotiation-interrupted",
        ),
    ];
    all(&rows, false).await;
    let rows = [
        ("fault-sc13-to-sc10", Certificate, "RST/SCT", "other-security-version"),
        (
            "tlsnego-fault-dialect-client-2007",
            CertificateNegotiated,
            "RST/Issue",
            "other-security-version",
        ),
    ];
    all(&rows, true).await;
}

/// Each way in which a captured service refuses a credential.
#[tokio::test]
async fn faults_of_services_that_do_not_accept_the_credential() {
    let rows = [
        ("fault-expired-client-cert-sc", Certificate, "RST/SCT", "failed-authentication"),
        ("fault-unknown-client-cert-sc", Certificate, "RST/SCT", "failed-authentication"),
        ("fault-unknown-client-cert-oneshot", OneShot, "/Add", "failed-authentication"),
        (
            "fault-unknown-client-cert-nego",
            CertificateNegotiated,
            "RSTR/Issue",
            "failed-authentication",
        ),
        (
            "tlsnego-fault-expired-client",
            CertificateNegotiated,
            "RSTR/Issue",
            "failed-authentication",
        ),
        (
            "tlsnego-fault-untrusted-client",
            CertificateNegotiated,
            "RSTR/Issue",
            "failed-authentication",
        ),
        (
            "tlsnego-fault-tls-tampered",
            CertificateNegotiated,
            "RSTR/Issue",
            "failed-authentication",
        ),
        ("tlsnego-fault-no-client-cert", NoneNegotiated, "RSTR/Issue", "certificate-required"),
        ("fault-wrong-password", UserName, "RST/SCT", "wrong-password"),
        ("fault-wrong-password-nego", UserNameNegotiated, "RST/SCT", "wrong-password"),
        ("tlsnego-fault-wrong-password", UserNameNegotiated, "RST/SCT", "wrong-password"),
    ];
    all(&rows, false).await;
    let rows = [(
        "tlsnego-fault-untrusted-client-2007",
        CertificateNegotiated,
        "RSTR/Issue",
        "failed-authentication",
    )];
    all(&rows, true).await;
}

/// A validator of user names that throws a FaultException is told with that fault's code, which is Sender where nobody says
/// otherwise. A service that blames itself has not judged the password: WCF's InternalServiceFault, and CXF's "These policy
/// alternatives can not be satisfied", which has no subcode.
#[tokio::test]
async fn a_service_that_failed_did_not_refuse_the_password() {
    let internal = captured("fault-application-detail-plain");
    let (start, end) = (internal.find("<s:Code>").unwrap(), internal.find("</s:Code>").unwrap());
    let code = &internal[start..end];
    assert!(code.contains("s:Receiver") && code.contains("InternalServiceFault"), "{code}");
    let with = |value: &str| internal.replace(code, &format!("<s:Code>{value}"));
    let (receiver, sender) =
        (with("<s:Value>s:Receiver</s:Value>"), with("<s:Value>s:Sender</s:Value>"));
    let own = with(r#"<s:Value xmlns:o="urn:own">o:Locked</s:Value>"#);
    let rows = [
        (UserName, internal.clone(), "service-failed"),
        (UserName, receiver.clone(), "service-failed"),
        (Certificate, receiver, "service-failed"),
        (UserName, sender, "wrong-password"),
        (UserName, own, "wrong-password"),
    ];
    for (kind, fault, code) in rows {
        for texts in [true, false] {
            let error = fails(kind, false, "RST/SCT", fault.clone(), texts).await.unwrap();
            assert_eq!(error.code(), Some(code), "texts: {texts}: {error}");
        }
    }
}
