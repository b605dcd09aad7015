//! Writing a configuration as an XML file.

use std::fmt::Write as _;

/// An element to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OutNode {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<OutNode>,
    /// XML to be written as it is, inside the element.
    pub(crate) raw: String,
}

impl OutNode {
    pub(crate) fn new(name: &str) -> OutNode {
        OutNode { name: name.to_owned(), ..OutNode::default() }
    }

    /// Adds a child element.
    pub(crate) fn child(&mut self, name: &str) -> &mut OutNode {
        self.children.push(OutNode::new(name));
        let last = self.children.len() - 1;
        &mut self.children[last]
    }

    /// Adds a child element unless it would be empty.
    pub(crate) fn push_unless_empty(&mut self, child: OutNode) {
        if !child.is_empty() {
            self.children.push(child);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.children.is_empty() && self.raw.is_empty()
    }

    /// The text of a file whose root this is.
    pub(crate) fn to_file(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        self.write(&mut text, 0);
        text
    }

    /// The text of the element alone, without a line break at its end.
    pub(crate) fn to_element(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text.truncate(text.trim_end().len());
        text
    }

    fn write(&self, text: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let _ = write!(text, "{indent}<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(text, " {name}=\"{}\"", escape(value));
        }
        if self.children.is_empty() && self.raw.is_empty() {
            text.push_str(" />\n");
            return;
        }
        text.push('>');
        text.push_str(&self.raw);
        if !self.children.is_empty() {
            text.push('\n');
            for child in &self.children {
                child.write(text, depth + 1);
            }
            text.push_str(&indent);
        }
        let _ = writeln!(text, "</{}>", self.name);
    }
}

/// Escapes an attribute value so that it survives attribute value normalization
/// (XML 1.0 §3.3.3).
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}
