//! Addresses: GET, queries, pages, redirections, other origins.

use std::time::Duration;

use waxwing::metadata::{LoadOptions, MetadataError, MetadataReader};
use waxwing_testkit::metadata::folder;

use crate::server::{Asked, Reply, Server};
use crate::{attempts, codes, read, told};

/// WCF's service with every kind of data contract, replayed: its pages name the address that it had.
fn wcf(asked: &Asked) -> Reply {
    let pages = folder("wsdl-kinds");
    let host = asked.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let here = |name: &str| Reply::ok(pages.text(name).replace("localhost:44495", host));
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    match (asked.method.as_str(), path, query) {
        ("GET", "/calc", "") => Reply::ok(format!(
            "<HTML><BODY>svcutil.exe <A HREF=\"http://{host}/calc?wsdl\">http://{host}/calc?wsdl</A></P>"
        )),
        ("GET", "/calc", "wsdl") => here("wsdl.wsdl.xml"),
        ("GET", "/calc", "singleWsdl") => here("singleWsdl.wsdl.xml"),
        ("GET", "/calc", query) => {
            match pages.files.keys().find(|f| f.starts_with(&format!("{query}."))) {
                Some(name) => here(name),
                None => Reply::status("404 Not Found"),
            }
        }
        ("POST", "/calc/mex", _) => here("001-mex-response.xml"),
        _ => Reply::status("400 Bad Request"),
    }
}

/// The page for people, `?singleWsdl`, `?wsdl` with its imports, and the metadata exchange say the same.
#[tokio::test]
async fn four_ways_to_wcf_lead_to_one_contract() {
    let server = Server::start(wcf).await;
    let mut all = Vec::new();
    for (target, how) in [
        ("/calc", vec!["GET false", "GET true"]),
        ("/calc?singleWsdl", vec!["GET true"]),
        ("/calc?wsdl", vec!["GET true"; 10]),
        ("/calc/mex", vec!["GET false", "GET false", "GET false", "MEX, SOAP 1.2 true"]),
    ] {
        let metadata = read(&server.url(target)).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(attempts(&metadata), how, "{target}");
        assert_eq!(codes(&metadata), [""; 0], "{target}: {:?}", metadata.set.findings());
        all.push(told(&metadata));
    }
    assert!(all[0].len() > 50, "{:?}", all[0]);
    assert!(all.iter().all(|one| *one == all[0]));
}

/// WCF imports its own machine's name; a stranger's host is asked only when it is allowed.
#[tokio::test]
async fn other_origins_are_asked_when_they_are_allowed() {
    let other = Server::start(|asked| match asked.target.as_str() {
        "/b.xsd" => Reply::ok(
            "<schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:b'><element name='b'/></schema>",
        ),
        _ => Reply::status("404 Not Found"),
    })
    .await;
    let link = other.url("/b.xsd");
    let server = Server::start(move |_| {
        Reply::ok(format!(
            "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'><types>\
             <schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:a'>\
             <import namespace='urn:b' schemaLocation='{link}'/></schema></types></definitions>"
        ))
    })
    .await;
    let metadata = read(&server.url("/a.wsdl")).await.unwrap();
    assert_eq!(codes(&metadata), ["refused-origin"]);
    let help = metadata.set.findings()[0].help.clone().unwrap();
    assert_eq!(help, format!("--allow-origin {} allows it", other.address));
    assert_eq!(other.asked(), [""; 0]);
    let allowing = MetadataReader::new().no_proxy().allow_origin(other.address.to_string());
    let metadata = allowing.read([server.url("/a.wsdl")]).await.unwrap();
    assert_eq!(codes(&metadata), [""; 0]);
    assert_eq!(other.asked(), ["GET /b.xsd"]);
}

#[tokio::test]
async fn nothing_leads_from_the_network_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.xsd");
    std::fs::write(
        &file,
        "<schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:s'/>",
    )
    .unwrap();
    let links = [format!("file://{}", file.display()), "file:///etc/passwd".to_owned()];
    for link in links {
        let server = Server::start(move |_| {
            Reply::ok(format!(
                "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'>\
                 <import namespace='urn:s' location='{link}'/></definitions>"
            ))
        })
        .await;
        let allowing = MetadataReader::new().no_proxy().allow_origin("*");
        let metadata = allowing.read([server.url("/a.wsdl")]).await.unwrap();
        assert_eq!(codes(&metadata), ["refused-file"]);
        assert_eq!(metadata.set.documents().len(), 1);
    }
}

