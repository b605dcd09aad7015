//! What does not go together in the options of an endpoint.

use super::flow::Flow;
use super::options::{ClientOptions, Protection, ServiceOptions};

impl ClientOptions {
    /// Why the flow does not go with the rest.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        refusal(
            self.flow,
            &Wishes {
                protection: self.protection,
                by_transport: self.is_by_transport(),
                confirms: self.session_signature_confirmation,
                unsecured: self.enable_unsecured_response,
            },
        )
    }
}

impl ServiceOptions {
    /// Why the flow does not go with the rest.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        refusal(
            self.flow,
            &Wishes {
                protection: self.protection,
                by_transport: self.is_by_transport(),
                confirms: self.session_signature_confirmation,
                unsecured: false,
            },
        )
    }
}

/// What of an endpoint's options a flow may not go with.
struct Wishes {
    protection: Protection,
    /// Whether the transport protects messages.
    by_transport: bool,
    /// Whether replies inside a session confirm signatures.
    confirms: bool,
    /// Whether messages of the service may be without protection.
    unsecured: bool,
}

/// Why an endpoint cannot be, in words for the user.
fn refusal(flow: Flow, wishes: &Wishes) -> Option<&'static str> {
    let Wishes { protection, by_transport, confirms, unsecured } = *wishes;
    if !flow.is_duplex() || protection == Protection::None {
        return None;
    }
    match (flow, protection) {
        (_, Protection::Cookie) => Some(
            "a security context in a cookie (requireSecurityContextCancellation=\"false\") has no session, and messages \
             that both ends send when they like need one: set it to true",
        ),
        (Flow::CompositeDuplex, Protection::OneShot) => Some(
            "messages of a composite duplex binding cannot be secured one by one: a secure conversation is needed \
             (establishSecurityContext=\"true\"), as wsDualHttpBinding always has one",
        ),
        (_, Protection::OneShot) if !by_transport => Some(
            "messages that both ends send over one connection (net.tcp, WebSocket) cannot be secured one by one, and \
             WCF builds such a channel under certificates of both ends alone: set establishSecurityContext=\"true\"",
        ),
        _ if confirms && !by_transport => Some(
            "requireSignatureConfirmation of a session needs replies that belong to one request each, and over a duplex \
             binding both ends send when they like: set it to false",
        ),
        _ if unsecured && !by_transport => Some(
            "enableUnsecuredResponse cannot be had over a duplex binding: whoever reaches the client could call its \
             callbacks. Set it to false",
        ),
        _ => None,
    }
}
