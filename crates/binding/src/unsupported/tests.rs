//! What each shape of channel asks of the runtime is refused by name until it is there, and nothing else is.

use crate::built::Part;
use crate::config::Configuration;
use crate::contract::ContractRequirements;
use crate::effective::{EffectiveEndpoint, Role};

const TCP: &str = "the net.tcp transport of netTcpBinding";
const CUSTOM_TCP: &str = "the net.tcp transport of customBinding";
const DUAL: &str = "callbacks over HTTP (wsDualHttpBinding)";
const WINDOWS: &str = "Windows accounts on the connection (<windowsStreamSecurity>)";

/// A binding, and what it asks for: what stays refused, and the parts of the runtime. Without the first of the parts
/// nothing is said of the others.
struct Case {
    section: &'static str,
    inside: &'static str,
    callbacks: bool,
    never: &'static [&'static str],
    parts: &'static [(Part, &'static str)],
}

fn case(
    section: &'static str,
    inside: &'static str,
    never: &'static [&'static str],
    parts: &'static [(Part, &'static str)],
) -> Case {
    Case { section, inside, callbacks: false, never, parts }
}

impl Case {
    fn with_callbacks(mut self) -> Case {
        self.callbacks = true;
        self
    }

    fn found(&self, role: Role) -> Vec<String> {
        let Case { section, inside, .. } = self;
        let text = format!(
            "<configuration><system.serviceModel><bindings><{section}>{inside}</{section}></bindings>\
             </system.serviceModel></configuration>"
        );
        let configuration = Configuration::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let endpoint = EffectiveEndpoint::resolve(role, &configuration.bindings[0]);
        let endpoint = endpoint.unwrap_or_else(|e| panic!("{inside}: {e}"));
        let contract = ContractRequirements::named("I").duplex(self.callbacks);
        endpoint.unsupported_for(&contract).into_iter().map(|u| u.feature).collect()
    }

    fn expected(&self) -> Vec<String> {
        let mut expected: Vec<String> = self.never.iter().map(|s| (*s).to_owned()).collect();
        let mut missing = self.parts.iter().filter(|(part, _)| !part.runs());
        let gate = self.parts.first().filter(|(part, _)| !part.runs());
        match gate {
            Some((_, feature)) => expected.push(format!("{feature} (not built yet)")),
            None => expected.extend(missing.by_ref().map(|(_, f)| format!("{f} (not built yet)"))),
        }
        expected
    }
}

fn over_tcp() -> Vec<Case> {
    use Part::*;
    vec![
        case("netTcpBinding", "<binding/>", &[WINDOWS], &[(TcpLink, TCP)]),
        case(
            "netTcpBinding",
            "<binding><security mode=\"None\"/></binding>",
            &[],
            &[(TcpLink, TCP)],
        ),
        case(
            "netTcpBinding",
            "<binding><reliableSession enabled=\"true\"/><security mode=\"None\"/></binding>",
            &[],
            &[(TcpLink, TCP), (ReliableOverLinks, "a reliable session over net.tcp")],
        ),
        case(
            "netTcpBinding",
            "<binding><security mode=\"Transport\"><transport clientCredentialType=\"None\"/></security></binding>",
            &[],
            &[(TcpLink, TCP), (TlsOverTcp, "TLS inside net.tcp")],
        ),
        case(
            "customBinding",
            "<binding><security authenticationMode=\"MutualCertificateDuplex\"/><tcpTransport/></binding>",
            &[
                "messages over net.tcp that each side signs with its certificate by themselves: whatever the service sends is \
                 encrypted for a certificate that it knows beforehand (WCF: the one client of <clientCertificate><certificate>)",
            ],
            &[(TcpLink, CUSTOM_TCP), (ConversationOverTcp, "message security over net.tcp")],
        ),
        case(
            "customBinding",
            "<binding><security authenticationMode=\"UserNameOverTransport\"/><sslStreamSecurity/><tcpTransport/></binding>",
            &[],
            &[(TcpLink, CUSTOM_TCP), (MixedOverTcp, "a message credential over net.tcp with TLS")],
        ),
        case(
            "netTcpBinding",
            "<binding><security mode=\"Message\"><message clientCredentialType=\"None\"/></security></binding>",
            &[],
            &[(TcpLink, TCP), (ConversationOverTcp, "message security over net.tcp")],
        ),
        case(
            "netTcpBinding",
            "<binding><security mode=\"TransportWithMessageCredential\"><message clientCredentialType=\"UserName\"/>\
             </security></binding>",
            &[],
            &[
                (TcpLink, TCP),
                (TlsOverTcp, "TLS inside net.tcp"),
                (MixedOverTcp, "a message credential over net.tcp with TLS"),
            ],
        ),
    ]
}

