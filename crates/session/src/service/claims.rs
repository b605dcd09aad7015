//! What a message claims to belong to, before anything of it is verified: by these names a host finds what it has to load
//! before the message can be judged.

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_security::conversation::named_contexts;
use waxwing_security::wsse::Dialect;
use waxwing_soap::Envelope;
use waxwing_xml::Element;

/// The most names of a kind that are told. A message belongs to one context (a renewal to two) and to two sequences.
const MAX_NAMES: usize = 4;

/// The longest name that is told, in octets: none that this program gives is longer, and a store takes no longer ones.
const MAX_LENGTH: usize = 512;

/// The most elements that are looked at in one place: it is a stranger's message.
const MAX_LOOKED_AT: usize = 64;

const VERSIONS: [ReliableMessagingVersion; 2] =
    [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11];

/// What a message claims to belong to. Nothing of it is proven, and nothing is decided by it but where to look: whoever
/// claims what is not his is refused when the message is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimedNames {
    /// Security contexts that it is under: of the session, or of the negotiation before it. Of a renewal the new and the
    /// old one, as they stand.
    pub contexts: Vec<String>,
    /// Sequences that it speaks of.
    pub sequences: Vec<String>,
    /// What CreateSequence is known by when it is repeated: the identifier of the sequence that it offers; where it offers
    /// none its `MessageID`. None where the body cannot be read: the context is known then.
    pub origin: Option<String>,
    /// The `Context` of a negotiation, which its legs have in common.
    pub negotiation: Option<String>,
}

impl ClaimedNames {
    pub(super) fn of(envelope: &Envelope) -> Self {
        let contexts = named_contexts(envelope, MAX_NAMES);
        let contexts = contexts.into_iter().filter(|name| short(name).is_some()).collect();
        let mut names = Self { contexts, ..Self::default() };
        for header in envelope.headers() {
            if VERSIONS.iter().any(|version| version.namespace() == header.namespace())
                && ["Sequence", "AckRequested", "SequenceAcknowledgement"]
                    .contains(&header.local_name())
            {
                names.sequence(header);
            }
        }
        if let Some(payload) = envelope.payload() {
            names.body(envelope, payload);
        }
        names
    }

    /// Whether it claims nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn sequence(&mut self, holder: Element<'_>) {
        tell(&mut self.sequences, identifier(holder));
    }

    fn body(&mut self, envelope: &Envelope, payload: Element<'_>) {
        if VERSIONS.iter().any(|version| version.namespace() == payload.namespace()) {
            match payload.local_name() {
                "CreateSequence" => self.origin = origin(envelope, payload),
                _ => self.sequence(payload),
            }
        } else if envelope.is_fault() {
            // A client that gives its sequence up says so by a fault, which names it in its detail.
            let of_sequence = |element: &Element<'_>| {
                element.local_name() == "Identifier"
                    && VERSIONS.iter().any(|version| version.namespace() == element.namespace())
            };
            let found = payload.descendants_and_self().take(MAX_LOOKED_AT).find(of_sequence);
            tell(&mut self.sequences, found.and_then(name));
        } else if Dialect::ALL.iter().any(|dialect| dialect.trust() == payload.namespace()) {
            let inner = payload.elements().take(MAX_LOOKED_AT);
            let context = |element: Element<'_>| element.attribute("Context").and_then(short);
            self.negotiation = std::iter::once(payload).chain(inner).find_map(context);
        }
    }
}

/// The name that a sequence is found by when its creation is repeated.
fn origin(envelope: &Envelope, create: Element<'_>) -> Option<String> {
    match create.child(create.namespace(), "Offer") {
        Some(offer) => identifier(offer),
        None => name(envelope.addressing_header("MessageID")?),
    }
}

/// The child `Identifier` in the namespace of its parent.
fn identifier(parent: Element<'_>) -> Option<String> {
    let mut children = parent.elements().take(MAX_LOOKED_AT);
    name(children.find(|child| child.is(parent.namespace(), "Identifier"))?)
}

fn name(element: Element<'_>) -> Option<String> {
    short(&element.text())
}

fn short(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= MAX_LENGTH).then(|| text.to_owned())
}

fn tell(names: &mut Vec<String>, name: Option<String>) {
    if let Some(name) = name
        && names.len() < MAX_NAMES
        && !names.contains(&name)
    {
        names.push(name);
    }
}
