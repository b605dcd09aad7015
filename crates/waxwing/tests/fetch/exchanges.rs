//! Metadata exchanges.

use waxwing::ServiceHostBuilder;
use waxwing::ServiceInstances;
use waxwing::binding::{MexHttpBinding, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::service::MetadataOptions;

use crate::common::{CALCULATOR_CONTRACT, CalculatorService, Counting};
use crate::server::{Asked, Reply, Server};
use crate::{attempts, codes, read, told};

const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";

fn envelope(soap: &str, body: &str) -> String {
    format!("<s:Envelope xmlns:s='{soap}'><s:Body>{body}</s:Body></s:Envelope>")
}

fn metadata(namespace: &str, sections: &str) -> String {
    format!("<m:Metadata xmlns:m='{namespace}'>{sections}</m:Metadata>")
}

const MEX: &str = "http://schemas.xmlsoap.org/ws/2004/09/mex";
const MEX11: &str = "http://www.w3.org/2009/09/ws-mex";
const WSDL: &str = "<m:MetadataSection Dialect='http://schemas.xmlsoap.org/wsdl/' Identifier='urn:a'>\
    <definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'><service name='S'/></definitions>\
    </m:MetadataSection>";

fn fault(soap: &str) -> Reply {
    let body = match soap {
        SOAP12 => {
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang='en'>The message with Action \
             cannot be processed</s:Text></s:Reason></s:Fault>"
        }
        _ => {
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>no such action</faultstring></s:Fault>"
        }
    };
    Reply { status: "500 Error", ..soap_reply(soap, body) }
}

fn soap_reply(soap: &str, body: &str) -> Reply {
    let kind = if soap == SOAP12 { "application/soap+xml" } else { "text/xml" };
    Reply {
        status: "200 OK",
        headers: format!("Content-Type: {kind}; charset=utf-8\r\n"),
        content: envelope(soap, body).into_bytes(),
    }
}

/// Only this one of the questions is answered; SOAP 1.1 alone where it says so.
fn only(question: &'static str, soap: &'static str, answer: String) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        if asked.method != "POST" || asked.target != "/calc" {
            return Reply::status("404 Not Found");
        }
        let asked_in = if asked.body.contains(SOAP12) { SOAP12 } else { SOAP11 };
        if asked_in == SOAP12 && soap == SOAP11 {
            return Reply::status("415 Unsupported Media Type");
        }
        match asked.body.contains(question) && asked_in == soap {
            true => soap_reply(soap, &answer),
            false => fault(asked_in),
        }
    }
}

#[tokio::test]
async fn endpoints_are_asked_in_every_dialect() {
    let get = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
    let wrapped = format!(
        "<m:GetMetadataResponse xmlns:m='{MEX11}'>{}</m:GetMetadataResponse>",
        metadata(MEX11, WSDL)
    );
    for (question, soap, answer, how) in [
        (get, SOAP12, metadata(MEX, WSDL), "MEX, SOAP 1.2"),
        (get, SOAP11, metadata(MEX, WSDL), "MEX, SOAP 1.1"),
        ("ws/2004/09/mex/GetMetadata/Request", SOAP12, metadata(MEX, WSDL), "GetMetadata"),
        ("2009/09/ws-mex/GetMetadata", SOAP12, wrapped, "GetMetadata of 2009"),
    ] {
        let server = Server::start(only(question, soap, answer)).await;
        let found = read(&server.url("/calc")).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(found.attempts.last().unwrap().how, how);
        assert_eq!(found.set.services().count(), 1, "{how}");
        assert_eq!(codes(&found), [""; 0], "{how}");
    }
}

