//! Values that WCF refuses: addresses that are no URI, identities that are no base64, texts that
//! must not be empty.

use waxwing_binding::{Configuration, Severity};

fn errors(text: &str) -> Vec<(&'static str, Option<String>)> {
    let text =
        format!("<configuration><system.serviceModel>{text}</system.serviceModel></configuration>");
    let found = Configuration::load(&text).diagnostics.into_iter();
    found.filter(|d| d.severity == Severity::Error).map(|d| (d.code, d.wcf_text)).collect()
}

/// Every attribute that is a `System.Uri` in WCF, each in its place.
#[test]
fn addresses_are_what_uri_takes() {
    let service = |inside: &str| {
        format!(
            r#"<services><service name="S"><endpoint {inside} binding="wsHttpBinding" contract="I" /></service></services>"#
        )
    };
    let client = |inside: &str| {
        format!(r#"<client><endpoint {inside} binding="wsHttpBinding" contract="I" /></client>"#)
    };
    let binding = |section: &str, inside: &str| {
        format!("<bindings><{section}><binding {inside}</{section}></bindings>")
    };
    let of_service = |inside: &str| {
        format!(
            "<behaviors><serviceBehaviors><behavior><{inside} /></behavior></serviceBehaviors></behaviors>"
        )
    };
    let of_endpoint = |inside: &str| {
        format!(
            "<behaviors><endpointBehaviors><behavior>{inside}</behavior></endpointBehaviors></behaviors>"
        )
    };
    let places: Vec<String> = vec![
        service(r#"address="BAD""#),
        service(r#"address="http://h/" listenUri="BAD""#),
        client(r#"address="BAD""#),
        binding("wsHttpBinding", r#"proxyAddress="BAD" />"#),
        binding("basicHttpBinding", r#"proxyAddress="BAD" />"#),
        binding("wsDualHttpBinding", r#"clientBaseAddress="BAD" />"#),
        binding("ws2007FederationHttpBinding", r#"privacyNoticeAt="BAD" />"#),
        binding(
            "ws2007FederationHttpBinding",
            r#"><security><message><issuer address="BAD" /></message></security></binding>"#,
        ),
        binding(
            "ws2007FederationHttpBinding",
            r#"><security><message><issuerMetadata address="BAD" /></message></security></binding>"#,
        ),
        binding("customBinding", r#"><httpTransport proxyAddress="BAD" /></binding>"#),
        binding(
            "customBinding",
            r#"><compositeDuplex clientBaseAddress="BAD" /><oneWay /><httpTransport /></binding>"#,
        ),
        of_service(r#"serviceMetadata httpGetUrl="BAD""#),
        of_service(r#"serviceMetadata httpsGetUrl="BAD""#),
        of_service(r#"serviceMetadata externalMetadataLocation="BAD""#),
        of_service(r#"serviceDebug httpHelpPageUrl="BAD""#),
        of_service(r#"serviceDebug httpsHelpPageUrl="BAD""#),
        of_service(r#"serviceHealth httpGetUrl="BAD""#),
        of_endpoint(r#"<clientVia viaUri="BAD" />"#),
        of_endpoint(
            r#"<clientCredentials><serviceCertificate><scopedCertificates><add targetUri="BAD" /></scopedCertificates></serviceCertificate></clientCredentials>"#,
        ),
    ];
    for place in places {
        for (bad, why) in [
            ("http://my host/x", "Invalid URI: The hostname could not be parsed."),
            ("http://", "Invalid URI: The hostname could not be parsed."),
            ("http://h:port/x", "Invalid URI: Invalid port specified."),
        ] {
            let [(code, wcf)] = &errors(&place.replace("BAD", bad))[..] else {
                panic!("{place} {bad}: {:#?}", errors(&place.replace("BAD", bad)))
            };
            assert_eq!(*code, "bad-value", "{place}");
            assert!(wcf.as_deref().is_some_and(|wcf| wcf.contains(why)), "{place}: {wcf:?}");
        }
        let scheme = if place.contains("httpsGetUrl") { "https" } else { "http" };
        let good = errors(&place.replace("BAD", &format!("{scheme}://h:80/a b")));
        assert_eq!(good, [], "{place}");
    }
}

/// These are strings in WCF: what they hold is looked at when the host opens, or never.
#[test]
fn what_is_no_uri_in_wcf_is_left_alone() {
    let base = |address: &str| {
        errors(&format!(
            r#"<services><service name="S"><host><baseAddresses><add baseAddress="{address}" /></baseAddresses></host></service></services>"#
        ))
    };
    assert_eq!(base("http://*:8000/x"), []);
    assert_eq!(base("http://h/a b"), []);
    for bad in ["http://my host/", "http://h:99999/", "calc"] {
        let [(code, wcf)] = &base(bad)[..] else { panic!("{bad}") };
        assert_eq!(*code, "relative-base-address");
        assert_eq!(wcf.as_deref(), Some("Only an absolute Uri can be used as a base address."));
    }
    let namespace = r#"<services><service name="S"><endpoint address="http://h/" bindingNamespace="http://my host/" binding="wsHttpBinding" contract="I" /></service></services>"#;
    assert_eq!(errors(namespace), []);
}

#[test]
fn identities_are_readable() {
    let identity = |inside: &str| {
        let inside = format!(
            r#"<client><endpoint address="http://h/" binding="wsHttpBinding" contract="I"><identity>{inside}</identity></endpoint></client>"#
        );
        let of_service =
            inside.replace("client>", "service>").replace("<service>", "<service name=\"S\">");
        let found = errors(&inside);
        assert_eq!(errors(&format!("<services>{of_service}</services>")), found);
        found
    };
    let codes = |inside: &str| identity(inside).iter().map(|(code, _)| *code).collect::<Vec<_>>();
    assert_eq!(codes(r#"<certificate encodedValue="AQ ID" />"#), [""; 0]);
    for bad in ["AQI", "A-ID", "", "MIIC…"] {
        assert_eq!(
            codes(&format!(r#"<certificate encodedValue="{bad}" />"#)),
            ["identity-certificate"]
        );
    }
    assert_eq!(
        identity(r#"<certificate encodedValue="AQI" />"#)[0].1.as_deref(),
        Some("Invalid length for a Base-64 char array or string.")
    );
    // Another one counts: WCF never looks at it.
    assert_eq!(codes(r#"<dns value="x" /><certificate encodedValue="AQI" />"#), [""; 0]);
    let rsa = |inside: &str| {
        codes(&format!("<rsa value=\"&lt;RSAKeyValue&gt;{inside}&lt;/RSAKeyValue&gt;\" />"))
    };
    assert_eq!(
        rsa("&lt;Modulus&gt;AQID&lt;/Modulus&gt;&lt;Exponent&gt;AQAB&lt;/Exponent&gt;"),
        [""; 0]
    );
    assert_eq!(
        rsa("&lt;Modulus&gt;AQI&lt;/Modulus&gt;&lt;Exponent&gt;AQAB&lt;/Exponent&gt;"),
        ["identity-rsa"]
    );
    assert_eq!(rsa("&lt;Modulus&gt;AQID&lt;/Modulus&gt;"), ["identity-rsa"]);
    assert_eq!(codes(r#"<rsa value="AQID" />"#), ["identity-rsa"]);
}

#[test]
fn texts_that_must_not_be_empty() {
    let empty = [
        r#"<services><service name="" /></services>"#,
        r#"<services><service name="S"><host><baseAddresses><add baseAddress="" /></baseAddresses></host></service></services>"#,
        r#"<protocolMapping><add scheme="" binding="wsHttpBinding" /></protocolMapping>"#,
        r#"<protocolMapping><add scheme="http" binding="" /></protocolMapping>"#,
        r#"<behaviors><serviceBehaviors><behavior><serviceAuthorization><authorizationPolicies><add policyType="" /></authorizationPolicies></serviceAuthorization></behavior></serviceBehaviors></behaviors>"#,
        r#"<behaviors><endpointBehaviors><behavior><dispatcherSynchronization maxPendingReceives="0" /></behavior></endpointBehaviors></behaviors>"#,
    ];
    for text in empty {
        let found = errors(text);
        assert_eq!(
            found.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
            ["value-out-of-range"],
            "{text}"
        );
    }
}

#[test]
fn metadata_pages_are_of_their_own_scheme() {
    let page = |attributes: &str| {
        errors(&format!(
            "<behaviors><serviceBehaviors><behavior><serviceMetadata {attributes} /></behavior></serviceBehaviors></behaviors>"
        ))
    };
    assert_eq!(page(r#"httpGetUrl="x" httpsGetUrl="HTTPS://h/""#), []);
    for (attribute, found) in
        [(r#"httpGetUrl="https://h/x""#, "https"), (r#"httpsGetUrl="net.tcp://h/x""#, "net.tcp")]
    {
        let [(code, wcf)] = &page(attribute)[..] else { panic!("{attribute}") };
        assert_eq!(*code, "metadata-page-scheme");
        assert!(wcf.as_deref().is_some_and(|wcf| wcf.contains(&format!("with scheme '{found}'"))));
    }
}
