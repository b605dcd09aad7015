//! The bodies of WS-Trust messages: RequestSecurityToken, RequestSecurityTokenResponse and their
//! collection, in both dialects.
//!
//! WS-Trust February 2005 and 1.3 §3–§7, as far as security contexts need it: issuance by two
//! entropies, renewal, cancellation, and the legs of a negotiation (§8: BinaryExchange). Reading is as
//! forgiving as WCF's: children in any order, unknown ones skipped. Writing is as WCF writes: order of
//! children, attributes, redeclared prefixes, empty elements as pairs of tags.

mod action;
mod entropy;
mod read;
mod reference;
mod request;
mod response;
mod token;

pub use action::TrustAction;
pub use entropy::{BinarySecret, SecretKind, combine_entropy, is_key_size_supported};
pub use reference::ContextReference;
pub use request::{BinaryExchange, RequestSecurityToken, RequestType};
pub use response::{
    Lifetime, ProofToken, RequestSecurityTokenResponse, ResponseBody, read_responses,
    write_collection, write_response,
};
pub use token::IssuedContextToken;

pub(crate) use read::decode as decode_base64;
