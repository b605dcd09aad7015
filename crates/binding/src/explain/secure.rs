//! Security: bootstrap, session, algorithms, what is protected, certificates.

use super::words::{count, span};
use super::{Facts, Topic, channel};
use crate::effective::{EffectiveEndpoint, EffectiveSecurity, Role, SecureConversation};
use crate::{
    AlgorithmSuite, AuthenticationSchemes, CertificateReference, Identity, MessageCredentialType,
    MessageProtectionOrder, StoreLocation, TimeSpan, TrustVersion, X509CertificateValidationMode,
    X509RevocationMode,
};

pub(super) fn explain(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    http_authentication(endpoint, facts);
    let Some(security) = &endpoint.security else {
        without_message_security(endpoint, facts);
        return;
    };
    unsecured(endpoint, security, facts);
    facts.say(Topic::Security, first_security(endpoint, security));
    if let Some(session) = &security.secure_conversation {
        conversation(security, session, endpoint, facts);
    } else {
        facts.say(Topic::Session, "no secure conversation: each message is secured by itself");
    }
    facts.say(Topic::Algorithms, algorithms(security));
    protection(endpoint, security, facts);
    match endpoint.role {
        Role::Client => client_certificates(endpoint, security, facts),
        Role::Service => service_certificates(endpoint, security, facts),
    }
}

/// What clients prove to HTTP.
fn http_authentication(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let transport = &endpoint.transport;
    let has = |scheme| transport.authentication.contains(scheme);
    let plain = transport.scheme == "http";
    let realm = match (endpoint.role, transport.realm.as_str()) {
        (Role::Client, _) | (_, "") => String::new(),
        (Role::Service, realm) => format!(" in the realm \"{realm}\""),
    };
    if has(AuthenticationSchemes::BASIC) {
        let listening = if plain { ": whoever listens reads the password" } else { "" };
        let text = format!(
            "HTTP Basic{realm}: the client sends a user name and a password with each request{listening}"
        );
        facts.say(Topic::Security, text);
    }
    if has(AuthenticationSchemes::DIGEST) {
        let listening = if plain { "; whoever listens can try passwords on it" } else { "" };
        let text = format!(
            "HTTP Digest{realm}: the client proves a password with each request, without sending it{listening}"
        );
        facts.say(Topic::Security, text);
    }
}

fn without_message_security(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    if endpoint.transport.scheme == "https" {
        facts.say(
            Topic::Security,
            "TLS only: the messages themselves are neither signed nor encrypted",
        );
        super::tls::certificates(endpoint, facts);
        return;
    }
    if let Some(stream) = channel::stream_security(endpoint) {
        let text = format!("{stream}: the messages themselves are neither signed nor encrypted");
        facts.say(Topic::Security, text);
        super::tls::certificates_of_stream(endpoint, facts);
        return;
    }
    facts.say(Topic::Security, "none: whoever is on the way can read and change every message");
}

fn credential(credential: MessageCredentialType) -> &'static str {
    match credential {
        MessageCredentialType::None => "the client stays anonymous",
        MessageCredentialType::Windows => "the client proves a Windows account",
        MessageCredentialType::UserName => "the client sends a user name and a password",
        MessageCredentialType::Certificate => "the client proves a certificate",
        MessageCredentialType::IssuedToken => {
            "the client shows a token of a security token service"
        }
    }
}

/// The bootstrap of the session, or the security of each message.
fn first_security(endpoint: &EffectiveEndpoint, security: &EffectiveSecurity) -> String {
    let who = credential(security.credential);
    let mode = security.authentication;
    if is_bare(endpoint, security) {
        return format!(
            "{mode}: nothing here protects the messages (allowInsecureTransport): somebody in front of the service has \
             to end TLS, and is trusted; {who} in the SOAP header, in clear"
        );
    }
    if security.over_transport {
        return format!("{mode}: TLS protects the messages; {who} in the SOAP header");
    }
    if security.is_asymmetric() {
        return format!(
            "{mode}: each side signs with its own certificate, and encrypts a new key in each message to the other's; the \
             client has the service's certificate beforehand; {who}"
        );
    }
    let how = match (security.credential, security.negotiated) {
        (MessageCredentialType::Windows, true) => {
            "a Windows negotiation inside SOAP (SPNEGO) comes first"
        }
        (MessageCredentialType::Windows, false) => "a Kerberos ticket carries the key",
        (_, true) => "a TLS handshake inside SOAP comes first and brings the service's certificate",
        (_, false) => {
            "the client has the service's certificate beforehand and encrypts the key to it"
        }
    };
    format!("{mode}: {how}; {who}")
}

