//! The two dialects of WS-Trust and WS-SecureConversation.

/// Which generation of WS-Trust and WS-SecureConversation a binding speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// WS-Trust and WS-SecureConversation of February 2005 (`wsHttpBinding`, `netTcpBinding`).
    #[default]
    February2005,
    /// WS-Trust 1.3 and WS-SecureConversation 1.3 (`ws2007HttpBinding`).
    Version13,
}

macro_rules! uris {
    ($($(#[$doc:meta])* $name:ident => $feb:expr, $v13:expr;)*) => {
        impl Dialect {
            $($(#[$doc])*
            pub const fn $name(self) -> &'static str {
                match self {
                    Dialect::February2005 => $feb,
                    Dialect::Version13 => $v13,
                }
            })*
        }
    };
}

macro_rules! trust {
    (feb $suffix:literal) => {
        concat!("http://schemas.xmlsoap.org/ws/2005/02/trust", $suffix)
    };
    (v13 $suffix:literal) => {
        concat!("http://docs.oasis-open.org/ws-sx/ws-trust/200512", $suffix)
    };
}

macro_rules! conversation {
    (feb $suffix:literal) => {
        concat!("http://schemas.xmlsoap.org/ws/2005/02/sc", $suffix)
    };
    (v13 $suffix:literal) => {
        concat!("http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512", $suffix)
    };
}

pub(super) use conversation;

uris! {
    /// The WS-Trust namespace.
    trust => trust!(feb ""), trust!(v13 "");
    /// The prefix that WCF writes for the WS-Trust namespace.
    trust_prefix => "t", "trust";
    /// The WS-SecureConversation namespace.
    conversation => conversation!(feb ""), conversation!(v13 "");
    /// The prefix that WCF writes for the WS-SecureConversation namespace.
    conversation_prefix => "c", "sc";
    /// Token type and reference ValueType of a SecurityContextToken.
    context_token_type => conversation!(feb "/sct"), conversation!(v13 "/sct");
    /// Token type and reference ValueType of a DerivedKeyToken.
    derived_key_type => conversation!(feb "/dk"), conversation!(v13 "/dk");
    /// The key derivation algorithm P_SHA-1.
    p_sha1 => conversation!(feb "/dk/p_sha1"), conversation!(v13 "/dk/p_sha1");
    /// The computed-key algorithm of a proof token.
    computed_key => trust!(feb "/CK/PSHA1"), trust!(v13 "/CK/PSHA1");
}

impl Dialect {
    /// Both dialects.
    pub const ALL: [Dialect; 2] = [Dialect::February2005, Dialect::Version13];
}
