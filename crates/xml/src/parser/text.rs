//! Character data, references, CDATA sections, comments, processing instructions.

use memchr::{memchr, memmem};

use super::{Parsed, Parser, exceeded, refuse};
use crate::chars::{first_forbidden_character, is_char, is_space};
use crate::error::ParseErrorKind;
use crate::node::{EXTRA, Kind, NONE, Text};
use crate::scan;

impl Parser<'_> {
    /// Character data up to the next tag.
    #[inline(always)]
    pub(super) fn text(&mut self) -> Parsed<()> {
        let start = self.at;
        let end = scan::text(self.bytes, start);
        // What nearly every text is: nothing in it is to be resolved.
        let is_all = end != start && self.bytes.get(end) == Some(&b'<');
        let content = if is_all && end - start <= self.limits.max_string_content_length {
            self.at = end;
            Text { start: start as u32, len: (end - start) as u32 }
        } else {
            self.any_text()?
        };
        self.add_leaf(Kind::Text, content, start, self.current)
    }

    #[inline(never)]
    fn any_text(&mut self) -> Parsed<Text> {
        match self.peek() {
            // After a '<' there is nothing.
            Some(b'<') => {
                self.at += 1;
                self.check_element()?;
                self.any_name().map(|_| Text::default())
            }
            Some(_) => self.characters::<false>(b'<'),
            None => refuse(ParseErrorKind::UnexpectedEnd("an element")),
        }
    }

    /// Reads character data up to `<`, or an attribute value up to its quote: checks characters,
    /// resolves references, normalizes line ends (XML 1.0 §2.11) and attribute values (§3.3.3).
    /// Text that needs no change is not copied.
    pub(super) fn characters<const ATTRIBUTE: bool>(&mut self, end: u8) -> Parsed<Text> {
        let start = self.at;
        // Where the part begins that was not yet copied, once something had to be changed.
        let mut pending = start;
        let mut changed = None;
        loop {
            self.at = match ATTRIBUTE {
                true => scan::attribute(self.bytes, self.at),
                false => scan::text(self.bytes, self.at),
            };
            let replacement = match self.peek() {
                Some(found) if found == end => break,
                None if ATTRIBUTE => {
                    return refuse(ParseErrorKind::UnexpectedEnd("an attribute value"));
                }
                None => break,
                Some(b'<') => {
                    return refuse(ParseErrorKind::Forbidden("'<' in an attribute value"));
                }
                Some(b']') if self.starts_with("]]>") => {
                    return refuse(ParseErrorKind::Forbidden("']]>' in character data"));
                }
                Some(b']' | b'"' | b'\'') => {
                    self.at += 1;
                    continue;
                }
                Some(0xEF) => {
                    self.check_character()?;
                    continue;
                }
                Some(b'&') => self.reference()?,
                Some(b'\r') if self.bytes.get(self.at + 1) == Some(&b'\n') => {
                    (if ATTRIBUTE { ' ' } else { '\n' }, 2)
                }
                Some(b'\r') => (if ATTRIBUTE { ' ' } else { '\n' }, 1),
                Some(b'\n' | b'\t') => (' ', 1),
                Some(control) => return refuse(ParseErrorKind::Character(u32::from(control))),
            };
            let extra = &mut self.document.extra;
            changed.get_or_insert(extra.len());
            extra.push_str(&self.source[pending..self.at]);
            extra.push(replacement.0);
            self.at += replacement.1;
            pending = self.at;
        }
        if self.at - start > self.limits.max_string_content_length {
            self.at = start;
            let value = self.limits.max_string_content_length;
            return exceeded("max_string_content_length", value);
        }
        let Some(changed) = changed else {
            return Ok(Text { start: start as u32, len: (self.at - start) as u32 });
        };
        let extra = &mut self.document.extra;
        extra.push_str(&self.source[pending..self.at]);
        Ok(Text { start: changed as u32 | EXTRA, len: (extra.len() - changed) as u32 })
    }

    /// A character whose first byte is that of U+FFFE and U+FFFF.
    fn check_character(&mut self) -> Parsed<()> {
        let character = self.source[self.at..].chars().next().unwrap_or_default();
        if !is_char(character) {
            return refuse(ParseErrorKind::Character(character as u32));
        }
        self.at += character.len_utf8();
        Ok(())
    }

    /// The character of a reference and the length of the reference (XML 1.0 §4.1, §4.6).
    fn reference(&self) -> Parsed<(char, usize)> {
        /// `&#x0010FFFF;` with some leading zeros; longer is nobody's honest text.
        const MAX_REFERENCE: usize = 32;
        let after = self.at + 1;
        let window = &self.bytes[after..self.bytes.len().min(after + MAX_REFERENCE)];
        let len = memchr(b';', window).ok_or(ParseErrorKind::Expected("';' after a reference"))?;
        let name = &self.source[after..after + len];
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(hexadecimal), _) => character(hexadecimal, 16, name)?,
                (_, Some(decimal)) => character(decimal, 10, name)?,
                _ => return refuse(ParseErrorKind::Entity(name.into())),
            },
        };
        Ok((c, len + 2))
    }

    /// `parent` is [`NONE`] outside the root element, here and below.
    pub(super) fn comment(&mut self, parent: u32) -> Parsed<()> {
        let start = self.at;
        let text = start + "<!--".len();
        let len = memmem::find(&self.bytes[text..], b"--");
        let len = len.ok_or(ParseErrorKind::UnexpectedEnd("a comment"))?;
        let content = self.section(text, text + len)?;
        self.at = text + len;
        if !self.starts_with("-->") {
            return refuse(ParseErrorKind::Forbidden("'--' in a comment"));
        }
        self.at += "-->".len();
        self.add_leaf(Kind::Comment, content, start, parent)
    }

    pub(super) fn cdata(&mut self, parent: u32) -> Parsed<()> {
        let start = self.at;
        let text = start + "<![CDATA[".len();
        let len = memmem::find(&self.bytes[text..], b"]]>");
        let len = len.ok_or(ParseErrorKind::UnexpectedEnd("a CDATA section"))?;
        let content = self.section(text, text + len)?;
        self.at = text + len + "]]>".len();
        match content.len {
            0 => Ok(()),
            _ => self.add_leaf(Kind::Text, content, start, parent),
        }
    }

    pub(super) fn processing_instruction(&mut self, parent: u32) -> Parsed<()> {
        if !self.limits.allow_processing_instructions {
            return refuse(ParseErrorKind::Forbidden("a processing instruction"));
        }
        let start = self.at;
        self.at += "<?".len();
        let target = self.name()?;
        let spelled = self.spelled(target);
        if spelled.contains(':') || spelled.eq_ignore_ascii_case("xml") {
            self.at = start;
            return refuse(ParseErrorKind::Name(spelled.into()));
        }
        let rest = &self.bytes[self.at..];
        let len = memmem::find(rest, b"?>");
        let len = len.ok_or(ParseErrorKind::UnexpectedEnd("a processing instruction"))?;
        if len > 0 && !is_space(rest[0]) {
            return refuse(ParseErrorKind::Expected("white space after the target"));
        }
        let end = self.at + len;
        let content = self.section(start + "<?".len(), end)?;
        self.at = end + "?>".len();
        self.add_leaf(Kind::ProcessingInstruction, content, start, parent)
    }

    /// Text without references: comment, CDATA section, processing instruction.
    fn section(&mut self, start: usize, end: usize) -> Parsed<Text> {
        let raw = &self.source[start..end];
        if raw.len() > self.limits.max_string_content_length {
            let value = self.limits.max_string_content_length;
            return exceeded("max_string_content_length", value);
        }
        if let Some((i, c)) = first_forbidden_character(raw) {
            self.at = start + i;
            return refuse(ParseErrorKind::Character(c as u32));
        }
        if !raw.contains('\r') {
            return Ok(Text { start: start as u32, len: raw.len() as u32 });
        }
        let normalized = raw.replace("\r\n", "\n").replace('\r', "\n");
        Ok(self.document.store(&normalized))
    }

    /// White space, comments and processing instructions outside the root element.
    pub(super) fn misc(&mut self) -> Parsed<()> {
        loop {
            self.skip_space();
            if self.starts_with("<!--") {
                self.comment(NONE)?;
            } else if self.starts_with("<?") {
                self.processing_instruction(NONE)?;
            } else if self.starts_with("<!DOCTYPE") {
                return refuse(ParseErrorKind::Forbidden("a document type declaration"));
            } else {
                return Ok(());
            }
        }
    }
}

/// The character of the digits in a reference.
fn character(digits: &str, radix: u32, name: &str) -> Parsed<char> {
    let digits_only = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    let code = if digits_only { u32::from_str_radix(digits, radix).ok() } else { None };
    match code.map(|code| (code, char::from_u32(code))) {
        Some((_, Some(c))) if is_char(c) => Ok(c),
        Some((code, _)) => refuse(ParseErrorKind::Character(code)),
        None => refuse(ParseErrorKind::Entity(name.into())),
    }
}
