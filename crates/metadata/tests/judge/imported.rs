//! What WCF's own importer made of its exports: the same binding, and the same elements in it.

use waxwing_binding::{
    AuthenticationSchemes, BindingElement, InclusionMode, MessageVersion, ProtectionLevel,
    SecurityBindingElement, SecurityKind, Stack, TokenKind, TokenParameters, X509ReferenceStyle,
};

use super::ports;

/// Lines of WCF's that say what no policy says, or what this model has elsewhere.
const ELSEWHERE: &[&str] = &[
    "AllowInsecureTransport",
    "AllowSerializedSigningTokenOnReply",
    "AllowWildcardAction",
    "BypassProxyOnLocal",
    "ChannelInitializationTimeout",
    "CompressionFormat",
    "ConnectionBufferSize",
    "DecompressionEnabled",
    "EnableUnsecuredResponse",
    "FlowControlEnabled",
    "HostNameComparisonMode",
    "KeepAliveEnabled",
    "ListenBacklog",
    "ManualAddressing",
    "MaxAcceptedChannels",
    "MaxBufferPoolSize",
    "MaxBufferSize",
    "MaxOutputDelay",
    "MaxPendingAccepts",
    "MaxPendingChannels",
    "MaxPendingConnections",
    "MaxReadPoolSize",
    "MaxReceivedMessageSize",
    "MaxRetryCount",
    "MaxSessionSize",
    "MaxTransferWindowSize",
    "MaxWritePoolSize",
    "OptionalEndpointSupportingTokenParameters",
    "PacketRoutable",
    "PortSharingEnabled",
    "ProxyAuthenticationScheme",
    "Realm",
    "ReferenceStyle",
    "RequestInitializationTimeout",
    "SslProtocols",
    "TeredoEnabled",
    "TransactionProtocol",
    "Transactions",
    "UnsafeConnectionNtlmAuthentication",
    "UseDefaultWebProxy",
    "EndpointSupportingTokenParameters",
    "AcknowledgementInterval",
    "ConnectionPoolSettings",
    "MaxBatchSize",
    "ExtendedProtectionPolicy",
];

/// The elements in the words of the dump, sorted: what they hold is told with its place.
fn theirs(dump: &str) -> Vec<String> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut lines = Vec::new();
    let of_endpoint = dump.lines().skip_while(|line| !line.starts_with("  element"));
    for line in of_endpoint.take_while(|line| line.starts_with("  ")) {
        let depth = line.len() - line.trim_start().len();
        path.retain(|(d, _)| *d < depth);
        let text = line.trim();
        let (key, value) = text.split_once(" = ").unwrap_or((text, ""));
        let place: Vec<&str> =
            path.iter().map(|(_, p)| p.as_str()).filter(|p| !p.is_empty()).collect();
        if value.is_empty() && !text.ends_with(" =") {
            let short = text
                .trim_start_matches("element ")
                .replace("SecurityTokenParameters", "")
                .replace("BindingElement", "")
                .replace("Parameters:", ":");
            let short =
                if short.starts_with("EndpointSupportingToken") || short.starts_with("Optional") {
                    String::new()
                } else {
                    short
                };
            if !short.is_empty() {
                lines.push(format!("{} {short}", place.join("/")));
            }
            path.push((depth, short));
        } else if !ELSEWHERE.contains(&key.trim_end_matches(" =")) {
            lines.push(format!(
                "{} {key}={}",
                place.join("/"),
                value.split(" (").next().unwrap_or(value)
            ));
        }
    }
    lines.sort();
    lines
}

fn ours(stack: &Stack) -> Vec<String> {
    let mut lines = Vec::new();
    for element in &stack.elements {
        of_element(element, &mut lines);
    }
    lines.sort();
    lines
}