/// With message security and other encodings.
fn more_over_tcp() -> Vec<Case> {
    use Part::*;
    vec![
        case(
            "customBinding",
            "<binding><security authenticationMode=\"SecureConversation\" requireSecurityContextCancellation=\"false\">\
             <secureConversationBootstrap authenticationMode=\"MutualCertificate\"/></security><binaryMessageEncoding/>\
             <tcpTransport/></binding>",
            &["a security context in a cookie over net.tcp"],
            &[(TcpLink, CUSTOM_TCP), (ConversationOverTcp, "message security over net.tcp")],
        ),
        case(
            "customBinding",
            "<binding><security authenticationMode=\"SecureConversation\" requireSignatureConfirmation=\"true\" \
             enableUnsecuredResponse=\"true\"><secureConversationBootstrap authenticationMode=\"MutualCertificate\"/>\
             </security><binaryMessageEncoding/><tcpTransport/></binding>",
            &[
                "signatures that are confirmed in a session whose messages answer no request by where they come",
                "unsecured messages of the service where both ends send: whoever reaches the client could call its callbacks",
            ],
            &[(TcpLink, CUSTOM_TCP), (ConversationOverTcp, "message security over net.tcp")],
        ),
        case(
            "netTcpBinding",
            "<binding transferMode=\"Streamed\"><security mode=\"None\"/></binding>",
            &[],
            &[(TcpLink, TCP), (StreamedTcp, "streamed messages over net.tcp")],
        ),
        case(
            "netTcpBinding",
            "<binding><security mode=\"None\"/></binding>",
            &[],
            &[(TcpLink, TCP), (CallbacksOverLinks, "callbacks over net.tcp")],
        )
        .with_callbacks(),
        case(
            "customBinding",
            "<binding><textMessageEncoding/><tcpTransport/></binding>",
            &[],
            &[
                (TcpLink, CUSTOM_TCP),
                (OtherEncodingsOverLinks, "text and MTOM messages over net.tcp"),
            ],
        ),
        case(
            "customBinding",
            "<binding><binaryMessageEncoding compressionFormat=\"GZip\"/><tcpTransport/></binding>",
            &[],
            &[(TcpLink, CUSTOM_TCP), (CompressedBinary, "binary messages compressed by GZip")],
        ),
    ]
}

const MIXED_ALWAYS: &str = "<binding><security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
    authenticationMode=\"UserNameOverTransport\"/></security><binaryMessageEncoding/><httpsTransport>\
    <webSocketSettings transportUsage=\"Always\"/></httpsTransport></binding>";
const MIXED_WHEN_DUPLEX: &str = "<binding><security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
    authenticationMode=\"UserNameOverTransport\"/></security><binaryMessageEncoding/><httpsTransport>\
    <webSocketSettings transportUsage=\"WhenDuplex\"/></httpsTransport></binding>";

fn over_http() -> Vec<Case> {
    use Part::*;
    vec![
        case("netHttpBinding", "<binding/>", &[], &[(BinaryOverHttp, "binary messages")]),
        case(
            "basicHttpBinding",
            "<binding transferMode=\"Streamed\" messageEncoding=\"Mtom\"/>",
            &[],
            &[],
        ),
        case(
            "basicHttpsBinding",
            "<binding transferMode=\"Streamed\"><security mode=\"TransportWithMessageCredential\"/></binding>",
            &[],
            &[],
        ),
        case(
            "netHttpsBinding",
            "<binding messageEncoding=\"Text\"><reliableSession enabled=\"true\"/></binding>",
            &[],
            &[],
        ),
        case(
            "customBinding",
            "<binding><binaryMessageEncoding compressionFormat=\"Deflate\"/><httpTransport/></binding>",
            &[],
            &[
                (BinaryOverHttp, "binary messages"),
                (CompressedBinary, "binary messages compressed by Deflate"),
            ],
        ),
        case(
            "wsDualHttpBinding",
            "<binding><security mode=\"None\"/></binding>",
            &[],
            &[(CompositeDuplex, DUAL)],
        )
        .with_callbacks(),
        case(
            "wsDualHttpBinding",
            "<binding><security><message clientCredentialType=\"Certificate\"/></security></binding>",
            &[],
            &[
                (CompositeDuplex, DUAL),
                (
                    ConversationOverCompositeDuplex,
                    "message security over two one-way directions of HTTP",
                ),
            ],
        ),
    ]
}

