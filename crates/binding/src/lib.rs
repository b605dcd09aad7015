//! Typed WCF bindings and the `system.serviceModel` configuration file.
//!
//! Everything here is pure: text in, values out; no files, no sockets, no clock.
//!
//! - [`bindings`]-like types such as [`WsHttpBinding`] carry WCF's names and defaults, and have a
//!   setter for each field: `WsHttpBinding::new(SecurityMode::Message, true)`.
//! - [`Stack`] is the stack of binding elements that a binding builds.
//! - [`EffectiveEndpoint`] is the flat description that a runtime needs.
//! - [`Configuration`] is a whole file; [`Configuration::load`] reads one and says everything that
//!   is wrong with it, [`Configuration::to_xml`] writes one.
//!
//! [`bindings`]: Binding

mod bindings;
mod config;
mod contract;
mod diagnostic;
mod effective;
mod enums;
mod file;
mod flags;
mod refusal;
mod settings;
mod stack;
mod suggest;
mod time_span;
mod values;

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
pub use bindings::{Binding, MexHttpBinding, OtherBinding};
pub use config::behaviors::*;
pub use config::credentials::*;
pub use config::endpoints::*;
pub use config::identity::*;
pub use config::resolve::{EffectiveService, ResolveError};
pub use config::waxwing::*;
pub use config::{Configuration, ConfigurationError, Loaded};
pub use contract::ContractRequirements;
pub use diagnostic::{Diagnostic, Severity, Span};
pub use effective::{
    EffectiveEndpoint, EffectiveQuotas, EffectiveSecurity, EffectiveTransport, EndpointTimeouts,
    MessageEncoding, Role, SecureConversation,
};
pub use enums::*;
pub use file::parse::{DecodeError, MAX_DEPTH, MAX_FILE_BYTES, decode};
pub use file::raw::{OtherElement, RawXml};
pub use flags::{AuthenticationSchemes, SslProtocols, TextEncoding};
pub use refusal::{Refusal, Unsupported};
pub use stack::{
    BindingElement, InclusionMode, SecurityBindingElement, SecurityKind, Stack, SupportingTokens,
    TokenKind, TokenParameters, X509ReferenceStyle,
};
pub use time_span::{TimeSpan, TimeSpanError};