/// Whether protection is left to a connection that has none.
fn is_bare(endpoint: &EffectiveEndpoint, security: &EffectiveSecurity) -> bool {
    security.allows_insecure_transport() && endpoint.transport.scheme == "http"
}

fn conversation(
    security: &EffectiveSecurity,
    session: &SecureConversation,
    endpoint: &EffectiveEndpoint,
    facts: &mut Facts,
) {
    let dialect = match security.trust() {
        TrustVersion::February2005 => "WS-SecureConversation of February 2005",
        TrustVersion::Trust13 => "WS-SecureConversation 1.3",
    };
    if !session.require_cancellation {
        return cookie(dialect, session, endpoint, facts);
    }
    let bound = match &endpoint.reliable_session {
        Some(_) => "; the reliable session is bound to it",
        None => "",
    };
    facts.say(
        Topic::Session,
        format!("{dialect}: under that a session key is agreed on, and everything else is secured with it{bound}"),
    );
    let text = match endpoint.role {
        Role::Client if session.can_renew => format!(
            "the client renews the key after {} or {} % of its life, whichever is sooner; the old \
             one is accepted for {} more",
            span(session.local_client_settings.session_key_renewal_interval),
            session.local_client_settings.cookie_renewal_threshold_percentage,
            span(session.local_client_settings.session_key_rollover_interval)
        ),
        Role::Client => "the key is not renewed: the session ends with it".to_owned(),
        Role::Service => {
            let s = &session.local_service_settings;
            format!(
                "a key lives {}; a new session must get its first message within {}; up to {} may \
                 wait for it",
                span(s.session_key_renewal_interval),
                span(s.inactivity_timeout),
                count(s.max_pending_sessions.into(), "session")
            )
        }
    };
    facts.say(Topic::Session, text);
}

/// A security context without a session.
fn cookie(
    dialect: &str,
    session: &SecureConversation,
    endpoint: &EffectiveEndpoint,
    facts: &mut Facts,
) {
    let bound = match &endpoint.reliable_session {
        Some(_) => "; the reliable session is not bound to it, since another may follow",
        None => "",
    };
    facts.say(
        Topic::Session,
        format!(
            "{dialect}: under that a security context is issued that the service does not remember \
             (requireSecurityContextCancellation=\"false\"): its key and its caller are sealed in a cookie that comes back with every \
             message; nothing is renewed or cancelled{bound}"
        ),
    );
    let text = match endpoint.role {
        Role::Client => {
            let local = &session.local_client_settings;
            let most = match local.max_cookie_caching_time {
                TimeSpan::INFINITE => String::new(),
                most => format!(", after {} at the latest", span(most)),
            };
            format!(
                "the client asks for another context after {} % of its life{most}, and when the service \
                 does not accept it any more",
                local.cookie_renewal_threshold_percentage
            )
        }
        Role::Service => format!(
            "a context lives {}; {} remembered so that not every message is unsealed; whoever has the \
             keys of <cookies keyFile=\"…\"/> (section <waxwing>) unseals the rest, without it this process alone and until it ends. \
             A message that comes twice is noticed by the process that took it first, and by no other",
            span(session.local_service_settings.issued_cookie_lifetime),
            match session.local_service_settings.max_cached_cookies {
                1 => "1 is".to_owned(),
                many => format!("{many} are"),
            }
        ),
    };
    facts.say(Topic::Session, text);
}

