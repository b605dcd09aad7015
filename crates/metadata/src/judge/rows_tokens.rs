//! Rows of WS-SecurityPolicy: tokens and what is said of them (§5).

use waxwing_binding::X509ReferenceStyle as Style;

use super::class::Class;
use super::effect::Effect;
use super::row::Row;
use super::row::Rule::{AsBinding, Blocked, Ignored, OptionalOnly, Supported};
use super::rows_security::SP;
use crate::name::namespaces::{MSSP, SP11, SP12};

const MSF: &str = "http://schemas.microsoft.com/ws/2006/05/framing/policy";
/// Assertions of Microsoft's before they became part of 1.2.
const BOTH: &[&str] = &[SP11, SP12, MSSP];

const fn met(name: &'static str, effect: Effect, word: &'static str) -> Row {
    Row { namespaces: BOTH, name, rule: Supported, effect, word, fix: "" }
}

const fn blocked(
    name: &'static str,
    effect: Effect,
    class: Class,
    word: &'static str,
    fix: &'static str,
) -> Row {
    Row { namespaces: SP, name, rule: Blocked(class), effect, word, fix }
}

const fn by_binding(
    namespaces: &'static [&'static str],
    name: &'static str,
    effect: Effect,
    class: Class,
    word: &'static str,
    fix: &'static str,
) -> Row {
    Row { namespaces, name, rule: AsBinding(class), effect, word, fix }
}

const WINDOWS: &str =
    "the client proves a Windows account; Waxwing speaks certificates, user names or none";
const WINDOWS_FIX: &str =
    "<message clientCredentialType=\"Certificate\" /> (or \"UserName\", \"None\")";
const STREAM_FIX: &str =
    "<transport clientCredentialType=\"None\" /> or \"Certificate\" of netTcpBinding";
const FEDERATION: &str = "a security token service must vouch for the client";
const FEDERATION_FIX: &str = "add an endpoint with wsHttpBinding and <message clientCredentialType=\"Certificate\" /> (or \"UserName\")";
const X509_FIX: &str =
    "sp:WssX509V3Token10, which is what WCF writes for clientCredentialType=\"Certificate\"";
const USER_FIX: &str = "sp:WssUsernameToken10 with a password, which is what WCF writes for clientCredentialType=\"UserName\"";
const IMPLIED_FIX: &str =
    "sp:RequireDerivedKeys (requireDerivedKeys=\"true\") or nothing in its place";
const TOKEN_FIX: &str =
    "ask for an endpoint with clientCredentialType=\"Certificate\", \"UserName\" or \"None\"";

