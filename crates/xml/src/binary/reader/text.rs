//! Text records (MC-NBFX §2.3.3): content of elements and values of attributes.

use base64_simd::STANDARD;

use super::source::StringRef;
use super::{
    BinaryErrorKind, CONSTANTS, EXTRA, Kind, NONE, Read, Reader, Tag, Text, exceeded, records,
    refuse,
};
use crate::binary::number::dot_net_uuid;
use crate::chars::is_char;
use crate::name::Span;
use crate::values::{DecimalValue, Form, MAX_DATE_TICKS};

/// Octets with a length of 32 bits, and the end of the element.
const LAST_BYTES: u8 = records::BYTES32 + 1;

/// A text in the tree, with what it was made of.
#[derive(Clone, Copy)]
pub(super) struct Content {
    pub(super) text: Text,
    pub(super) form: Option<Form>,
}

impl Content {
    /// Whether there is no text, made or to be made.
    fn is_empty(&self) -> bool {
        let no_value = matches!(
            self.form,
            None | Some(Form::Dictionary | Form::QName | Form::Octets { len: 0, .. })
        );
        self.text.len == 0 && no_value
    }
}

impl Reader<'_> {
    /// A text record in the content of an element; an odd code ends the element as well.
    pub(super) fn text(&mut self, code: u8, parent: u32) -> Read<()> {
        let (content, ended) = match code & !1 {
            records::START_LIST | records::END_LIST => {
                return self.misplaced(code, "in the content of an element");
            }
            records::BYTES8..=records::BYTES32 => self.octets(code)?,
            record @ records::CHARS8..=records::CHARS32 => {
                (self.characters(record)?, code & 1 == 1)
            }
            record => (self.content(record)?, code & 1 == 1),
        };
        self.add_text(content, parent, ended)?;
        if ended { self.end_element() } else { Ok(()) }
    }

    /// UTF-8 with a length of eight bits.
    #[inline(always)]
    pub(super) fn short_characters(&mut self) -> Read<Text> {
        let [size] = self.source.fixed()?;
        let text = self.source.utf8(size.into(), self.limits)?;
        Ok(self.store(text))
    }

    /// UTF-8 as the content of an element.
    #[inline(always)]
    fn characters(&mut self, record: u8) -> Read<Content> {
        let size = self.length(record - records::CHARS8)?;
        let text = self.source.utf8(size, self.limits)?;
        Ok(Content { text: self.store(text), form: None })
    }

    #[inline(always)]
    fn add_text(&mut self, content: Content, parent: u32, ended: bool) -> Read<()> {
        let empty = self.arena.node(parent).first == NONE;
        if content.is_empty() {
            // The empty text of an element that has nothing else: `<a></a>`.
            if empty && ended {
                let tag = *self.arena.tag(self.arena.node(parent));
                self.arena.set_tag(parent, Tag { pair: true, ..tag });
            }
            return Ok(());
        }
        if !empty && content.form.is_none() && self.extend_last(content.text, parent) {
            return Ok(());
        }
        self.check_node_limit(1)?;
        let node = match content.form {
            None => {
                self.arena.append_leaf(parent, Kind::Text, content.text, Span::default());
                return Ok(());
            }
            Some(form @ (Form::Dictionary | Form::QName)) => {
                self.arena.push_marked(content.text, form)
            }
            Some(value) => self.arena.push_value(value, false),
        };
        self.arena.link_last(parent, node);
        Ok(())
    }

    /// Makes text part of the text before it, where the two lie behind each other. False where they do not.
    #[inline(never)]
    fn extend_last(&mut self, text: Text, parent: u32) -> bool {
        let last = self.arena.node(parent).last;
        let node = self.arena.node_mut(last);
        let follows = node.kind() == Kind::Text
            && node.tag == 0
            && node.start.wrapping_add(node.end) == text.start;
        if follows {
            // Of a leaf: the length of its content.
            node.end += text.len;
        }
        follows
    }

    /// The content of an element that a text record with an even code is. Of values the text is made when it is asked for.
    #[inline]
    pub(super) fn content(&mut self, record: u8) -> Read<Content> {
        let form = match record {
            records::ZERO | records::ONE => Form::Int64(i64::from(record == records::ONE)),
            records::FALSE | records::TRUE => Form::Bool(record == records::TRUE),
            records::CHARS8..=records::BYTES32
            | records::EMPTY_TEXT
            | records::DICTIONARY_TEXT
            | records::UNICODE_CHARS8..=records::QNAME_DICTIONARY => return self.value(record),
            _ => self.scalar(record)?,
        };
        Ok(Content { text: Text::default(), form: Some(form) })
    }

    /// The text of a text record with an even code.
    pub(super) fn value(&mut self, record: u8) -> Read<Content> {
        match record {
            records::ZERO..=records::TRUE => Ok(self.constant((record - records::ZERO) / 2)),
            records::DICTIONARY_TEXT => self.dictionary_text(),
            _ => {
                let start = self.text.len();
                let form = self.unshared_value(record)?;
                let len = (self.text.len() - start) as u32;
                Ok(Content { text: Text { start: start as u32 | EXTRA, len }, form })
            }
        }
    }

    /// A text of a dictionary.
    fn dictionary_text(&mut self) -> Read<Content> {
        let form = Some(Form::Dictionary);
        let string = self.source.dictionary()?;
        let text = match string {
            StringRef::Known(known) => {
                if !known.is_text {
                    super::check_characters(known.text)?;
                }
                self.know(known.text)?
            }
            StringRef::Inline(octets) => self.store(octets),
            StringRef::Session(id, text) => {
                let there =
                    if self.is_free(text.len()) { None } else { self.texts.get(&id).copied() };
                match there {
                    Some(text) => text,
                    None => {
                        super::check_characters(text)?;
                        let text = self.store(text.as_bytes());
                        if self.free == 0 {
                            self.texts.insert(id, text);
                        }
                        text
                    }
                }
            }
        };
        Ok(Content { text, form })
    }

    /// The text of a record without content; it stands in the tree once.
    fn constant(&mut self, number: u8) -> Content {
        let number = usize::from(number);
        let text = match self.constants[number] {
            Some(text) => text,
            None => {
                let text = self.store(CONSTANTS[number].as_bytes());
                *self.constants[number].insert(text)
            }
        };
        Content { text, form: None }
    }

    /// Puts the text of a record with an even code behind everything; gives what it was made of.
    pub(super) fn unshared_value(&mut self, record: u8) -> Read<Option<Form>> {
        let form = match record {
            records::ZERO | records::ONE => Form::Int64(i64::from(record == records::ONE)),
            records::FALSE | records::TRUE => Form::Bool(record == records::TRUE),
            records::BYTES8..=records::BYTES32 => {
                let size = self.length(record - records::BYTES8)?;
                let octets = self.source.take(size)?;
                self.check_base64(size)?;
                STANDARD.encode_append(octets, &mut self.text);
                return Ok(None);
            }
            records::CHARS8..=records::CHARS32 => {
                let size = self.length(record - records::CHARS8)?;
                let text = self.source.utf8(size, self.limits)?;
                self.text.extend_from_slice(text);
                return Ok(None);
            }
            records::UNICODE_CHARS8..=records::UNICODE_CHARS32 => {
                let size = self.length(record - records::UNICODE_CHARS8)?;
                return self.utf16(size).map(|()| None);
            }
            records::EMPTY_TEXT => return Ok(None),
            records::DICTIONARY_TEXT => {
                let string = self.source.dictionary()?;
                self.unshared_string(string.text())?;
                return Ok(Some(Form::Dictionary));
            }
            records::QNAME_DICTIONARY => return self.qualified_name(),
            _ => self.scalar(record)?,
        };
        self.text.extend_from_slice(form.short_text().as_bytes());
        Ok(Some(form))
    }

    /// A value of fixed size.
    #[inline]
    pub(super) fn scalar(&mut self, record: u8) -> Read<Form> {
        let source = &mut self.source;
        Ok(match record {
            records::INT8 => Form::Int64(i8::from_le_bytes(source.fixed()?).into()),
            records::INT16 => Form::Int16(i16::from_le_bytes(source.fixed()?)),
            records::INT32 => Form::Int32(i32::from_le_bytes(source.fixed()?)),
            records::INT64 => Form::Int64(i64::from_le_bytes(source.fixed()?)),
            records::UINT64 => Form::UInt64(u64::from_le_bytes(source.fixed()?)),
            records::FLOAT => Form::Single(f32::from_le_bytes(source.fixed()?)),
            records::DOUBLE => Form::Double(f64::from_le_bytes(source.fixed()?)),
            records::DECIMAL => Form::Decimal(decimal(source.fixed()?)?),
            records::DATE_TIME => {
                let bits = u64::from_le_bytes(source.fixed()?);
                match bits << 2 >> 2 <= MAX_DATE_TICKS.unsigned_abs() {
                    true => Form::DateTime(bits),
                    false => return refuse(BinaryErrorKind::Value("date and time")),
                }
            }
            records::TIME_SPAN => Form::TimeSpan(i64::from_le_bytes(source.fixed()?)),
            records::UNIQUE_ID => Form::UniqueId(dot_net_uuid(source.fixed()?)),
            records::UUID => Form::Uuid(dot_net_uuid(source.fixed()?)),
            records::BOOL => match source.fixed()? {
                [value @ 0..=1] => Form::Bool(value == 1),
                [_] => return refuse(BinaryErrorKind::Value("truth value")),
            },
            code => return self.misplaced(code, "as a value"),
        })
    }

    /// The length of a record that has three codes for three widths of it.
    #[inline]
    fn length(&mut self, width: u8) -> Read<usize> {
        let length = match width {
            0 => u32::from(u8::from_le_bytes(self.source.fixed()?)),
            2 => u32::from(u16::from_le_bytes(self.source.fixed()?)),
            _ => u32::from_le_bytes(self.source.fixed()?),
        };
        match i32::try_from(length) {
            Ok(_) => Ok(length as usize),
            Err(_) => refuse(BinaryErrorKind::Size),
        }
    }

    /// Octets, and those of the records behind that belong to them: writers cut what they get piece by piece at whole groups
    /// of three, so that the base64 of the pieces is that of the whole. Whether the last record ends the element.
    fn octets(&mut self, mut code: u8) -> Read<(Content, bool)> {
        let start = self.arena.octets.own.len();
        loop {
            let size = self.length((code & !1) - records::BYTES8)?;
            let octets = self.source.take(size)?;
            let total = self.arena.octets.own.len() - start + size;
            self.check_base64(total)?;
            self.arena.octets.own.extend_from_slice(octets);
            let whole = code & 1 == 0 && size.is_multiple_of(3);
            match self.source.peek().filter(|_| whole) {
                Some(next @ records::BYTES8..=LAST_BYTES) => code = next,
                _ => break,
            }
            self.source.at += 1;
        }
        let len = (self.arena.octets.own.len() - start) as u32;
        let form = Some(Form::Octets { start: start as u32, len });
        Ok((Content { text: Text::default(), form }, code & 1 == 1))
    }

    /// The base64 of so many octets is a text within the limit.
    fn check_base64(&self, octets: usize) -> Read<()> {
        match octets.div_ceil(3) * 4 > self.limits.max_string_content_length {
            true => exceeded("max_string_content_length", self.limits.max_string_content_length),
            false => Ok(()),
        }
    }

    /// UTF-16, little endian.
    fn utf16(&mut self, size: usize) -> Read<()> {
        if size > self.limits.max_string_content_length {
            return exceeded("max_string_content_length", self.limits.max_string_content_length);
        }
        let octets = self.source.take(size)?;
        if !size.is_multiple_of(2) {
            return refuse(BinaryErrorKind::Encoding("UTF-16"));
        }
        let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        for character in char::decode_utf16(units) {
            let Ok(character) = character else {
                return refuse(BinaryErrorKind::Encoding("UTF-16"));
            };
            if !is_char(character) {
                return refuse(BinaryErrorKind::Character(character as u32));
            }
            self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }

    /// A prefix of one letter and a name of a dictionary (MC-NBFX §2.3.3.35).
    fn qualified_name(&mut self) -> Read<Option<Form>> {
        let [number] = self.source.fixed()?;
        if number > 25 {
            return refuse(BinaryErrorKind::Value("prefix"));
        }
        let string = self.source.dictionary()?;
        if !self.source.is_name(string) {
            return refuse(BinaryErrorKind::Name(string.text().into()));
        }
        self.text.extend_from_slice(&[b'a' + number, b':']);
        self.unshared_string(string.text())?;
        Ok(Some(Form::QName))
    }

    /// A string of a dictionary that is part of a longer text. A record of two octets may make any number of such texts
    /// long ones: all of them together may be as long as a message.
    fn unshared_string(&mut self, text: &str) -> Read<()> {
        super::check_characters(text)?;
        self.dictionary_text += text.len();
        if self.dictionary_text > self.limits.max_bytes {
            return exceeded("max_bytes", self.limits.max_bytes);
        }
        self.text.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// An OLE decimal: two octets that are not used, scale, sign, the upper 32 bits, the lower 64 bits.
fn decimal(octets: [u8; 16]) -> Read<DecimalValue> {
    let word = |at: usize| {
        u32::from_le_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
    };
    let (scale, sign) = (octets[2], octets[3]);
    if scale > DecimalValue::MAX_SCALE || !matches!(sign, 0 | 0x80) {
        return refuse(BinaryErrorKind::Value("decimal number"));
    }
    let low = u64::from(word(12)) << 32 | u64::from(word(8));
    Ok(DecimalValue { high: word(4), low, scale, negative: sign != 0 })
}