fn algorithms(security: &EffectiveSecurity) -> String {
    let suites = match &security.secure_conversation {
        Some(session) if session.algorithm_suite != security.algorithm_suite => format!(
            "in the session {}; before it {}",
            suite(session.algorithm_suite),
            suite(security.algorithm_suite)
        ),
        _ => suite(security.algorithm_suite),
    };
    let computed = security.secure_conversation.is_some() || security.require_derived_keys;
    let keys = if computed { ", keys computed by P_SHA1" } else { "" };
    format!("{suites}{keys}; exclusive canonicalization")
}

/// The algorithms of a suite (WS-SecurityPolicy 1.2 §6.1).
fn suite(suite: AlgorithmSuite) -> String {
    let name = suite.as_str();
    let cipher = match name {
        n if n.starts_with("Basic256") => "AES-256-CBC",
        n if n.starts_with("Basic192") => "AES-192-CBC",
        n if n.starts_with("Basic128") => "AES-128-CBC",
        _ => "Triple DES in CBC mode",
    };
    let wrap = if name.ends_with("Rsa15") { "RSA PKCS#1 v1.5" } else { "RSA-OAEP" };
    let hash = if name.contains("Sha256") { "SHA256" } else { "SHA1" };
    format!("{name}: {cipher}, keys encrypted with {wrap}, signatures HMAC-{hash} and RSA-{hash}")
}

/// Which replies repeat the signatures of their requests.
fn confirmations(security: &EffectiveSecurity, facts: &mut Facts) {
    let first = security.require_signature_confirmation;
    let session = security.secure_conversation.as_ref().map(|s| s.require_signature_confirmation);
    let text = match (first, session) {
        (false, None | Some(false)) => return,
        (true, None) => "every reply repeats the signatures of its request",
        (true, Some(false)) => {
            "the replies that issue or renew the session repeat the signatures of their requests"
        }
        (false, Some(true)) => {
            "every reply inside the session repeats the signature of its request"
        }
        (true, Some(true)) => {
            "every reply, inside the session and where it is issued or renewed, repeats the \
             signatures of its request"
        }
    };
    facts.say(Topic::Protection, format!("{text} (SignatureConfirmation)"));
}

fn protection(endpoint: &EffectiveEndpoint, security: &EffectiveSecurity, facts: &mut Facts) {
    if security.over_transport {
        let unsigned = security.secure_conversation.is_none()
            && security.credential == MessageCredentialType::UserName;
        let header = if unsigned { "nothing" } else { "only the timestamp" };
        let everything = match is_bare(endpoint, security) {
            true => "nothing is encrypted",
            false => "TLS signs and encrypts everything",
        };
        let text = format!(
            "{everything}; in the header {header} is signed; the protection levels of a contract change nothing"
        );
        facts.say(Topic::Protection, text);
        return;
    }
    let addressing = if endpoint.message_version.has_addressing() {
        ", the addressing headers (Action, To, From, ReplyTo, FaultTo, MessageID, RelatesTo)"
    } else {
        ""
    };
    let reliable = match &endpoint.reliable_session {
        Some(_) => {
            ", the headers of the reliable session (Sequence, SequenceAcknowledgement, AckRequested)"
        }
        None => "",
    };
    facts.say(Topic::Protection, format!("signed: body, timestamp{addressing}{reliable}"));
    let order = security
        .secure_conversation
        .as_ref()
        .map_or(security.message_protection_order, |s| s.message_protection_order);
    facts.say(
        Topic::Protection,
        match order {
            MessageProtectionOrder::SignBeforeEncryptAndEncryptSignature => {
                "encrypted: the content of the body, and the signature"
            }
            MessageProtectionOrder::SignBeforeEncrypt => {
                "encrypted: the content of the body; the signature stays readable"
            }
            MessageProtectionOrder::EncryptBeforeSign => {
                "encrypted: the content of the body, before it is signed"
            }
        },
    );
    facts.say(
        Topic::Protection,
        "that is what a contract asks for that says nothing; its protection levels (None, Sign, \
         EncryptAndSign) may ask for less, for each operation, fault and header",
    );
    if security.is_asymmetric()
        && security.message_protection_order
            != MessageProtectionOrder::SignBeforeEncryptAndEncryptSignature
    {
        facts.say(
            Topic::Protection,
            "the signature is readable: another client that the service trusts can put his own in its place, and have \
             what is encrypted acted upon in his name. \
             messageProtectionOrder=\"SignBeforeEncryptAndEncryptSignature\" on both sides prevents that",
        );
    }
    confirmations(security, facts);
    belonging(endpoint, security, facts);
    if endpoint.reliable_session.is_some() {
        facts.say(
            Topic::Protection,
            "messages of the reliable session itself (CreateSequence, TerminateSequence…) are \
             signed, not encrypted",
        );
    }
    freshness(endpoint, security, facts);
}

