//! Explaining a file that is not well-formed XML, and mending it far enough to find the other
//! mistakes in it, too.

use crate::diagnostic::{LineMap, Span};
use crate::file::node::Node;
use crate::file::problem::{INITIALIZE, Problem};
use crate::file::quote::quote;
use crate::file::scan::{ScanError, StartTag, Token, scan};
use crate::file::tree;
use crate::suggest;

/// For files that are no configuration at all.
const BEGIN: &str =
    "begin with <configuration><system.serviceModel> … </system.serviceModel></configuration>";
/// A file with more faults than this is explained only so far.
const MAX_REPAIRS: usize = 20;

/// A file of more tags than this is not mended: only the first fault is told.
const MAX_MENDED_TAGS: usize = 1 << 16;
/// Longest piece of a file that is printed back corrected.
const MAX_CORRECTED: usize = 2000;

/// What could be made of a malformed file.
#[derive(Debug)]
pub(crate) struct Explained {
    /// The faults; the first is the one that WCF stops at.
    pub(crate) problems: Vec<Problem>,
    /// The tree of the mended text with places in the text as given, if mending was possible.
    pub(crate) root: Option<Node>,
}

/// Explains why `text` is not well-formed. `None` when this scanner finds nothing wrong with it.
pub(crate) fn explain(text: &str) -> Option<Explained> {
    let lines = LineMap::new(text);
    let (mut tokens, error) = scan(text);
    if let Some(error) = error {
        let problem = scan_problem(text, &error, &lines);
        return Some(Explained { problems: vec![problem], root: None });
    }
    let mut problems = Vec::new();
    let repairs = if tokens.len() > MAX_MENDED_TAGS { 1 } else { MAX_REPAIRS };
    for _ in 0..repairs {
        match first_fault(text, &tokens, &lines) {
            None => break,
            Some((problem, mended)) => {
                problems.push(problem);
                match mended {
                    Some(mended) => tokens = mended,
                    None => return Some(Explained { problems, root: None }),
                }
            }
        }
    }
    if problems.is_empty() {
        return None;
    }
    Some(Explained { root: tree::build(&tokens), problems })
}

fn problem(span: Span, message: String, wcf: String, fix: String) -> Problem {
    Problem::error("malformed-xml", span, message).wcf(format!("{INITIALIZE}\n{wcf}")).fix(fix)
}

/// The first place where the tags do not nest, and the token list with it mended.
fn first_fault(
    text: &str,
    tokens: &[Token],
    lines: &LineMap,
) -> Option<(Problem, Option<Vec<Token>>)> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut roots = 0;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Start(tag) => {
                if open.is_empty() {
                    roots += 1;
                    if roots > 1 {
                        return Some((second_root(tag, text, lines), None));
                    }
                }
                if !tag.self_closed {
                    open.push(Open { index: i, tag });
                }
            }
            Token::End { name, name_span, span } => {
                let matches = open.last().is_some_and(|o| o.tag.name == *name);
                if matches {
                    open.pop();
                    continue;
                }
                let end = EndTag { index: i, name, name_span: *name_span, span: *span };
                return Some(mismatch(text, tokens, &open, &end, lines));
            }
            Token::Text(span) if open.is_empty() => {
                return Some((outside_text(text, *span, lines), None));
            }
            Token::Doctype(span) => return Some((doctype(*span), None)),
            Token::Text(_) => {}
        }
    }
    if let Some(last) = open.last() {
        return Some(unclosed_at_end(text, tokens, &open, last.tag, lines));
    }
    (roots == 0).then(|| (no_root(), None))
}

struct EndTag<'a> {
    index: usize,
    name: &'a str,
    name_span: Span,
    span: Span,
}

/// An element that is open, and where its start tag stands in the token list.
struct Open<'a> {
    index: usize,
    tag: &'a StartTag,
}

