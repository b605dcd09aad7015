//! Actions of trust messages (WS-Trust §3–§7, WS-SecureConversation §4, §5, §6).

use crate::wsse::Dialect;

/// What a trust message is, by its `Action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrustAction {
    /// The first leg of a negotiation.
    NegotiationRequest,
    /// Every further leg of a negotiation, from either side.
    NegotiationResponse,
    /// The last leg of a negotiation in WS-Trust 1.3 (February 2005 uses
    /// [`TrustAction::NegotiationResponse`]).
    NegotiationFinal,
    /// A request for a security context.
    Issue,
    /// Its answer.
    IssueResponse,
    /// A request for a new key of a security context.
    Renew,
    /// Its answer.
    RenewResponse,
    /// A request to end a security context.
    Cancel,
    /// Its answer.
    CancelResponse,
}

impl TrustAction {
    const ALL: [(TrustAction, &'static str); 9] = [
        (TrustAction::NegotiationRequest, "/RST/Issue"),
        (TrustAction::NegotiationResponse, "/RSTR/Issue"),
        (TrustAction::NegotiationFinal, "/RSTRC/IssueFinal"),
        (TrustAction::Issue, "/RST/SCT"),
        (TrustAction::IssueResponse, "/RSTR/SCT"),
        (TrustAction::Renew, "/RST/SCT/Renew"),
        (TrustAction::RenewResponse, "/RSTR/SCT/Renew"),
        (TrustAction::Cancel, "/RST/SCT/Cancel"),
        (TrustAction::CancelResponse, "/RSTR/SCT/Cancel"),
    ];

    /// The URI of the action in a dialect.
    pub fn uri(self, dialect: Dialect) -> String {
        let known = Self::ALL.iter().find(|(action, _)| *action == self);
        [dialect.trust(), known.map_or("", |(_, suffix)| suffix)].concat()
    }

    /// The action that a URI names in this dialect. None for every other URI.
    pub fn of(uri: &str, dialect: Dialect) -> Option<Self> {
        let suffix = uri.strip_prefix(dialect.trust())?;
        Self::ALL.iter().find(|(_, known)| *known == suffix).map(|(action, _)| *action)
    }

    /// The action of the last leg of a negotiation.
    pub fn negotiation_final(dialect: Dialect) -> Self {
        match dialect {
            Dialect::February2005 => TrustAction::NegotiationResponse,
            Dialect::Version13 => TrustAction::NegotiationFinal,
        }
    }
}