/// What proves too little of whom it belongs to. Over TLS nobody sees the identifiers that it takes.
fn belonging(endpoint: &EffectiveEndpoint, security: &EffectiveSecurity, facts: &mut Facts) {
    if endpoint.transport.scheme == "https" {
        return;
    }
    let in_session = security.secure_conversation.as_ref().is_some_and(|s| s.require_cancellation);
    if endpoint.reliable_session.is_some() {
        if !in_session && security.credential == MessageCredentialType::None {
            facts.say(
                Topic::Protection,
                "the reliable session belongs to nobody: clients are anonymous and no security session holds it, so \
                 whoever sees its identifier, which is not encrypted, can send messages in it. A client credential, or \
                 a secure conversation that is cancelled, prevents that",
            );
        }
    } else if security.is_asymmetric()
        && security.secure_conversation.is_none()
        && !security.require_signature_confirmation
    {
        facts.say(
            Topic::Protection,
            "a reply does not say for whom it is: another client that the service trusts can ask under the MessageID \
             that he sees, and hand the reply on. requireSignatureConfirmation=\"true\" on both sides (WS-Security 1.1), \
             or a reliable session, prevents that",
        );
    }
}

/// Replies that nothing protects.
fn unsecured(endpoint: &EffectiveEndpoint, security: &EffectiveSecurity, facts: &mut Facts) {
    if !security.element.enable_unsecured_response {
        return;
    }
    let by_tls = security.over_transport || endpoint.transport.scheme == "https";
    let text = match (endpoint.role, by_tls) {
        (Role::Service, true) if !security.over_transport => return,
        (Role::Client, false) => {
            "DANGEROUS: a reply without a Security header is taken as it is (enableUnsecuredResponse=\"true\"): whoever stands \
             between client and service can answer in the service's name"
        }
        (Role::Client, true) => {
            "a reply without a Security header is taken as it is (enableUnsecuredResponse=\"true\"): TLS protects it"
        }
        (Role::Service, true) => {
            "replies have no Security header (enableUnsecuredResponse=\"true\"): TLS protects them"
        }
        (Role::Service, false) => {
            "replies are protected although a client that says enableUnsecuredResponse=\"true\", too, would do without"
        }
    };
    facts.say(Topic::Protection, text);
}

fn freshness(endpoint: &EffectiveEndpoint, security: &EffectiveSecurity, facts: &mut Facts) {
    let (client, service) = match &security.secure_conversation {
        Some(s) => (&s.local_client_settings, &s.local_service_settings),
        None => (&security.local_client_settings, &security.local_service_settings),
    };
    let (validity, skew, window, replays) = match endpoint.role {
        Role::Client => (
            client.timestamp_validity_duration,
            client.max_clock_skew,
            client.replay_window,
            client.detect_replays,
        ),
        Role::Service => (
            service.timestamp_validity_duration,
            service.max_clock_skew,
            service.replay_window,
            service.detect_replays,
        ),
    };
    let replays = match replays {
        Some(true) => format!("a message seen in the last {} is refused", span(window)),
        _ => "a repeated message is not noticed".to_owned(),
    };
    facts.say(
        Topic::Protection,
        format!(
            "a message is good for {}, clocks may differ by {}; {replays}",
            span(validity),
            span(skew)
        ),
    );
}