fn mismatch(
    text: &str,
    tokens: &[Token],
    open: &[Open<'_>],
    end: &EndTag<'_>,
    lines: &LineMap,
) -> (Problem, Option<Vec<Token>>) {
    let Some(top) = open.last().map(|o| o.tag) else {
        let message = format!("</{}> closes nothing: everything is closed already", end.name);
        let wcf = position_text("Unexpected end tag.", text, end.name_span.start, lines);
        let p = problem(end.span, message, wcf, format!("remove </{}>", end.name));
        return (p, Some(without(tokens, end.index)));
    };
    let (line, column) = lines.position(text, top.name_span.start);
    let wcf = position_text(
        &format!(
            "The '{}' start tag on line {line} position {column} does not match the end tag of '{}'.",
            top.name, end.name
        ),
        text,
        end.name_span.start,
        lines,
    );
    if let Some((index, tag)) = self_closed_before(tokens, open, end) {
        let open = Open { index, tag };
        return self_closed(text, tokens, &open, end, wcf, lines);
    }
    if open.iter().any(|o| o.tag.name == end.name) {
        let message = format!("<{}> on line {line} is not closed before </{}>", top.name, end.name);
        let fix = format!("write </{}> before </{}>", top.name, end.name);
        return (problem(end.span, message, wcf, fix), Some(closed_before(tokens, top, end.index)));
    }
    if let Some(meant) = suggest::nearest(end.name, [top.name.as_str()]) {
        let message = format!("</{}> does not match <{meant}> on line {line}", end.name);
        let p = problem(end.span, message, wcf, format!("write </{meant}>"))
            .suggest(Some(format!("</{meant}>")));
        return (p, Some(renamed(tokens, end.index, &meant)));
    }
    let message = format!("</{}> closes nothing: no <{}> is open here", end.name, end.name);
    let p = problem(end.span, message, wcf, format!("remove </{}>", end.name));
    (p, Some(without(tokens, end.index)))
}

/// A self-closed element of the end tag's name among the siblings just before it.
fn self_closed_before<'t>(
    tokens: &'t [Token],
    open: &[Open<'_>],
    end: &EndTag<'_>,
) -> Option<(usize, &'t StartTag)> {
    let parent = open.last()?.index;
    let mut depth = 0_usize;
    for index in (parent + 1..end.index).rev() {
        match &tokens[index] {
            Token::End { .. } => depth += 1,
            Token::Start(tag) if !tag.self_closed => depth = depth.checked_sub(1)?,
            Token::Start(tag) if depth == 0 && tag.name == end.name => return Some((index, tag)),
            _ => {}
        }
    }
    None
}

fn self_closed(
    text: &str,
    tokens: &[Token],
    element: &Open<'_>,
    end: &EndTag<'_>,
    wcf: String,
    lines: &LineMap,
) -> (Problem, Option<Vec<Token>>) {
    let Open { index, tag } = *element;
    let (line, _) = lines.position(text, tag.span.start);
    let name = end.name;
    let message = format!(
        "</{name}> closes nothing: <{name} … /> on line {line} is closed already by its own \"/\""
    );
    let opening = text.get(tag.span.start..tag.span.end).unwrap_or_default();
    let opening = format!("{}>", opening.trim_end_matches("/>").trim_end());
    let inner = text.get(tag.span.end..end.span.start).unwrap_or_default();
    let inner = if inner.len() > MAX_CORRECTED { "…" } else { inner };
    let inner: Vec<String> = inner
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .map(|l| format!("  {}", blanks_removed(l)))
        .collect();
    let fix = format!(
        "remove the \"/\" at the end of line {line}, so that it reads:\n{opening}\n{}\n</{name}>",
        inner.join("\n")
    );
    let mut mended = tokens.to_vec();
    if let Token::Start(tag) = &mut mended[index] {
        tag.self_closed = false;
    }
    (problem(end.span, message, wcf, fix), Some(mended))
}

/// A line of tags with the blanks at the ends of attribute values taken away: the corrected text
/// must not repeat the other classic slip.
fn blanks_removed(line: &str) -> String {
    let (tokens, _) = scan(line);
    let mut out = line.to_owned();
    let tags = tokens.iter().rev().filter_map(|t| match t {
        Token::Start(tag) => Some(tag),
        _ => None,
    });
    for attribute in tags.flat_map(|tag| tag.attributes.iter().rev()) {
        let Span { start, end } = attribute.value_span;
        let value = line[start..end].trim().to_owned();
        out.replace_range(start..end, &value);
    }
    out
}

fn without(tokens: &[Token], index: usize) -> Vec<Token> {
    let mut mended = tokens.to_vec();
    mended.remove(index);
    mended
}

fn closed_before(tokens: &[Token], tag: &StartTag, index: usize) -> Vec<Token> {
    let mut mended = tokens.to_vec();
    let at = match &tokens[index] {
        Token::End { span, .. } => span.start,
        _ => tag.span.end,
    };
    mended.insert(index, virtual_end(tag, at));
    mended
}

fn virtual_end(tag: &StartTag, at: usize) -> Token {
    let span = Span::new(at, at);
    Token::End { name: tag.name.clone(), name_span: span, span }
}

fn renamed(tokens: &[Token], index: usize, to: &str) -> Vec<Token> {
    let mut mended = tokens.to_vec();
    if let Token::End { name, .. } = &mut mended[index] {
        *name = to.to_owned();
    }
    mended
}

fn unclosed_at_end(
    text: &str,
    tokens: &[Token],
    open: &[Open<'_>],
    last: &StartTag,
    lines: &LineMap,
) -> (Problem, Option<Vec<Token>>) {
    let (line, _) = lines.position(text, last.span.start);
    let names: Vec<&str> = open.iter().rev().map(|o| o.tag.name.as_str()).collect();
    let wcf = position_text(
        &format!(
            "Unexpected end of file has occurred. The following elements are not closed: {}.",
            names.join(", ")
        ),
        text,
        text.len(),
        lines,
    );
    let message = format!("the file ends, but <{}> on line {line} is not closed", last.name);
    let closing: Vec<String> = names.iter().map(|n| format!("</{n}>")).collect();
    let p = problem(last.name_span, message, wcf, format!("write {}", closing.join(" ")));
    let mut mended = tokens.to_vec();
    mended.extend(open.iter().rev().map(|o| virtual_end(o.tag, text.len())));
    (p, Some(mended))
}

fn position_text(what: &str, text: &str, offset: usize, lines: &LineMap) -> String {
    let (line, column) = lines.position(text, offset);
    format!("{what} Line {line}, position {column}.")
}

fn second_root(tag: &StartTag, text: &str, lines: &LineMap) -> Problem {
    let wcf = position_text("There are multiple root elements.", text, tag.name_span.start, lines);
    let message = format!("<{}> stands after the end of the root element", tag.name);
    problem(tag.name_span, message, wcf, "move it into <configuration>".to_owned())
}

fn outside_text(text: &str, span: Span, lines: &LineMap) -> Problem {
    let wcf = position_text("Data at the root level is invalid.", text, span.start, lines);
    let message = "text stands outside the root element".to_owned();
    let fix = if text.contains('<') { "remove it" } else { BEGIN };
    problem(span, message, wcf, fix.to_owned())
}

fn doctype(span: Span) -> Problem {
    problem(
        span,
        "a configuration file has no DOCTYPE".to_owned(),
        "For security reasons DTD is prohibited in this XML document.".to_owned(),
        "remove the <!DOCTYPE …>".to_owned(),
    )
}

fn no_root() -> Problem {
    problem(
        Span::default(),
        "the file has no element at all".to_owned(),
        "Root element is missing.".to_owned(),
        BEGIN.to_owned(),
    )
}

fn scan_problem(text: &str, error: &ScanError, lines: &LineMap) -> Problem {
    let at = |offset: usize, what: &str| position_text(what, text, offset, lines);
    let point = |offset: usize| Span::new(offset, (offset + 1).min(text.len()));
    match error {
        ScanError::Unterminated { what, at: offset } => problem(
            point(*offset),
            format!("this {what} has no end"),
            at(text.len(), "Unexpected end of file has occurred."),
            format!("close the {what}"),
        ),
        ScanError::Name { at: offset } => problem(
            point(*offset),
            "a name must stand here".to_owned(),
            at(*offset, "Name cannot begin with this character."),
            "write &lt; for a < that begins no tag, and quotes around attribute values".to_owned(),
        ),
        ScanError::Unquoted { attribute, value } => {
            let written = quote(text.get(value.start..value.end).unwrap_or_default());
            let shown = written.chars().next().map(String::from).unwrap_or_default();
            problem(
                *value,
                format!("the value of {attribute} needs quotes"),
                at(
                    value.start,
                    &format!(
                        "'{shown}' is an unexpected token. The expected token is '\"' or '''."
                    ),
                ),
                format!("write {attribute}=\"{written}\""),
            )
        }
        ScanError::OpenQuote { attribute, at: offset } => problem(
            point(*offset),
            format!("the value of {attribute} has no closing quote"),
            at(*offset, "'<', hexadecimal value 0x3C, is an invalid attribute character."),
            "write the closing quote".to_owned(),
        ),
        ScanError::NoValue { attribute, at: offset } => problem(
            point(*offset),
            format!("{attribute} has no value"),
            at(*offset, "The expected token is '='."),
            format!("write {attribute}=\"…\", or remove it"),
        ),
        ScanError::Duplicate { attribute, at: offset } => problem(
            Span::new(*offset, offset + attribute.len()),
            format!("{attribute} stands here a second time"),
            at(*offset, &format!("'{attribute}' is a duplicate attribute name.")),
            "keep one of the two".to_owned(),
        ),
        ScanError::Entity { at: offset } => problem(
            point(*offset),
            "& begins no entity".to_owned(),
            at(*offset, "An error occurred while parsing EntityName."),
            "write &amp; for a plain &".to_owned(),
        ),
        ScanError::MissingEnd { name, at: offset } => problem(
            point(*offset),
            format!("the tag <{name} … has no \">\""),
            at(*offset, "'<' is an unexpected token. The expected token is '>'."),
            format!("close the tag: <{name} … >"),
        ),
    }
}
