//! What an operation can know about the call that it executes.

/// Who calls, when the binding's security tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The name as WCF gives it: `CN=alice; 3B…` of a certificate (subject and thumbprint), the user name of a password.
    pub name: String,
    /// The SHA-1 thumbprint of the client certificate in upper-case hexadecimal digits; empty without certificate.
    pub certificate_thumbprint: String,
    /// `X509`, `UserNameToken` and so on; empty for a caller that is not authenticated.
    pub authentication_type: String,
}

/// The call that an operation executes. An operation that wants it takes `&OperationContext` as its first parameter.
///
/// ```
/// use waxwing::contract::{Caller, OperationContext};
/// let context = OperationContext::new("urn:test/Ping")
///     .with_caller(Caller { name: "alice".into(), ..Caller::default() })
///     .with_session_id("urn:uuid:1");
/// assert_eq!(context.caller().map(|caller| caller.name.as_str()), Some("alice"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationContext {
    caller: Option<Caller>,
    session_id: Option<String>,
    action: String,
    message_id: Option<String>,
}

impl OperationContext {
    /// A call with this action, by nobody known, outside any session.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), ..Self::default() }
    }

    /// The same, called by `caller`.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// The same, inside a session.
    #[must_use]
    pub fn with_session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// The same, with the identifier of the request.
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// Who calls; none without authentication.
    pub fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// The session; none without one.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// The action of the request.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The `MessageID` of the request; none when it has none.
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }
}