fn over_web_sockets() -> Vec<Case> {
    use Part::*;
    vec![
        case(
            "netHttpBinding",
            "<binding transferMode=\"Streamed\"/>",
            &["streamed messages over WebSockets"],
            &[(WebSockets, "WebSockets"), (CallbacksOverLinks, "callbacks over WebSockets")],
        )
        .with_callbacks(),
        case(
            "netHttpBinding",
            "<binding/>",
            &[],
            &[(WebSockets, "WebSockets"), (CallbacksOverLinks, "callbacks over WebSockets")],
        )
        .with_callbacks(),
        case(
            "customBinding",
            "<binding><security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
             authenticationMode=\"MutualCertificate\"/></security><binaryMessageEncoding/><httpTransport>\
             <webSocketSettings transportUsage=\"Always\"/></httpTransport></binding>",
            &[
                "message security over WebSockets: WCF puts an address of its own in place of each message's To before it verifies \
                 the signature, which covers To, so that no message passes",
            ],
            &[(WebSockets, "WebSockets")],
        ),
        case(
            "netHttpsBinding",
            "<binding><security mode=\"TransportWithMessageCredential\"/><webSocketSettings transportUsage=\"Always\"/></binding>",
            &[],
            &[(WebSockets, "WebSockets")],
        ),
        case(
            "netHttpsBinding",
            "<binding><security mode=\"TransportWithMessageCredential\"><message clientCredentialType=\"Certificate\"/></security>\
             <webSocketSettings transportUsage=\"Always\"/></binding>",
            &[
                "a certificate in the SOAP header over WebSockets: its signature covers an address that WCF replaces",
            ],
            &[(WebSockets, "WebSockets")],
        ),
        case("customBinding", MIXED_ALWAYS, &[], &[(WebSockets, "WebSockets")]),
        case(
            "customBinding",
            MIXED_WHEN_DUPLEX,
            &[
                "secure conversation over WebSockets with transportUsage=\"WhenDuplex\": WCF's client asks for the session by requests \
                 of plain HTTP, beside the WebSocket",
            ],
            &[(WebSockets, "WebSockets"), (CallbacksOverLinks, "callbacks over WebSockets")],
        )
        .with_callbacks(),
    ]
}

#[test]
fn each_shape_asks_for_its_parts() {
    for case in
        over_tcp().into_iter().chain(more_over_tcp()).chain(over_http()).chain(over_web_sockets())
    {
        for role in [Role::Client, Role::Service] {
            assert_eq!(case.found(role), case.expected(), "{role} {}", case.inside);
        }
    }
}

/// Two programs cannot have one port, which a client does not ask for.
#[test]
fn a_shared_port_is_refused_at_the_service() {
    let shared = case(
        "netTcpBinding",
        "<binding portSharingEnabled=\"true\"><security mode=\"None\"/></binding>",
        &[],
        &[(Part::TcpLink, TCP)],
    );
    assert_eq!(shared.found(Role::Client), shared.expected());
    let found = shared.found(Role::Service);
    assert!(found[0].starts_with("a port that is shared with other programs"), "{found:?}");
}

#[test]
fn old_tls_is_refused() {
    let found = |protocols: &'static str| {
        case("netTcpBinding", protocols, &[], &[]).found(Role::Client).remove(0)
    };
    let old = "<binding><security><transport clientCredentialType=\"None\" sslProtocols=\"Tls, Tls11\"/></security></binding>";
    assert!(found(old).contains("nothing newer than TLS 1.1 (Tls, Tls11)"), "{}", found(old));
}