#[tokio::test]
async fn redirections_are_followed_within_the_origin_and_not_for_ever() {
    let elsewhere = Server::start(|_| Reply::ok("<x/>")).await;
    let target = elsewhere.url("/x?wsdl");
    let server = Server::start(move |asked| match asked.target.as_str() {
        "/old?wsdl" => Reply::redirection("/new/service.wsdl"),
        "/new/service.wsdl" => Reply::ok(
            "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:a'>\
             <import namespace='urn:b' location='b.wsdl'/></definitions>",
        ),
        "/new/b.wsdl" => Reply::ok(
            "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' targetNamespace='urn:b'/>",
        ),
        "/loop?wsdl" => Reply::redirection("/loop?wsdl"),
        "/away?wsdl" => Reply::redirection(&target),
        _ => Reply::status("404 Not Found"),
    })
    .await;
    // Relative to where it was in the end.
    let metadata = read(&server.url("/old?wsdl")).await.unwrap();
    assert_eq!(metadata.set.definitions().len(), 2);
    let imports = &metadata.set.definitions()[0].imports;
    let resolved = imports[0].resolved.as_ref().map(ToString::to_string);
    assert_eq!(resolved, Some(server.url("/new/b.wsdl")));
    let error = read(&server.url("/loop?wsdl")).await.unwrap_err().to_string();
    assert!(error.contains("more than 5 redirections"), "{error}");
    let error = read(&server.url("/away?wsdl")).await.unwrap_err().to_string();
    assert!(error.contains("of another origin (--allow-origin 127.0.0.1 allows it)"), "{error}");
    assert_eq!(elsewhere.asked(), [""; 0]);
}

#[tokio::test]
async fn who_says_nothing_is_asked_in_every_way_and_all_of_it_is_told() {
    let server = Server::start(|_| Reply::status("404 Not Found")).await;
    let error = read(&server.url("/calc")).await.unwrap_err();
    let MetadataError::Nothing { attempts, .. } = &error else { panic!("{error}") };
    let asked: Vec<_> =
        attempts.iter().map(|a| (a.how, a.address.trim_start_matches(&server.url("")))).collect();
    let expected = [
        ("GET", "/calc"),
        ("GET", "/calc?singleWsdl"),
        ("GET", "/calc?wsdl"),
        ("MEX, SOAP 1.2", "/calc"),
        ("MEX, SOAP 1.1", "/calc"),
        ("MEX, SOAP 1.2", "/calc/mex"),
        ("MEX, SOAP 1.1", "/calc/mex"),
        ("GET", "/"),
        ("GET", "/?singleWsdl"),
        ("GET", "/?wsdl"),
        ("MEX, SOAP 1.2", "/mex"),
        ("MEX, SOAP 1.1", "/mex"),
    ];
    assert_eq!(asked, expected);
    let text = error.to_string();
    assert!(text.contains("/calc, ?singleWsdl, ?wsdl: HTTP 404 Not Found\n"), "{text}");
    assert!(text.lines().count() <= 8, "{text}");
    assert!(text.contains("serviceMetadata httpGetEnabled"), "{text}");
}

/// Nobody listens: no use in further questions.
#[tokio::test]
async fn who_is_not_there_is_asked_once() {
    let nobody = waxwing_testkit::ports::free_port().unwrap();
    let address = format!("http://127.0.0.1:{nobody}/calc");
    let error = read(&address).await.unwrap_err();
    assert!(matches!(error, MetadataError::Unreachable { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("{address} cannot be reached: ")), "{text}");
    assert!(!text.contains("serviceMetadata") && !text.contains('\n'), "{text}");
    let error = read("net.pipe://localhost/calc").await.unwrap_err();
    assert!(matches!(error, MetadataError::Scheme { .. }), "{error}");
}

#[tokio::test]
async fn a_slow_or_endless_answer_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/x?wsdl", listener.local_addr().unwrap());
    let reader = MetadataReader::new().no_proxy().timeout(Duration::from_millis(200));
    let error = reader.read([&address]).await.unwrap_err().to_string();
    assert!(error.contains("no answer within"), "{error}");
    drop(listener);
    let server = Server::start(|_| Reply::ok(vec![b' '; 100_000])).await;
    let options = LoadOptions { max_octets: 10_000, ..LoadOptions::default() };
    let reader = MetadataReader::new().options(options).no_proxy();
    let error = reader.read([server.url("/x?wsdl")]).await.unwrap_err().to_string();
    assert!(error.contains("10000") || error.contains("10,000"), "{error}");
}

/// An endpoint of WCF lies below the base address, where the metadata is.
#[tokio::test]
async fn the_base_address_tells_of_the_endpoints_below_it() {
    let pages = |asked: &Asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("GET", "/shop/?wsdl" | "/shop?wsdl" | "/?wsdl") => {
            let path = asked.target.trim_end_matches("?wsdl").trim_end_matches('/').to_owned();
            Reply::ok(format!(
                "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' \
                 targetNamespace='urn:a'><service name='S'><port name='P' binding='B'><s:address \
                 location='http://machine.local{path}/calculator'/></port></service></definitions>"
            ))
        }
        ("GET", "/shop/calculator" | "/shop/other") => Reply::status("405 Method Not Allowed"),
        _ => Reply::status("415 Unsupported Media Type"),
    };
    let server = Server::start(pages).await;
    for target in ["/shop/calculator", "/shop/calculator?wsdl", "/shop/calculator/"] {
        let found = read(&server.url(target)).await.unwrap_or_else(|e| panic!("{target}: {e}"));
        let last = found.attempts.last().unwrap();
        assert_eq!(last.address, server.url("/shop?wsdl"), "{target}");
    }
    // Nobody is given the description of somebody else.
    let error = read(&server.url("/shop/other")).await.unwrap_err().to_string();
    assert!(
        error.contains("a description of other addresses: http://machine.local/shop/calculator"),
        "{error}"
    );
}
