//! What this version cannot run is named, each by itself; what it can run is not.

use waxwing_binding::{
    BasicHttpSecurityMode, Binding, ClientCredentials, Configuration, EffectiveEndpoint,
    HttpClientCredentialType, NetHttpBinding, Role, ServiceBehavior,
};

fn binding(section: &str, inside: &str) -> Binding {
    let text = format!(
        "<configuration><system.serviceModel><bindings><{section}>{inside}</{section}></bindings>\
         </system.serviceModel></configuration>"
    );
    let mut configuration = Configuration::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    configuration.bindings.remove(0)
}

fn features(section: &str, inside: &str) -> Vec<String> {
    let binding = binding(section, inside);
    let credentials = ClientCredentials::default();
    let endpoint = EffectiveEndpoint::client(&binding, "I", "http://h/", None, credentials)
        .unwrap_or_else(|e| panic!("{e}"));
    endpoint.unsupported().into_iter().map(|u| u.feature).collect()
}

fn ws(message: &str) -> String {
    format!("<binding><security><message {message}/></security></binding>")
}

fn custom(security: &str) -> String {
    format!("<binding><security {security}/><httpTransport/></binding>")
}

#[test]
fn what_can_be_run_is_not_refused() {
    for credential in ["None", "UserName", "Certificate"] {
        for negotiate in ["true", "false"] {
            let message = format!(
                "clientCredentialType=\"{credential}\" negotiateServiceCredential=\"{negotiate}\""
            );
            assert_eq!(features("wsHttpBinding", &ws(&message)), [""; 0]);
            assert_eq!(features("ws2007HttpBinding", &ws(&message)), [""; 0]);
        }
    }
    for credential in ["UserName", "Certificate"] {
        let mixed = format!(
            "<binding><security mode=\"TransportWithMessageCredential\"><message \
             clientCredentialType=\"{credential}\"/></security></binding>"
        );
        assert_eq!(features("wsHttpBinding", &mixed), [""; 0]);
        assert_eq!(features("ws2007HttpBinding", &mixed), [""; 0]);
        // Somebody in front of the service ends TLS.
        let mode = format!("authenticationMode=\"{credential}OverTransport\"");
        let bare = custom(&format!("{mode} allowInsecureTransport=\"true\""));
        assert_eq!(features("customBinding", &bare), [""; 0]);
    }
    for credential in ["None", "Certificate"] {
        let transport = format!(
            "<binding><security mode=\"Transport\"><transport clientCredentialType=\"{credential}\"/>\
             </security></binding>"
        );
        assert_eq!(features("ws2007HttpBinding", &transport), [""; 0]);
    }
    let https =
        "<binding><reliableSession/><httpsTransport requireClientCertificate=\"true\"/></binding>";
    assert_eq!(features("customBinding", https), [""; 0]);
    let plain = "<binding><reliableSession enabled=\"true\"/><security mode=\"None\"/></binding>";
    assert_eq!(features("wsHttpBinding", plain), [""; 0]);
}

#[test]
fn what_cannot_be_run_is_named() {
    let windows = ["Windows accounts"];
    assert_eq!(features("wsHttpBinding", "<binding/>"), windows);
    assert_eq!(features("wsHttpBinding", &ws("negotiateServiceCredential=\"false\"")), windows);
    let issued = ws("clientCredentialType=\"IssuedToken\"");
    assert_eq!(features("wsHttpBinding", &issued), ["issued tokens"]);
    assert_eq!(features("wsFederationHttpBinding", "<binding/>"), ["issued tokens"]);
    assert_eq!(
        features("netTcpBinding", "<binding/>")[0],
        "Windows accounts on the connection (<windowsStreamSecurity>)"
    );
    let none = "<security mode=\"None\"/>";
    assert_eq!(
        features("wsHttpBinding", &format!("<binding messageEncoding=\"Mtom\">{none}</binding>")),
        [""; 0]
    );
    assert_eq!(
        features("wsHttpBinding", &format!("<binding textEncoding=\"utf-16\">{none}</binding>")),
        ["messages in utf-16"]
    );
    assert_eq!(features("basicHttpBinding", "<binding transferMode=\"Streamed\"/>"), [""; 0]);
    for version in ["Soap11", "Soap12"] {
        let inside = format!(
            "<binding><textMessageEncoding messageVersion=\"{version}\"/><httpTransport/></binding>"
        );
        assert_eq!(features("customBinding", &inside), [""; 0]);
        for (mode, expected) in [
            ("MutualCertificateDuplex", vec![]),
            (
                "SecureConversation",
                vec![
                    "negotiated security and secure conversation without WS-Addressing",
                    "Windows accounts",
                ],
            ),
        ] {
            let security = format!("<binding><security authenticationMode=\"{mode}\"/>");
            let inside = inside.replace("<binding>", &security);
            assert_eq!(features("customBinding", &inside), expected, "{inside}");
        }
    }
    let message = "<binding><security mode=\"Message\"><message clientCredentialType=\"Certificate\"/></security></binding>";
    assert_eq!(features("basicHttpBinding", message), [""; 0]);
    let soap11 = "<binding><textMessageEncoding messageVersion=\"Soap11WSAddressing10\"/><httpTransport/></binding>";
    assert_eq!(features("customBinding", soap11), [""; 0]);
    let ntlm = "<binding><security mode=\"Transport\"><transport clientCredentialType=\"Ntlm\"/>\
                </security></binding>";
    let found = features("wsHttpBinding", ntlm);
    assert_eq!(found.last().unwrap(), "HTTP authentication Ntlm (Windows accounts)");
    assert_eq!(features("webHttpBinding", "<binding/>"), ["webHttpBinding"]);
    assert_eq!(
        features("netNamedPipeBinding", "<binding/>"),
        ["the net.pipe transport of netNamedPipeBinding"]
    );
}

