//! From text to [`Node`]s.

use crate::diagnostic::Span;
use crate::file::node::{MAX_DEPTH, Node};
use crate::file::scan::{StartTag, Token};

/// Builds the tree of a token list that nests; `None` when it does not, has not one root, or is
/// deeper than [`MAX_DEPTH`] (a tree is dropped by recursion).
pub(crate) fn build(tokens: &[Token]) -> Option<Node> {
    let mut open: Vec<Node> = Vec::new();
    let mut root: Option<Node> = None;
    for token in tokens {
        match token {
            Token::Start(tag) if tag.self_closed => close(node(tag), &mut open, &mut root)?,
            Token::Start(_) if open.len() >= MAX_DEPTH => return None,
            Token::Start(tag) => open.push(node(tag)),
            Token::End { name, span, .. } => {
                let mut closed = open.pop().filter(|n| n.name == *name)?;
                closed.span.end = span.end;
                close(closed, &mut open, &mut root)?;
            }
            Token::Text(span) => {
                let parent = open.last_mut()?;
                parent.text.get_or_insert(*span);
            }
            Token::Doctype(_) => return None,
        }
    }
    root.filter(|_| open.is_empty())
}

fn close(node: Node, open: &mut [Node], root: &mut Option<Node>) -> Option<()> {
    match open.last_mut() {
        Some(parent) => parent.children.push(node),
        None if root.is_none() => *root = Some(node),
        None => return None,
    }
    Some(())
}

fn node(tag: &StartTag) -> Node {
    Node {
        name: tag.name.clone(),
        name_span: tag.name_span,
        span: Span::new(tag.span.start, tag.span.end),
        attributes: tag.attributes.clone(),
        children: Vec::new(),
        text: None,
    }
}
