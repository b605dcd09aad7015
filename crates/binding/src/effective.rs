//! The flat description of an endpoint that the runtime needs: every setting resolved.

use std::fmt;

use waxwing_soap::{Address, AddressHeaders};
use waxwing_xml::ParseError;

use crate::bindings::Binding;
use crate::bindings::common::ReaderQuotas;
use crate::bindings::custom::{BinaryMessageEncoding, ReliableSessionElement};
use crate::bindings::security::{LocalClientSettings, LocalServiceSettings};
use crate::config::behaviors::{EndpointBehavior, ServiceBehavior};
use crate::config::credentials::{ClientCredentials, ServiceCredentials};
use crate::config::identity::{CertificateReference, EndpointIdentity, Identity};
use crate::refusal::Refusal;
use crate::stack::{BindingElement, SecurityBindingElement, SecurityKind, Stack, TokenKind};
use crate::transport::EffectiveTransport;
use crate::{
    AlgorithmSuite, AuthenticationMode, CompressionFormat, KeyEntropyMode, ListenUriMode,
    MessageCredentialType, MessageProtectionOrder, MessageSecurityVersion, MessageVersion,
    SecurityHeaderLayout, StoreLocation, TextEncoding, TimeSpan, TrustVersion,
};

/// The contract of metadata endpoints (`IMetadataExchange`), which every service with `<serviceMetadata>` has.
pub const METADATA_CONTRACT: &str = "IMetadataExchange";

/// Which side of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It calls.
    Client,
    /// It is called.
    Service,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageEncoding {
    /// XML text.
    Text(TextEncoding),
    /// XML with large binary content in MIME parts.
    Mtom(TextEncoding),
    /// .NET binary XML.
    Binary(BinaryEncoding),
}

/// How .NET binary XML is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BinaryEncoding {
    /// Whether each message is compressed; what comes in uncompressed is taken in any case.
    pub compression: CompressionFormat,
    /// Octets of strings, lengths included, that the dictionary of one direction of a session holds at most.
    pub max_session_size: u32,
}

impl BinaryEncoding {
    pub(crate) fn of(element: &BinaryMessageEncoding) -> BinaryEncoding {
        BinaryEncoding {
            compression: element.compression_format,
            max_session_size: element.max_session_size,
        }
    }
}

/// The four timeouts of a binding, without its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointTimeouts {
    /// Time to open a channel, security handshake and CreateSequence included.
    pub open: TimeSpan,
    /// Time for an orderly close.
    pub close: TimeSpan,
    /// Time for a whole call.
    pub send: TimeSpan,
    /// How long a service waits for the next application message of a session.
    pub receive: TimeSpan,
}

/// Limits of the XML reader as in force: a quota that was never set is wide for buffered
/// messages, as in WCF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveQuotas {
    /// Nesting depth of elements.
    pub max_depth: u32,
    /// Characters of one text.
    pub max_string_content_length: u32,
    /// Octets of one `base64Binary`, and items of one array of numbers, booleans or times.
    pub max_array_length: u32,
    /// Bytes of one start tag.
    pub max_bytes_per_read: u32,
    /// Characters of all names.
    pub max_name_table_char_count: u32,
}

impl EffectiveQuotas {
    fn of(quotas: &ReaderQuotas) -> EffectiveQuotas {
        const WIDE: u32 = i32::MAX as u32;
        const WIDE_DEPTH: u32 = 128;
        let or = |value: u32, default: u32| if value == 0 { default } else { value };
        EffectiveQuotas {
            max_depth: or(quotas.max_depth, WIDE_DEPTH),
            max_string_content_length: or(quotas.max_string_content_length, WIDE),
            max_array_length: or(quotas.max_array_length, WIDE),
            max_bytes_per_read: or(quotas.max_bytes_per_read, WIDE),
            max_name_table_char_count: or(quotas.max_name_table_char_count, WIDE),
        }
    }
}