fn of_element(element: &BindingElement, lines: &mut Vec<String>) {
    let mut say = |name: &str, settings: &[(&str, String)]| {
        lines.push(format!(" {name}"));
        lines.extend(settings.iter().map(|(key, value)| format!("{name} {key}={value}")));
    };
    let version = |v: MessageVersion| ("MessageVersion", soap(v).to_owned());
    match element {
        BindingElement::TransactionFlow(_) => say("TransactionFlow", &[]),
        BindingElement::ReliableSession(e) => say(
            "ReliableSession",
            &[
                ("InactivityTimeout", e.inactivity_timeout.to_string()),
                ("Ordered", boolean(e.ordered)),
                ("ReliableMessagingVersion", e.reliable_messaging_version.to_string()),
            ],
        ),
        BindingElement::Security(e) => security("", e, lines),
        BindingElement::CompositeDuplex(_) => say("CompositeDuplex", &[]),
        BindingElement::OneWay(_) => say("OneWay", &[]),
        BindingElement::SslStreamSecurity(e) => {
            say(
                "SslStreamSecurity",
                &[("RequireClientCertificate", boolean(e.require_client_certificate))],
            );
        }
        BindingElement::WindowsStreamSecurity(e) => {
            assert_eq!(e.protection_level, ProtectionLevel::EncryptAndSign);
            say("WindowsStreamSecurity", &[]);
        }
        BindingElement::TextMessageEncoding(e) => {
            say("TextMessageEncoding", &[version(e.message_version)])
        }
        BindingElement::MtomMessageEncoding(e) => {
            say("MtomMessageEncoding", &[version(e.message_version)])
        }
        BindingElement::BinaryMessageEncoding(_) => {
            say("BinaryMessageEncoding", &[version(MessageVersion::Soap12WsAddressing10)]);
        }
        BindingElement::HttpTransport(e) => say("HttpTransport", &http(e, "http")),
        BindingElement::HttpsTransport(e) => {
            let mut settings = http(&e.http, "https");
            settings.push(("RequireClientCertificate", boolean(e.require_client_certificate)));
            say("HttpsTransport", &settings);
        }
        BindingElement::TcpTransport(e) => say(
            "TcpTransport",
            &[("Scheme", "net.tcp".to_owned()), ("TransferMode", e.transfer_mode.to_string())],
        ),
        BindingElement::Other(name) | BindingElement::Foreign(name) => say(name, &[]),
    }
}

fn http(e: &waxwing_binding::HttpTransport, scheme: &str) -> Vec<(&'static str, String)> {
    let authentication = match e.authentication_scheme {
        AuthenticationSchemes::ANONYMOUS => "Anonymous",
        AuthenticationSchemes::BASIC => "Basic",
        AuthenticationSchemes::DIGEST => "Digest",
        _ => "other",
    };
    vec![
        ("AllowCookies", boolean(e.allow_cookies)),
        ("AuthenticationScheme", authentication.to_owned()),
        ("Scheme", scheme.to_owned()),
        ("TransferMode", e.transfer_mode.to_string()),
    ]
}

fn soap(version: MessageVersion) -> &'static str {
    match version {
        MessageVersion::Soap11
        | MessageVersion::Soap11WsAddressing10
        | MessageVersion::Soap11WsAddressingAugust2004 => "Soap11",
        MessageVersion::None => "None",
        _ => "Soap12",
    }
}

fn boolean(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}

fn security(place: &str, e: &SecurityBindingElement, lines: &mut Vec<String>) {
    let kind = match e.kind {
        SecurityKind::Symmetric { .. } => "SymmetricSecurity",
        SecurityKind::Asymmetric { .. } => "AsymmetricSecurity",
        SecurityKind::Transport => "TransportSecurity",
    };
    let here = match place {
        "" => {
            lines.push(format!(" {kind}"));
            kind.to_owned()
        }
        place => {
            let here = format!("{place}/BootstrapSecurityBindingElement: {kind}");
            lines.push(format!("{place} BootstrapSecurity: {kind}"));
            here.replace("BootstrapSecurityBindingElement", "BootstrapSecurity")
        }
    };
    let mut say = |key: &str, value: String| lines.push(format!("{here} {key}={value}"));
    say("DefaultAlgorithmSuite", e.default_algorithm_suite.to_string());
    say("IncludeTimestamp", boolean(e.include_timestamp));
    say("KeyEntropyMode", e.key_entropy_mode.to_string());
    say("MessageSecurityVersion", e.message_security_version.to_string());
    say("ProtectTokens", boolean(e.protect_tokens));
    say("SecurityHeaderLayout", e.security_header_layout.to_string());
    if !matches!(e.kind, SecurityKind::Transport) {
        say("MessageProtectionOrder", e.message_protection_order.to_string());
        say("RequireSignatureConfirmation", boolean(e.require_signature_confirmation));
    }
    match &e.kind {
        SecurityKind::Symmetric { protection } => {
            token(&here, "ProtectionToken", protection, lines)
        }
        SecurityKind::Asymmetric { initiator, recipient, .. } => {
            token(&here, "InitiatorToken", initiator, lines);
            token(&here, "RecipientToken", recipient, lines);
        }
        SecurityKind::Transport => {}
    }
    let s = &e.supporting;
    for (name, tokens) in [
        ("Endorsing", &s.endorsing),
        ("Signed", &s.signed),
        ("SignedEncrypted", &s.signed_encrypted),
        ("SignedEndorsing", &s.signed_endorsing),
    ] {
        for (i, one) in tokens.iter().enumerate() {
            token(&here, &format!("{name}[{i}]"), one, lines);
        }
    }
}