#[tokio::test]
async fn sections_that_are_elsewhere_are_fetched() {
    let sections = "<m:MetadataSection Dialect='http://schemas.xmlsoap.org/wsdl/'><m:Location>PLACE/a.wsdl</m:Location></m:MetadataSection>\
        <m:MetadataSection Dialect='http://schemas.xmlsoap.org/wsdl/'><m:MetadataReference>\
        <a:Address xmlns:a='http://www.w3.org/2005/08/addressing'>PLACE/other/mex</a:Address></m:MetadataReference></m:MetadataSection>";
    let server = Server::start(move |asked| {
        let host = asked.head.lines().find_map(|l| l.strip_prefix("host: ")).unwrap_or_default();
        match (asked.method.as_str(), asked.target.as_str()) {
            ("POST", "/calc/mex") => {
                let own = sections.replace("PLACE", &format!("http://{host}"));
                soap_reply(SOAP12, &metadata(MEX, &own))
            }
            ("POST", "/other/mex") => soap_reply(SOAP12, &metadata(MEX, WSDL)),
            ("GET", "/a.wsdl") => Reply::ok(
                "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:located'/>",
            ),
            _ => Reply::status("404 Not Found"),
        }
    })
    .await;
    let found = read(&server.url("/calc")).await.unwrap_or_else(|e| panic!("{e}"));
    let namespaces: Vec<_> =
        found.set.definitions().iter().map(|d| d.target_namespace.as_str()).collect();
    assert_eq!(namespaces, ["urn:located", "urn:a"]);
    assert_eq!(codes(&found), [""; 0]);
}

/// Who answers an exchange cannot send the reader to other machines: only the file of a user's own can.
#[tokio::test]
async fn an_answer_leads_to_no_other_origin() {
    let inside = Server::start(|_| Reply::status("404 Not Found")).await;
    let references = format!(
        "<m:MetadataSection Dialect='http://schemas.xmlsoap.org/wsdl/'><m:Location>{0}</m:Location></m:MetadataSection>\
         <m:MetadataSection Dialect='http://schemas.xmlsoap.org/wsdl/'><m:MetadataReference>\
         <a:Address xmlns:a='http://www.w3.org/2005/08/addressing'>{0}</a:Address></m:MetadataReference></m:MetadataSection>",
        inside.url("/admin")
    );
    let answer = metadata(MEX, &references);
    let discovery = format!(
        "<discovery xmlns='http://schemas.xmlsoap.org/disco/'><contractRef ref='{}' \
         xmlns='http://schemas.xmlsoap.org/disco/scl/'/></discovery>",
        inside.url("/admin")
    );
    for page in [answer, discovery] {
        let server = Server::start(move |asked| match asked.method.as_str() {
            "GET" => Reply::ok(page.as_str()),
            _ => Reply::status("404 Not Found"),
        })
        .await;
        let _ = read(&server.url("/calc")).await;
        assert_eq!(inside.asked(), [""; 0]);
    }
}

/// The file of an endpoint reference: its endpoint is asked.
#[tokio::test]
async fn an_endpoint_reference_leads_to_its_endpoint() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/calc/mex" => soap_reply(SOAP12, &metadata(MEX, WSDL)),
        _ => Reply::status("404 Not Found"),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.epr.xml");
    let text = format!(
        "<EndpointReference xmlns='http://www.w3.org/2005/08/addressing'><Address>{}</Address></EndpointReference>",
        server.url("/calc/mex")
    );
    std::fs::write(&path, text).unwrap();
    let found = read(path.to_str().unwrap()).await.unwrap();
    assert_eq!(found.set.endpoint_references().len(), 1);
    assert_eq!(found.set.services().count(), 1, "{:?}", found.set.findings());
}

/// This crate's own host, in every way.
#[tokio::test]
async fn our_own_host_is_read_in_four_ways() {
    let binding = WsHttpBinding::new(SecurityMode::None, true);
    let builder = ServiceHostBuilder::new().base_address("http://127.0.0.1:0/calc").unwrap();
    let builder = builder.endpoint(binding, "", &CALCULATOR_CONTRACT, ServiceBehavior::default());
    let builder = builder.unwrap().metadata(MetadataOptions::new());
    let builder = builder
        .metadata_endpoint(MexHttpBinding::default(), "mex", ServiceBehavior::default())
        .unwrap();
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let host = builder.open(instances).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let mut all = Vec::new();
    for target in ["", "?singleWsdl", "?wsdl", "/mex"] {
        let found = read(&format!("{address}{target}")).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(codes(&found), [""; 0], "{target}: {:?}", found.set.findings());
        assert!(attempts(&found).last().is_some_and(|a| a.ends_with("true")), "{target}");
        all.push(told(&found));
    }
    assert!(all[0].iter().any(|line| line.starts_with("operation") && line.ends_with("Add")));
    assert!(all.iter().all(|one| *one == all[0]), "{all:#?}");
    host.close().await;
}