/// A WS-SecureConversation session.
#[derive(Debug, Clone, PartialEq)]
pub struct SecureConversation {
    /// Whether the service keeps the context (else a cookie holds it).
    pub require_cancellation: bool,
    /// Whether the session key may be renewed.
    pub can_renew: bool,
    /// Whether keys are derived from the session key; false over transport security.
    pub require_derived_keys: bool,
    /// The algorithms inside the session.
    pub algorithm_suite: AlgorithmSuite,
    /// Whether replies inside the session confirm signatures.
    pub require_signature_confirmation: bool,
    /// Order of signing and encrypting inside the session.
    pub message_protection_order: MessageProtectionOrder,
    /// Order of the header's elements inside the session.
    pub security_header_layout: SecurityHeaderLayout,
    /// Who contributes to the session key.
    pub key_entropy_mode: KeyEntropyMode,
    /// Limits that a client keeps inside the session.
    pub local_client_settings: LocalClientSettings,
    /// Limits that a service keeps inside the session.
    pub local_service_settings: LocalServiceSettings,
}

/// Message security: of the bootstrap when there is a [`SecureConversation`], else of every
/// message.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveSecurity {
    /// The kind of security, for example [`AuthenticationMode::MutualCertificate`].
    pub authentication: AuthenticationMode,
    /// The session, if one is set up.
    pub secure_conversation: Option<SecureConversation>,
    /// Whether the connection protects messages, and the header only carries the credential
    /// (TransportWithMessageCredential).
    pub over_transport: bool,
    /// Whether TLSNego or SPNEGO precedes.
    pub negotiated: bool,
    /// What the client proves itself with.
    pub credential: MessageCredentialType,
    /// The specifications.
    pub version: MessageSecurityVersion,
    /// The algorithms.
    pub algorithm_suite: AlgorithmSuite,
    /// Whether replies confirm the request's signatures.
    pub require_signature_confirmation: bool,
    /// Whether keys are derived from the protection token.
    pub require_derived_keys: bool,
    /// Order of signing and encrypting.
    pub message_protection_order: MessageProtectionOrder,
    /// Order of the header's elements.
    pub security_header_layout: SecurityHeaderLayout,
    /// Who contributes to negotiated keys.
    pub key_entropy_mode: KeyEntropyMode,
    /// Whether there is a timestamp.
    pub include_timestamp: bool,
    /// Whether tokens are signed, too.
    pub protect_tokens: bool,
    /// The client's limits; `detect_replays` is always set.
    pub local_client_settings: LocalClientSettings,
    /// The service's limits; `detect_replays` is always set.
    pub local_service_settings: LocalServiceSettings,
    /// The whole element, for what the fields above leave out.
    pub element: SecurityBindingElement,
}

impl EffectiveSecurity {
    /// The dialect of WS-Trust and WS-SecureConversation.
    pub fn trust(&self) -> TrustVersion {
        self.version.trust()
    }

    /// Whether the service keeps no state of a negotiated token: it is in the token itself, as a cookie.
    pub fn negotiates_cookies(&self) -> bool {
        let first = self.element.bootstrap().unwrap_or(&self.element);
        let SecurityKind::Symmetric { protection } = &first.kind else { return false };
        match protection.kind {
            TokenKind::Ssl { require_cancellation, .. }
            | TokenKind::Sspi { require_cancellation } => !require_cancellation,
            _ => false,
        }
    }

    /// Whether any security context has its state in a cookie: of the conversation, or negotiated.
    pub fn has_cookies(&self) -> bool {
        let conversation = self.secure_conversation.as_ref();
        conversation.is_some_and(|c| !c.require_cancellation) || self.negotiates_cookies()
    }

    /// The element of the bootstrap, or of every message when there is no session.
    pub fn first_element(&self) -> &SecurityBindingElement {
        self.element.bootstrap().unwrap_or(&self.element)
    }

    /// Whether each side signs with its own certificate (of the bootstrap when there is a session).
    pub fn is_asymmetric(&self) -> bool {
        self.first_element().is_asymmetric()
    }

