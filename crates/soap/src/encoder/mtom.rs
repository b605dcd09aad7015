//! MTOM: a message as MIME parts, with base64 content moved out of the XML (MTOM §3, XOP §4, RFC 2387).
//!
//! Reading puts every part back into its place, so that the layers above see the message as if it had been text: canonical
//! XML is computed over the base64 text (XOP §5). Writing moves octets out as WCF's writer does, from 768 of them: those of
//! the contract, and those that security puts in (ciphertext, certificates), of which a signature is over the base64.

use std::borrow::Cow;
use std::ops::Range;

use waxwing_xml::{Document, Element, Limits, Node, NodeId, Value};

use super::binary::vocabulary;
use super::codec::{Decoder, Encoded, Encoder};
use super::error::DecodeError;
pub use super::error::MtomError;
use super::text::{Text, divided_text};
use crate::envelope::{Envelope, EnvelopeError};
use crate::http::{ContentType, percent_decode};
use crate::random::{RandomSource, uuid_v4};
use crate::version::SoapVersion;

/// Messages as MIME parts. Text is read as well, as WCF does.
#[derive(Debug, Clone, Copy)]
pub struct Mtom {
    /// The version whose media type is written and read.
    pub version: SoapVersion,
    /// How large and deep a message may be that is read, with its parts put in.
    pub limits: Limits,
}

impl Encoder for Mtom {
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded {
        let (content_type, octets) = write(envelope, random);
        Encoded { content_type: content_type.into(), octets }
    }

    fn write_owned(&mut self, envelope: Envelope, random: &mut dyn RandomSource) -> Encoded {
        let (content_type, octets) = write_owned(envelope, random);
        Encoded { content_type: content_type.into(), octets }
    }
}

impl Decoder for Mtom {
    fn read(&mut self, content_type: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        match ContentType::parse(content_type).filter(is_mtom) {
            Some(parsed) => Ok(parse(&parsed, octets, &self.limits)?),
            None => self.text().read(content_type, octets).map_err(other_type),
        }
    }

    fn read_owned(&mut self, content_type: &str, octets: Vec<u8>) -> Result<Envelope, DecodeError> {
        match ContentType::parse(content_type).filter(is_mtom) {
            Some(parsed) => Ok(parse_owned(&parsed, octets, &self.limits)?),
            None => self.text().read_owned(content_type, octets).map_err(other_type),
        }
    }
}

impl Mtom {
    fn text(&self) -> Text {
        Text { version: self.version, limits: self.limits }
    }
}

/// The error of a message of another content type that is no text, either.
fn other_type(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::ContentType { found, .. } => {
            let expected = "multipart/related; type=\"application/xop+xml\"".to_owned();
            DecodeError::ContentType { found, expected }
        }
        error => error,
    }
}

/// The namespace of `Include`.
const XOP: &str = "http://www.w3.org/2004/08/xop/include";

/// The most parts of one message. WCF's writer makes one for each larger piece of base64; a message has few.
pub(super) const MAX_PARTS: usize = 256;

/// The most octets of the headers of one part. WCF's `maxMimeHeaders` quota is of the same kind.
pub(super) const MAX_PART_HEADERS: usize = 8192;

/// Whether a content type is that of MTOM (`multipart/related; type="application/xop+xml"`).
pub fn is_mtom(content_type: &ContentType) -> bool {
    let xop = |kind: &str| kind.eq_ignore_ascii_case("application/xop+xml");
    content_type.media_type == "multipart/related"
        && content_type.parameter("type").is_some_and(xop)
}

/// The SOAP version that an MTOM content type names in `start-info`.
pub fn soap_version(content_type: &ContentType) -> Option<SoapVersion> {
    let info = ContentType::parse(content_type.parameter("start-info")?)?;
    [SoapVersion::Soap12, SoapVersion::Soap11]
        .into_iter()
        .find(|v| v.media_type() == info.media_type)
}

/// Reads a message.
///
/// # Errors
///
/// [`MtomError`] when the body is no MTOM message within the limits.
pub fn parse(
    content_type: &ContentType,
    body: &[u8],
    limits: &Limits,
) -> Result<Envelope, MtomError> {
    let (document, _) = put_together(content_type, body, limits, false)?;
    Ok(Envelope::from_document(document)?)
}

