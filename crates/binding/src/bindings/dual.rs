//! `wsDualHttpBinding`: callbacks over HTTP.

use crate::bindings::common::{ReliableSession, Timeouts};
use crate::bindings::ws::{WsHttpCommon, http_setters};
use crate::built::{Part, except_unless};
use crate::settings::settings;
use crate::word::Support::{Runs, RunsExcept};
use crate::{AlgorithmSuite, MessageCredentialType, WsDualHttpSecurityMode};

settings! {
    /// `<security><message>` of `wsDualHttpBinding`; a security context is always established.
    pub struct WsDualHttpMessageSecurity {
        attributes {
            /// What the client proves itself with.
            client_credential_type: MessageCredentialType = MessageCredentialType::Windows,
                "clientCredentialType" => RunsExcept(&["Windows", "IssuedToken"]);
            /// Whether the service's certificate is obtained by a negotiation.
            negotiate_service_credential: bool = true, "negotiateServiceCredential"
                => Runs;
            /// The algorithms; absent means Basic256 (Basic128 for Kerberos).
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite" => Runs;
        }
    }
}

settings! {
    /// `<security>` of `wsDualHttpBinding`.
    pub struct WsDualHttpSecurity {
        attributes {
            /// Where messages are secured.
            mode: WsDualHttpSecurityMode = WsDualHttpSecurityMode::Message, "mode"
                => except_unless(Part::ConversationOverCompositeDuplex, &["Message"]);
        }
        children {
            /// Security of the messages.
            message: WsDualHttpMessageSecurity, "message";
        }
    }
}

settings! {
    /// `<wsDualHttpBinding>`: duplex contracts over two HTTP directions, always with a reliable
    /// session.
    pub struct WsDualHttpBinding {
        flatten {
            /// Name and timeouts.
            timeouts: Timeouts,
            /// HTTP settings.
            http: WsHttpCommon,
        }
        attributes {
            /// Where the client listens for callbacks.
            client_base_address: Option<String> = None, "clientBaseAddress" as Uri
                => Runs;
        }
        children {
            /// The reliable session.
            reliable_session: ReliableSession, "reliableSession";
            /// Security.
            security: WsDualHttpSecurity, "security";
        }
    }
}

impl WsDualHttpBinding {
    /// A binding with this security mode; all else as WCF's defaults.
    pub fn new(mode: WsDualHttpSecurityMode) -> WsDualHttpBinding {
        WsDualHttpBinding::default().security(WsDualHttpSecurity::default().mode(mode))
    }

    /// Message security with this client credential.
    #[must_use]
    pub fn message_credential(mut self, credential: MessageCredentialType) -> WsDualHttpBinding {
        self.security.mode = WsDualHttpSecurityMode::Message;
        self.security.message.client_credential_type = credential;
        self
    }
}

http_setters!(WsDualHttpBinding);
