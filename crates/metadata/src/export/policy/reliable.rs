//! The assertion of reliable messaging (WS-RM Policy of February 2005; WS-RM Policy 1.1 §2.3).

use waxwing_binding::ReliableSessionElement;
use waxwing_binding::Stack;
use waxwing_binding::{ReliableMessagingVersion, TimeSpan};

use super::names::{RM10_POLICY, RM11_MICROSOFT, RM11_POLICY, nested_policy};
use crate::name::QName;
use crate::policy::{Assertion, PolicyVersion};

pub(super) fn assertion(
    session: &ReliableSessionElement,
    stack: &Stack,
    version: PolicyVersion,
) -> Assertion {
    match session.reliable_messaging_version {
        ReliableMessagingVersion::WsReliableMessagingFebruary2005 => Assertion {
            children: times(session, "wsrm", RM10_POLICY),
            ..Assertion::new("wsrm", RM10_POLICY, "RMAssertion")
        },
        ReliableMessagingVersion::WsReliableMessaging11 => {
            let wsrmp = |local| Assertion::new("wsrmp", RM11_POLICY, local);
            let ordered = session.ordered.then(|| wsrmp("InOrder"));
            let assurance = std::iter::once(wsrmp("ExactlyOnce")).chain(ordered).collect();
            let assurance = Assertion {
                policy: Some(nested_policy(version, assurance)),
                ..wsrmp("DeliveryAssurance")
            };
            let conversation = stack.security().is_some_and(|s| s.bootstrap().is_some());
            let secured = conversation.then(|| wsrmp("SequenceSTR"));
            let nested = secured.into_iter().chain([assurance]).collect();
            Assertion {
                policy: Some(nested_policy(version, nested)),
                children: times(session, "netrmp", RM11_MICROSOFT),
                ..wsrmp("RMAssertion")
            }
        }
    }
}

/// Order of delivery is not told in February 2005.
fn times(session: &ReliableSessionElement, prefix: &str, namespace: &str) -> Vec<Assertion> {
    let time = |local, span: TimeSpan| {
        let milliseconds = span.ticks() / TimeSpan::milliseconds(1).ticks();
        let mut time = Assertion::new(prefix, namespace, local);
        time.attributes = vec![(QName::new("", "Milliseconds"), milliseconds.to_string())];
        time
    };
    vec![
        time("InactivityTimeout", session.inactivity_timeout),
        time("AcknowledgementInterval", session.acknowledgement_interval),
    ]
}
