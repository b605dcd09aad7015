//! What an endpoint must know to protect its messages.

use std::sync::Arc;

use jiff::SignedDuration;
use waxwing_soap::{AddressHeaders, EndpointReference, MessageVersion, Mint};
use waxwing_xml::Limits;

use super::binding::{BindingKind, ClientBinding, ServiceBinding};
use super::cookie_keys::CookieKeys;
use super::credentials::{ClientCredential, ClientIdentification};
use super::flow::Flow;
use super::identity::ExpectedIdentity;
use crate::negotiation::TlsEngines;
use crate::protection::ProtectionRequirements;
use crate::wsse::SecuritySettings;

/// What kind of message security an endpoint has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// None: messages pass as they are.
    None,
    /// Every message stands for itself (`establishSecurityContext="false"`).
    OneShot,
    /// A security context session (`establishSecurityContext="true"`).
    Conversation,
    /// A security context without a session: it is asked for as one with a session is, the service forgets it, and the
    /// client brings its sealed state along in every message (`requireSecurityContextCancellation="false"`).
    Cookie,
}

/// Security contexts whose state is in a cookie: of a service of [`Protection::Cookie`], and negotiated tokens.
#[derive(Debug, Clone, Default)]
pub struct CookieOptions {
    /// The keys that seal; none means a random key of this process, so that cookies are good until it ends.
    pub keys: Option<CookieKeys>,
    /// Whether negotiated tokens have their state in a cookie
    /// (`requireSecurityContextCancellation="false"` of the element that negotiates).
    pub negotiated: bool,
    /// What the service is, in words of the owner: cookies of a service with other words are refused, under the same keys
    /// too. Its name and contract, say, but no address that differs from process to process.
    pub scope: Box<str>,
}

/// Everything that [`ClientSecurity`](super::ClientSecurity) needs. The defaults of
/// [`ClientOptions::new`] are those of WCF's `wsHttpBinding`.
#[derive(Clone)]
pub struct ClientOptions {
    /// What kind of message security.
    pub protection: Protection,
    /// How messages travel.
    pub flow: Flow,
    /// Where the service's messages go to, which the requests of the security protocol name as `ReplyTo`: the client's
    /// address of [`Flow::CompositeDuplex`], its channel's instance among the parameters. None: the anonymous endpoint.
    pub reply_to: Option<EndpointReference>,
    /// How messages of the session (or one-shot messages) are protected.
    pub settings: SecuritySettings,
    /// How the messages that issue and renew the session are protected.
    pub bootstrap: SecuritySettings,
    /// What is signed and encrypted, by action: built on [`ProtectionRequirements::for_session`].
    pub requirements: ProtectionRequirements,
    /// SOAP and addressing versions of the trust messages.
    pub version: MessageVersion,
    /// The address of the service, `To` of the trust messages.
    pub address: Box<str>,
    /// The headers that belong to that address: each trust message carries them, and they are signed in every request.
    pub headers: AddressHeaders,
    /// Who the service must be.
    pub identity: ExpectedIdentity,
    /// How messages that stand alone are protected; none only without message security.
    pub binding: Option<ClientBinding>,
    /// What the client proves itself with.
    pub credential: ClientCredential,
    /// Whether replies of the bootstrap (or one-shot replies) confirm the request's signatures; none
    /// means WCF's default for the credential and key.
    pub signature_confirmation: Option<bool>,
    /// Whether replies inside a session confirm the request's signature (`requireSignatureConfirmation` of the outer
    /// `<security>` element).
    pub session_signature_confirmation: bool,
    /// Whether the session key may be renewed.
    pub can_renew: bool,
    /// The key is renewed when it is this old (`sessionKeyRenewalInterval`), or earlier by
    /// `renewal_threshold_percent`.
    pub key_renewal_interval: SignedDuration,
    /// The key is renewed when this part of its life is over (`cookieRenewalThresholdPercentage`).
    pub renewal_threshold_percent: u8,
    /// The longest time that a token is used which has no session (`maxCookieCachingTime`).
    pub max_cookie_caching_time: SignedDuration,
    /// For how long replies under the former key are accepted (`sessionKeyRolloverInterval`).
    pub key_rollover: SignedDuration,
    /// Whether a reply may come without any protection (`enableUnsecuredResponse`): one without a Security header is taken
    /// as it is. **Over a transport that does not protect, whoever stands between can answer in the service's name.** The
    /// answers of the security protocol itself are never taken so.
    pub enable_unsecured_response: bool,
    /// Whether messages go over TLS, although they are protected themselves: then a reply without protection may speak for
    /// reliable messaging, too.
    pub over_tls: bool,
    /// Whether replies are remembered and refused the second time; over a protected transport, where they have no
    /// signature, nothing is.
    pub detect_replays: bool,
    /// Replies that are remembered at most (`replayCacheSize`); when there are more, replies are accepted for a shorter
    /// time.
    pub replay_cache_size: usize,
    /// Limits for decrypted content; those that messages are parsed with.
    pub limits: Limits,
}

