//! Text records, and arrays of values.

use base64_simd::STANDARD;
use memchr::memchr;

use super::{NONE, Naming, NodeData, NodeId, TextRule, Writer, Written, push_size, records};
use crate::binary::number::dot_net_uuid;
use crate::node::Kind;
use crate::values::{Form, unique_id, whole_number};

/// How deep the elements are that [`TextRule::Shared`] means: the root has depth 0.
const SHARED_DEPTH: usize = 2;

impl<'w> Writer<'w> {
    /// The text of an element.
    pub(super) fn text(&mut self, node: &NodeData) {
        if let Some(form) = self.document.form(node) {
            return self.value(form, node);
        }
        let document = self.document;
        let text = document.bytes(node.content());
        match self.rule(node) {
            Some(rule) => {
                let is_in_header = matches!(rule, TextRule::Shared)
                    && self.session.is_some()
                    && self.is_in_header(node);
                self.by_rule(rule, text, node.parent, is_in_header);
            }
            None => self.characters(text),
        }
    }

    /// Whether a text is that of a child of a child of the root.
    fn is_in_header(&self, text: &NodeData) -> bool {
        let outwards = std::iter::successors(Some(text.parent), |at| {
            Some(self.document.node(*at).parent).filter(|at| *at != NONE)
        });
        outwards.take(SHARED_DEPTH + 2).count() == SHARED_DEPTH + 1
    }

    /// The rule for the text of an element.
    fn rule(&mut self, text: &NodeData) -> Option<TextRule> {
        if self.rule.0 == text.parent {
            return self.rule.1;
        }
        let document = self.document;
        let element = document.node(text.parent);
        let number = self.number(document.bytes(element.local()), element.binding)?;
        self.kept(self.vocabulary.rule(number))
    }

    /// A rule for the text of the element that is open. What is kept as text is written as text, but for octets.
    #[inline(always)]
    pub(super) fn kept(&self, rule: Option<TextRule>) -> Option<TextRule> {
        rule.filter(|rule| self.naming != Naming::Plain || rule.is_octets())
    }

    /// The text of an element, or the value of one of its attributes.
    pub(super) fn by_rule(
        &mut self,
        rule: TextRule,
        text: &[u8],
        element: u32,
        is_in_header: bool,
    ) {
        match rule {
            TextRule::Octets | TextRule::OctetsBy(_) | TextRule::OctetsBehind(_) => {
                let pieces = self.pieces(rule, element);
                self.octets_or_characters(text, pieces);
            }
            TextRule::UniqueId => match unique_id(text) {
                Some(octets) => self.fixed(records::UNIQUE_ID, &dot_net_uuid(octets)),
                None => self.characters(text),
            },
            TextRule::Number => match whole_number(text) {
                Some(number) => self.integer(number),
                None => self.characters(text),
            },
            TextRule::Known => self.known_text(text, false),
            TextRule::Named => self.named(text, self.naming),
            TextRule::Shared => self.known_text(text, is_in_header),
            TextRule::QName => match memchr(b':', text) {
                Some(colon) if colon > 0 && colon + 1 < text.len() => {
                    for part in [&text[..colon], b":", &text[colon + 1..]] {
                        self.characters(part);
                    }
                }
                _ => self.characters(text),
            },
        }
    }

    fn pieces(&self, rule: TextRule, element: u32) -> Pieces {
        match rule {
            TextRule::OctetsBy(size) => Pieces::By(size),
            TextRule::OctetsBehind(first) => {
                Pieces::Behind(first(self.whole.element(NodeId(element))))
            }
            _ => Pieces::Whole,
        }
    }

    /// A text that may be a name.
    pub(super) fn named(&mut self, text: &[u8], naming: Naming) {
        let found = match (naming, self.vocabulary.number_of(text)) {
            (Naming::Known, Some(number)) => Written::Id(number << 1),
            (Naming::Shared, Some(_)) => self.of_session(text),
            _ => Written::Text(text),
        };
        self.text_of(found);
    }

    /// A text of the vocabulary, or of the session.
    fn known_text(&mut self, text: &[u8], shared: bool) {
        let found = match self.vocabulary.number_of(text) {
            Some(number) if self.vocabulary.names_text(number) => Written::Id(number << 1),
            Some(_) => Written::Text(text),
            None if shared => self.of_session(text),
            None => Written::Text(text),
        };
        self.text_of(found);
    }

