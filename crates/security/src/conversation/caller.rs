//! Who called: the identity that an operation sees.

use std::fmt;

use waxwing_crypto::Certificate;

/// The caller of a service, as the bootstrap established it. It applies to every message of the
/// session.
#[derive(Clone)]
pub enum CallerIdentity {
    /// Nobody said who he is.
    Anonymous,
    /// The holder of a certificate, which is trusted.
    Certificate(Certificate),
    /// The owner of a user name, whose password was right.
    UserName(Box<str>),
}

impl CallerIdentity {
    /// The name as WCF's `ServiceSecurityContext.PrimaryIdentity.Name` has it: the user name; for a
    /// certificate its subject as Windows writes it, `"; "` and the thumbprint in upper-case
    /// hexadecimal (`CN=alice; 6F5B…C311`); empty for an anonymous caller.
    pub fn name(&self) -> String {
        match self {
            CallerIdentity::Anonymous => String::new(),
            CallerIdentity::UserName(name) => name.to_string(),
            CallerIdentity::Certificate(certificate) => certificate.identity_name(),
        }
    }

    /// The kind of authentication: `X509`, `UserName`, or empty.
    pub fn authentication_type(&self) -> &'static str {
        match self {
            CallerIdentity::Anonymous => "",
            CallerIdentity::Certificate(_) => "X509",
            CallerIdentity::UserName(_) => "UserName",
        }
    }

    /// Whether the caller is known.
    pub fn is_authenticated(&self) -> bool {
        !matches!(self, CallerIdentity::Anonymous)
    }

    /// The certificate that the caller proved to own.
    pub fn certificate(&self) -> Option<&Certificate> {
        match self {
            CallerIdentity::Certificate(certificate) => Some(certificate),
            _ => None,
        }
    }

    /// Whether both are known to be the same caller: the same certificate by its encoding, the same user name. Two
    /// anonymous callers are not: nobody proves anything by saying nothing.
    pub fn is_same(&self, other: &CallerIdentity) -> bool {
        match (self, other) {
            (CallerIdentity::UserName(a), CallerIdentity::UserName(b)) => a == b,
            (CallerIdentity::Certificate(a), CallerIdentity::Certificate(b)) => a.der() == b.der(),
            _ => false,
        }
    }
}

/// A user name as far as places and memories are shared out by it: without case and outer white space. Many validators do
/// not tell the spellings of a name apart, and one user must not be as many callers as his name has spellings. Two users
/// whose names differ by nothing else share; nothing is proven by it.
pub(crate) fn folded(name: &str) -> Box<str> {
    name.trim().to_lowercase().into()
}

impl fmt::Debug for CallerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallerIdentity({} '{}')", self.authentication_type(), self.name())
    }
}

impl fmt::Display for CallerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallerIdentity::Anonymous => f.write_str("anonymous"),
            _ => f.write_str(&self.name()),
        }
    }
}