/// The same of a body that nobody needs any more: its memory is that of its largest part.
fn parse_owned(
    content_type: &ContentType,
    mut body: Vec<u8>,
    limits: &Limits,
) -> Result<Envelope, MtomError> {
    let (mut document, apart) = put_together(content_type, &body, limits, true)?;
    if let Some((element, place)) = apart {
        body.truncate(place.end);
        body.drain(..place.start);
        document.append_octets(element, body);
    }
    Ok(Envelope::from_document(document)?)
}

/// From so many octets on it matters that a part is not copied.
const LARGE_PART: usize = 64 << 10;

/// A message with its parts in their places, but for the largest if that is to be left out: its element is empty, and where it
/// stands is told.
type PutTogether = (Document, Option<(NodeId, Range<usize>)>);

fn put_together(
    content_type: &ContentType,
    body: &[u8],
    limits: &Limits,
    leaves_out: bool,
) -> Result<PutTogether, MtomError> {
    if !is_mtom(content_type) {
        return Err(MtomError::ContentType(
            "expected multipart/related with type=\"application/xop+xml\"",
        ));
    }
    let boundary = content_type.parameter("boundary").filter(|b| !b.is_empty());
    let parts = parts(body, boundary.ok_or(MtomError::ContentType("it has no boundary"))?)?;
    let root = match content_type.parameter("start") {
        Some(start) => parts.iter().position(|part| part.id == Some(start)),
        None => Some(0),
    };
    let root =
        root.ok_or(MtomError::Structure("no part has the Content-ID of the start parameter"))?;
    let mut document = Document::parse(parts[root].content, limits).map_err(EnvelopeError::from)?;
    let largest = (0..parts.len()).max_by_key(|part| parts[*part].content.len());
    let apart = largest.filter(|part| leaves_out && parts[*part].content.len() >= LARGE_PART);
    let element = include(&mut document, &parts, apart, limits)?;
    let place = apart.map(|part| {
        let content = parts[part].content;
        let start = content.as_ptr().addr() - body.as_ptr().addr();
        start..start + content.len()
    });
    Ok((document, element.zip(place)))
}

/// Octets below this number stay in the root part: a part of their own would not be shorter. WCF's number.
const LEAST_PART: usize = 768;

/// Writes a message: the content type and the body.
pub fn write(envelope: &Envelope, random: &mut dyn RandomSource) -> (String, Vec<u8>) {
    let (content_type, boundary) = own_content_type(envelope, random);
    let mut body = Vec::new();
    write_parts(envelope, (&boundary, ROOT), None, random, &mut body);
    (content_type, body)
}

/// The same of a message that nobody needs any more: its last part, if that is the largest, becomes the body.
fn write_owned(mut envelope: Envelope, random: &mut dyn RandomSource) -> (String, Vec<u8>) {
    let (content_type, boundary) = own_content_type(&envelope, random);
    // What is beside the tree goes into it.
    envelope.document_mut();
    let mut body = Vec::new();
    let (mut parts, _) = write_root(&envelope, (&boundary, ROOT), 0, random, &mut body);
    let last = parts.pop();
    for part in &parts {
        part_head(&boundary, &part.id, &part.media_type, &mut body);
        body.extend_from_slice(&part.octets);
    }
    if let Some(OwnPart { id, media_type, element, octets }) = last {
        part_head(&boundary, &id, &media_type, &mut body);
        let own = match octets {
            Cow::Owned(octets) => Some(octets),
            // (Those of the message.)
            Cow::Borrowed(_) => envelope.document_mut().take_octets(element),
        };
        match own {
            Some(mut octets) if octets.len() > body.len() => {
                octets.splice(..0, body);
                body = octets;
            }
            Some(octets) => body.extend_from_slice(&octets),
            None => {
                if let Some(Value::Octets(octets)) = envelope.document().element(element).value() {
                    body.extend_from_slice(octets);
                }
            }
        }
    }
    body.extend_from_slice(&last_boundary(&boundary));
    (content_type, body)
}

/// The same up to the octets of this element, which has no content, and what follows them. None when something else follows.
pub(super) fn divide(
    envelope: &Envelope,
    element: NodeId,
    random: &mut dyn RandomSource,
) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let (content_type, boundary) = own_content_type(envelope, random);
    let mut body = Vec::new();
    write_parts(envelope, (&boundary, ROOT), Some(element), random, &mut body)?;
    Some((content_type, body, last_boundary(&boundary)))
}

