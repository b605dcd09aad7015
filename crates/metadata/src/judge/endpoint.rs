//! From one alternative of an endpoint's policy to a draft: everything but security, which [`security`] reads.

use waxwing_binding::{ReliableMessagingVersion, TimeSpan};

use super::class::Class;
use super::draft::{Addressing, Draft, Encoding, Reliable};
use super::effect::Effect;
use super::reader::Reader;
use super::record::Record;
use super::row::Rule;
use super::security;
use super::table;
use crate::policy::{Alternative, Assertion, Normal};

/// Reads an alternative of an endpoint.
pub(super) fn read(alternative: &Alternative<'_>, record: &mut Record<'_>, draft: &mut Draft) {
    let mut reader = Reader { record, draft, bootstrap: security::bootstrap };
    // A layer of its own is filled, so that the reader can be used meanwhile.
    let mut layer = std::mem::take(&mut reader.draft.security);
    for normal in security::bindings_first(alternative) {
        let Some(effect) = reader.record.rule(normal) else { continue };
        if !reader.various(effect, normal)
            && !security::assertion(&mut reader, &mut layer, effect, normal)
        {
            reader.record.misplaced(normal.assertion);
        }
    }
    reader.draft.security = layer;
}

impl Reader<'_, '_> {
    /// Takes what is not security; false for what is.
    fn various(&mut self, effect: Effect, normal: &Normal<'_>) -> bool {
        let assertion = normal.assertion;
        match effect {
            Effect::Reliable10 => self.reliable_10(assertion),
            Effect::Reliable11 => self.reliable_11(normal),
            Effect::InactivityTimeout => self.draft.inactivity = milliseconds(assertion),
            Effect::AcknowledgementInterval => {
                self.draft.acknowledgement = milliseconds(assertion);
            }
            Effect::Addressing10 => self.addressing_10(normal),
            Effect::Addressing2004 => self.address(Addressing::August2004, assertion),
            Effect::Mtom => self.encode(Encoding::Mtom, assertion),
            Effect::Binary => self.encode(Encoding::Binary, assertion),
            Effect::Cookies => self.draft.cookies = true,
            Effect::HttpAuthentication(scheme) => self.log_in(scheme, assertion),
            Effect::Streamed => self.draft.streamed = true,
            Effect::CompositeDuplex => self.draft.composite_duplex = true,
            Effect::OneWay => self.draft.one_way = true,
            Effect::TransactionFlow => self.draft.transaction_flow = true,
            Effect::HarmlessIfFalse => {}
            // Ignored at the top, whatever it is.
            Effect::Nothing => return is_ignored(assertion),
            _ => return false,
        }
        true
    }

    fn address(&mut self, addressing: Addressing, assertion: &Assertion) {
        match self.draft.addressing {
            Some(other) if other != addressing => self.record.block(
                assertion,
                Class::Conflict,
                "two versions of WS-Addressing at once",
                "ask the service to choose one: messageVersion=\"Soap12WSAddressing10\"",
            ),
            _ => self.draft.addressing = Some(addressing),
        }
    }

    fn addressing_10(&mut self, normal: &Normal<'_>) {
        self.address(Addressing::Version10, normal.assertion);
        self.record.enter(normal.assertion);
        for inner in normal.nested.iter().flatten() {
            match self.record.rule(inner) {
                Some(Effect::AnonymousResponses | Effect::NonAnonymousResponses) | None => {}
                Some(_) => self.record.misplaced(inner.assertion),
            }
        }
        self.record.leave();
    }

    fn encode(&mut self, encoding: Encoding, assertion: &Assertion) {
        match self.draft.encoding {
            Encoding::Text => self.draft.encoding = encoding,
            same if same == encoding => {}
            _ => self.record.block(
                assertion,
                Class::Conflict,
                "two encodings at once",
                "ask the service to choose one: messageEncoding=\"Text\" or \"Mtom\"",
            ),
        }
    }

    fn session(&mut self, version: ReliableMessagingVersion, assertion: &Assertion) {
        match &self.draft.reliable {
            Some(session) if session.version != version => self.record.block(
                assertion,
                Class::Conflict,
                "reliable sessions of both versions at once",
                "ask the service to choose one: reliableMessagingVersion=\"WSReliableMessaging11\"",
            ),
            Some(_) => {}
            None => {
                let (inactivity, acknowledgement) = (None, None);
                self.draft.reliable =
                    Some(Reliable { version, ordered: true, inactivity, acknowledgement });
            }
        }
    }

    fn reliable_10(&mut self, assertion: &Assertion) {
        self.session(ReliableMessagingVersion::WsReliableMessagingFebruary2005, assertion);
        self.reliable_parameters(assertion);
    }

    /// What stands in the assertion itself, in both versions.
    fn reliable_parameters(&mut self, assertion: &Assertion) {
        self.record.enter(assertion);
        for child in &assertion.children {
            let normal = Normal { assertion: child, nested: None, binding_side: true };
            let effect = self.record.rule(&normal);
            let Some(session) = &mut self.draft.reliable else { continue };
            let span = milliseconds(child);
            match effect {
                Some(Effect::InactivityTimeout) => session.inactivity = span,
                Some(Effect::AcknowledgementInterval) => session.acknowledgement = span,
                _ => {}
            }
        }
        self.record.leave();
    }

    fn reliable_11(&mut self, normal: &Normal<'_>) {
        let assertion = normal.assertion;
        self.session(ReliableMessagingVersion::WsReliableMessaging11, assertion);
        self.reliable_parameters(assertion);
        let Some(nested) = &normal.nested else { return };
        self.record.enter(assertion);
        let mut ordered = false;
        for inner in nested {
            match self.record.rule(inner) {
                Some(Effect::DeliveryAssurance) => ordered |= self.delivery(inner),
                Some(Effect::SequenceStr | Effect::Nothing) | None => {}
                Some(_) => self.record.misplaced(inner.assertion),
            }
        }
        self.record.leave();
        // As in WCF: a policy without a promise of order promises none.
        if let Some(session) = &mut self.draft.reliable {
            session.ordered = ordered;
        }
    }

    fn delivery(&mut self, normal: &Normal<'_>) -> bool {
        self.record.enter(normal.assertion);
        let mut ordered = false;
        for inner in normal.nested.iter().flatten() {
            match self.record.rule(inner) {
                Some(Effect::InOrder) => ordered = true,
                Some(Effect::Nothing) | None => {}
                Some(_) => self.record.misplaced(inner.assertion),
            }
        }
        self.record.leave();
        ordered
    }
}

/// The time of an assertion of reliable messaging.
fn milliseconds(assertion: &Assertion) -> Option<TimeSpan> {
    let value: u32 = assertion.attribute("", "Milliseconds")?.trim().parse().ok()?;
    Some(TimeSpan::milliseconds(value))
}

/// Whether its row says that it is ignored, or blocked anyway: then it may stand anywhere.
fn is_ignored(assertion: &Assertion) -> bool {
    table::row(&assertion.name).is_some_and(|row| row.rule != Rule::Supported)
}