#[test]
fn details_of_custom_security_are_named() {
    let mutual = "authenticationMode=\"MutualCertificate\"";
    assert_eq!(features("customBinding", &custom(mutual)), [""; 0]);
    for (attribute, feature) in [
        ("protectTokens=\"true\"", "signed tokens"),
        (
            "includeTimestamp=\"false\"",
            "messages without a timestamp while replays are looked for (WCF refuses each of them with \"No Timestamp is \
             available in the security header to do replay detection.\")",
        ),
    ] {
        let binding = custom(&format!("{mutual} {attribute}"));
        assert_eq!(features("customBinding", &binding), [feature]);
    }
    for runs in [
        "messageProtectionOrder=\"EncryptBeforeSign\"",
        "requireSignatureConfirmation=\"true\"",
        "enableUnsecuredResponse=\"true\"",
    ] {
        let binding = custom(&format!("{mutual} {runs}"));
        assert_eq!(features("customBinding", &binding), [""; 0], "{runs}");
    }
    let without_replays = format!(
        "<binding><security {mutual} includeTimestamp=\"false\"><localServiceSettings detectReplays=\"false\"/>\
         <localClientSettings detectReplays=\"false\"/></security><httpTransport/></binding>"
    );
    assert_eq!(features("customBinding", &without_replays), [""; 0]);
    let wss10 = "messageSecurityVersion=\"WSSecurity10WSTrustFebruary2005WSSecureConversation\
                 February2005WSSecurityPolicy11BasicSecurityProfile10\"";
    let duplex = "authenticationMode=\"MutualCertificateDuplex\"";
    for runs in [
        format!("{mutual} {wss10}"),
        format!("{mutual} {wss10} protectTokens=\"true\" requireDerivedKeys=\"true\""),
        format!("{duplex} {wss10} allowSerializedSigningTokenOnReply=\"true\""),
        format!("{duplex} requireSignatureConfirmation=\"true\""),
    ] {
        assert_eq!(features("customBinding", &custom(&runs)), [""; 0], "{runs}");
    }
    for (attributes, feature) in [
        (
            format!("{mutual} {wss10} requireSignatureConfirmation=\"true\""),
            "confirmed signatures in WS-Security 1.0",
        ),
        (
            format!("authenticationMode=\"UserNameForCertificate\" {wss10}"),
            "a key for the service's certificate in WS-Security 1.0",
        ),
        (
            format!("authenticationMode=\"AnonymousForCertificate\" {wss10}"),
            "a key for the service's certificate in WS-Security 1.0",
        ),
    ] {
        assert_eq!(features("customBinding", &custom(&attributes)), [feature]);
    }
    let cookies = "authenticationMode=\"AnonymousForSslNegotiated\" \
                   requireSecurityContextCancellation=\"false\"";
    assert_eq!(features("customBinding", &custom(cookies)), [""; 0]);
    let cookies = "<binding><reliableSession/><security authenticationMode=\"SecureConversation\" \
                   requireSecurityContextCancellation=\"false\"><secureConversationBootstrap \
                   authenticationMode=\"MutualCertificate\"/></security><httpTransport/></binding>";
    assert_eq!(features("customBinding", cookies), [""; 0]);
    let one_sided = "<binding><security authenticationMode=\"SecureConversation\" \
                     keyEntropyMode=\"ClientEntropy\"><secureConversationBootstrap \
                     authenticationMode=\"MutualCertificate\"/></security><httpTransport/></binding>";
    assert_eq!(features("customBinding", one_sided), ["keys to which only one side contributes"]);
    let without_soap =
        "<binding><textMessageEncoding messageVersion=\"None\"/><httpTransport/></binding>";
    assert_eq!(features("customBinding", without_soap), ["messages without a SOAP envelope"]);
    let context = "<binding><context/><httpTransport/></binding>";
    assert_eq!(features("customBinding", context), ["the binding element <context>"]);
}