/// The Content-ID of the root.
const ROOT: &str = "http://tempuri.org/0";

/// A content type, and the boundary that it names.
fn own_content_type(envelope: &Envelope, random: &mut dyn RandomSource) -> (String, String) {
    let boundary = format!("uuid:{}+id=1", uuid_v4(random));
    let soap = envelope.version().soap.media_type();
    let content_type = format!(
        "multipart/related; type=\"application/xop+xml\";start=\"<http://tempuri.org/0>\";boundary=\"{boundary}\";start-info=\"{soap}\""
    );
    (content_type, boundary)
}

/// Messages as MIME parts over a connection: each has the header of the whole in it, and the content type of the connection
/// names no boundary (captured: net.tcp; a WebSocket is asked for in the same words).
#[derive(Debug, Clone, Copy)]
pub struct MtomOverLinks(pub Mtom);

impl MtomOverLinks {
    /// What a connection is told of its messages.
    pub const CONTENT_TYPE: &'static str = "multipart/related; type=\"application/xop+xml\"";
}

impl Encoder for MtomOverLinks {
    fn write(&mut self, envelope: &Envelope, random: &mut dyn RandomSource) -> Encoded {
        let (mut octets, boundary, root) = own_header(envelope, random);
        write_parts(envelope, (&boundary, &root), None, random, &mut octets);
        Encoded { content_type: Self::CONTENT_TYPE.into(), octets }
    }
}

/// The header of a message over a connection, its boundary, and the Content-ID of its root.
fn own_header(envelope: &Envelope, random: &mut dyn RandomSource) -> (Vec<u8>, String, String) {
    let boundary = format!("{}+id=1", uuid_v4(random));
    let root = format!("http://tempuri.org/0/{}", unique_number(random));
    let soap = envelope.version().soap.media_type();
    let head = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/related;type=\"application/xop+xml\";boundary=\"{boundary}\";\
         start=\"<{root}>\";start-info=\"{soap}\"\r\n"
    );
    (head.into_bytes(), boundary, root)
}

/// [`divide`] of a message over a connection.
pub(super) fn divide_over_links(
    envelope: &Envelope,
    element: NodeId,
    random: &mut dyn RandomSource,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut octets, boundary, root) = own_header(envelope, random);
    write_parts(envelope, (&boundary, &root), Some(element), random, &mut octets)?;
    Some((octets, last_boundary(&boundary)))
}

impl Decoder for MtomOverLinks {
    /// What stands in the message says how it is divided, whatever the connection was told.
    fn read(&mut self, _: &str, octets: &[u8]) -> Result<Envelope, DecodeError> {
        let (content_type, body) = mime_header(octets)?;
        self.0.read(content_type, body)
    }
}

/// Where the headers that stand there end, and their empty line begins; none: that has not come.
///
/// # Errors
/// They are longer than they may be.
pub(super) fn end_of_headers(octets: &[u8]) -> Result<Option<usize>, MtomError> {
    let searched = &octets[..octets.len().min(MAX_PART_HEADERS)];
    match memchr::memmem::find(searched, b"\r\n\r\n") {
        None if octets.len() >= MAX_PART_HEADERS => {
            Err(MtomError::Structure("the headers of a part do not end"))
        }
        end => Ok(end),
    }
}

/// The content type that stands before a message, and what follows (RFC 2045 §3).
pub(super) fn mime_header(octets: &[u8]) -> Result<(&str, &[u8]), MtomError> {
    let end = end_of_headers(octets)?;
    let end = end.ok_or(MtomError::Structure("the header of the message does not end"))?;
    let no_text = MtomError::Structure("the header of the message is no text");
    let header = std::str::from_utf8(&octets[..end]).map_err(|_| no_text)?;
    let content_type = header.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("Content-Type").then(|| value.trim())
    });
    let content_type = content_type.ok_or(MtomError::ContentType("the message names none"))?;
    Ok((content_type, &octets[end + 4..]))
}

fn last_boundary(boundary: &str) -> Vec<u8> {
    format!("\r\n--{boundary}--\r\n").into_bytes()
}