    fn text_of(&mut self, found: Written<'_>) {
        match found {
            Written::Id(id) => {
                self.text_record(records::DICTIONARY_TEXT);
                push_size(self.out, id);
            }
            Written::Text(text) => self.characters(text),
        }
    }

    /// A value as its smallest record.
    fn value(&mut self, form: Form, leaf: &NodeData) {
        match form {
            Form::Bool(value) => {
                self.text_record(if value { records::TRUE } else { records::FALSE })
            }
            Form::Int16(value) => self.integer(value.into()),
            Form::Int32(value) => self.integer(value.into()),
            Form::Int64(value) => self.integer(value),
            Form::UInt64(value) => match i64::try_from(value) {
                Ok(value) => self.integer(value),
                Err(_) => self.fixed(records::UINT64, &value.to_le_bytes()),
            },
            // A float of eight digits or more is written with an exponent, or with digits that are not its own.
            Form::Single(value) => match whole(value.into(), 1e7) {
                Some(number) => self.integer(number),
                None => self.fixed(records::FLOAT, &value.to_le_bytes()),
            },
            Form::Double(value) => self.double(value),
            Form::Decimal(_)
            | Form::DateTime(_)
            | Form::TimeSpan(_)
            | Form::Uuid(_)
            | Form::UniqueId(_) => {
                let (record, raw, len) = raw(form);
                self.fixed(record, &raw[..len]);
            }
            Form::Octets { .. } => {
                let document = self.document;
                let octets = form.octets(&document.octets).unwrap_or_default();
                let rule = self.rule(leaf);
                let pieces = rule.map_or(Pieces::Whole, |rule| self.pieces(rule, leaf.parent));
                self.octets(octets, pieces);
            }
            Form::Dictionary => self.known_text(self.document.bytes(leaf.content()), true),
            Form::QName => self.qualified_name(self.document.bytes(leaf.content())),
        }
    }

    /// WCF writes a number as a whole one or as a narrower one whenever it is equal. Here it must also have the same text,
    /// which a signature may be over: `0.10000000149011612` is equal to the float that is written `0.1`. Numbers of seven
    /// digits, three of them after the point, have one text in both widths.
    fn double(&mut self, value: f64) {
        let single = value as f32;
        let short = (value * 1000.0).fract() == 0.0 && value.abs() < 1e4;
        // From 1e15 on there is an exponent in the text.
        if let Some(number) = whole(value, 1e15) {
            self.integer(number);
        } else if short && f64::from(single) == value {
            self.fixed(records::FLOAT, &single.to_le_bytes());
        } else {
            self.fixed(records::DOUBLE, &value.to_le_bytes());
        }
    }