    /// Whether messages whose protection is the connection's may go over one that protects nothing
    /// (`allowInsecureTransport`): somebody in front of the service ends TLS.
    pub fn allows_insecure_transport(&self) -> bool {
        self.over_transport && self.element.allow_insecure_transport
    }

    /// Whether Basic Security Profile 1.0 attributes are written.
    pub fn is_basic_security_profile(&self) -> bool {
        self.version.is_basic_security_profile()
    }

    /// From a security binding element.
    pub fn of(element: &SecurityBindingElement) -> EffectiveSecurity {
        let first = element.bootstrap().unwrap_or(element);
        let derived = match &first.kind {
            SecurityKind::Symmetric { protection } => protection.require_derived_keys,
            SecurityKind::Asymmetric { initiator, .. } => initiator.require_derived_keys,
            SecurityKind::Transport => false,
        };
        EffectiveSecurity {
            authentication: first.authentication_mode,
            secure_conversation: conversation(element),
            over_transport: matches!(first.kind, SecurityKind::Transport),
            negotiated: first.authentication_mode.is_negotiated(),
            credential: first.authentication_mode.credential(),
            version: first.message_security_version,
            algorithm_suite: first.default_algorithm_suite,
            require_signature_confirmation: first.require_signature_confirmation,
            require_derived_keys: derived,
            message_protection_order: first.message_protection_order,
            security_header_layout: first.security_header_layout,
            key_entropy_mode: first.key_entropy_mode,
            include_timestamp: first.include_timestamp,
            protect_tokens: first.protect_tokens,
            local_client_settings: first.local_client_settings.clone(),
            local_service_settings: first.local_service_settings.clone(),
            element: element.clone(),
        }
    }
}

fn conversation(element: &SecurityBindingElement) -> Option<SecureConversation> {
    let token = match &element.kind {
        SecurityKind::Symmetric { protection } => protection,
        _ => element.supporting.endorsing.first()?,
    };
    let TokenKind::SecureConversation { require_cancellation, can_renew, .. } = token.kind else {
        return None;
    };
    Some(SecureConversation {
        require_cancellation,
        can_renew,
        require_derived_keys: token.require_derived_keys,
        algorithm_suite: element.default_algorithm_suite,
        require_signature_confirmation: element.require_signature_confirmation,
        message_protection_order: element.message_protection_order,
        security_header_layout: element.security_header_layout,
        key_entropy_mode: element.key_entropy_mode,
        local_client_settings: element.local_client_settings.clone(),
        local_service_settings: element.local_service_settings.clone(),
    })
}

/// What an endpoint does on the wire, and with whom.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveEndpoint {
    /// Which side.
    pub role: Role,
    /// Name of the endpoint; for services derived as WCF does when the file gives none.
    pub name: String,
    /// The contract.
    pub contract: String,
    /// The absolute address, which messages are addressed to (URI).
    pub address: String,
    /// Where bytes go (client) or the service listens, if not at the address (URI).
    pub via: Option<String>,
    /// At the service: the addresses that clients use, where a front end rewrites them (absolute URIs).
    pub public_addresses: Vec<String>,
    /// At the service: how the listen address is made.
    pub listen_uri_mode: ListenUriMode,
    /// Reference parameters: XML elements that every message to the service carries as headers.
    pub headers: String,
    /// Section of the binding: `wsHttpBinding`.
    pub binding_section: String,
    /// Name of the binding, empty for the unnamed one.
    pub binding_name: String,
    /// At the service: the namespace of the binding in metadata, empty for the usual one.
    pub binding_namespace: String,
    /// At the service: whether metadata leaves the endpoint out.
    pub is_system_endpoint: bool,
    /// SOAP and addressing version.
    pub message_version: MessageVersion,
    /// How messages are written.
    pub encoding: MessageEncoding,
    /// The reliable session, if there is one.
    pub reliable_session: Option<ReliableSessionElement>,
    /// Message security, if there is any.
    pub security: Option<EffectiveSecurity>,
    /// Whether messages go over two one-way connections (wsDualHttpBinding).
    pub composite_duplex: bool,
    /// At the client of such a binding: below which URI it listens. None: the machine's name and port 80.
    pub client_base_address: Option<String>,
    /// The transport.
    pub transport: EffectiveTransport,
    /// Timeouts.
    pub timeouts: EndpointTimeouts,
    /// Limits of the XML reader.
    pub quotas: EffectiveQuotas,
    /// Who the service must be; clients without one expect the DNS name of the address.
    pub identity: Option<Identity>,
    /// At the client: credentials; `None` is WCF's defaults without certificates.
    pub client_credentials: ClientCredentials,
    /// At the service: credentials.
    pub service_credentials: ServiceCredentials,
    /// At the service: its behavior, for debug, metadata, throttling.
    pub service_behavior: ServiceBehavior,
    /// The endpoint behavior.
    pub endpoint_behavior: EndpointBehavior,
    /// The stack that it was resolved from.
    pub stack: Stack,
}