/// The parts of a message, from the line break before the first boundary on; of one with a stream up to its octets, which are
/// the last part. None when something else than the ends of elements follows on the element of the stream.
fn write_parts(
    envelope: &Envelope,
    (boundary, root): (&str, &str),
    stream: Option<NodeId>,
    random: &mut dyn RandomSource,
    body: &mut Vec<u8>,
) -> Option<()> {
    let streams = usize::from(stream.is_some());
    let (parts, at) = write_root(envelope, (boundary, root), streams, random, body);
    let streamed = match stream {
        None => None,
        Some(element) => {
            let (id, include) = reference(parts.len() + 1, random);
            let (head, tail) = divided_text(body.split_off(at), envelope, element)?;
            [&head[..], include.as_bytes(), &tail]
                .iter()
                .for_each(|own| body.extend_from_slice(own));
            Some((id, media_type(envelope.document().element(element))))
        }
    };
    for part in &parts {
        part_head(boundary, &part.id, &part.media_type, body);
        body.extend_from_slice(&part.octets);
    }
    match streamed {
        Some((id, media_type)) => part_head(boundary, &id, &media_type, body),
        None => body.extend_from_slice(&last_boundary(boundary)),
    }
    Some(())
}

/// A part that is to be written.
struct OwnPart<'e> {
    id: String,
    media_type: String,
    element: NodeId,
    octets: Cow<'e, [u8]>,
}

/// The root of a message with which so many parts go beside those that it gives, and where its text begins.
fn write_root<'e>(
    envelope: &'e Envelope,
    (boundary, root): (&str, &str),
    others: usize,
    random: &mut dyn RandomSource,
    body: &mut Vec<u8>,
) -> (Vec<OwnPart<'e>>, usize) {
    let soap = envelope.version().soap.media_type();
    let head = format!(
        "\r\n--{boundary}\r\nContent-ID: <{root}>\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: application/xop+xml;charset=utf-8;type=\"{soap}\"\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    let at = body.len();
    let mut parts = Vec::new();
    let is_octets = |element: Element<'_>| {
        vocabulary().rule_of(element.local_name()).is_some_and(|rule| rule.is_octets())
    };
    envelope.document().write_with_parts(body, LEAST_PART, is_octets, |element, octets| {
        // The root is one, too, and so is the stream.
        if parts.len() + 1 + others == MAX_PARTS {
            return None;
        }
        let (id, include) = reference(parts.len() + 1, random);
        let (media_type, element) = (media_type(element), element.id());
        parts.push(OwnPart { id, media_type, element, octets });
        Some(include)
    });
    (parts, at)
}

/// The Content-ID of a part, and what stands in its place.
fn reference(number: usize, random: &mut dyn RandomSource) -> (String, String) {
    let id = format!("http://tempuri.org/{number}/{}", unique_number(random));
    let include = format!("<xop:Include href=\"cid:{id}\" xmlns:xop=\"{XOP}\"/>");
    (id, include)
}

fn part_head(boundary: &str, id: &str, media_type: &str, body: &mut Vec<u8>) {
    let head = format!(
        "\r\n--{boundary}\r\nContent-ID: <{id}>\r\nContent-Transfer-Encoding: binary\r\nContent-Type: {media_type}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
}

/// A number that no part has had before.
fn unique_number(random: &mut dyn RandomSource) -> u64 {
    let mut octets = [0; 8];
    random.fill(&mut octets);
    u64::from_le_bytes(octets)
}

/// The namespaces of the attribute that says what the octets of an element are (Describing Media Content of Binary Data).
const XMLMIME: [&str; 2] =
    ["http://www.w3.org/2005/05/xmlmime", "http://www.w3.org/2004/06/xmlmime"];

/// What the octets of an element are.
fn media_type(element: Element<'_>) -> String {
    let told = XMLMIME.iter().find_map(|namespace| element.attribute_ns(namespace, "contentType"));
    // It stands in a header of the part.
    let fits = |told: &&str| {
        !told.is_empty() && told.len() <= 256 && told.bytes().all(|b| (b' '..=b'~').contains(&b))
    };
    told.filter(fits).unwrap_or("application/octet-stream").to_owned()
}

/// A part as it came.
pub(super) struct Part<'a> {
    /// `Content-ID` with its angle brackets.
    pub(super) id: Option<&'a str>,
    pub(super) content: &'a [u8],
}

