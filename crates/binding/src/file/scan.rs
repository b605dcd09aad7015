//! A forgiving scanner of tags.
//!
//! The XML crate is strict and stops at the first fault, as it must. To explain a malformed file
//! to a person, tags are looked at one by one without insisting that they nest.

use crate::diagnostic::Span;
use crate::file::node::Attribute;

/// A start tag.
#[derive(Debug, Clone)]
pub(crate) struct StartTag {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) span: Span,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) self_closed: bool,
}

/// A piece of the file.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    Start(StartTag),
    End {
        name: String,
        name_span: Span,
        span: Span,
    },
    /// Characters or a CDATA section.
    Text(Span),
    Doctype(Span),
}

/// Why scanning stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ScanError {
    /// `<` without `>`, a comment without an end…
    Unterminated { what: &'static str, at: usize },
    /// No name after `<` or `</`.
    Name { at: usize },
    /// `name=value` without quotes.
    Unquoted { attribute: String, value: Span },
    /// A value whose quote is not closed before the next tag.
    OpenQuote { attribute: String, at: usize },
    /// An attribute without a value.
    NoValue { attribute: String, at: usize },
    /// The same attribute twice.
    Duplicate { attribute: String, at: usize },
    /// `&` that begins no entity.
    Entity { at: usize },
    /// A start tag that runs into the next `<`.
    MissingEnd { name: String, at: usize },
}

/// Splits a text into tags; after the first error the rest is not looked at.
pub(crate) fn scan(text: &str) -> (Vec<Token>, Option<ScanError>) {
    let mut scanner = Scanner { text, at: 0, tokens: Vec::new() };
    let error = scanner.run().err();
    (scanner.tokens, error)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn run(&mut self) -> Result<(), ScanError> {
        if self.rest().starts_with('\u{feff}') {
            self.at += '\u{feff}'.len_utf8();
        }
        while self.at < self.text.len() {
            if self.rest().starts_with("<!--") {
                self.skip_to("-->", "comment")?;
            } else if self.rest().starts_with("<?") {
                self.skip_to("?>", "processing instruction")?;
            } else if self.rest().starts_with("<![CDATA[") {
                let start = self.at;
                self.skip_to("]]>", "CDATA section")?;
                self.tokens.push(Token::Text(Span::new(start, self.at)));
            } else if self.rest().starts_with("<!") {
                let start = self.at;
                self.skip_to(">", "declaration")?;
                self.tokens.push(Token::Doctype(Span::new(start, self.at)));
            } else if self.rest().starts_with("</") {
                self.end_tag()?;
            } else if self.rest().starts_with('<') {
                self.start_tag()?;
            } else {
                self.characters()?;
            }
        }
        Ok(())
    }

    fn skip_to(&mut self, end: &str, what: &'static str) -> Result<(), ScanError> {
        match self.rest().find(end) {
            Some(i) => {
                self.at += i + end.len();
                Ok(())
            }
            None => Err(ScanError::Unterminated { what, at: self.at }),
        }
    }

    fn characters(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        let length = self.rest().find('<').unwrap_or(self.rest().len());
        let span = Span::new(start, start + length);
        self.at = span.end;
        let piece = &self.text[span.start..span.end];
        if !piece.trim().is_empty() {
            check_entities(piece, start)?;
            self.tokens.push(Token::Text(span));
        }
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        self.at += 2;
        let (name, name_span) = self.name()?;
        self.blanks();
        if !self.rest().starts_with('>') {
            return Err(ScanError::Unterminated { what: "end tag", at: start });
        }
        self.at += 1;
        self.tokens.push(Token::End { name, name_span, span: Span::new(start, self.at) });
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        self.at += 1;
        let (name, name_span) = self.name()?;
        let mut attributes: Vec<Attribute> = Vec::new();
        let self_closed = loop {
            self.blanks();
            if self.rest().starts_with("/>") {
                self.at += 2;
                break true;
            }
            if self.rest().starts_with('>') {
                self.at += 1;
                break false;
            }
            if self.rest().is_empty() || self.rest().starts_with('<') {
                return Err(ScanError::MissingEnd { name, at: start });
            }
            let attribute = self.attribute()?;
            if attributes.iter().any(|a| a.name == attribute.name) {
                let at = attribute.name_span.start;
                return Err(ScanError::Duplicate { attribute: attribute.name, at });
            }
            attributes.push(attribute);
        };
        let span = Span::new(start, self.at);
        self.tokens.push(Token::Start(StartTag { name, name_span, span, attributes, self_closed }));
        Ok(())
    }

    fn attribute(&mut self) -> Result<Attribute, ScanError> {
        let (name, name_span) = self.name()?;
        self.blanks();
        if !self.rest().starts_with('=') {
            return Err(ScanError::NoValue { attribute: name, at: name_span.start });
        }
        self.at += 1;
        self.blanks();
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            let length = self
                .rest()
                .find([' ', '\t', '\r', '\n', '/', '>', '<'])
                .unwrap_or(self.rest().len());
            let value = Span::new(self.at, self.at + length);
            return Err(ScanError::Unquoted { attribute: name, value });
        };
        self.at += 1;
        let start = self.at;
        let length = self.rest().find([quote, '<']).unwrap_or(self.rest().len());
        if !self.rest()[length..].starts_with(quote) {
            return Err(ScanError::OpenQuote { attribute: name, at: start - 1 });
        }
        let value_span = Span::new(start, start + length);
        self.at = value_span.end + 1;
        let raw = &self.text[value_span.start..value_span.end];
        check_entities(raw, start)?;
        Ok(Attribute { name, value: decode(raw), name_span, value_span })
    }

    fn name(&mut self) -> Result<(String, Span), ScanError> {
        let start = self.at;
        let length = self.rest().find(|c: char| !is_name_char(c)).unwrap_or(self.rest().len());
        if length == 0 {
            return Err(ScanError::Name { at: start });
        }
        self.at += length;
        let span = Span::new(start, self.at);
        Ok((self.text[span.start..span.end].to_owned(), span))
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }
}

/// Wider than XML's names: whether a name is legal is the XML crate's business.
fn is_name_char(c: char) -> bool {
    !matches!(c, ' ' | '\t' | '\r' | '\n' | '<' | '>' | '/' | '=' | '"' | '\'' | '&' | '?' | '!')
}

/// Every `&` must begin a reference (XML 1.0 §4.1).
fn check_entities(piece: &str, start: usize) -> Result<(), ScanError> {
    for (i, _) in piece.match_indices('&') {
        if entity(&piece[i..]).is_none() {
            return Err(ScanError::Entity { at: start + i });
        }
    }
    Ok(())
}

/// The character of the reference that `text` begins with, and the reference's length.
fn entity(text: &str) -> Option<(char, usize)> {
    /// Longest reference: `&#x10FFFF;`.
    const LONGEST: usize = 10;
    let end = text.bytes().take(LONGEST + 1).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, end + 1))
}

fn decode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let (c, length) = match c {
            '&' => entity(rest).unwrap_or(('&', 1)),
            '\t' | '\n' | '\r' => (' ', 1),
            c => (c, c.len_utf8()),
        };
        out.push(c);
        rest = &rest[length..];
    }
    out
}
