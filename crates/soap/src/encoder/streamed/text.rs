//! Streamed messages as XML text: the octets of the stream are base64 in the text of its element (SOAP 1.2 Part 1 §5.3, XML
//! Schema Part 2 §3.2.16).
//!
//! The head is looked at for the tags alone, so that its octets are seen once; what they mean says the parser, which is given the
//! head with the ends of what is open.

use super::head::{HeadError, HeadStep, Place, local_name_is_body};
use super::text_content::TextContent;
use crate::encoder::codec::Decoder;
use crate::encoder::text::Text;

/// How deep an element in the body lies: in `Envelope` and `Body`.
const IN_BODY: usize = 3;

/// Reads the beginning of a message in text as its octets come.
#[derive(Debug)]
pub(super) struct TextHead {
    encoding: Text,
    content_type: String,
    /// The most octets of a head.
    most: usize,
    octets: Vec<u8>,
    /// Up to where they were looked at.
    at: usize,
    scan: Scan,
    /// The names of the elements that are open, each where it stands in the octets.
    names: Vec<(usize, usize)>,
    in_body: bool,
    /// How deep the next place may lie; none: there is no more.
    next: Option<usize>,
}

/// Where in the markup the next octet stands.
#[derive(Debug, Clone, Copy)]
enum Scan {
    Content,
    /// Behind `<`, which stands there.
    Less(usize),
    Start {
        /// Where the name begins, and ends when it has.
        name: (usize, Option<usize>),
        /// The quotation mark of the value of an attribute.
        quote: Option<u8>,
        /// The octet before is a slash: the element is empty.
        slash: bool,
    },
    End,
    /// Behind `<!`: what it is shows what follows.
    Declaration(usize),
    Comment {
        dashes: u8,
    },
    CData {
        brackets: u8,
    },
    Instruction {
        mark: bool,
    },
}

impl TextHead {
    pub(super) fn new(encoding: Text, content_type: &str, most: usize) -> Self {
        Self {
            encoding,
            content_type: content_type.to_owned(),
            most,
            octets: Vec::new(),
            at: 0,
            scan: Scan::Content,
            names: Vec::new(),
            in_body: false,
            next: Some(IN_BODY),
        }
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    pub(super) fn step(&mut self) -> Result<HeadStep, HeadError> {
        while self.next.is_some() {
            let Some(octet) = self.octets.get(self.at).copied() else { break };
            let at = self.at;
            self.at += 1;
            if let Some(is_empty) = self.take(at, octet) {
                return self.place(is_empty);
            }
        }
        match self.next {
            None => Ok(HeadStep::Nowhere),
            Some(_) if self.octets.len() > self.most => Err(HeadError::TooLarge(self.most)),
            Some(_) => Ok(HeadStep::More),
        }
    }

    /// One octet. Gives whether the element is empty that a place is in, when its tag ends here.
    fn take(&mut self, at: usize, octet: u8) -> Option<bool> {
        self.scan = match self.scan {
            Scan::Content if octet == b'<' => Scan::Less(at),
            Scan::Content => Scan::Content,
            Scan::Less(from) => match octet {
                b'/' => Scan::End,
                b'?' => Scan::Instruction { mark: false },
                b'!' => Scan::Declaration(from),
                _ => Scan::Start { name: (at, None), quote: None, slash: false },
            },
            Scan::Start { name, quote: None, slash } if octet == b'>' => {
                self.scan = Scan::Content;
                return self.begins((name.0, name.1.unwrap_or(at)), slash);
            }
            Scan::Start { name: (from, to), quote, .. } => {
                let ends = octet.is_ascii_whitespace() || octet == b'/';
                let to = to.or_else(|| ends.then_some(at));
                let (quote, slash) = match (quote, octet) {
                    (Some(mark), octet) => (Some(mark).filter(|mark| *mark != octet), false),
                    (None, b'"' | b'\'') => (Some(octet), false),
                    (None, octet) => (None, octet == b'/'),
                };
                Scan::Start { name: (from, to), quote, slash }
            }
            Scan::End if octet == b'>' => {
                self.ends();
                Scan::Content
            }
            Scan::End => Scan::End,
            Scan::Declaration(from) => self.declaration(&self.octets[from..=at], from),
            Scan::Comment { dashes: 2.. } | Scan::CData { brackets: 2.. } if octet == b'>' => {
                Scan::Content
            }
            Scan::Comment { dashes } => {
                Scan::Comment { dashes: if octet == b'-' { dashes.saturating_add(1) } else { 0 } }
            }
            Scan::CData { brackets } => {
                let brackets = if octet == b']' { brackets.saturating_add(1) } else { 0 };
                Scan::CData { brackets }
            }
            Scan::Instruction { mark: true } if octet == b'>' => Scan::Content,
            Scan::Instruction { .. } => Scan::Instruction { mark: octet == b'?' },
        };
        if matches!(self.scan, Scan::Declaration(from) if at - from >= CDATA.len()) {
            // A document type: the parser refuses it.
            self.next = None;
        }
        None
    }

    fn declaration(&self, octets: &[u8], from: usize) -> Scan {
        match octets {
            b"<!--" => Scan::Comment { dashes: 0 },
            octets if octets == CDATA => Scan::CData { brackets: 0 },
            _ => Scan::Declaration(from),
        }
    }

    /// A start tag is over. Gives whether its element is empty if a place is in it.
    fn begins(&mut self, name: (usize, usize), is_empty: bool) -> Option<bool> {
        self.names.push(name);
        let depth = self.names.len();
        if depth == 2 {
            self.in_body = local_name_is_body(&self.octets[name.0..name.1]);
        }
        let is_place = self.in_body && self.next == Some(depth);
        let is_behind = depth >= IN_BODY && self.next.is_none_or(|next| depth > next);
        if is_place {
            // The next one is the first element in this one, if any.
            self.next = (depth == IN_BODY).then_some(depth + 1);
            return Some(is_empty);
        }
        if self.in_body && is_behind {
            self.next = None;
        }
        if is_empty {
            self.ends();
        }
        None
    }

    fn ends(&mut self) {
        self.names.pop();
        if self.in_body && self.names.len() < IN_BODY {
            self.next = None;
        }
    }

    fn place(&mut self, is_empty: bool) -> Result<HeadStep, HeadError> {
        let Self { at, names, .. } = self;
        let (at, depth) = (*at, names.len());
        let mut whole = self.octets[..at].to_vec();
        for (from, to) in names.iter().rev().skip(usize::from(is_empty)) {
            whole.extend_from_slice(b"</");
            whole.extend_from_slice(&self.octets[*from..*to]);
            whole.push(b'>');
        }
        if is_empty {
            self.ends();
        }
        let mut encoding = self.encoding;
        let envelope = encoding.read(&self.content_type, &whole)?;
        Ok(HeadStep::Place(Box::new(envelope), Place { at, depth }))
    }

    pub(super) fn content(self, place: Place) -> (TextContent, Vec<u8>, Vec<u8>) {
        let Self { octets: mut head, names, .. } = self;
        let names = names.iter().map(|(from, to)| Box::from(&head[*from..*to])).collect();
        let content = TextContent::new(names, place.depth);
        let rest = head.split_off(place.at.min(head.len()));
        (content, head, rest)
    }

    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}

const CDATA: &[u8] = b"<![CDATA[";