impl EffectiveEndpoint {
    /// A client endpoint set up in code.
    ///
    /// # Errors
    /// The first combination of `binding` that WCF would refuse when the channel factory opens.
    pub fn client(
        binding: &Binding,
        contract: impl Into<String>,
        address: impl Into<String>,
        identity: Option<&EndpointIdentity>,
        credentials: ClientCredentials,
    ) -> Result<EffectiveEndpoint, Refusal> {
        let behavior = EndpointBehavior::default().client_credentials(credentials);
        let mut endpoint = EffectiveEndpoint::resolve(Role::Client, binding)?;
        endpoint.contract = contract.into();
        endpoint.address = address.into();
        endpoint.identity = identity.and_then(EndpointIdentity::effective);
        endpoint.with_endpoint_behavior(behavior);
        endpoint.name = format!("{}_{}", binding.type_name(), short_name(&endpoint.contract));
        Ok(endpoint)
    }

    /// A service endpoint set up in code; `address` is absolute.
    ///
    /// # Errors
    /// The first combination of `binding` that WCF would refuse when the service host opens.
    pub fn service(
        binding: &Binding,
        contract: impl Into<String>,
        address: impl Into<String>,
        behavior: ServiceBehavior,
    ) -> Result<EffectiveEndpoint, Refusal> {
        let mut endpoint = EffectiveEndpoint::resolve(Role::Service, binding)?;
        endpoint.contract = contract.into();
        endpoint.address = address.into();
        endpoint.with_service_behavior(behavior);
        endpoint.name = format!("{}_{}", binding.type_name(), short_name(&endpoint.contract));
        Ok(endpoint)
    }

    pub(crate) fn resolve(role: Role, binding: &Binding) -> Result<EffectiveEndpoint, Refusal> {
        match binding.refusals().into_iter().chain(binding.refusals_of(role)).next() {
            Some(refusal) => Err(refusal),
            None => Ok(EffectiveEndpoint::unchecked(role, binding)),
        }
    }

    pub(crate) fn unchecked(role: Role, binding: &Binding) -> EffectiveEndpoint {
        let stack = Stack::of(binding);
        let timeouts = binding.timeouts();
        EffectiveEndpoint {
            role,
            name: String::new(),
            contract: String::new(),
            address: String::new(),
            via: None,
            public_addresses: Vec::new(),
            listen_uri_mode: ListenUriMode::Explicit,
            headers: String::new(),
            binding_section: binding.section().to_owned(),
            binding_name: binding.name().to_owned(),
            binding_namespace: String::new(),
            is_system_endpoint: false,
            message_version: stack.message_version(),
            encoding: stack.encoding(),
            reliable_session: stack.reliable_session().cloned(),
            security: stack.security().map(EffectiveSecurity::of),
            composite_duplex: stack.composite_duplex().is_some(),
            client_base_address: stack
                .composite_duplex()
                .and_then(|element| element.client_base_address.clone()),
            transport: EffectiveTransport::of(&stack),
            timeouts: EndpointTimeouts {
                open: timeouts.open_timeout,
                close: timeouts.close_timeout,
                send: timeouts.send_timeout,
                receive: timeouts.receive_timeout,
            },
            quotas: EffectiveQuotas::of(&quotas(&stack)),
            identity: None,
            client_credentials: ClientCredentials::default(),
            service_credentials: ServiceCredentials::default(),
            service_behavior: ServiceBehavior::default(),
            endpoint_behavior: EndpointBehavior::default(),
            stack,
        }
    }