fn http(scheme: &str) -> String {
    format!(
        "<binding><textMessageEncoding/><httpTransport authenticationScheme=\"{scheme}\"/></binding>"
    )
}

fn opened(role: Role, section: &str, inside: &str) -> Result<Vec<String>, String> {
    made(role, &binding(section, inside))
}

fn made(role: Role, binding: &Binding) -> Result<Vec<String>, String> {
    let endpoint = match role {
        Role::Client => {
            EffectiveEndpoint::client(binding, "I", "http://h/", None, ClientCredentials::default())
        }
        Role::Service => {
            EffectiveEndpoint::service(binding, "I", "http://h/", ServiceBehavior::default())
        }
    };
    let endpoint = endpoint.map_err(|refusal| refusal.to_string())?;
    Ok(endpoint.unsupported().into_iter().map(|unsupported| unsupported.feature).collect())
}

/// What runs of HTTP authentication, what does not, and what WCF refuses, at which side.
#[test]
fn http_authentication() {
    use Role::{Client, Service};
    let only = |credential: &str| {
        format!(
            "<binding messageEncoding=\"Text\"><security mode=\"TransportCredentialOnly\"><transport \
             clientCredentialType=\"{credential}\" realm=\"r\"/></security></binding>"
        )
    };
    for role in [Client, Service] {
        for scheme in ["Basic", "Digest", "Anonymous"] {
            assert_eq!(opened(role, "customBinding", &http(scheme)), Ok(vec![]), "{scheme}");
        }
        for credential in ["Basic", "Digest", "None"] {
            assert_eq!(
                opened(role, "netHttpBinding", &only(credential)),
                Ok(vec![]),
                "{credential}"
            );
        }
        for scheme in ["Ntlm", "Negotiate", "IntegratedWindowsAuthentication"] {
            let found = opened(role, "customBinding", &http(scheme));
            let refused = found.clone().map_or_else(|text| text, |features| features.join(""));
            assert!(refused.contains(scheme), "{found:?}");
        }
        let binding = NetHttpBinding::new(BasicHttpSecurityMode::TransportCredentialOnly, false);
        let mut security = binding.security.clone();
        security.transport.client_credential_type = HttpClientCredentialType::Certificate;
        let binding = binding.security(security).into();
        let found = made(role, &binding).unwrap_err();
        let text = "Certificate-based client authentication is not supported in TransportCredentialOnly security mode. \
                    Select the Transport security mode.";
        assert!(found.contains(text), "{found}");
    }
    let several = http("Basic, Digest");
    assert_eq!(opened(Service, "customBinding", &several), Ok(vec![]));
    let found = opened(Client, "customBinding", &several).unwrap_err();
    assert!(
        found.contains("only supports specification of exactly one authentication scheme"),
        "{found}"
    );
    let found = opened(Service, "customBinding", &http("Basic, Anonymous")).unwrap();
    assert!(found[0].contains("up to the client"), "{found:?}");
    let inherited = only("InheritedFromHost");
    let found = opened(Client, "netHttpBinding", &inherited).unwrap_err();
    assert!(found.contains("'InheritedFromHost' can only be used on the server side"), "{found}");
    let found = opened(Service, "netHttpBinding", &inherited).unwrap();
    assert!(found[0].contains("said by IIS"), "{found:?}");
    let both = "<binding><httpsTransport requireClientCertificate=\"true\" authenticationScheme=\"Basic\"/></binding>";
    let found = opened(Service, "customBinding", both).unwrap_err();
    let text = "The HTTPS listener factory was configured to require a client certificate and the 'Basic' authentication scheme. \
                However, only one form of client authentication can be required at once.";
    assert!(found.contains(text), "{found}");
    assert!(opened(Client, "customBinding", both).is_ok());
}

/// What is told of a file: the code, the text that it points at, and what WCF does.
fn pointed_at(inside: &str) -> Vec<(&'static str, String, String)> {
    let text = format!(
        "<configuration><system.serviceModel>{inside}</system.serviceModel></configuration>"
    );
    let loaded = Configuration::load(&text);
    let told = loaded.diagnostics.iter();
    let at = |span: waxwing_binding::Span| text[span.start..span.end].to_owned();
    told.map(|d| (d.code, at(d.span), d.wcf_behavior.to_owned())).collect()
}

