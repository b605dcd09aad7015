//! Typed WCF bindings and the `system.serviceModel` configuration file.
//!
//! Everything here is pure: text in, values out; no files, no sockets, no clock.
//!
//! # From a file to endpoints
//!
//! [`Configuration::parse_file`] takes the text of a file ([`decode`] makes text of its bytes) and
//! gives the model, or every mistake of the file at once. [`Configuration::load`] gives the model
//! *and* all findings, warnings and notes too: each has a [`Scope`], what it concerns.
//! [`Loaded::client_endpoint`] and [`Loaded::service`] give what can be used of a file although
//! something else in it is broken.
//!
//! [`Configuration::client_endpoint`] and [`Configuration::service`] look an endpoint up as
//! `ChannelFactory<T>(name)` and `ServiceHost` do and give an [`EffectiveEndpoint`]: the flat
//! description that a runtime needs, nothing left to resolve.
//!
//! ```
//! use waxwing_binding::{AuthenticationMode, Configuration, X509CertificateValidationMode};
//!
//! let text = r#"
//! <configuration>
//!   <system.serviceModel>
//!     <client>
//!       <endpoint name="calc" address="http://example.org/calc" binding="wsHttpBinding"
//!                 bindingConfiguration="SecureReliable" behaviorConfiguration="Alice"
//!                 contract="ICalculator">
//!         <identity><dns value="calc-service" /></identity>
//!       </endpoint>
//!     </client>
//!     <bindings>
//!       <wsHttpBinding>
//!         <binding name="SecureReliable">
//!           <reliableSession enabled="true" />
//!           <security mode="Message">
//!             <message clientCredentialType="Certificate" negotiateServiceCredential="false" />
//!           </security>
//!         </binding>
//!       </wsHttpBinding>
//!     </bindings>
//!     <behaviors>
//!       <endpointBehaviors>
//!         <behavior name="Alice">
//!           <clientCredentials>
//!             <clientCertificate x509FindType="FindBySubjectName" findValue="alice" />
//!             <serviceCertificate>
//!               <defaultCertificate storeName="TrustedPeople"
//!                                   x509FindType="FindBySubjectName" findValue="calc-service" />
//!             </serviceCertificate>
//!           </clientCredentials>
//!         </behavior>
//!       </endpointBehaviors>
//!     </behaviors>
//!   </system.serviceModel>
//! </configuration>"#;
//!
//! let configuration = Configuration::parse_file(text, "client.config")?;
//! let endpoint = configuration.client_endpoint("calc", "ICalculator")?;
//!
//! let session = endpoint.reliable_session.as_ref().expect("a reliable session");
//! assert_eq!((session.ordered, session.max_transfer_window_size), (true, 8));
//! let security = endpoint.security.as_ref().expect("message security");
//! assert_eq!(security.authentication, AuthenticationMode::MutualCertificate);
//! assert!(security.secure_conversation.is_some());
//! assert_eq!(
//!     endpoint.client_certificate().expect("named").to_string(),
//!     "FindBySubjectName 'alice' in CurrentUser/My"
//! );
//! let validation = &endpoint.client_credentials.service_certificate.authentication;
//! assert_eq!(
//!     validation.certificate_validation_mode,
//!     X509CertificateValidationMode::ChainTrust
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Before it opens an endpoint, a runtime asks, in this order:
//!
//! 1. [`EffectiveEndpoint::unsupported`]: what this version cannot run; refuse, naming it.
//! 2. [`EffectiveEndpoint::contract_refusals`]: whether the binding gives what the contract
//!    demands (a session, callbacks, order); then, where the contract has callbacks,
//!    [`EffectiveEndpoint::unsupported_for`].
//! 3. [`EffectiveEndpoint::missing_credentials`]: certificates that nobody has named. Put those
//!    that the program sets in code into `client_credentials` or `service_credentials` before, or
//!    leave the question out if certificates come as values.
//!
//! Where to find things in an [`EffectiveEndpoint`]:
//!
//! | what | where |
//! | --- | --- |
//! | address, where bytes really go | `address`, `via` |
//! | SOAP and WS-Addressing version, encoding | `message_version`, `encoding` |
//! | WS-ReliableMessaging version and settings | `reliable_session` (`None`: no session) |
//! | bootstrap or one-shot security | `security`: `authentication`, `version`, `algorithm_suite`, `local_client_settings`, `local_service_settings`… |
//! | secure conversation | `security.secure_conversation` (`None`: each message by itself) |
//! | tokens in detail | `security.element` |
//! | timeouts | `timeouts`; the reliable session's inactivity in `reliable_session` |
//! | exchanges, a duplex session over a connection, two one-way directions | [`EffectiveEndpoint::channel_shape`] |
//! | net.tcp, its pool and its TLS; WebSockets | `transport.tcp`, `transport.stream_security`, `transport.web_socket` |
//! | limits | `quotas`, `transport.max_received_message_size` |
//! | who the service must be | `identity`; if `None`, the DNS name [`EffectiveEndpoint::host`] |
//! | own certificate | [`EffectiveEndpoint::client_certificate`], [`EffectiveEndpoint::service_certificate`] |
//! | the service's certificate, known beforehand | [`EffectiveEndpoint::known_service_certificate`], then a certificate `identity` |
//! | how a service's certificate is checked | `client_credentials.service_certificate.authentication` |
//! | how a client's certificate is checked | `service_credentials.client_certificate.authentication` |
//! | user names | `service_credentials.user_name_authentication` |
//! | exceptions in faults, metadata, throttling | `service_behavior`; [`ServiceBehavior::throttling`] |
//! | where the certificate of a store reference lies | [`WaxwingSection::place_of`], [`WaxwingSection::store_folders`] |
//! | trace, store, nodes, outboxes | [`Configuration::waxwing`](Configuration#structfield.waxwing) |
//!
//! # The same in code
//!
//! Every element is a struct with WCF's names and defaults and a setter for each field.
//! [`EffectiveEndpoint::client`] and [`EffectiveEndpoint::service`] take a binding made in code;
//! [`Configuration::to_xml`] writes a model as a file, and reading that gives the same model.
//!
//! ```
//! use waxwing_binding::{
//!     Configuration, MessageCredentialType, SecurityMode, TimeSpan, WsHttpBinding,
//! };
//!
//! let binding = WsHttpBinding::new(SecurityMode::Message, true)
//!     .named("SecureReliable")
//!     .message_credential(MessageCredentialType::Certificate)
//!     .negotiate_service_credential(false)
//!     .send_timeout(TimeSpan::seconds(30));
//! let configuration = Configuration::default().with_binding(binding);
//! assert_eq!(Configuration::parse(&configuration.to_xml())?, configuration);
//! # Ok::<(), waxwing_binding::ConfigurationError>(())
//! ```
//!
//! # Further
//!
//! - [`Configuration::explain`] says in plain words what each endpoint does on the wire;
//!   [`EffectiveEndpoint::disagreements`] compares the two ends of one address.
//! - [`Stack`] is the stack of binding elements that a binding builds.
//! - [`Binding::refusals`] names the combinations that WCF refuses at open.

