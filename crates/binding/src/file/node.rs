//! The configuration file as a plain tree in which every name and value knows its place.

use crate::diagnostic::Span;

/// Deepest nesting of elements: WCF's schema needs 12, reference parameters may add some.
pub const MAX_DEPTH: usize = 64;

/// An attribute and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) name_span: Span,
    /// Without the quotes.
    pub(crate) value_span: Span,
}

/// An element and where it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// The name as written, prefix included.
    pub(crate) name: String,
    pub(crate) name_span: Span,
    /// From `<` to the end of the end tag.
    pub(crate) span: Span,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
    /// The first text that is not blank.
    pub(crate) text: Option<Span>,
}

impl Node {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }

    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// Value of an attribute, empty when absent.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.attribute(name).map_or("", |a| a.value.as_str())
    }

    /// Moves every place by `offset`.
    pub(crate) fn shift(&mut self, offset: usize) {
        let moved = |span: &mut Span| *span = Span::new(span.start + offset, span.end + offset);
        moved(&mut self.name_span);
        moved(&mut self.span);
        self.text.iter_mut().for_each(moved);
        for attribute in &mut self.attributes {
            moved(&mut attribute.name_span);
            moved(&mut attribute.value_span);
        }
        self.children.iter_mut().for_each(|child| child.shift(offset));
    }

    /// Whether what `path` leads to may have been meant by a name that nobody knows: the deepest
    /// element of it that exists lacks the next step, and this is asked of the names that stand in
    /// its place.
    pub(crate) fn stand_ins(&self, path: &str) -> Vec<Span> {
        let mut node = self;
        for step in path.split('/').filter(|s| !s.is_empty()) {
            match (step.strip_prefix('@'), node.child(step)) {
                (Some(name), _) if node.attribute(name).is_some() => return Vec::new(),
                (Some(_), _) => return node.attributes.iter().map(|a| a.name_span).collect(),
                (None, Some(child)) => node = child,
                (None, None) => return node.children.iter().map(|c| c.name_span).collect(),
            }
        }
        Vec::new()
    }

    /// The element or the value of an attribute at the end of `path`, if it is written.
    fn written(&self, path: &str) -> Option<Span> {
        let mut node = self;
        for step in path.split('/').filter(|s| !s.is_empty()) {
            if let Some(name) = step.strip_prefix('@') {
                return node.attribute(name).map(|a| a.value_span);
            }
            node = node.child(step)?;
        }
        Some(node.name_span)
    }

    /// The same of a `<binding>`, whose settings stand further down in a custom binding, each in its element: what is a step of
    /// `path` elsewhere is one of its children there.
    pub(crate) fn locate_in_binding(&self, path: &str) -> Span {
        let below = || self.children.iter().find_map(|child| child.written(path));
        let over_tls = || {
            let rest = path.strip_prefix("httpTransport")?;
            self.written(&format!("httpsTransport{rest}"))
        };
        let encoding = || {
            let encoder =
                self.children.iter().find(|child| child.name.ends_with("MessageEncoding"))?;
            match path {
                "@messageEncoding" => Some(encoder.name_span),
                "@textEncoding" => encoder.written("@writeEncoding"),
                _ => None,
            }
        };
        let found = self.written(path).or_else(below).or_else(over_tls).or_else(encoding);
        found.unwrap_or_else(|| self.locate(path))
    }

    /// The span of the value of the attribute at the end of `path` (`security/@mode`), or of the
    /// deepest element of it that exists.
    pub(crate) fn locate(&self, path: &str) -> Span {
        let mut node = self;
        for step in path.split('/').filter(|s| !s.is_empty()) {
            if let Some(name) = step.strip_prefix('@') {
                return node.attribute(name).map_or(node.name_span, |a| a.value_span);
            }
            match node.child(step) {
                Some(child) => node = child,
                None => break,
            }
        }
        node.name_span
    }
}
