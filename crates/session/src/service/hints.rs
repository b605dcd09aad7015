//! What a message that was refused says about the settings of the client that sent it: for the service's log.

use std::borrow::Cow;

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_security::conversation::{BindingKind, SecurityProfile};
use waxwing_security::wsse::names::WSSE;
use waxwing_security::wsse::{Dialect, known_dialect};
use waxwing_soap::Envelope;

/// The most elements of a Security header that are looked at: it is a stranger's header.
const MAX_LOOKED_AT: usize = 16;

const VERSIONS: [ReliableMessagingVersion; 2] =
    [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11];

/// What is seen of a message before anything of it is verified. It decides nothing.
#[derive(Debug)]
pub(super) struct Seen {
    action: Option<String>,
    security: bool,
    encrypted_key: bool,
    /// A credential in clear, and nothing that would encrypt.
    bare_credential: bool,
    context: Option<Dialect>,
    /// Whether it belongs to a sequence.
    sequence: bool,
}

/// What this endpoint is set to.
#[derive(Clone, Copy)]
pub(super) struct Own {
    pub(super) security: Option<SecurityProfile>,
    pub(super) reliable: Option<ReliableMessagingVersion>,
}

impl Seen {
    pub(super) fn of(envelope: &Envelope) -> Self {
        let action = envelope.action().map(Cow::into_owned);
        let (mut header, mut sequence) = (None, false);
        for found in envelope.headers() {
            match found.local_name() {
                "Security" if header.is_none() && found.namespace() == WSSE => header = Some(found),
                "Sequence" => {
                    let mut namespaces = VERSIONS.iter().map(|version| version.namespace());
                    sequence |= namespaces.any(|namespace| namespace == found.namespace());
                }
                _ => {}
            }
        }
        let security = header.is_some();
        let (encrypted_key, bare_credential, context) = (false, false, None);
        let mut seen = Self { action, security, encrypted_key, bare_credential, context, sequence };
        if let (Some(found), Some(unread)) = (header, envelope.document().unread())
            && found.id() == unread.element()
        {
            seen.context = known_dialect(&unread);
            return seen;
        }
        let children = header.into_iter().flat_map(|header| header.elements()).take(MAX_LOOKED_AT);
        for child in children {
            let dialect = Dialect::ALL.iter().find(|d| d.conversation() == child.namespace());
            match child.local_name() {
                "EncryptedKey" => seen.encrypted_key = true,
                "UsernameToken" | "BinarySecurityToken" => seen.bare_credential = true,
                "SecurityContextToken" => seen.context = dialect.copied(),
                _ => {}
            }
        }
        seen.bare_credential &= !seen.encrypted_key;
        seen
    }

    /// What of a message whose content was verified is of interest: its action.
    pub(super) fn verified(action: &str, sequence: bool, own: Own) -> Self {
        let context = own.security.map(|security| security.dialect);
        let (action, security) = (Some(action.to_owned()), context.is_some());
        let (encrypted_key, bare_credential) = (false, false);
        Self { action, security, encrypted_key, bare_credential, context, sequence }
    }

