//! The bindings that WCF exported, as a configuration file has them.

use std::sync::Arc;

use waxwing_metadata::export::ContractExport;

use crate::contracts::{calculator, duplex, nothing_encrypted, protected, signed};

/// A folder with the binding that WCF exported.
pub(crate) struct Case {
    pub(crate) folder: &'static str,
    /// The section of the binding.
    pub(crate) section: &'static str,
    /// What is in `<binding>`, in pieces.
    pub(crate) inside: &'static [&'static str],
    pub(crate) contract: fn() -> Arc<ContractExport>,
}

const fn case(
    folder: &'static str,
    section: &'static str,
    inside: &'static [&'static str],
    contract: fn() -> Arc<ContractExport>,
) -> Case {
    Case { folder, section, inside, contract }
}

const NONE: &str = r#"<security mode="None"/>"#;
const CERTIFICATE: &str = r#"<security><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>"#;
const NEGOTIATED: &str = r#"<security><message clientCredentialType="Certificate"/></security>"#;
const NEGOTIATED_USER: &str = r#"<security><message clientCredentialType="UserName"/></security>"#;
const RELIABLE: &str = r#"<reliableSession enabled="true"/>"#;
const BASIC_MESSAGE: &str =
    r#"<security mode="Message"><message clientCredentialType="Certificate"/></security>"#;
const HTTPS: &str = r#"<security mode="Transport"/>"#;
const HTTPS_BASIC: &str =
    r#"<security mode="Transport"><transport clientCredentialType="Basic"/></security>"#;
const HTTPS_CERTIFICATE: &str =
    r#"<security mode="Transport"><transport clientCredentialType="Certificate"/></security>"#;
const HTTPS_NONE: &str =
    r#"<security mode="Transport"><transport clientCredentialType="None"/></security>"#;
const MIXED_CERTIFICATE: &str = r#"<security mode="TransportWithMessageCredential"><message clientCredentialType="Certificate"/></security>"#;
const MIXED_USER: &str = r#"<security mode="TransportWithMessageCredential"><message clientCredentialType="UserName"/></security>"#;
const ONE_SHOT: &str = r#"<security><message clientCredentialType="Certificate" negotiateServiceCredential="false" establishSecurityContext="false"/></security>"#;
const ONE_SHOT_NEGOTIATED: &str = r#"<security><message clientCredentialType="None" establishSecurityContext="false"/></security>"#;
/// The beginning of a `<security>` of a custom binding: attributes may follow.
const CONVERSATION: &str = r#"<security authenticationMode="SecureConversation" messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10""#;
const BOOTSTRAP: &str =
    r#"><secureConversationBootstrap authenticationMode="MutualCertificate"/></security>"#;
const COOKIE: &str = r#" requireSecurityContextCancellation="false""#;
const LAX: &str = r#" requireDerivedKeys="false" securityHeaderLayout="Lax""#;
const TEXT: &str = "<textMessageEncoding/><httpTransport/>";
const SOAP11: &str = r#"<reliableSession reliableMessagingVersion="WSReliableMessaging11"/><textMessageEncoding messageVersion="Soap11WSAddressing10"/><httpTransport/>"#;
const AUGUST: &str = r#"<reliableSession/><textMessageEncoding messageVersion="Soap12WSAddressingAugust2004"/><httpTransport/>"#;

const WS: &str = "wsHttpBinding";
const WS2007: &str = "ws2007HttpBinding";
const BASIC: &str = "basicHttpBinding";
const CUSTOM: &str = "customBinding";
const DUAL: &str = "wsDualHttpBinding";
const TCP: &str = "netTcpBinding";

pub(crate) const CASES: &[Case] = &[
    case("wsdl-plain", WS, &[NONE], calculator),
    case("wsdl-mtom", CUSTOM, &["<mtomMessageEncoding/><httpTransport/>"], calculator),
    case("wsdl-nethttp", "netHttpBinding", &[], calculator),
    case("wsdl-basic", BASIC, &[], calculator),
    case("wsdl-basic-https", BASIC, &[HTTPS], calculator),
    case("wsdl-basic-message-cert", BASIC, &[BASIC_MESSAGE], calculator),
    case("wsdl-https-basicauth", WS, &[HTTPS_BASIC], calculator),
    case("wsdl-https-transport-cert", WS, &[HTTPS_CERTIFICATE], calculator),
    case("wsdl-https-transport-none", WS, &[HTTPS_NONE], calculator),
    case("wsdl-mixed-rm11-sc13-cert", WS2007, &[RELIABLE, MIXED_CERTIFICATE], calculator),
    case("wsdl-mixed-sc-username", WS, &[MIXED_USER], calculator),
    case("wsdl-oneshot-cert", WS, &[ONE_SHOT], calculator),
    case("wsdl-oneshot-none-nego", WS, &[ONE_SHOT_NEGOTIATED], calculator),
    case("wsdl-protection", WS, &[CERTIFICATE], protected),
    case("wsdl-protnone", WS, &[CERTIFICATE], nothing_encrypted),
    case("wsdl-protsign", WS, &[RELIABLE, CERTIFICATE], signed),
    case("wsdl-rm10", WS, &[RELIABLE, NONE], calculator),
    case("wsdl-rm10-sc-cert", WS, &[RELIABLE, CERTIFICATE], calculator),
    case("wsdl-rm10-sc-cert-nego", WS, &[RELIABLE, NEGOTIATED], calculator),
    case("wsdl-rm10-sc-cert-policy15", WS, &[RELIABLE, CERTIFICATE], calculator),
    case("wsdl-rm11", WS2007, &[RELIABLE, NONE], calculator),
    case("wsdl-rm11-sc13-cert", WS2007, &[RELIABLE, CERTIFICATE], calculator),
    case("wsdl-rm11-sc13-username-nego", WS2007, &[RELIABLE, NEGOTIATED_USER], calculator),
    case("wsdl-soap11-wsa10-rm11", CUSTOM, &[SOAP11], calculator),
    case("wsdl-wsa2004-rm10", CUSTOM, &[AUGUST], calculator),
    case("wsdl-cookie-sc-cert", CUSTOM, &[CONVERSATION, COOKIE, BOOTSTRAP, TEXT], calculator),
    case("wsdl-sc-cert-lax-noderived", CUSTOM, &[CONVERSATION, LAX, BOOTSTRAP, TEXT], calculator),
    case(
        "wsdl-binary-rm10-sc-cert",
        CUSTOM,
        &[
            "<reliableSession/>",
            CONVERSATION,
            BOOTSTRAP,
            "<binaryMessageEncoding/><httpTransport/>",
        ],
        calculator,
    ),
    case("wsdl-dual-none", DUAL, &[NONE], duplex),
    case("wsdl-dual-sc-cert-nego", DUAL, &[NEGOTIATED], duplex),
    case("wsdl-tcp", TCP, &[NONE], calculator),
    case("wsdl-tcp-rm", TCP, &[RELIABLE, NONE], calculator),
    case("wsdl-tcp-message-cert-rm", TCP, &[RELIABLE, BASIC_MESSAGE], calculator),
    case("wsdl-tcp-tls-cert", TCP, &[HTTPS_CERTIFICATE], calculator),
];
