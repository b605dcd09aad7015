//! What is known of each failure: its code, what it means, what to do.

/// Declares every diagnosis with its words, so that none is without.
macro_rules! catalogue {
    ($($name:ident: $code:literal, $meaning:literal, $action:literal;)*) => {
        /// What a failure most probably is. `docs/errors.md` lists all of them.
        ///
        /// It is decided by types alone: codes, namespaces, the step and what was sent. The texts of a service come in the
        /// language of its machine and are read by people only.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Diagnosis {
            $(#[doc = concat!("Code `", $code, "`; see [`meaning`](Self::meaning).")] $name,)*
        }

        impl Diagnosis {
            /// All of them, in the order of `docs/errors.md`.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A stable code, for searching.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// What to do about it.
            pub fn action(self) -> &'static str {
                match self { $(Self::$name => $action,)* }
            }
        }
    };
}

catalogue! {
    // Reaching the service.
    ConnectionRefused: "connection-refused",
        "nothing listens at this host and port",
        "start the service, or correct host and port of the client's address (or clientVia); behind a firewall open the port";
    UnknownHost: "unknown-host",
        "the name of the host has no address",
        "correct the host in the client's address, or the name server or hosts file of this machine";
    Unreachable: "unreachable",
        "the machine was not reached",
        "check address, network and firewall";
    ConnectionBroken: "connection-broken",
        "the connection ended before the answer came: the service was stopped, or something between (a proxy, a load balancer) cut it",
        "look into the service's log; without a reliable session the call may have been executed";
    NoAnswer: "no-answer",
        "the service was reached but did not answer in time",
        "look whether the service hangs; raise openTimeout, sendTimeout or closeTimeout of the client's binding when it is only slow";
    EmptyAnswer: "empty-answer",
        "an empty answer came where a message must come: the operation is one-way at the service, or no service of WCF answers",
        "compare IsOneWay of the operation in both contracts; check the address";
    AddressUnusable: "address-unusable",
        "messages cannot be sent to this address",
        "correct the address of the client's endpoint (or its clientVia)";
    ClientBaseAddress: "client-base-address",
        "the client cannot listen where the service would call it back (wsDualHttpBinding)",
        "write clientBaseAddress=\"http://NAME:PORT/callbacks\" into the client's binding, with a name of this machine that the service can reach and a free port; without one it is port 80, which needs rights";
    TlsFailed: "tls-failed",
        "client and server did not agree on TLS",
        "compare the versions and cipher suites of both sides (<https> of the section <waxwing>), and see whether this port speaks TLS at all";
    TlsCertificate: "tls-certificate",
        "the certificate that the server shows for TLS is not one that this client trusts for this address; nothing of the message was sent",
        "see what the text says of it: put a root that should be trusted into the Root folder or give it in code (ChannelFactory::https_roots), write the address with a name of the certificate, or have the server show another one";
    ProxyFailed: "proxy-failed",
        "the proxy between client and service cannot be reached, or does not connect to the service",
        "see which proxy the text names and what names it: proxyAddress of the binding, <defaultProxy> of the configuration file, or HTTP_PROXY and HTTPS_PROXY of the environment; correct it, let the proxy allow the service's host and port, or go past it (useDefaultWebProxy=\"false\", NO_PROXY)";
    ProxyAuthentication: "proxy-authentication",
        "the proxy between client and service wants a user name and password (HTTP 407), and has not got the right ones",
        "give them in code (ChannelFactory::proxy_credentials) or as user:password@ in the proxy's address, or go past the proxy (useDefaultWebProxy=\"false\", NO_PROXY)";
    EndpointNotFound: "endpoint-not-found",
        "a server answers, but it has no endpoint at this address, or the endpoint there demands headers (<headers>) that the message does not carry",
        "compare the path of the client's address with baseAddress and endpoint address of the service, and the <headers> of both endpoints; behind a proxy the service must know its public address";
    HttpAccessDenied: "http-access-denied",
        "the service, or a web server or proxy in front of it, refuses the request (HTTP 401 or 403): it wants a user name and password over HTTP or a client certificate, or does not take the one that was sent",
        "read the reason above: give the HTTP credentials, client certificate or network access that it wants; look into the service's log for its reason";
    RequestTooLarge: "request-too-large",
        "the request is larger than the service takes (HTTP 413)",
        "raise maxReceivedMessageSize of the service's binding, or the limit of the web server in front of it";
    AnswerTooLarge: "answer-too-large",
        "the answer is larger than the client takes",
        "raise maxReceivedMessageSize of the client's binding";
    ContentType: "content-type",
        "the service does not take this kind of message (HTTP 415): another SOAP version or encoding",
        "compare the bindings: messageEncoding (Text or Mtom), wsHttpBinding (SOAP 1.2) or basicHttpBinding (SOAP 1.1)";
    NoSoapService: "http-protocol",
        "what answers at this address does not answer with SOAP of this version (encoding, SOAP version), or is no service",
        "check the address, messageEncoding and the SOAP version; read the beginning of the answer";
    SoapVersion: "soap-version",
        "client and service use different versions of SOAP or WS-Addressing",
        "use the same binding on both sides (messageVersion in a customBinding)";
    ServerTooBusy: "server-too-busy",
        "the service takes no more sessions, negotiations or messages at the moment, or is closing; a channel that is being opened asks again until openTimeout",
        "try again later, close channels that are not used, or raise serviceThrottling maxConcurrentSessions, maxPendingChannels or maxPendingSessions of the service";
    ServiceClosing: "service-closing",
        "the service is shutting down or starting",
        "open a new channel when it runs again";
    ServiceFailed: "service-failed",
        "the service failed at the first message, and its fault blames itself (Receiver), not the message: it says nothing about the credential. Usual reasons, in this order: an error in its configuration; another stack than WCF whose policy demands what did not come, or which could not check it (Apache CXF)",
        "read the service's reason above and its log; where it names assertions of a policy, compare the policy in its WSDL with the client's binding";

    // The reliable session.
    NoReliableSession: "no-reliable-session",
        "the service has no reliable session at this address: it does not know the action CreateSequence",
        "set <reliableSession enabled=\"false\"/> in the client's binding, or enabled=\"true\" in the service's";
    ReliableSessionRequired: "reliable-session-required",
        "the service demands a reliable session, and the client's binding has none",
        "set <reliableSession enabled=\"true\"/> in the client's binding";
    OtherReliableMessagingVersion: "other-reliable-messaging-version",
        "client and service use different versions of WS-ReliableMessaging (wsHttpBinding: February 2005; ws2007HttpBinding: 1.1)",
        "use the same binding on both sides (reliableMessagingVersion in a customBinding)";
    ReliableSessionMismatch: "reliable-session-mismatch",
        "the service does not know CreateSequence of WS-ReliableMessaging 1.1: it has the version of February 2005 (wsHttpBinding), or no reliable session",
        "use wsHttpBinding on the client, or ws2007HttpBinding with <reliableSession enabled=\"true\"/> on the service; if the service has no reliable session, enabled=\"false\" on the client";
    CreateSequenceRefused: "create-sequence-refused",
        "the service makes no new reliable session: something in the request does not suit it, or it takes a CreateSequence that was repeated because its answer was lost for a second one (Metro does)",
        "read the service's reason above; open a new channel";
    SessionForgotten: "session-forgotten",
        "the service does not know the reliable session any more: it was restarted, or heard nothing for its inactivityTimeout or receiveTimeout",
        "open a new channel; whether the last calls were executed only the service knows. Raise inactivityTimeout (reliableSession) and receiveTimeout of the service's binding if clients pause for longer";
    SessionEnded: "session-ended",
        "the service ended the reliable session",
        "read its reason above and its log; open a new channel";
    Inactivity: "inactivity",
        "nothing came from the service for the inactivityTimeout: it, or the network to it, is gone",
        "open a new channel when it is reached again";

    // Message security.
    SecurityMismatch: "security-mismatch",
        "the service demands message security, and the client's binding has none",
        "set <security mode=\"Message\"> and the service's clientCredentialType in the client's binding";
    NoMessageSecurity: "no-message-security",
        "the service has no message security at this address: it does not know the Security header, or the actions of WS-Trust",
        "compare <security mode> of both sides; without security the service must be reached over a network that is safe by itself";
    OtherSecurityVersion: "other-security-version",
        "client and service use different versions of WS-Trust and WS-SecureConversation (wsHttpBinding: February 2005; ws2007HttpBinding: 1.3)",
        "use the same binding on both sides (messageSecurityVersion in a customBinding)";
    NegotiationMismatch: "negotiation-mismatch",
        "the service does not negotiate its certificate (negotiateServiceCredential=\"false\"); one with establishSecurityContext=\"false\" gives the same answer to another version of WS-Trust",
        "set negotiateServiceCredential=\"false\" in the client's binding and give the service's certificate (<identity> or serviceCertificate/defaultCertificate), or set \"true\" in the service's; use the same of wsHttpBinding and ws2007HttpBinding on both sides";
    NegotiationInterrupted: "negotiation-interrupted",
        "the service does not know the negotiation that is under way: it took longer than a minute, the service was restarted, or a load balancer sent its messages to different machines",
        "open again; let the load balancer keep a client at one machine";
    TlsNegotiation: "tls-negotiation",
        "the TLS handshake inside SOAP failed: no common version or cipher suite, or messages that were altered on the way",
        "enable TLS 1.2 on the service's machine; for services that nobody can update see ChannelFactory::allow_broken_tls";
    AlgorithmSuite: "algorithm-suite",
        "client and service use different algorithm suites",
        "set algorithmSuite of <message> (defaultAlgorithmSuite in a customBinding) to the same value on both sides";
    SecureConversationRequired: "secure-conversation-mismatch",
        "the service demands a security session, and the client's binding has none (establishSecurityContext=\"false\")",
        "set establishSecurityContext=\"true\" in the client's binding, or \"false\" in the service's";
    SecuritySessionRefused: "security-session-refused",
        "the negotiation succeeded, and the service could not verify the request for a security session. It does not say why. Usual reasons, in this order: it has establishSecurityContext=\"false\"; another clientCredentialType; another algorithm suite; its validator of user names failed",
        "compare establishSecurityContext, clientCredentialType and algorithmSuite of both sides; look into the service's log";
    SecuritySessionForgotten: "security-session-forgotten",
        "the service does not know the security session any more: it was restarted, a load balancer sent the message to another machine, or nothing came for its inactivityTimeout or receiveTimeout",
        "open a new channel; whether the last calls were executed only the service knows. Raise receiveTimeout and inactivityTimeout of the service's binding if clients pause for longer";
    InvalidSecurity: "invalid-security",
        "the service could not verify the message; it does not say why. Usual reasons, in this order: it negotiates (negotiateServiceCredential=\"true\") and the client does not; the client encrypts for another certificate than the service's; another clientCredentialType, algorithmSuite or messageProtectionOrder; a contract with lower protection levels than the service's; the clocks differ by more than 5 minutes; the message was altered or sent twice on its way",
        "compare negotiateServiceCredential, clientCredentialType and algorithmSuite of both sides; compare the certificate in the client's <identity> or defaultCertificate with the service certificate; compare the clocks";
    InvalidSecurityOverTls: "invalid-security-over-tls",
        "the service could not verify the message, which went over TLS; it does not say why. Usual reasons, in this order: another clientCredentialType of <message> (UserName, Certificate); establishSecurityContext, or the version of WS-SecureConversation (wsHttpBinding, ws2007HttpBinding), differs; the clocks differ by more than 5 minutes; another algorithmSuite; the message was sent twice on its way",
        "compare clientCredentialType and establishSecurityContext of <message>, and algorithmSuite, of both sides; compare the clocks; look into the service's log";
    ClockSkew: "clock-skew",
        "the clocks of client and service are more than 5 minutes apart",
        "set the clocks right, or raise maxClockSkew (localClientSettings, localServiceSettings of a customBinding) on both sides";
    FailedAuthentication: "failed-authentication",
        "the service does not accept the client's certificate: of an unknown authority, expired, revoked, not in its TrustedPeople, or its revocation cannot be looked up",
        "look into the service's log for its reason; let a certificate authority that the service trusts issue the client's certificate, or put it into the store that certificateValidationMode looks at";
    AccessDenied: "access-denied",
        "the service knows who calls, and does not let him do this (its authorization manager refused)",
        "call as somebody who may, or change what the service allows: ServiceAuthorizationManager in WCF, ServiceHostBuilder::authorize here; its log says why it refused";
    WrongPassword: "wrong-password",
        "the service does not accept the user name and password",
        "check user name and password, and userNamePasswordValidationMode of the service's userNameAuthentication; look into the service's log for its reason";
    CertificateRequired: "certificate-required",
        "the service wants a client certificate, and the client's binding sends none",
        "set clientCredentialType=\"Certificate\" in the client's binding and give a clientCertificate";
    UntrustedService: "untrusted-service",
        "the client does not trust the service's certificate; nothing secret was sent",
        "put the certificate of the authority that issued it into the client's store Root, or the service's certificate into TrustedPeople with certificateValidationMode=\"PeerTrust\"; renew it if it has expired";
    IdentityMismatch: "identity-mismatch",
        "the service's certificate is trusted, but is not the expected one; nothing secret was sent",
        "if it is the right service, set <identity> of the client's endpoint to what its certificate says, e.g. <dns value=\"…\"/>; else check the address";
    ProtectionLevel: "protection-level-mismatch",
        "the service protects its answer less than the client's contract says: the protection levels of the two contracts differ",
        "give the contract the service's ProtectionLevel: protection_level in #[service_contract], #[operation], faults(…) or #[param], or ChannelFactory::protection_level";
    ProtectionOrder: "protection-order-mismatch",
        "the service leaves its signature in clear where the client wants it encrypted: the two bindings have different orders of signing and encrypting",
        "set messageProtectionOrder of <security> to the service's value";
    SignatureConfirmation: "signature-confirmation-mismatch",
        "one end confirms signatures in its answers and the other does not",
        "set requireSignatureConfirmation of <security>, and of <secureConversationBootstrap>, to the same value on both sides";

    // The contract.
    OperationRefused: "operation-refused",
        "the session stands, and the service could not verify this message; it does not say why. Usual reasons, in this order: its contract has no operation with this action; another ProtectionLevel; the message was altered on its way",
        "compare the contracts: namespace, names and Action of the operation, and its ProtectionLevel";
    UnknownOperation: "unknown-operation",
        "the service has no operation with this action",
        "compare the contracts: namespace, names and Action of the operation";
    OperationOrReliableSession: "unknown-operation-or-reliable-session-required",
        "the service has no operation with this action, or demands a reliable session (wsHttpBinding) that the client's binding does not have",
        "compare <reliableSession enabled> of both bindings, then namespace, names and Action of the operation in both contracts";
    HeaderNotUnderstood: "header-not-understood",
        "the service does not know a header that the client says it must understand",
        "compare bindings and contracts: a header of the contract, or a protocol that only the client has";
}