fn token(place: &str, role: &str, token: &TokenParameters, lines: &mut Vec<String>) {
    let kind = match &token.kind {
        TokenKind::X509 { .. } => "X509",
        TokenKind::Ssl { .. } => "Ssl",
        TokenKind::Sspi { .. } => "Sspi",
        TokenKind::Kerberos => "Kerberos",
        TokenKind::UserName => "UserName",
        TokenKind::Issued(_) => "Issued",
        TokenKind::SecureConversation { .. } => "SecureConversation",
    };
    lines.push(format!("{place} {role}: {kind}"));
    let here = format!("{place}/{role}: {kind}");
    let mut say = |key: &str, value: String| lines.push(format!("{here} {key}={value}"));
    say(
        "InclusionMode",
        match token.inclusion {
            InclusionMode::AlwaysToRecipient => "AlwaysToRecipient",
            InclusionMode::AlwaysToInitiator => "AlwaysToInitiator",
            InclusionMode::Never => "Never",
            InclusionMode::Once => "Once",
        }
        .to_owned(),
    );
    say("RequireDerivedKeys", boolean(token.require_derived_keys));
    match &token.kind {
        TokenKind::X509 { reference } => say(
            "X509ReferenceStyle",
            match reference {
                X509ReferenceStyle::Any => "Any",
                X509ReferenceStyle::Thumbprint => "Thumbprint",
                _ => "other",
            }
            .to_owned(),
        ),
        TokenKind::Ssl { require_client_certificate, require_cancellation } => {
            say("RequireCancellation", boolean(*require_cancellation));
            say("RequireClientCertificate", boolean(*require_client_certificate));
        }
        TokenKind::SecureConversation { bootstrap, require_cancellation, can_renew } => {
            say("RequireCancellation", boolean(*require_cancellation));
            say("CanRenewSession", boolean(*can_renew));
            security(&here, bootstrap, lines);
        }
        _ => {}
    }
}

#[test]
fn every_export_of_wcf_becomes_the_binding_that_its_importer_made() {
    let mut different = Vec::new();
    let mut seen = 0;
    for of in waxwing_testkit::metadata::wcf() {
        let Some(dump) = of.files.get("import-endpoints.txt") else { continue };
        let dump = std::str::from_utf8(dump).unwrap();
        let first = dump.lines().next().unwrap();
        let words: Vec<&str> = first.split(' ').collect();
        let (name, address, class) = (words[1], words[2], words[6]);
        let all = ports(&of);
        let Some(port) = all.iter().find(|port| port.port == name) else {
            different.push(format!("{}: no port {name}", of.name));
            continue;
        };
        seen += 1;
        let Some(binding) = &port.configuration else {
            different.push(format!(
                "{}: no binding: {:?} {:?}",
                of.name,
                port.obstacles,
                port.classes()
            ));
            continue;
        };
        assert_eq!(port.address.as_deref(), Some(address), "{}", of.name);
        if binding.type_name() != class {
            different.push(format!("{}: {} instead of {class}", of.name, binding.type_name()));
        }
        let (ours, theirs) = (ours(&Stack::of(binding)), theirs(dump));
        assert!(theirs.len() > 5, "{}: {theirs:?}", of.name);
        let missing = theirs.iter().filter(|line| !ours.contains(line)).map(|l| format!("- {l}"));
        let extra = ours.iter().filter(|line| !theirs.contains(line)).map(|l| format!("+ {l}"));
        let lines: Vec<String> = missing.chain(extra).collect();
        if !lines.is_empty() {
            different.push(format!("{}:\n  {}", of.name, lines.join("\n  ")));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(seen, 38);
}