impl ClientOptions {
    /// Options with the defaults of `wsHttpBinding` for a service at `address`; the identity is its
    /// host name. Credential and binding are to be set.
    pub fn new(address: impl Into<Box<str>>) -> Self {
        let address = address.into();
        Self {
            protection: Protection::Conversation,
            flow: Flow::Exchanges,
            reply_to: None,
            settings: SecuritySettings::default(),
            bootstrap: SecuritySettings::default(),
            requirements: ProtectionRequirements::for_session(),
            version: MessageVersion::SOAP12_ADDRESSING10,
            headers: AddressHeaders::default(),
            identity: ExpectedIdentity::of_address(&address),
            address,
            binding: None,
            credential: ClientCredential::None,
            signature_confirmation: None,
            session_signature_confirmation: false,
            can_renew: true,
            key_renewal_interval: SignedDuration::from_hours(10),
            renewal_threshold_percent: 60,
            max_cookie_caching_time: SignedDuration::MAX,
            key_rollover: SignedDuration::from_mins(5),
            enable_unsecured_response: false,
            over_tls: false,
            detect_replays: true,
            replay_cache_size: 900_000,
            limits: Limits::SOAP,
        }
    }

    /// Whether replies of the bootstrap confirm signatures: over a certificate yes, unless a user name
    /// is the credential; over a negotiated token no.
    pub(crate) fn confirms_signatures(&self) -> bool {
        let default = self.kind() == Some(BindingKind::Symmetric)
            && !matches!(self.credential, ClientCredential::UserName { .. });
        self.signature_confirmation.unwrap_or(default) && !self.is_by_transport()
    }

    /// Whether replies inside a session confirm signatures; over a protected transport nothing does.
    pub(crate) fn confirms_in_session(&self) -> bool {
        self.session_signature_confirmation && !self.is_by_transport()
    }

    /// The kind of the binding; none without message security.
    pub(crate) fn kind(&self) -> Option<BindingKind> {
        self.binding.as_ref().map(ClientBinding::kind)
    }

    /// Whether the transport protects messages.
    pub(crate) fn is_by_transport(&self) -> bool {
        self.kind() == Some(BindingKind::Transport)
    }
}

/// Limits of a service (WCF: `localServiceSettings`). The reasons are in the fields.
#[derive(Debug, Clone)]
pub struct ServiceLimits {
    /// Negotiations under way at once; each holds a TLS engine of some 50 KB.
    pub max_negotiations: usize,
    /// How long a negotiation may take: it is a matter of two round trips.
    pub negotiation_timeout: SignedDuration,
    /// The most octets of TLS data that one negotiation may bring.
    pub max_negotiation_octets: usize,
    /// Sessions that were issued and have not been used; anybody with a credential can make them.
    pub max_pending_sessions: usize,
    /// How long a session may stay unused.
    pub pending_session_timeout: SignedDuration,
    /// Sessions altogether, some 13 KB each. WCF has no such limit; beyond it idle ones of whoever has the most make
    /// way.
    pub max_sessions: usize,
    /// How long a session may be without a message (WCF: the `receiveTimeout` of the binding). One that a reliable
    /// session or an answer under way holds is not idle.
    pub session_idle_timeout: SignedDuration,
    /// Renewed keys of one session that have not been used; the oldest makes way for another one.
    pub max_pending_keys: usize,
    /// Negotiated tokens that are held; when there are more, the oldest of whoever has the most goes.
    pub max_negotiated_tokens: usize,
    /// Contexts with their state in a cookie that are remembered, so that not each of their messages costs a decryption;
    /// when there are more, the oldest fifth goes.
    pub max_cached_cookies: usize,
    /// How long a context lives whose state is in a cookie (`issuedCookieLifetime`).
    pub cookie_lifetime: SignedDuration,
    /// How long a negotiated token lives that only starts a session.
    pub bootstrap_token_lifetime: SignedDuration,
    /// How long a negotiated token lives that protects messages itself.
    pub one_shot_token_lifetime: SignedDuration,
    /// How long an issued session key lives (`sessionKeyRenewalInterval` of the service).
    pub session_key_lifetime: SignedDuration,
    /// For how long messages under the former key are accepted (`sessionKeyRolloverInterval`).
    pub key_rollover: SignedDuration,
    /// Messages that are remembered to find replays, of all clients together. When there are more, those of the
    /// client with the most are accepted for a shorter time.
    pub replay_cache_size: usize,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            max_negotiations: 128,
            negotiation_timeout: SignedDuration::from_mins(1),
            max_negotiation_octets: 256 * 1024,
            max_pending_sessions: 128,
            pending_session_timeout: SignedDuration::from_mins(2),
            max_sessions: 10_000,
            session_idle_timeout: SignedDuration::from_mins(10),
            max_pending_keys: 5,
            max_negotiated_tokens: 1000,
            max_cached_cookies: 1000,
            cookie_lifetime: SignedDuration::from_hours(10),
            bootstrap_token_lifetime: SignedDuration::from_mins(15),
            one_shot_token_lifetime: SignedDuration::from_hours(10),
            session_key_lifetime: SignedDuration::from_hours(15),
            key_rollover: SignedDuration::from_mins(5),
            replay_cache_size: 900_000,
        }
    }
}