fn service_of(section: &str, binding: &str, address: &str) -> String {
    format!(
        "<bindings><{section}><binding name=\"b\">{binding}</binding></{section}></bindings><services><service name=\"S\">\
         <endpoint address=\"{address}\" binding=\"{section}\" bindingConfiguration=\"b\" contract=\"I\"/></service></services>"
    )
}

/// The settings of a custom binding stand in its elements: what is told points there, and not at the binding.
#[test]
fn what_cannot_run_is_pointed_at_in_its_element() {
    let runs = "accepts and runs it; Waxwing refuses when the endpoint is opened";
    let told = |binding: &str, address: &str| -> Vec<(String, String)> {
        let found = pointed_at(&service_of("customBinding", binding, address));
        let found = found.into_iter().filter(|(code, ..)| *code == "not-supported");
        found.map(|(_, at, wcf)| (at, wcf)).collect()
    };
    let one = |at: &str, wcf: &str| vec![(at.to_owned(), wcf.to_owned())];
    let web_socket = "<webSocketSettings transportUsage=\"Always\"/>";
    assert_eq!(
        told(
            &format!(
                "<binaryMessageEncoding/><httpTransport transferMode=\"Streamed\">{web_socket}</httpTransport>"
            ),
            "http://h/",
        ),
        one("Streamed", runs)
    );
    assert_eq!(
        told(
            "<textMessageEncoding writeEncoding=\"utf-16\"/><httpsTransport authenticationScheme=\"Ntlm\"/>",
            "https://h/",
        )
        .into_iter()
        .map(|(at, _)| at)
        .collect::<Vec<_>>(),
        ["utf-16", "Ntlm"]
    );
    let message = format!(
        "<security authenticationMode=\"SecureConversation\"><secureConversationBootstrap authenticationMode=\"MutualCertificate\"/>\
         </security><binaryMessageEncoding/><httpTransport>{web_socket}</httpTransport>"
    );
    let nothing =
        "opens the endpoint, over which no message goes; Waxwing refuses when it is opened";
    assert_eq!(told(&message, "http://h/"), one("SecureConversation", nothing));
    // A refusal of WCF's, too.
    let refused = "<security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
                   authenticationMode=\"MutualCertificate\"/></security><binaryMessageEncoding/><tcpTransport transferMode=\"Streamed\"/>";
    let found = pointed_at(&service_of("customBinding", refused, "net.tcp://h/"));
    assert!(
        found.iter().any(|(code, at, _)| *code == "streamed-message-security" && at == "Streamed"),
        "{found:?}"
    );
}

/// Of a shared port one thing is said where it is listened on, and another where nobody listens.
#[test]
fn a_shared_port_is_told_once() {
    let codes = |inside: &str| -> Vec<(&'static str, String)> {
        let about = |(code, at, _): (&'static str, String, String)| (code, at);
        let all = pointed_at(inside).into_iter().map(about);
        all.filter(|(_, at)| at == "true" || at == "portSharingEnabled").collect()
    };
    let shared = "<tcpTransport portSharingEnabled=\"true\"/>";
    let service = service_of("customBinding", shared, "net.tcp://h/");
    assert_eq!(codes(&service), [("not-supported", "true".to_owned())]);
    let client = "<bindings><customBinding><binding name=\"b\"><tcpTransport portSharingEnabled=\"true\"/></binding></customBinding>\
                  </bindings><client><endpoint address=\"net.tcp://h/\" binding=\"customBinding\" bindingConfiguration=\"b\" \
                  contract=\"I\"/></client>";
    assert_eq!(codes(client), [("does-nothing", "portSharingEnabled".to_owned())]);
}

#[test]
fn clients_are_called_back_at_a_host_that_is_one() {
    let dual = |base: &str| {
        let inside = format!(
            "<bindings><wsDualHttpBinding><binding clientBaseAddress=\"{base}\"/></wsDualHttpBinding></bindings>"
        );
        pointed_at(&inside).into_iter().map(|(code, at, _)| (code, at)).collect::<Vec<_>>()
    };
    for base in ["http://0.0.0.0:8000/cb", "http://[::]:8000/cb"] {
        assert_eq!(dual(base), [("client-base-host", base.to_owned())]);
    }
    for base in ["http://client.example:8000/", "http://127.0.0.1:8000/", "http://[::1]/"] {
        assert_eq!(dual(base), [], "{base}");
    }
    let custom = "<bindings><customBinding><binding><reliableSession/><compositeDuplex clientBaseAddress=\"http://0.0.0.0/\"/><oneWay/>\
                  <httpTransport/></binding></customBinding></bindings>";
    assert_eq!(pointed_at(custom)[0].0, "client-base-host");
}
