//! What leaves hold: text, or a value whose text is made when somebody asks for it. Between an encoding with records for
//! values and a reader of values nobody does.
//!
//! A value stands in its node, in place of the range of a text; what does not fit into eight octets stands with the
//! octets of the arena. The tag of the node says what it is.

use std::sync::OnceLock;

use crate::arena::Arena;
use crate::name::Span;
use crate::node::{Kind, NONE, NodeData, TEXT, Text};
use crate::values::{DecimalValue, Form};

/// The element is an item of an array of such values.
const ITEM: u32 = 0x100;

/// What the tag of a leaf says, the mark of items left out: 0 of what is just text.
const DICTIONARY: u32 = 1;
const QNAME: u32 = 2;
const BOOL: u32 = 3;
const INT16: u32 = 4;
const INT32: u32 = 5;
const INT64: u32 = 6;
const UINT64: u32 = 7;
const SINGLE: u32 = 8;
const DOUBLE: u32 = 9;
const DATE_TIME: u32 = 10;
const TIME_SPAN: u32 = 11;
const OCTETS: u32 = 12;
const DECIMAL: u32 = 13;
const UUID: u32 = 14;
const UNIQUE_ID: u32 = 15;

/// The octets of a value that does not fit into a node.
const WIDE: usize = 16;

/// The texts of values that somebody has asked for.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// How many values there are.
    values: u32,
    texts: OnceLock<Vec<OnceLock<Box<str>>>>,
}

impl Made {
    /// The number of a new value.
    fn add(&mut self) -> u32 {
        if let Some(texts) = self.texts.get_mut() {
            texts.push(OnceLock::new());
        }
        self.values += 1;
        self.values - 1
    }

    fn text(&self, number: u32, make: impl FnOnce() -> Box<str>) -> &str {
        let texts = self.texts.get_or_init(|| vec![OnceLock::new(); self.values as usize]);
        texts[number as usize].get_or_init(make)
    }

    /// Whether there is no value at all.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.values == 0
    }

    pub(crate) fn clear(&mut self) {
        self.values = 0;
        self.texts.take();
    }

    /// As many values; their texts are made anew.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.values = other.values;
        self.texts.take();
    }
}

impl Arena {
    /// Text that came in a way that is to be remembered: [`Form::Dictionary`] or [`Form::QName`].
    pub(crate) fn push_marked(&mut self, content: Text, form: Form) -> u32 {
        let mark = if form == Form::QName { QNAME } else { DICTIONARY };
        let leaf = self.push_leaf(Kind::Text, content, Span::default());
        self.node_mut(leaf).tag = mark;
        leaf
    }

    /// A value.
    #[inline]
    pub(crate) fn push_value(&mut self, form: Form, item: bool) -> u32 {
        let (mark, bits) = match form {
            Form::Bool(value) => (BOOL, value.into()),
            Form::Int16(value) => (INT16, i64::from(value) as u64),
            Form::Int32(value) => (INT32, i64::from(value) as u64),
            Form::Int64(value) => (INT64, value as u64),
            Form::UInt64(value) => (UINT64, value),
            Form::Single(value) => (SINGLE, value.to_bits().into()),
            Form::Double(value) => (DOUBLE, value.to_bits()),
            Form::DateTime(bits) => (DATE_TIME, bits),
            Form::TimeSpan(ticks) => (TIME_SPAN, ticks as u64),
            Form::Octets { start, len } => (OCTETS, u64::from(start) | u64::from(len) << 32),
            Form::Decimal(value) => (DECIMAL, self.store_wide(&decimal_octets(value))),
            Form::Uuid(octets) => (UUID, self.store_wide(&octets)),
            Form::UniqueId(octets) => (UNIQUE_ID, self.store_wide(&octets)),
            // They have a text.
            Form::Dictionary | Form::QName => (0, 0),
        };
        let number = self.made.add();
        self.push(NodeData {
            parent: NONE,
            next: NONE,
            first: number,
            last: 0,
            start: bits as u32,
            end: (bits >> 32) as u32,
            tag: mark | if item { ITEM } else { 0 },
            local_len: 0,
            binding: TEXT,
        })
    }

    fn store_wide(&mut self, octets: &[u8; WIDE]) -> u64 {
        let start = self.octets.own.len();
        self.octets.own.extend_from_slice(octets);
        start as u64
    }

    fn wide(&self, start: u64) -> [u8; WIDE] {
        let octets = self.octets.own.get(start as usize..).and_then(|octets| octets.first_chunk());
        octets.copied().unwrap_or_default()
    }

    /// What a text was made of, or how it came; none of other text, and of other leaves.
    #[inline(always)]
    pub(crate) fn form(&self, leaf: &NodeData) -> Option<Form> {
        // What most texts are.
        if leaf.tag == 0 {
            return None;
        }
        let bits = u64::from(leaf.start) | u64::from(leaf.end) << 32;
        Some(match leaf.tag & !ITEM {
            DICTIONARY => Form::Dictionary,
            QNAME => Form::QName,
            BOOL => Form::Bool(bits != 0),
            INT16 => Form::Int16(bits as i16),
            INT32 => Form::Int32(bits as i32),
            INT64 => Form::Int64(bits as i64),
            UINT64 => Form::UInt64(bits),
            SINGLE => Form::Single(f32::from_bits(bits as u32)),
            DOUBLE => Form::Double(f64::from_bits(bits)),
            DATE_TIME => Form::DateTime(bits),
            TIME_SPAN => Form::TimeSpan(bits as i64),
            OCTETS => Form::Octets { start: leaf.start, len: leaf.end },
            DECIMAL => Form::Decimal(decimal(self.wide(bits))),
            UUID => Form::Uuid(self.wide(bits)),
            UNIQUE_ID => Form::UniqueId(self.wide(bits)),
            _ => return None,
        })
    }

    /// The value of a leaf; none of text.
    #[inline]
    pub(crate) fn value_form(&self, leaf: &NodeData) -> Option<Form> {
        if leaf.tag > QNAME { self.form(leaf) } else { None }
    }

    /// The content of a leaf.
    #[inline]
    pub(crate) fn leaf(&self, leaf: &NodeData) -> &str {
        match self.value_form(leaf) {
            Some(form) => self.made.text(leaf.first, || form.text(&self.octets)),
            None => self.str(leaf.content()),
        }
    }
}

impl NodeData {
    /// Whether the leaf is the value of an item of an array.
    #[inline]
    pub(crate) fn is_item(&self) -> bool {
        self.tag & ITEM != 0
    }

    /// Where the leaf stands in the source; empty for one that was built.
    #[inline]
    pub(crate) fn leaf_span(&self) -> Span {
        match self.last {
            0 => Span::default(),
            end => Span { start: self.first, end },
        }
    }
}

fn decimal_octets(value: DecimalValue) -> [u8; WIDE] {
    let mut octets = [0; WIDE];
    octets[..8].copy_from_slice(&value.low.to_le_bytes());
    octets[8..12].copy_from_slice(&value.high.to_le_bytes());
    octets[12] = value.scale;
    octets[13] = value.negative.into();
    octets
}

fn decimal(octets: [u8; WIDE]) -> DecimalValue {
    let [l0, l1, l2, l3, l4, l5, l6, l7, h0, h1, h2, h3, scale, negative, ..] = octets;
    DecimalValue {
        high: u32::from_le_bytes([h0, h1, h2, h3]),
        low: u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]),
        scale,
        negative: negative != 0,
    }
}
