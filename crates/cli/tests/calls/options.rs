//! What options, configuration files and descriptions say together, and what is told of what does not fit.

use crate::shop::{Running, Said, open, open_below, waxwing};

const CERTIFICATE: &str = r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate"/></security>"#;
const NONE: &str = r#"<reliableSession enabled="true"/><security mode="None"/>"#;
const ALICE: &str = "certificates/CurrentUser/My/alice.cert.pem";

/// Writes a client's file for the shop, whose endpoint has this address.
fn configured(shop: &Running, address: &str, security: &str) {
    let text = format!(
        r#"<configuration><system.serviceModel><client>
  <endpoint name="shop" address="{address}" binding="wsHttpBinding" bindingConfiguration="B" contract="IShop"/>
</client><bindings><wsHttpBinding><binding name="B">{security}</binding></wsHttpBinding></bindings>
</system.serviceModel></configuration>"#
    );
    std::fs::write(shop.folder.path().join("client.config"), text).expect("written");
}

/// `waxwing ping` of a source.
async fn ping(shop: &Running, arguments: &[&str]) -> Said {
    waxwing(shop.folder.path(), &[&["ping"], arguments].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_configuration_file_the_address_is_that_of_the_description() {
    let shop = open(NONE).await;
    let (elsewhere, echo) = ("http://localhost:1/elsewhere", ["Echo", r#"{"number":7}"#]);
    configured(&shop, elsewhere, NONE);
    let config = ["--config", "client.config"];
    let said = shop.call(&[&echo[..], &config].concat()).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"7\"\n"), "{said:?}");
    let note = format!("note: client.config has the address {elsewhere}");
    assert!(said.stderr.contains(&note) && said.stderr.contains(&shop.address), "{said:?}");
    // The address where it is described is not that of the endpoint.
    let described = format!("{}?singleWsdl", shop.address);
    let said = ping(&shop, &[&[described.as_str()], &config[..]].concat()).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("a reliable session was opened"), "{said:?}");
    assert!(said.stderr.contains(&note), "{said:?}");
    // Nobody wonders about an address that was given, or that is the same.
    let given = ["--address", shop.address.as_str()];
    let said = shop.call(&[&echo[..], &config, &given].concat()).await;
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    configured(&shop, &shop.address, NONE);
    let said = shop.call(&[&echo[..], &config].concat()).await;
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_file_is_pinged_as_it_is_called() {
    let shop = open(NONE).await;
    configured(&shop, &shop.address, NONE);
    let said = ping(&shop, &["client.config"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("a reliable session was opened"), "{said:?}");
    // The file of the service has no endpoint to call.
    let said = ping(&shop, &[&shop.address, "--config", "service.config"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let all = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(all.contains("service.config has no client endpoint"), "{all}");
    assert!(all.contains("it is the file of a service"), "{all}");
    // JSON is read by a description.
    let json = ["call", "client.config", "Echo", r#"{"number":7}"#];
    let said = waxwing(shop.folder.path(), &json).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("JSON needs a description of the service"), "{said:?}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_never_opened_is_told_once() {
    let shop = open(CERTIFICATE).await;
    let arguments = ["Echo", r#"{"number":7}"#, "--client-certificate", ALICE];
    let key = ["--client-key", "certificates/CurrentUser/My/alice.key.pem"];
    let said = shop.call(&[&arguments[..], &key, &["--ca", ALICE]].concat()).await;
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
    assert!(!said.stderr.contains("did not close"), "{said:?}");
    assert_eq!(said.stderr.matches("untrusted-service").count(), 1, "{said:?}");
    shop.host.close().await;
}

/// A server that answers everything with this, or takes it and says nothing.
fn server(answer: Option<&'static str>) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            if let Some(answer) = answer {
                let _ = stream.read(&mut [0; 8192]);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                open.push(stream);
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_service_is_not_called_one() {
    let folder = tempfile::tempdir().expect("folder");
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 26\r\nConnection: close\r\n\r\n<html><p>It works!</html>\r\n";
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for answer in [Some(page), Some(missing), None] {
        let address = server(answer);
        let said = waxwing(folder.path(), &["ping", &address, "--timeout", "1s"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        let summary = "tested: name, connection; not tested: whether a service is there";
        assert!(said.stdout.contains(summary), "{said:?}");
        assert!(said.stdout.lines().count() <= 16, "{}", said.stdout);
        let json = waxwing(folder.path(), &["ping", &address, "--timeout", "1s", "--json"]).await;
        assert_eq!((&json.json()["ok"], &json.json()["summary"]), (&false.into(), &summary.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_are_missing_are_named_and_idle_ones_are_told() {
    let echo = ["Echo", r#"{"number":7}"#];
    let alice = [
        "--client-certificate",
        ALICE,
        "--client-key",
        "certificates/CurrentUser/My/alice.key.pem",
    ];
    let shop = open(CERTIFICATE).await;
    let said = shop.call(&echo).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("give --client-certificate FILE"), "{said:?}");
    assert!(!said.stderr.contains("ChannelFactory"), "{said:?}");
    let said = ping(&shop, &[&shop.address]).await;
    assert!(said.stdout.contains("--client-certificate FILE"), "{said:?}");
    let others = [&echo[..], &alice, &["--ca", ALICE]].concat();
    let said = shop.call(&others).await;
    assert!(said.stderr.contains("here: --ca FILE believes one more authority"), "{said:?}");
    let service = ["--service-certificate", "certificates/LocalMachine/My/shop.cert.pem"];
    let user = ["--user", "ann", "--password-env", "SESAME"];
    let ca = ["--ca", "certificates/authority.cert.pem"];
    let said = shop.call(&[&echo[..], &alice, &ca, &service, &user].concat()).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"7\"\n"), "{said:?}");
    assert!(said.stderr.contains("note: --user is of no use in calls"), "{said:?}");
    assert!(said.stderr.contains("note: --service-certificate does nothing"), "{said:?}");
    assert!(!said.stderr.contains("--client-certificate is of no use"), "{said:?}");
    shop.host.close().await;

    let user_name = r#"<security><message clientCredentialType="UserName"/></security>"#;
    let shop = open(user_name).await;
    let said = shop.call(&echo).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("give --user NAME"), "{said:?}");
    let said = shop.call(&[&echo[..], &alice, &ca, &user].concat()).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("note: --client-certificate is of no use"), "{said:?}");
    shop.host.close().await;

    let beforehand = r#"<security><message clientCredentialType="UserName" negotiateServiceCredential="false"/></security>"#;
    let shop = open(beforehand).await;
    let said = shop.call(&[&echo[..], &ca, &user, &service].concat()).await;
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    configured(&shop, &shop.address, beforehand);
    let config = ["--config", "client.config"];
    let said = shop.call(&[&echo[..], &ca, &user, &config].concat()).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("give --service-certificate FILE"), "{said:?}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_an_endpoint_is_not_found() {
    for security in [NONE, CERTIFICATE] {
        let shop = open_below("http", security, "counter").await;
        let base = shop.address.trim_end_matches("/counter");
        let wrong = format!("{base}/countr");
        let alice = ["--client-certificate", ALICE, "--client-key"];
        let key = ["certificates/CurrentUser/My/alice.key.pem"];
        let echo = ["call", base, "Echo", r#"{"number":7}"#, "--address", &wrong];
        let said = waxwing(shop.folder.path(), &[&echo[..], &alice, &key].concat()).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.contains("[endpoint-not-found]"), "{said:?}");
        shop.host.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_documents_do_not_have_is_refused() {
    let shop = open(NONE).await;
    let run = async |arguments: &[&str]| waxwing(shop.folder.path(), arguments).await;
    let said = run(&["import", &shop.address, "--namespace", "urn:nope=foo"]).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("the documents have no namespace urn:nope"), "{said:?}");
    let said = run(&["import", &shop.address, "--namespace", "urn:shop=shop"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let said = run(&["inspect", &shop.address, "--address", "foo"]).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("write it whole, like http://host/path"), "{said:?}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_lies_beside_the_certificate_as_in_a_store() {
    let shop = open(CERTIFICATE).await;
    let ca = ["--ca", "certificates/authority.cert.pem"];
    let echo = ["Echo", r#"{"number":7}"#, "--client-certificate"];
    let said = shop.call(&[&echo[..], &[ALICE], &ca].concat()).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"7\"\n"), "{said:?}");
    // Nothing is there beside it.
    let copy = shop.folder.path().join("alone.cert.pem");
    std::fs::copy(shop.folder.path().join(ALICE), copy).expect("copied");
    let said = shop.call(&[&echo[..], &["alone.cert.pem"], &ca].concat()).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.stderr.contains("give it by --client-key FILE"), "{said:?}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_metadata_sends_the_endpoint_nothing() {
    let shop = open_below("http", CERTIFICATE, "counter").await;
    let said = waxwing(shop.folder.path(), &["inspect", &shop.address]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(shop.host.statistics().messages, 0, "{:?}", shop.host.statistics());
    let said = ping(&shop, &[&shop.address, "--client-certificate", ALICE, "--ca", ALICE]).await;
    assert!(said.stdout.contains("port WSHttpBinding_IShop of service Shop"), "{said:?}");
    shop.host.close().await;
}