/// Everything that [`ServiceSecurity`](super::ServiceSecurity) needs.
#[derive(Clone)]
pub struct ServiceOptions {
    /// What kind of message security.
    pub protection: Protection,
    /// How messages travel.
    pub flow: Flow,
    /// The service's own address, which its cancellation of a session names as `ReplyTo` in a duplex flow. WCF names it over
    /// net.tcp, and none with [`Flow::CompositeDuplex`].
    pub reply_to: Option<EndpointReference>,
    /// How messages of the session (or one-shot messages) are protected.
    pub settings: SecuritySettings,
    /// How the messages that issue and renew sessions are protected.
    pub bootstrap: SecuritySettings,
    /// What is signed and encrypted, by action: built on [`ProtectionRequirements::for_session`].
    pub requirements: ProtectionRequirements,
    /// The headers that belong to the service's address: where a request has them, they must be signed. Whether it has
    /// them is the endpoint's question.
    pub headers: AddressHeaders,
    /// How messages that stand alone are protected; none only without message security.
    pub binding: Option<ServiceBinding>,
    /// How clients prove themselves.
    pub clients: ClientIdentification,
    /// Whether replies of the bootstrap (or one-shot replies) confirm the request's signatures; none
    /// means WCF's default for the credential and key.
    pub signature_confirmation: Option<bool>,
    /// Whether replies inside a session confirm the request's signature (`requireSignatureConfirmation` of the outer
    /// `<security>` element).
    pub session_signature_confirmation: bool,
    /// Whether replies over a protected transport have no Security header, as those of WCF with
    /// `enableUnsecuredResponse="true"`. Others are protected nonetheless.
    pub enable_unsecured_response: bool,
    /// Whether session keys may be renewed (`canRenewSecurityContextToken`). If not, a session ends with its key.
    pub can_renew: bool,
    /// Security contexts whose state is in a cookie.
    pub cookies: CookieOptions,
    /// Whether messages are remembered and refused the second time. Over a protected transport WCF never does; where it
    /// is set here, those that a token signs are.
    pub detect_replays: bool,
    /// The limits of the service.
    pub limits: ServiceLimits,
    /// Makes the identifiers of security contexts and negotiated tokens.
    pub mint: Mint,
    /// What the tokens of sessions carry for whoever stands before the service: octets in the child `Cookie` of the
    /// `SecurityContextToken`, which a client repeats with every message as it got it. A renewed token has it as it is by then.
    /// The service itself reads it never. Not of contexts whose state is in a cookie: they have another.
    pub mark: Option<Box<[u8]>>,
    /// Whether sessions are kept elsewhere, too: then [`ServiceSecurity::forgotten`](super::ServiceSecurity::forgotten) tells
    /// which of them are over.
    pub durable: bool,
    /// Limits for decrypted content; those that messages are parsed with.
    pub xml_limits: Limits,
}

impl ServiceOptions {
    /// Options with the defaults of `wsHttpBinding`, for clients that prove themselves like that.
    /// The binding is to be set.
    pub fn new(clients: ClientIdentification) -> Self {
        Self {
            protection: Protection::Conversation,
            flow: Flow::Exchanges,
            reply_to: None,
            settings: SecuritySettings::default(),
            bootstrap: SecuritySettings::default(),
            requirements: ProtectionRequirements::for_session(),
            headers: AddressHeaders::default(),
            binding: None,
            clients,
            signature_confirmation: None,
            session_signature_confirmation: false,
            enable_unsecured_response: false,
            can_renew: true,
            cookies: CookieOptions::default(),
            detect_replays: true,
            limits: ServiceLimits::default(),
            mint: Mint::default(),
            mark: None,
            durable: false,
            xml_limits: Limits::SOAP,
        }
    }

    pub(crate) fn confirms_signatures(&self) -> bool {
        let default = self.kind() == Some(BindingKind::Symmetric)
            && self.clients != ClientIdentification::UserName;
        self.signature_confirmation.unwrap_or(default) && !self.is_by_transport()
    }

    /// Whether replies inside a session confirm signatures; over a protected transport nothing does.
    pub(crate) fn confirms_in_session(&self) -> bool {
        self.session_signature_confirmation && !self.is_by_transport()
    }

    /// Whether the transport protects messages.
    pub(crate) fn is_by_transport(&self) -> bool {
        self.kind() == Some(BindingKind::Transport)
    }

    /// The kind of the binding; none without message security.
    pub(crate) fn kind(&self) -> Option<BindingKind> {
        self.binding.as_ref().map(ServiceBinding::kind)
    }

    /// The TLS engines of the negotiation, where clients negotiate.
    pub(crate) fn negotiation(&self) -> Option<&Arc<dyn TlsEngines>> {
        match &self.binding {
            Some(ServiceBinding::Negotiated(engines)) => Some(engines),
            _ => None,
        }
    }
}
