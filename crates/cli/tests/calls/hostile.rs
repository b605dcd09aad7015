//! Services that mean no good.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use crate::shop::waxwing;

/// A description whose only port is at this address.
fn description(address: &str, port: &str) -> String {
    format!(
        r#"<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><w:types><x:schema targetNamespace="urn:t">
<x:element name="Op"><x:complexType><x:sequence/></x:complexType></x:element></x:schema></w:types>
<w:message name="In"><w:part name="parameters" element="t:Op"/></w:message>
<w:portType name="I"><w:operation name="Op"><w:input message="t:In"/></w:operation></w:portType>
<w:binding name="B" type="t:I"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<w:operation name="Op"><s:operation soapAction="urn:op"/><w:input><s:body use="literal"/></w:input></w:operation></w:binding>
<w:service name="S"><w:port name="{port}" binding="t:B"><s:address location="{address}"/></w:port></w:service></w:definitions>"#
    )
}

/// Answers every request with the text. Gives the address.
fn serve(text: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/calc?wsdl", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                text.len()
            );
            let _ =
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_do_not_go_where_only_a_document_says() {
    let thief = TcpListener::bind("127.0.0.1:0").expect("a port");
    thief.set_nonblocking(true).expect("set");
    let port = thief.local_addr().expect("bound").port();
    let there = format!("http://localhost:{port}/calc");
    let source = serve(description(&there, "P"));
    let credentials = ["--user", "mia", "--password-env", "SESAME", "--timeout", "2s"];
    for command in [&["call", source.as_str(), "Op"][..], &["ping", source.as_str()]] {
        let said = waxwing(Path::new("."), &[command, &credentials].concat()).await;
        let told = format!("{}{}", said.stdout, said.stderr)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert_ne!(said.code, 0, "{said:?}");
        assert!(told.contains("the credentials are not sent there"), "{said:?}");
        assert!(thief.accept().is_err(), "somebody came");
    }
    // Without credentials, or where it is meant, it is the user's business.
    for more in
        [&[][..], &["--allow-origin", "localhost", "--user", "mia", "--password-env", "SESAME"]]
    {
        let said = waxwing(
            Path::new("."),
            &[&["call", source.as_str(), "Op", "--timeout", "2s"], more].concat(),
        )
        .await;
        assert!(!said.stderr.contains("not sent there"), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_document_do_not_act_on_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = "http://h/&#x9b;31m&#10;  can talk: no&#x202e;";
    std::fs::write(folder.path().join("a.wsdl"), description(address, "P;reboot&#10;x"))
        .expect("written");
    let acts = |text: &str| text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}');
    for arguments in [
        &["inspect", "a.wsdl"][..],
        &["inspect", "a.wsdl", "--operations", "--types", "--policy"],
        &["import", "a.wsdl", "-o", "out"],
        &["call", "a.wsdl", "Op", "--dry-run"],
        &["call", "a.wsdl", "Op"],
        &["ping", "a.wsdl"],
    ] {
        let said = waxwing(folder.path(), arguments).await;
        assert!(!acts(&said.stdout) && !acts(&said.stderr), "{arguments:?} {said:?}");
    }
}