fn client_certificates(
    endpoint: &EffectiveEndpoint,
    security: &EffectiveSecurity,
    facts: &mut Facts,
) {
    let mut say = |text: String| facts.say(Topic::Certificates, text);
    if security.credential == MessageCredentialType::Certificate {
        say(named("its own", endpoint.client_certificate()));
    }
    let in_message = security.authentication.needs_service_certificate();
    if in_message && !security.negotiated {
        let known = endpoint.known_service_certificate();
        let text = match (&known, &endpoint.identity) {
            (None, Some(Identity::Certificate(_))) => {
                "the service's: the one in <identity>".to_owned()
            }
            (None, Some(Identity::CertificateReference(reference))) => {
                named("the service's", Some(reference.clone()))
            }
            _ => named("the service's", known),
        };
        say(text);
    }
    if in_message {
        let check = &endpoint.client_credentials.service_certificate.authentication;
        say(format!(
            "the service's is good if {}",
            validation(
                check.certificate_validation_mode,
                check.revocation_mode,
                check.trusted_store_location
            )
        ));
        say(format!("the service must be {}", identity(endpoint)));
    }
}

fn service_certificates(
    endpoint: &EffectiveEndpoint,
    security: &EffectiveSecurity,
    facts: &mut Facts,
) {
    let mut say = |text: String| facts.say(Topic::Certificates, text);
    if security.authentication.needs_service_certificate() {
        say(named("its own", endpoint.service_certificate()));
    }
    if security.credential == MessageCredentialType::Certificate {
        let check = &endpoint.service_credentials.client_certificate.authentication;
        say(format!(
            "a client's is good if {}",
            validation(
                check.certificate_validation_mode,
                check.revocation_mode,
                check.trusted_store_location
            )
        ));
    }
    if security.credential == MessageCredentialType::UserName {
        say("user names and passwords: checked by a validator that the program gives".to_owned());
    }
}

fn named(whose: &str, reference: Option<CertificateReference>) -> String {
    match reference {
        Some(reference) => format!("{whose}: {reference}"),
        None => format!("{whose}: none named in the file; the program must set it"),
    }
}

fn validation(
    mode: X509CertificateValidationMode,
    revocation: X509RevocationMode,
    location: StoreLocation,
) -> String {
    use X509CertificateValidationMode as Mode;
    let chain = format!("its chain ends at a root of {location}/Root or {location}/AuthRoot");
    let peer = format!("it stands in {location}/TrustedPeople");
    let revoked = match revocation {
        X509RevocationMode::NoCheck => "revocation is not checked",
        X509RevocationMode::Online => {
            "no certificate of its chain was revoked: revocation lists in the store folder, or else \
             the OCSP responders and lists (http) that each certificate names, are asked"
        }
        X509RevocationMode::Offline => {
            "revocation lists in the store folder, or what was fetched before, say that no certificate \
             of its chain was revoked"
        }
    };
    match mode {
        Mode::None => "it can be read: nothing is checked".to_owned(),
        Mode::PeerTrust => peer,
        Mode::ChainTrust => format!("{chain}; {revoked}"),
        Mode::PeerOrChainTrust => format!("{peer}, or {chain}; {revoked}"),
        Mode::Custom => "a validator of the program says so".to_owned(),
    }
}

fn identity(endpoint: &EffectiveEndpoint) -> String {
    match &endpoint.identity {
        Some(Identity::Dns(name)) => format!("DNS name {name}"),
        Some(Identity::UserPrincipalName(name)) => format!("account {name}"),
        Some(Identity::ServicePrincipalName(name)) => format!("service principal {name}"),
        Some(Identity::Rsa(_)) => "the owner of the RSA key in <identity>".to_owned(),
        Some(Identity::Certificate(_)) => "the owner of the certificate in <identity>".to_owned(),
        Some(Identity::CertificateReference(reference)) => format!("the owner of {reference}"),
        None => match endpoint.host() {
            Some(host) => format!("DNS name {host}, the host of the address"),
            None => "the host of the address".to_owned(),
        },
    }
}