    fn integer(&mut self, value: i64) {
        if let Ok(value) = i8::try_from(value) {
            match value {
                0 => self.text_record(records::ZERO),
                1 => self.text_record(records::ONE),
                _ => self.fixed(records::INT8, &value.to_le_bytes()),
            }
        } else if let Ok(value) = i16::try_from(value) {
            self.fixed(records::INT16, &value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.fixed(records::INT32, &value.to_le_bytes());
        } else {
            self.fixed(records::INT64, &value.to_le_bytes());
        }
    }

    fn fixed(&mut self, record: u8, octets: &[u8]) {
        self.text_record(record);
        self.out.extend_from_slice(octets);
    }

    /// Text that is base64 in the one spelling that it is written in as octets; other text as it is.
    fn octets_or_characters(&mut self, text: &[u8], pieces: Pieces) {
        if text.len().is_multiple_of(4) && !text.is_empty() {
            let start = self.out.len();
            let padding = text.iter().rev().take(2).filter(|octet| **octet == b'=').count();
            let len = text.len() / 4 * 3 - padding;
            if self.base64(text, len, pieces) {
                return;
            }
            // What is no base64 leaves nothing behind.
            self.out.truncate(start);
        }
        self.characters(text);
    }

    /// Base64 of so many octets into its place, in records as WCF's writer makes them: whole groups of three of each write, what
    /// is left of a write with the next, and the rest by itself. False where it is no base64.
    fn base64(&mut self, mut text: &[u8], mut len: usize, pieces: Pieces) -> bool {
        let mut size = pieces.first(len);
        while len > 0 {
            let piece = if size == 0 { len } else { size };
            let (own, rest) = text.split_at(piece.div_ceil(3) * 4);
            self.with_length(records::BYTES8, piece);
            let begin = self.out.len();
            if STANDARD.decode_append(own, self.out).is_err() || self.out.len() != begin + piece {
                return false;
            }
            (text, len) = (rest, len - piece);
            size = pieces.next(len);
        }
        true
    }

    /// The same of octets that are there.
    fn octets(&mut self, mut octets: &[u8], pieces: Pieces) {
        let mut size = pieces.first(octets.len());
        while !octets.is_empty() {
            let piece = if size == 0 { octets.len() } else { size };
            let (own, rest) = octets.split_at(piece);
            self.with_length(records::BYTES8, piece);
            self.out.extend_from_slice(own);
            octets = rest;
            size = pieces.next(octets.len());
        }
    }

    /// A name whose prefix has one letter and whose local part is a known string; or its characters.
    fn qualified_name(&mut self, text: &[u8]) {
        if let [letter @ b'a'..=b'z', b':', local @ ..] = text
            && let Written::Id(id) = self.known_name(local)
        {
            self.fixed(records::QNAME_DICTIONARY, &[letter - b'a']);
            return push_size(self.out, id);
        }
        self.characters(text);
    }

    /// A name that either dictionary has or gets.
    fn known_name<'n>(&mut self, name: &'n [u8]) -> Written<'n> {
        match self.vocabulary.number_of(name) {
            Some(number) => Written::Id(number << 1),
            None => self.of_session(name),
        }
    }

    /// Text as characters: UTF-8, or UTF-16 where that is shorter; `0` and `1` have records of their own.
    pub(super) fn characters(&mut self, text: &[u8]) {
        match text {
            [] => return self.text_record(records::EMPTY_TEXT),
            [digit @ b'0'..=b'1'] => return self.text_record(records::ZERO + (digit - b'0') * 2),
            _ => {}
        }
        // A text of ASCII is the shorter one in UTF-8 without counting.
        if !text.is_ascii() && self.utf16(text) {
            return;
        }
        self.with_length(records::CHARS8, text.len());
        self.out.extend_from_slice(text);
    }

    /// Text as UTF-16, where that is shorter; false where it is not.
    fn utf16(&mut self, text: &[u8]) -> bool {
        // (All text of a tree is UTF-8.)
        let text = std::str::from_utf8(text).unwrap_or_default();
        let units = text.encode_utf16().count();
        if text.len() / 2 <= units {
            return false;
        }
        self.with_length(records::UNICODE_CHARS8, units * 2);
        self.out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        true
    }

    /// The code of a record that is one of three by the width of its length. (A document holds less than 2 GiB of text.)
    fn with_length(&mut self, record: u8, len: usize) {
        self.text_at = Some(self.out.len());
        if let Ok(len) = u8::try_from(len) {
            self.out.extend_from_slice(&[record, len]);
        } else if let Ok(len) = u16::try_from(len) {
            self.fixed(record + 2, &len.to_le_bytes());
        } else {
            self.fixed(record + 4, &(len as u32).to_le_bytes());
        }
    }

    pub(super) fn text_record(&mut self, record: u8) {
        self.text_at = Some(self.out.len());
        self.out.push(record);
    }

    /// Elements from `first` that are items of one array, as an array; gives the last of them. `None` where it is none.
    #[inline(never)]
    pub(super) fn array(&mut self, first: u32) -> Option<u32> {
        let document = self.document;
        let form = self.item(first)?;
        let record = record_of(form);
        let head = document.node(first);
        let name = document.bytes(head.local());
        let same = |node: &NodeData| {
            node.is_element()
                && node.binding == head.binding
                && document.bytes(node.local()) == name
                && (node.tag == 0
                    || document.element_attributes(node).is_empty()
                        && document.element_declarations(node).is_empty())
        };
        self.out.push(records::ARRAY);
        self.start(first);
        self.out.push(records::END_ELEMENT);
        self.out.push(record | 1);
        let begin = self.out.len();
        self.array_value(form);
        let (mut count, mut last, mut next) = (1, first, head.next);
        while next != NONE
            && let node = document.node(next)
            && same(node)
            && let Some(form) = self.item(next)
            && record_of(form) == record
        {
            self.array_value(form);
            count += 1;
            (last, next) = (next, node.next);
        }
        // How many there are stands before them.
        let end = self.out.len();
        push_size(self.out, count);
        let size = self.out.len() - end;
        self.out[begin..].rotate_right(size);
        self.text_at = None;
        Some(last)
    }

    #[inline(always)]
    fn array_value(&mut self, form: Form) {
        match form {
            // The usual numbers have one width.
            Form::Double(value) => self.out.extend_from_slice(&value.to_le_bytes()),
            Form::Int32(value) => self.out.extend_from_slice(&value.to_le_bytes()),
            form => {
                let (_, octets, len) = raw(form);
                self.out.extend_from_slice(&octets[..len]);
            }
        }
    }

    /// The value of an element that is an item of an array.
    #[inline(always)]
    fn item(&self, element: u32) -> Option<Form> {
        let node = self.document.node(element);
        let only = node.first != NONE && node.first == node.last;
        let leaf = only.then(|| self.document.node(node.first))?;
        if leaf.kind() != Kind::Text || !leaf.is_item() {
            return None;
        }
        self.document.form(leaf).filter(|form| {
            !matches!(form, Form::UInt64(_) | Form::UniqueId(_) | Form::Octets { .. })
        })
    }
}