    /// What the client is probably set to that this endpoint is not.
    pub(super) fn hint(&self, own: Own) -> Option<&'static str> {
        let by_security = match own.security {
            None => self.at_unsecured(),
            Some(security) => self.at_secured(security),
        };
        by_security.or_else(|| self.by_reliability(own.reliable))
    }

    /// None without an action.
    pub(super) fn claimed_action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// This action as a text of its own: that which was claimed, where it is the same.
    pub(super) fn into_action_if(self, verified: &str) -> String {
        self.action.filter(|claimed| claimed == verified).unwrap_or_else(|| verified.to_owned())
    }

    fn action(&self) -> &str {
        self.claimed_action().unwrap_or_default()
    }

    fn trust(&self) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|dialect| self.action().starts_with(dialect.trust()))
    }

    fn is_trust(&self, end: &str) -> bool {
        self.trust().is_some() && self.action().ends_with(end)
    }

    fn at_unsecured(&self) -> Option<&'static str> {
        (self.security || self.trust().is_some()).then_some(
            "the client has <security mode=\"Message\">, this endpoint has no message security",
        )
    }

    fn at_secured(&self, own: SecurityProfile) -> Option<&'static str> {
        let other = self.trust().or(self.context).filter(|dialect| *dialect != own.dialect);
        let is_leg = self.is_trust("/Issue");
        Some(match other {
            Some(Dialect::February2005) => {
                "the client has wsHttpBinding (WS-Trust of February 2005), this endpoint ws2007HttpBinding (1.3)"
            }
            Some(_) => {
                "the client has ws2007HttpBinding (WS-Trust 1.3), this endpoint wsHttpBinding (February 2005)"
            }
            None if self.encrypted_key && own.binding == BindingKind::Transport => {
                "the client has <security mode=\"Message\">, this endpoint mode=\"TransportWithMessageCredential\""
            }
            None if self.bare_credential && own.binding != BindingKind::Transport => {
                "the client has <security mode=\"TransportWithMessageCredential\">, this endpoint mode=\"Message\""
            }
            None if !self.security && is_leg && !own.negotiates() => {
                "the client has negotiateServiceCredential=\"true\", this endpoint \"false\""
            }
            None if !self.security && !is_leg => {
                "the client has no message security (<security mode=\"None\">), this endpoint demands it"
            }
            None if self.encrypted_key && own.negotiates() => {
                "the client has negotiateServiceCredential=\"false\", this endpoint \"true\""
            }
            None if self.is_trust("/SCT") && !own.conversation => {
                "the client has establishSecurityContext=\"true\", this endpoint \"false\""
            }
            None if self.encrypted_key && self.trust().is_none() && own.conversation => {
                "the client has establishSecurityContext=\"false\", this endpoint \"true\""
            }
            None => return None,
        })
    }

    fn by_reliability(&self, own: Option<ReliableMessagingVersion>) -> Option<&'static str> {
        use ReliableMessagingVersion::{February2005, V11};
        let theirs =
            VERSIONS.into_iter().find(|version| self.action().starts_with(version.namespace()));
        Some(match (theirs, own) {
            (Some(_), None) => {
                "the client has <reliableSession enabled=\"true\"/>, this endpoint has none"
            }
            (Some(February2005), Some(V11)) => {
                "the client has WS-ReliableMessaging of February 2005 (wsHttpBinding), this endpoint 1.1 (ws2007HttpBinding)"
            }
            (Some(V11), Some(February2005)) => {
                "the client has WS-ReliableMessaging 1.1 (ws2007HttpBinding), this endpoint February 2005 (wsHttpBinding)"
            }
            (None, Some(_)) if self.trust().is_none() && !self.sequence => {
                "the client has no <reliableSession enabled=\"true\"/>, this endpoint demands it"
            }
            _ => return None,
        })
    }
}

/// A text of the log with its hint, which stands first: what peers have written is cut at the end.
pub(super) fn with_hint(problem: String, hint: Option<&str>) -> String {
    match hint {
        None => problem,
        Some(hint) => format!("probably {hint}: {problem}"),
    }
}

#[cfg(test)]
mod tests {
    use waxwing_security::conversation::CredentialKind;
    use waxwing_xml::Limits;

    use super::*;

    /// A message with these children of its Security header, at an endpoint of this kind.
    fn hint(children: &str, binding: BindingKind) -> Option<&'static str> {
        let text = format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header><a:Action>urn:act</a:Action>\
             <o:Security xmlns:o=\"{WSSE}\">{children}</o:Security></s:Header><s:Body/></s:Envelope>"
        );
        let envelope = Envelope::parse(text, &Limits::SOAP).unwrap();
        let (dialect, credential) = (Dialect::February2005, CredentialKind::UserName);
        let security = SecurityProfile { dialect, conversation: false, binding, credential };
        let own = Own { security: Some(security), reliable: None };
        Seen::of(&envelope).hint(own)
    }

    #[test]
    fn where_the_other_end_leaves_protection_is_told() {
        let (bare, keyed) = ("<o:UsernameToken/>", "<o:BinarySecurityToken/><EncryptedKey/>");
        let at_message = hint(bare, BindingKind::Symmetric).unwrap_or_default();
        assert!(at_message.contains("client has <security mode=\"TransportWith"), "{at_message}");
        let at_transport = hint(keyed, BindingKind::Transport).unwrap_or_default();
        assert!(at_transport.contains("client has <security mode=\"Message\">"), "{at_transport}");
        assert_eq!(hint(bare, BindingKind::Transport), None);
        assert_eq!(hint(keyed, BindingKind::Symmetric), None);
    }
}