pub(super) const ROWS: &[Row] = &[
    met("HttpsToken", Effect::HttpsToken, "HTTPS"),
    met(
        "RequireClientCertificate",
        Effect::RequireClientCertificate,
        "the client shows a certificate",
    ),
    met("HttpBasicAuthentication", Effect::HttpBasic, "a user name and a password by HTTP Basic"),
    met(
        "HttpDigestAuthentication",
        Effect::HttpDigest,
        "a user name and a password by HTTP Digest",
    ),
    by_binding(
        &[MSF],
        "SslTransportSecurity",
        Effect::SslTransport,
        Class::Tcp,
        "TLS over TCP",
        "add an endpoint with wsHttpBinding and <security mode=\"Message\" />",
    ),
    Row {
        namespaces: &[MSF],
        name: "WindowsTransportSecurity",
        rule: Blocked(Class::Windows),
        effect: Effect::WindowsTransport,
        word: WINDOWS,
        fix: STREAM_FIX,
    },
    Row {
        namespaces: &[MSF],
        name: "RequireClientCertificate",
        rule: Supported,
        effect: Effect::RequireClientCertificate,
        word: "the client shows a certificate",
        fix: "",
    },
    Row {
        namespaces: &[MSF],
        name: "ProtectionLevel",
        rule: Ignored,
        effect: Effect::ProtectionLevel,
        word: "what the connection protects",
        fix: "",
    },
    by_binding(
        &[MSF],
        "Streamed",
        Effect::Streamed,
        Class::Tcp,
        "messages are streamed",
        "transferMode=\"Buffered\"",
    ),
    met("X509Token", Effect::X509Token, "a certificate"),
    met("UsernameToken", Effect::UsernameToken, "a user name and a password"),
    met(
        "SecureConversationToken",
        Effect::SecureConversationToken,
        "a security context (WS-SecureConversation)",
    ),
    met(
        "SslContextToken",
        Effect::SslContextToken,
        "a security context from a TLS handshake in SOAP",
    ),
    by_binding(
        SP,
        "SpnegoContextToken",
        Effect::SpnegoContextToken,
        Class::Windows,
        WINDOWS,
        WINDOWS_FIX,
    ),
    by_binding(SP, "KerberosToken", Effect::KerberosToken, Class::Windows, WINDOWS, WINDOWS_FIX),
    by_binding(
        SP,
        "IssuedToken",
        Effect::IssuedToken,
        Class::Federation,
        FEDERATION,
        FEDERATION_FIX,
    ),
    blocked("SamlToken", Effect::Nothing, Class::Federation, FEDERATION, FEDERATION_FIX),
    blocked(
        "RelToken",
        Effect::Nothing,
        Class::Federation,
        "a licence must vouch for the client",
        FEDERATION_FIX,
    ),
    blocked(
        "SecurityContextToken",
        Effect::Nothing,
        Class::Token,
        "a security context that was agreed on elsewhere",
        "establishSecurityContext=\"true\", so that it is agreed on here",
    ),
    // ADFS: the proof key of a token, on demand.
    Row {
        namespaces: SP,
        name: "KeyValueToken",
        rule: OptionalOnly(Class::Token),
        effect: Effect::Nothing,
        word: "a bare key that signs the signature",
        fix: TOKEN_FIX,
    },
    Row {
        namespaces: &[MSSP],
        name: "RsaToken",
        rule: OptionalOnly(Class::Token),
        effect: Effect::Nothing,
        word: "a bare key that signs the signature",
        fix: TOKEN_FIX,
    },
    met("RsaKeyValue", Effect::Nothing, "an RSA key"),
    met("RequireDerivedKeys", Effect::DerivedKeys, "keys are derived from the token's"),
    met("RequireExplicitDerivedKeys", Effect::DerivedKeys, "keys are derived from the token's"),
    blocked(
        "RequireImpliedDerivedKeys",
        Effect::Nothing,
        Class::Protection,
        "keys are derived without saying so",
        IMPLIED_FIX,
    ),
    met(
        "RequireThumbprintReference",
        Effect::Reference(Style::Thumbprint),
        "referred to by thumbprint",
    ),
    met(
        "RequireKeyIdentifierReference",
        Effect::Reference(Style::SubjectKeyIdentifier),
        "referred to by key identifier",
    ),
    met(
        "RequireIssuerSerialReference",
        Effect::Reference(Style::IssuerSerial),
        "referred to by issuer and serial number",
    ),
    blocked(
        "RequireEmbeddedTokenReference",
        Effect::Nothing,
        Class::Token,
        "the token stands inside its reference",
        X509_FIX,
    ),
    met("RequireInternalReference", Effect::Nothing, "the token is referred to inside the message"),
    met(
        "RequireExternalReference",
        Effect::Nothing,
        "the token is referred to from outside the message",
    ),
    blocked(
        "RequireExternalUriReference",
        Effect::Nothing,
        Class::Token,
        "the context is referred to by an address",
        "establishSecurityContext=\"true\" alone, as wsHttpBinding has it",
    ),
    met("WssX509V3Token10", Effect::Nothing, "X.509 version 3"),
    met("WssX509V3Token11", Effect::Nothing, "X.509 version 3"),
    blocked("WssX509V1Token10", Effect::Nothing, Class::Token, "X.509 version 1", X509_FIX),
    blocked("WssX509V1Token11", Effect::Nothing, Class::Token, "X.509 version 1", X509_FIX),
    blocked("WssX509Pkcs7Token10", Effect::Nothing, Class::Token, "a PKCS#7 chain", X509_FIX),
    blocked("WssX509Pkcs7Token11", Effect::Nothing, Class::Token, "a PKCS#7 chain", X509_FIX),
    blocked(
        "WssX509PkiPathV1Token10",
        Effect::Nothing,
        Class::Token,
        "a path of certificates",
        X509_FIX,
    ),
    blocked(
        "WssX509PkiPathV1Token11",
        Effect::Nothing,
        Class::Token,
        "a path of certificates",
        X509_FIX,
    ),
    met("WssUsernameToken10", Effect::Nothing, "Username Token Profile 1.0"),
    met("WssUsernameToken11", Effect::Nothing, "Username Token Profile 1.1"),
    blocked(
        "NoPassword",
        Effect::Nothing,
        Class::Token,
        "a user name without a password",
        USER_FIX,
    ),
    met("HashPassword", Effect::HashPassword, "the password is sent as a digest"),
    met("WssKerberosV5ApReqToken11", Effect::Nothing, "a Kerberos ticket"),
    met("WssGssKerberosV5ApReqToken11", Effect::Nothing, "a Kerberos ticket"),
    blocked("WssSamlV10Token10", Effect::Nothing, Class::Federation, FEDERATION, FEDERATION_FIX),
    blocked("WssSamlV11Token10", Effect::Nothing, Class::Federation, FEDERATION, FEDERATION_FIX),
    blocked("WssSamlV10Token11", Effect::Nothing, Class::Federation, FEDERATION, FEDERATION_FIX),
    blocked("WssSamlV11Token11", Effect::Nothing, Class::Federation, FEDERATION, FEDERATION_FIX),
    blocked("WssSamlV20Token11", Effect::Nothing, Class::Federation, FEDERATION, FEDERATION_FIX),
    met("MustNotSendCancel", Effect::MustNotSendCancel, "the context is not cancelled"),
    met("MustNotSendAmend", Effect::Nothing, "the context is not amended"),
    met("MustNotSendRenew", Effect::MustNotSendRenew, "the context is not renewed"),
    met("RequireCancel", Effect::Nothing, "the context is cancelled"),
    met("SC10SecurityContextToken", Effect::Nothing, "WS-SecureConversation of February 2005"),
    met("SC13SecurityContextToken", Effect::Nothing, "WS-SecureConversation 1.3"),
    met("BootstrapPolicy", Effect::BootstrapPolicy, "under what the context is agreed on"),
    met("Issuer", Effect::Issuer, "where tokens are issued"),
    met("IssuerName", Effect::Nothing, "the name of the issuer"),
    met("RequestSecurityTokenTemplate", Effect::Template, "what the token must be like"),
    Row {
        namespaces: SP,
        name: "Claims",
        rule: Ignored,
        effect: Effect::Nothing,
        word: "what the token must claim",
        fix: "",
    },
    blocked("Nonce", Effect::Nothing, Class::Token, "a nonce beside the user name", USER_FIX),
    blocked("Created", Effect::Nothing, Class::Token, "a time beside the user name", USER_FIX),
    Row {
        namespaces: &["http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802"],
        name: "*",
        rule: Blocked(Class::Token),
        effect: Effect::Nothing,
        word: "something that only WS-SecurityPolicy 1.3 has",
        fix: USER_FIX,
    },
    // Parameters of tokens that are issued, which are carried and not read.
    Row {
        namespaces: &[
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
            "http://schemas.xmlsoap.org/ws/2005/02/trust",
            "http://schemas.xmlsoap.org/ws/2005/05/identity",
            "http://schemas.xmlsoap.org/ws/2004/09/mex",
            "http://www.w3.org/2005/08/addressing",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing",
            "http://schemas.xmlsoap.org/ws/2006/02/addressingidentity",
            "http://www.w3.org/2000/09/xmldsig#",
        ],
        name: "*",
        rule: Ignored,
        effect: Effect::Nothing,
        word: "a parameter of a token that is issued",
        fix: "",
    },
];
