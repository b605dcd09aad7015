//! Reading the headers `Sequence`, `SequenceAcknowledgement`, `AckRequested` and `UsesSequence…`.

use waxwing_soap::Envelope;
use waxwing_xml::Element;

use super::error::{ReadError, malformed};
use super::text::{identifier, number, simple_text};
use crate::headers::{Headers, Sequence, SequenceAcknowledgement};
use crate::names::Identifier;
use crate::ranges::Ranges;
use crate::version::{NETRM_NAMESPACE, ReliableMessagingVersion};

/// The headers of the protocol that are known here.
pub(super) const NAMES: [&str; 5] =
    ["Sequence", "SequenceAcknowledgement", "AckRequested", "UsesSequenceSTR", "UsesSequenceSSL"];

/// The most ranges of one acknowledgement that are read; WCF writes 128.
const MAX_RANGES: usize = 4096;

/// The headers of any message but the CreateSequence of 1.1.
pub(super) fn read(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Result<Headers, ReadError> {
    let names = ["Sequence", "SequenceAcknowledgement", "AckRequested"];
    let [sequences, acknowledgements, requests] = found(envelope, version, names);
    let mut headers = Headers::default();
    if let Some(header) = sequences.only_header(version)? {
        headers.sequence = Some(sequence(header, version)?);
    }
    if let Some(header) = acknowledgements.only_header(version)? {
        headers.acknowledgement = Some(acknowledgement(header, version)?);
    }
    if let Some(header) = requests.only_header(version)? {
        headers.ack_requested = Some(ack_requested(header, version)?);
    }
    Ok(headers)
}

/// The two headers that only the CreateSequence of 1.1 has; it is not read for others.
pub(super) fn read_uses(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Result<Headers, ReadError> {
    let [with_token, with_tls] = found(envelope, version, ["UsesSequenceSTR", "UsesSequenceSSL"]);
    Ok(Headers {
        uses_sequence_str: with_token.only_header(version)?.is_some(),
        uses_sequence_ssl: with_tls.only_header(version)?.is_some(),
        ..Headers::default()
    })
}

/// The elements of one name.
#[derive(Clone, Copy)]
struct Found<'a> {
    local: &'static str,
    first: Option<Element<'a>>,
    /// There are more.
    is_repeated: bool,
}

impl<'a> Found<'a> {
    /// The one header; two are refused, as WCF does.
    fn only_header(
        self,
        version: ReliableMessagingVersion,
    ) -> Result<Option<Element<'a>>, ReadError> {
        match self.is_repeated {
            false => Ok(self.first),
            true => Err(ReadError::RepeatedHeader(self.local, version)),
        }
    }

    /// The one child of an element of the protocol.
    fn only_child(self, element: &'static str) -> Result<Option<Element<'a>>, ReadError> {
        match self.is_repeated {
            false => Ok(self.first),
            true => malformed(element, format!("{} stands twice", self.local)),
        }
    }
}

/// The headers of these names that are for us, in one pass.
fn found<'a, const N: usize>(
    envelope: &'a Envelope,
    version: ReliableMessagingVersion,
    names: [&'static str; N],
) -> [Found<'a>; N] {
    let is_ours = |header: &Element<'_>| envelope.is_for_ultimate_receiver(*header);
    found_among(envelope.headers(), version, names, is_ours)
}

/// Of these elements those of the protocol that have these names, and that `is_meant` takes.
fn found_among<'a, const N: usize>(
    elements: impl Iterator<Item = Element<'a>>,
    version: ReliableMessagingVersion,
    names: [&'static str; N],
    is_meant: impl Fn(&Element<'a>) -> bool,
) -> [Found<'a>; N] {
    let mut places = names.map(|local| Found { local, first: None, is_repeated: false });
    // Most are others', which is seen once for all names.
    for element in elements.filter(|element| element.namespace() == version.namespace()) {
        let local = element.local_name();
        let place = places.iter_mut().find(|place| place.local == local);
        if let Some(place) = place.filter(|_| is_meant(&element)) {
            place.is_repeated = place.first.is_some();
            place.first = place.first.or(Some(element));
        }
    }
    places
}

fn sequence(header: Element<'_>, version: ReliableMessagingVersion) -> Result<Sequence, ReadError> {
    const NAME: &str = "Sequence";
    let names = ["Identifier", "MessageNumber", "LastMessage"];
    let [identifiers, numbers, lasts] = children(header, version, names);
    let identifier = identifier_in(NAME, identifiers)?;
    let text = match numbers.only_child(NAME)? {
        Some(element) => simple_text(element).unwrap_or_default(),
        None => return malformed(NAME, "it has no MessageNumber"),
    };
    let Some(number) = number(&text).filter(|n| *n > 0) else {
        return malformed(NAME, format!("{text:?} is no message number (1 to 2^63 - 1)"));
    };
    let is_2005 = version == ReliableMessagingVersion::February2005;
    let last = lasts.only_child(NAME)?.is_some();
    Ok(Sequence { identifier, number, last_message: is_2005 && last })
}

fn ack_requested(
    header: Element<'_>,
    version: ReliableMessagingVersion,
) -> Result<Identifier, ReadError> {
    named_sequence("AckRequested", header, version)
}

fn named_sequence(
    element: &'static str,
    header: Element<'_>,
    version: ReliableMessagingVersion,
) -> Result<Identifier, ReadError> {
    let [identifiers] = children(header, version, ["Identifier"]);
    identifier_in(element, identifiers)
}

fn identifier_in(element: &'static str, found: Found<'_>) -> Result<Identifier, ReadError> {
    let found = found.only_child(element)?.and_then(identifier);
    found.map_or_else(|| malformed(element, "it has no Identifier"), Ok)
}

/// The children of the protocol with these names, wherever they stand. WCF demands an order and the specifications' schemas
/// one of their own; since every name stands once, any order says the same.
fn children<'a, const N: usize>(
    header: Element<'a>,
    version: ReliableMessagingVersion,
    names: [&'static str; N],
) -> [Found<'a>; N] {
    found_among(header.elements(), version, names, |_| true)
}

/// What has been read of an acknowledgement. WCF's grammar is one of order: ranges or `None`, then `Final`, then
/// extensions. Here any order is read, and `None` beside ranges says nothing (CXF writes it after them): more is never
/// read as acknowledged than the ranges say.
#[derive(Default)]
struct Parts {
    ranges: Ranges,
    count: usize,
    is_none: bool,
    is_final: bool,
    nacks: Vec<u64>,
    buffer_remaining: Option<u32>,
}

/// Reads `SequenceAcknowledgement`, as header or as detail of `InvalidAcknowledgement`.
pub(super) fn acknowledgement(
    header: Element<'_>,
    version: ReliableMessagingVersion,
) -> Result<SequenceAcknowledgement, ReadError> {
    const NAME: &str = "SequenceAcknowledgement";
    let identifier = named_sequence(NAME, header, version)?;
    let mut parts = Parts::default();
    for child in header.elements() {
        let result = if child.namespace() == version.namespace() {
            parts.protocol(child, version)
        } else {
            parts.extension(child)
        };
        result.or_else(|problem| malformed(NAME, problem))?;
    }
    if parts.count == 0 && !parts.is_none && parts.nacks.is_empty() {
        return malformed(NAME, "it names no range, no None and no Nack");
    }
    Ok(SequenceAcknowledgement {
        identifier,
        ranges: parts.ranges,
        is_final: parts.is_final,
        nacks: parts.nacks,
        buffer_remaining: parts.buffer_remaining,
    })
}

impl Parts {
    fn protocol(
        &mut self,
        child: Element<'_>,
        version: ReliableMessagingVersion,
    ) -> Result<(), String> {
        match child.local_name() {
            "AcknowledgementRange" => return self.range(child),
            "None" => self.is_none = true,
            "Final" => self.is_final = version == ReliableMessagingVersion::V11,
            "Nack" => {
                let text = simple_text(child).unwrap_or_default();
                let number = number(&text).filter(|n| *n > 0);
                self.nacks.push(number.ok_or_else(|| format!("{text:?} is no Nack"))?);
            }
            _ => {}
        }
        Ok(())
    }

    fn range(&mut self, child: Element<'_>) -> Result<(), String> {
        let bound = |name: &str| {
            let text = child.attribute(name).ok_or_else(|| format!("a range without {name}"))?;
            number(text).ok_or_else(|| format!("{text:?} is no message number"))
        };
        let (lower, upper) = (bound("Lower")?, bound("Upper")?);
        self.count += 1;
        if self.count > MAX_RANGES {
            return Err(format!("more than {MAX_RANGES} ranges"));
        }
        if lower == 0 && upper == 0 {
            return Ok(()); // The way in which WCF says in 2005 that nothing was received.
        }
        if lower == 0 || lower > upper {
            return Err(format!("{lower} to {upper} is no range"));
        }
        self.ranges.insert_range(lower, upper);
        Ok(())
    }

    fn extension(&mut self, child: Element<'_>) -> Result<(), String> {
        if !child.is(NETRM_NAMESPACE, "BufferRemaining") {
            return Ok(());
        }
        let text = simple_text(child).unwrap_or_default();
        let value = number(&text).and_then(|n| i32::try_from(n).ok()).map(i32::unsigned_abs);
        let value =
            value.ok_or_else(|| format!("{text:?} is no BufferRemaining (0 to 2^31 - 1)"))?;
        match self.buffer_remaining.replace(value) {
            None => Ok(()),
            Some(_) => Err("BufferRemaining stands twice".to_owned()),
        }
    }
}