/// Divides a body (RFC 2046 §5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, MtomError> {
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    let finder = memchr::memmem::Finder::new(delimiter);
    let find = |from: usize| finder.find(&body[from..]).map(|at| from + at);
    // The first delimiter may stand at the very beginning, without the line break before it.
    let mut at = match body.starts_with(&delimiter[2..]) {
        true => delimiter.len() - 2,
        false => {
            find(0).ok_or(MtomError::Structure("the boundary does not occur"))? + delimiter.len()
        }
    };
    let mut parts = Vec::new();
    while !body[at..].starts_with(b"--") {
        let line_end = body[at..].windows(2).position(|w| w == b"\r\n");
        let start = at + line_end.ok_or(MtomError::Structure("a boundary line does not end"))? + 2;
        let end = find(start - 2)
            .ok_or(MtomError::Structure("the last part does not end with the boundary"))?;
        if parts.len() == MAX_PARTS {
            return Err(MtomError::Structure("it has more than 256 parts"));
        }
        parts.push(part(body.get(start..end.max(start)).unwrap_or_default())?);
        at = end + delimiter.len();
    }
    if parts.is_empty() {
        return Err(MtomError::Structure("it has no part"));
    }
    Ok(parts)
}

/// A part with its headers.
pub(super) fn part(octets: &[u8]) -> Result<Part<'_>, MtomError> {
    let end = end_of_headers(octets)?;
    let end = end.ok_or(MtomError::Structure("the headers of a part do not end"))?;
    let headers = std::str::from_utf8(&octets[..end]);
    let headers = headers.map_err(|_| MtomError::Structure("the headers of a part are no text"))?;
    let header = |name: &str| {
        headers.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    if let Some(encoding) = header("Content-Transfer-Encoding")
        && !["binary", "8bit", "7bit"].iter().any(|known| known.eq_ignore_ascii_case(encoding))
    {
        return Err(MtomError::TransferEncoding(encoding.to_owned()));
    }
    Ok(Part { id: header("Content-ID"), content: &octets[end + 4..] })
}

/// Puts the parts into the places of their `Include` elements. Each part is used once at most, so that a message does not
/// grow by repetition. The element of the part `apart` is given, and stays empty.
pub(super) fn include(
    document: &mut Document,
    parts: &[Part<'_>],
    apart: Option<usize>,
    limits: &Limits,
) -> Result<Option<NodeId>, MtomError> {
    let found: Vec<(NodeId, usize)> = document
        .root()
        .descendants_and_self()
        .filter(|element| element.is(XOP, "Include"))
        .map(|element| {
            let wrong = |what: &str| MtomError::Include(what.to_owned());
            let parent = element.parent().ok_or_else(|| wrong("it is the root"))?;
            let others = parent
                .children()
                .filter(|child| !matches!(child, Node::Element(e) if e.id() == element.id()));
            if others.count() > 0 || element.first_element().is_some() {
                return Err(wrong("it must be the only content of its element, and empty"));
            }
            let href = element.attribute("href").and_then(|href| href.strip_prefix("cid:"));
            let id =
                percent_decode(href.ok_or_else(|| wrong("its href does not begin with cid:"))?)
                    .unwrap_or_default();
            let is_it = |part: &Part<'_>| {
                part.id.and_then(|own| own.strip_prefix('<')?.strip_suffix('>'))
                    == Some(id.as_str())
            };
            let part = parts.iter().position(is_it);
            let part = part.ok_or_else(|| {
                MtomError::Include(format!("there is no part with the Content-ID <{id}>"))
            })?;
            Ok((parent.id(), part))
        })
        .collect::<Result<_, MtomError>>()?;
    let (mut used, mut left_out) = (vec![false; parts.len()], None);
    for (parent, part) in found {
        if std::mem::replace(&mut used[part], true) {
            return Err(MtomError::Include("two of them refer to one part".to_owned()));
        }
        if parts[part].content.len() / 3 * 4 > limits.max_string_content_length {
            return Err(MtomError::Include("its part is longer than the limit of text".to_owned()));
        }
        document.clear(parent);
        match apart == Some(part) {
            true => left_out = Some(parent),
            false => document.append_value(parent, Value::Octets(parts[part].content)),
        }
    }
    Ok(left_out)
}

/// The Content-ID of the part, without angle brackets, that is all the content of an element.
pub(super) fn included(element: Element<'_>) -> Option<String> {
    let mut children = element.children();
    let (only, other) = (children.next()?, children.next());
    match only {
        Node::Element(own) if other.is_none() && own.is(XOP, "Include") => {
            percent_decode(own.attribute("href")?.strip_prefix("cid:")?)
        }
        _ => None,
    }
}