    pub(crate) fn with_endpoint_behavior(&mut self, behavior: EndpointBehavior) {
        if let Some(credentials) = &behavior.client_credentials {
            self.client_credentials = credentials.clone();
        }
        if let Some(via) = &behavior.client_via {
            self.via = Some(via.via_uri.clone());
        }
        self.endpoint_behavior = behavior;
    }

    pub(crate) fn with_service_behavior(&mut self, behavior: ServiceBehavior) {
        if let Some(credentials) = &behavior.service_credentials {
            self.service_credentials = credentials.clone();
        }
        self.service_behavior = behavior;
    }

    /// The client's own certificate, store location filled in.
    pub fn client_certificate(&self) -> Option<CertificateReference> {
        located(self.client_credentials.client_certificate.as_ref(), StoreLocation::CurrentUser)
    }

    /// The service's own certificate, store location filled in.
    pub fn service_certificate(&self) -> Option<CertificateReference> {
        located(self.service_credentials.service_certificate.as_ref(), StoreLocation::LocalMachine)
    }

    /// The service's certificate as a client knows it beforehand: the scoped certificate of the
    /// address, else the default certificate. A certificate identity comes after both.
    pub fn known_service_certificate(&self) -> Option<CertificateReference> {
        let known = &self.client_credentials.service_certificate;
        let scoped = known.scoped_certificates.add.iter().find(|c| c.target_uri == self.address);
        let reference = scoped.map(|c| &c.reference).or(known.default_certificate.as_ref());
        located(reference, StoreLocation::CurrentUser)
    }

    /// The headers that belong to the address, to be written and compared.
    ///
    /// # Errors
    /// An element needs a prefix that is declared outside of it.
    pub fn address_headers(&self) -> Result<AddressHeaders, ParseError> {
        AddressHeaders::parse(&self.headers)
    }

    /// The DNS name that a client expects when no identity is set: the host of the address.
    pub fn host(&self) -> Option<&str> {
        Address::of(&self.address).host()
    }

    /// Whether a WCF service would give the caller a session: a reliable session, a secure
    /// conversation, or a connection that is one.
    pub fn is_sessionful(&self) -> bool {
        let conversation = self.security.as_ref().is_some_and(|s| s.secure_conversation.is_some());
        self.reliable_session.is_some() || conversation || self.has_connection_session(false)
    }
}

fn located(
    reference: Option<&CertificateReference>,
    location: StoreLocation,
) -> Option<CertificateReference> {
    let mut reference = reference.filter(|r| r.is_specified())?.clone();
    reference.store_location.get_or_insert(location);
    Some(reference)
}

/// The last part of a dotted name.
pub(crate) fn short_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn quotas(stack: &Stack) -> ReaderQuotas {
    let quotas = stack.elements.iter().find_map(|e| match e {
        BindingElement::TextMessageEncoding(e) => Some(e.reader_quotas.clone()),
        BindingElement::MtomMessageEncoding(e) => Some(e.reader_quotas.clone()),
        BindingElement::BinaryMessageEncoding(e) => Some(e.reader_quotas.clone()),
        _ => None,
    });
    quotas.unwrap_or_default()
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Client => "client",
            Role::Service => "service",
        })
    }
}
