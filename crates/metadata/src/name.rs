//! Names, and the namespaces of metadata.

use std::fmt;
use std::sync::Arc;

/// An expanded name: namespace (empty for none) and local part. The prefix of the source is not kept.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QName {
    /// The namespace name; empty for none.
    pub namespace: Arc<str>,
    /// The local part, as written (not decoded from `_xHHHH_`).
    pub local: Arc<str>,
}

impl QName {
    /// A name of its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, local: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), local: local.into() }
    }

    /// True when both parts are equal.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        *self.local == *local && *self.namespace == *namespace
    }
}

/// `{namespace}local`, and `local` alone without a namespace.
impl fmt::Display for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.local)
        } else {
            write!(f, "{{{}}}{}", self.namespace, self.local)
        }
    }
}

impl fmt::Debug for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Namespaces of metadata documents.
pub mod namespaces {
    /// WSDL 1.1.
    pub const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
    /// SOAP 1.1 binding of WSDL 1.1.
    pub const WSDL_SOAP11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
    /// SOAP 1.2 binding of WSDL 1.1.
    pub const WSDL_SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
    /// XML Schema.
    pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
    /// WS-Policy 1.2.
    pub const POLICY12: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
    /// WS-Policy 1.5.
    pub const POLICY15: &str = "http://www.w3.org/ns/ws-policy";
    /// WS-Security utility: `wsu:Id`.
    pub const WSU: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    /// WS-SecurityPolicy 1.1.
    pub const SP11: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";
    /// WS-SecurityPolicy 1.2 and 1.3.
    pub const SP12: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
    /// Microsoft's security policy: `SslContextToken` and the like.
    pub const MSSP: &str = "http://schemas.microsoft.com/ws/2005/07/securitypolicy";
    /// WS-Addressing 1.0.
    pub const WSA10: &str = "http://www.w3.org/2005/08/addressing";
    /// WS-Addressing of August 2004.
    pub const WSA2004: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    /// `wsaw`: WS-Addressing in WSDL, draft of May 2006 that WCF writes.
    pub const WSAW: &str = "http://www.w3.org/2006/05/addressing/wsdl";
    /// `wsam`: WS-Addressing metadata 1.0.
    pub const WSAM: &str = "http://www.w3.org/2007/05/addressing/metadata";
    /// WS-MetadataExchange of September 2004.
    pub const MEX: &str = "http://schemas.xmlsoap.org/ws/2004/09/mex";
    /// WCF's contract extensions: `usingSession`, `isInitiating`, `isTerminating`.
    pub const MSC: &str = "http://schemas.microsoft.com/ws/2005/12/wsdl/contract";
    /// Identity in an endpoint reference.
    pub const IDENTITY: &str = "http://schemas.xmlsoap.org/ws/2006/02/addressingidentity";
    /// The serialization schema of data contracts.
    pub const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
    /// Arrays of built-in types.
    pub const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
    /// `MessageBody` and `StreamBody`.
    pub const MESSAGE: &str = "http://schemas.microsoft.com/Message";
}
