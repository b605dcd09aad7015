//! What this version cannot run is named, each by itself; what it can run is not.

use waxwing_binding::{Binding, ClientCredentials, Configuration, EffectiveEndpoint};

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
    let mixed = "<binding><security mode=\"TransportWithMessageCredential\"><message \
                 clientCredentialType=\"UserName\"/></security></binding>";
    assert_eq!(features("wsHttpBinding", mixed), ["HTTPS"]);
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
    let tcp = ["the net.tcp transport of netTcpBinding"];
    assert_eq!(features("netTcpBinding", "<binding/>"), tcp);
    assert_eq!(features("netHttpBinding", "<binding/>"), ["binary messages"]);
    let none = "<security mode=\"None\"/>";
    assert_eq!(
        features("wsHttpBinding", &format!("<binding messageEncoding=\"Mtom\">{none}</binding>")),
        [""; 0]
    );
    assert_eq!(
        features("wsHttpBinding", &format!("<binding textEncoding=\"utf-16\">{none}</binding>")),
        ["messages in utf-16"]
    );
    assert_eq!(
        features("wsDualHttpBinding", &format!("<binding>{none}</binding>")),
        ["callbacks over HTTP (wsDualHttpBinding)"]
    );
    assert_eq!(
        features("basicHttpBinding", "<binding transferMode=\"Streamed\"/>"),
        ["streamed messages", "messages without WS-Addressing (basicHttpBinding)"]
    );
    for version in ["Soap11", "Soap12"] {
        let inside = format!(
            "<binding><textMessageEncoding messageVersion=\"{version}\"/><httpTransport/></binding>"
        );
        assert_eq!(features("customBinding", &inside), ["messages without WS-Addressing"]);
    }
    let soap11 = "<binding><textMessageEncoding messageVersion=\"Soap11WSAddressing10\"/><httpTransport/></binding>";
    assert_eq!(features("customBinding", soap11), [""; 0]);
    let basic = "<binding><security mode=\"Transport\"><transport clientCredentialType=\"Basic\"/>\
                 </security></binding>";
    assert_eq!(features("wsHttpBinding", basic), ["HTTPS", "HTTP authentication Basic"]);
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
        ("includeTimestamp=\"false\"", "messages without a timestamp"),
        ("enableUnsecuredResponse=\"true\"", "unsecured replies"),
    ] {
        let binding = custom(&format!("{mutual} {attribute}"));
        assert_eq!(features("customBinding", &binding), [feature]);
    }
    for runs in
        ["messageProtectionOrder=\"EncryptBeforeSign\"", "requireSignatureConfirmation=\"true\""]
    {
        let binding = custom(&format!("{mutual} {runs}"));
        assert_eq!(features("customBinding", &binding), [""; 0], "{runs}");
    }
    let wss10 = "messageSecurityVersion=\"WSSecurity10WSTrustFebruary2005WSSecureConversation\
                 February2005WSSecurityPolicy11BasicSecurityProfile10\"";
    assert_eq!(
        features("customBinding", &custom(&format!("{mutual} {wss10}"))),
        ["the asymmetric binding of WS-Security 1.0"]
    );
    let cookies = "authenticationMode=\"AnonymousForSslNegotiated\" \
                   requireSecurityContextCancellation=\"false\"";
    assert_eq!(features("customBinding", &custom(cookies)), ["security contexts in cookies"]);
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
