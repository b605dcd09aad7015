//! What would be sent, by the metadata of public services and of WCF.

use waxwing::soap::{Addressing, Envelope};
use waxwing::xml::Limits;
use waxwing_testkit::metadata;

use crate::shop::{Said, waxwing};

/// `waxwing call` over the files of a folder of the corpus.
async fn call(folder: &str, root: &str, arguments: &[&str]) -> Said {
    run(folder, &[&["call", root], arguments].concat()).await
}

/// The program with these files in its folder.
async fn run(folder: &str, arguments: &[&str]) -> Said {
    let of = metadata::folder(folder);
    let place = tempfile::tempdir().expect("folder");
    for (path, octets) in &of.files {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, octets).expect("written");
    }
    waxwing(place.path(), arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_golden_message_of_exchange() {
    let request = r##"{ "UnresolvedEntry": "bob", "@ReturnFullContactData": true,
        "ParentFolderIds": { "#items": [ { "DistinguishedFolderId": { "@Id": "contacts", "Mailbox": { "EmailAddress": "a@b.example" } } } ] } }"##;
    let said = call("084", ".", &["ResolveNames", request, "--dry-run"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(
        said.stdout.trim_end(),
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <ResolveNames ReturnFullContactData=\"true\" xmlns=\"http://schemas.microsoft.com/exchange/services/2006/messages\">\
         <ParentFolderIds><DistinguishedFolderId Id=\"contacts\" xmlns=\"http://schemas.microsoft.com/exchange/services/2006/types\">\
         <Mailbox><EmailAddress>a@b.example</EmailAddress></Mailbox></DistinguishedFolderId></ParentFolderIds>\
         <UnresolvedEntry>bob</UnresolvedEntry></ResolveNames></s:Body></s:Envelope>"
    );
    assert!(said.stderr.contains(
        "SOAPAction: \"http://schemas.microsoft.com/exchange/services/2006/messages/ResolveNames\""
    ));
    assert!(said.stderr.contains("the port has no address: give --address"), "{said:?}");
    let headers = ["--header", r#"RequestServerVersion={"@Version":"Exchange2007_SP1"}"#, "--json"];
    let all =
        [&["ResolveNames", r#"{"UnresolvedEntry":"bob"}"#, "--dry-run"][..], &headers].concat();
    let said = call("084", ".", &all).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(
        said.stderr.contains("\"@ReturnFullContactData\" is missing: true or false"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_description_of_wcf() {
    let request = ["Add", r#"{"n1":100,"n2":15.99}"#, "--dry-run", "--json"];
    let said = call("wsdl-rm10-sc-cert", "singleWsdl.wsdl.xml", &request).await;
    assert_eq!(said.code, 0, "{said:?}");
    let said = said.json();
    let envelope = said["envelope"].as_str().expect("text").as_bytes().to_vec();
    let envelope = Envelope::parse(envelope, &Limits::SOAP).expect("SOAP");
    let addressing = Addressing::read(&envelope).expect("addressing");
    let action = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
    assert_eq!((addressing.action.as_deref(), &said["action"]), (Some(action), &action.into()));
    assert_eq!(addressing.to.as_deref(), said["address"].as_str());
    let body = envelope.payload().expect("a body");
    let parts: Vec<_> = body.elements().map(|part| part.text().into_owned()).collect();
    assert_eq!(parts, ["100", "15.99"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_api_of_a_captured_description() {
    let server = "https://gateway.example/calc";
    let said = run(
        "wsdl-rm10-sc-cert",
        &["export", "singleWsdl.wsdl.xml", "--openapi", "--server", server],
    )
    .await;
    assert_eq!(said.code, 0, "{said:?}");
    let document = said.json();
    assert_eq!(
        (&document["openapi"], &document["servers"][0]["url"]),
        (&"3.1.0".into(), &server.into())
    );
    let add = &document["paths"]["/Add"]["post"];
    assert_eq!(add["x-soap-action"], "http://Microsoft.ServiceModel.Samples/ICalculator/Add");
    let request = &add["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(request["properties"]["n1"]["format"], "double", "{request}");
    assert!(add["responses"]["200"]["content"].is_object(), "{add}");
    let documents = run("wsdl-rm10-sc-cert", &["export", "singleWsdl.wsdl.xml"]).await;
    assert_eq!(documents.code, 0, "{documents:?}");
    assert!(documents.stdout.contains(".wsdl"), "without it the documents: {documents:?}");
    let wrong = ["export", "singleWsdl.wsdl.xml", "--server", server];
    let wrong = run("wsdl-rm10-sc-cert", &wrong).await;
    assert_eq!(wrong.code, 64, "{wrong:?}");
}

/// Whoever reads `--json` gets one object, also of what went wrong; what was asked for wrongly is told by 64 everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn errors_are_objects_and_codes_are_the_same() {
    for (command, more) in
        [("inspect", ""), ("import", ""), ("check", ""), ("ping", ""), ("call", "Add")]
    {
        for (source, port, code) in [("none.wsdl", "", 2), ("singleWsdl.wsdl.xml", "none", 64)] {
            // `check` takes no port.
            if (command, code) == ("check", 64) {
                continue;
            }
            let mut arguments = vec![command, source, "--json"];
            arguments.extend((!more.is_empty()).then_some(more));
            arguments.extend(["--port", port].iter().filter(|_| !port.is_empty()));
            let said = run("wsdl-rm10-sc-cert", &arguments).await;
            assert_eq!(said.code, code, "{arguments:?} {said:?}");
            let told = said.json();
            let why = &told["error"]["message"];
            let why = if command == "check" { &told["files"][0]["error"] } else { why };
            assert!(why.is_string(), "{arguments:?} {said:?}");
        }
    }
}