mod base64;
mod bindings;
mod built;
mod config;
mod contract;
mod diagnostic;
mod effective;
mod enums;
mod explain;
mod extensions;
mod file;
mod flags;
mod missing;
mod proxy;
mod reference;
mod refusal;
mod refusal_of_role;
mod refusal_of_shape;
#[cfg(test)]
mod round_trip;
mod schema;
mod scope;
mod setting;
mod settings;
mod shape;
mod stack;
mod suggest;
mod support;
mod time_span;
mod transport;
mod unsupported;
mod values;
mod verdict;
mod word;

pub use base64::{Base64Error, decode_base64};
pub use bindings::common::{
    ExtendedProtectionPolicy, HttpTransportSecurity, OptionalReliableSession, ReaderQuotas,
    ReliableSession, ServiceName, ServiceNames, Timeouts,
};
pub use bindings::custom::*;
pub use bindings::custom_binding::{CustomBinding, CustomElement};
pub use bindings::dual::*;
pub use bindings::federation::*;
pub use bindings::http::*;
pub use bindings::security::*;
pub use bindings::tcp::*;
pub use bindings::ws::*;
pub use bindings::{Binding, MexHttpBinding, MexHttpsBinding, MexTcpBinding, OtherBinding};
pub use config::Configuration;
pub use config::behaviors::*;
pub use config::credentials::*;
pub use config::endpoints::*;
pub use config::error::ConfigurationError;
pub use config::identity::*;
pub use config::keeping::*;
pub use config::load::LoadOptions;
pub use config::loaded::{Finding, Loaded};
pub use config::net::*;
pub use config::resolve_error::ResolveError;
pub use config::resolve_service::EffectiveService;
pub use config::section_files::ReadBeside;
pub use config::stores::{CertificatePlace, DEFAULT_STORE_ROOT};
pub use config::waxwing::*;
pub use contract::ContractRequirements;
pub use diagnostic::{Diagnostic, Excerpt, InFile, Severity, Span};
pub use effective::{
    BinaryEncoding, EffectiveEndpoint, EffectiveQuotas, EffectiveSecurity, EndpointTimeouts,
    METADATA_CONTRACT, MessageEncoding, Role, SecureConversation,
};
pub use enums::*;
pub use explain::{Contracts, Disagreement, Explanation, Fact, Topic};
pub use file::decode::{DecodeError, decode};
pub use file::node::MAX_DEPTH;
pub use file::parse::MAX_FILE_BYTES;
pub use file::raw::{OtherElement, RawXml};
pub use flags::{AuthenticationSchemes, SslProtocols, TextEncoding};
pub use proxy::{
    ProxyAddress, ProxyCredentials, ProxyEnvironment, ProxyRoute, ProxyRules, ProxySettings,
};
pub use reference::reference_tables;
pub use refusal::{InWcf, Refusal, Unsupported, Within};
pub use scope::Scope;
pub use setting::IntoSetting;
pub use shape::{ChannelShape, Connection};
pub use stack::{
    BindingElement, InclusionMode, SecurityBindingElement, SecurityKind, Stack, SupportingTokens,
    TokenKind, TokenParameters, X509ReferenceStyle,
};
pub use suggest::nearest;
pub use support::support_of;
pub use time_span::{TimeSpan, TimeSpanError};
pub use transport::{EffectiveTransport, StreamSecurity};
pub use values::UnknownName;
pub use verdict::{CertificateSpans, EndpointVerdict, Outcome, Reason, Verdict};
pub use waxwing_soap::{Address, AddressError, AddressingVersion, SoapVersion};
pub use word::{Feature, Support};

/// The example of the crate's page is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
