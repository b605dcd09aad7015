//! From the text of a file to a tree with places, whatever is wrong with it.

use waxwing_xml::{Document, Limits, ParseErrorKind};

use crate::diagnostic::Span;
use crate::file::malformed;
use crate::file::node::{MAX_DEPTH, Node};
use crate::file::problem::{INITIALIZE, Problem};
use crate::file::reader::Reader;
use crate::file::scan::scan;
use crate::file::tree;

/// Largest configuration file in bytes: a hundred times the largest that people write.
pub const MAX_FILE_BYTES: usize = 4 << 20;
/// Most attributes of one element: WCF's schema needs 25.
const MAX_ATTRIBUTES: usize = 128;
/// Most elements and texts of a file: a few thousand are much.
const MAX_NODES: usize = 1 << 16;

const LIMITS: Limits = Limits {
    max_bytes: MAX_FILE_BYTES,
    max_depth: MAX_DEPTH,
    max_attributes: MAX_ATTRIBUTES,
    max_string_content_length: MAX_FILE_BYTES,
    max_nodes: MAX_NODES,
    allow_processing_instructions: true,
    ..Limits::SOAP
};

/// Parses the text; reports why it cannot, and mends what can be mended.
pub(crate) fn parse(text: &str, cx: &mut Reader) -> Option<Node> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file has {} bytes; the limit is {MAX_FILE_BYTES}", text.len());
        cx.report(limit(Span::default(), message));
        return None;
    }
    let error = match Document::parse(without_declaration(text).into_bytes(), &LIMITS) {
        Ok(_) => {
            let tree = tree::build(&scan(text).0);
            if tree.is_none() {
                cx.report(plain(Span::default(), "the file cannot be read".to_owned()));
            }
            return tree;
        }
        Err(error) => error,
    };
    let at = error.offset as usize;
    let span = Span::new(at, (at + 1).min(text.len()));
    if let ParseErrorKind::Limit { limit: name, value } = &error.kind {
        cx.report(limit(span, format!("the file exceeds the limit {name} = {value}")));
        return None;
    }
    let Some(explained) = malformed::explain(text) else {
        cx.report(plain(span, error.kind.to_string()));
        return None;
    };
    explained.problems.into_iter().for_each(|problem| cx.report(problem));
    explained.root
}

fn limit(span: Span, message: String) -> Problem {
    Problem::error("limit-exceeded", span, message)
        .behavior("has no such limit; Waxwing refuses the file unread")
        .fix("split the file, or remove what is generated")
}

fn plain(span: Span, message: String) -> Problem {
    Problem::error("malformed-xml", span, message).wcf(INITIALIZE).fix("write well-formed XML here")
}

/// The text with byte order mark and XML declaration blanked out: it is decoded already, whatever
/// encoding the declaration names.
fn without_declaration(text: &str) -> String {
    let mut copy = text.to_owned();
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let declaration = text[mark..].starts_with("<?xml").then(|| text.find("?>")).flatten();
    let blank = declaration.map_or(mark, |end| end + "?>".len());
    copy.replace_range(..blank, &" ".repeat(blank));
    copy
}