/// In which writes octets are written.
#[derive(Clone, Copy)]
enum Pieces {
    /// In one.
    Whole,
    /// In two, the first of so many.
    Behind(usize),
    /// In some of so many.
    By(usize),
}

impl Pieces {
    /// How many octets the first record has: whole groups of three.
    fn first(self, len: usize) -> usize {
        let size = match self {
            Self::Behind(size) | Self::By(size) if size >= 3 => size.min(len),
            Self::Whole | Self::Behind(_) | Self::By(_) => len,
        };
        size / 3 * 3
    }

    /// How many the next one has, so many being left.
    fn next(self, len: usize) -> usize {
        match self {
            Self::By(_) => self.first(len),
            Self::Whole | Self::Behind(_) => len / 3 * 3,
        }
    }
}

/// The whole number that a number below `limit` is. Minus zero is none: its text is another.
fn whole(value: f64, limit: f64) -> Option<i64> {
    let is_whole = value.fract() == 0.0 && value.abs() < limit;
    (is_whole && !(value == 0.0 && value.is_sign_negative())).then_some(value as i64)
}

/// The record of a value, as it also stands in arrays.
fn record_of(form: Form) -> u8 {
    match form {
        Form::Bool(_) => records::BOOL,
        Form::Int16(_) => records::INT16,
        Form::Int32(_) => records::INT32,
        Form::Int64(_) => records::INT64,
        Form::UInt64(_) => records::UINT64,
        Form::Single(_) => records::FLOAT,
        Form::Double(_) => records::DOUBLE,
        Form::Decimal(_) => records::DECIMAL,
        Form::DateTime(_) => records::DATE_TIME,
        Form::TimeSpan(_) => records::TIME_SPAN,
        Form::Uuid(_) => records::UUID,
        Form::UniqueId(_) => records::UNIQUE_ID,
        Form::Octets { .. } | Form::Dictionary | Form::QName => records::EMPTY_TEXT,
    }
}

/// The record of a value and its octets, as they also stand in arrays.
fn raw(form: Form) -> (u8, [u8; 16], usize) {
    let mut raw = [0; 16];
    let mut put = |octets: &[u8]| {
        raw[..octets.len()].copy_from_slice(octets);
        octets.len()
    };
    let len = match form {
        Form::Bool(value) => put(&[value.into()]),
        Form::Int16(value) => put(&value.to_le_bytes()),
        Form::Int32(value) => put(&value.to_le_bytes()),
        Form::Int64(value) => put(&value.to_le_bytes()),
        Form::UInt64(value) => put(&value.to_le_bytes()),
        Form::Single(value) => put(&value.to_le_bytes()),
        Form::Double(value) => put(&value.to_le_bytes()),
        Form::Decimal(value) => {
            let [h0, h1, h2, h3] = value.high.to_le_bytes();
            let [l0, l1, l2, l3, l4, l5, l6, l7] = value.low.to_le_bytes();
            let sign = if value.negative { 0x80 } else { 0 };
            put(&[0, 0, value.scale, sign, h0, h1, h2, h3, l0, l1, l2, l3, l4, l5, l6, l7])
        }
        Form::DateTime(bits) => put(&bits.to_le_bytes()),
        Form::TimeSpan(ticks) => put(&ticks.to_le_bytes()),
        Form::Uuid(octets) => put(&dot_net_uuid(octets)),
        Form::UniqueId(octets) => put(&dot_net_uuid(octets)),
        Form::Octets { .. } | Form::Dictionary | Form::QName => put(&[]),
    };
    (record_of(form), raw, len)
}
