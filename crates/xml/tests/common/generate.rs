//! Random documents: namespaces declared again and bound anew, default namespaces, comments,
//! processing instructions, CDATA sections, references, odd white space, `xml:` attributes.
//!
//! A [`Tree`] is what proptest makes smaller when something fails; [`Tree::text`] writes it as
//! well-formed text, declaring what is needed and leaving out attributes that occur twice.

#![allow(dead_code)] // no test uses all of it

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

/// Prefixes; the empty one is that of the default namespace.
pub(crate) const PREFIXES: [&str; 6] = ["", "a", "b", "ab", "ns0", "é"];
/// Namespace names as they stand in an attribute; the last one undeclares the default namespace.
const NAMESPACES: [&str; 6] =
    ["urn:a", "urn:b", "urn:B", "http://example.org/?x=1&amp;y=2", "urn:&#xe9;", ""];
const LOCALS: [&str; 6] = ["a", "b", "B", "x-1", "_.y", "名"];
const TEXTS: [&str; 34] = [
    "a",
    "bc",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\"",
    "'",
    ">",
    "]",
    "]]",
    "é",
    "名",
    "𝄞",
    "\u{85}",
    "\u{2028}",
    "\u{FFFD}",
    "\u{10FFFF}",
    "\u{7F}",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#13;",
    "&#xD;",
    "&#10;",
    "&#x9;",
    "&#32;",
    "&#x10FFFF;",
    "&#233;",
    "-",
];
/// What may stand in a comment, a CDATA section and an instruction alike.
const RAW: [&str; 12] = ["a", " ", "\n", "\r\n", "\t", "<", "&", "&lt;", "]]", "é", "'", "- x"];
const SPACES: [&str; 6] = [" ", "  ", "\n", "\t", "\r\n", " \t\n"];

/// What is left out for a reader that does it wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Without {
    /// Nothing.
    Nothing,
    /// An ampersand in a namespace name, which libxml2 writes into canonical text as it is.
    Ampersands,
    /// Line ends other than line feeds, which not every parser normalizes everywhere, and white
    /// space other than spaces in attribute values.
    Breaks,
}

/// One element with what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    prefix: usize,
    local: usize,
    /// Prefix and namespace.
    declarations: Vec<(usize, usize)>,
    /// Prefix, local name (or which `xml:` attribute), value.
    attributes: Vec<(usize, usize, Vec<usize>)>,
    children: Vec<Child>,
    /// How it is written: quotes, white space, order.
    layout: u32,
}

#[derive(Clone, Debug)]
enum Child {
    Element(Tree),
    Text(Vec<usize>),
    Cdata(Vec<usize>),
    Comment(Vec<usize>),
    Instruction(Vec<usize>),
}

/// Trees of some depth and breadth.
pub(crate) fn trees() -> impl Strategy<Value = Tree> {
    let leaf = tag().prop_map(|tree| tree);
    leaf.prop_recursive(5, 40, 6, |inner| {
        (tag(), prop::collection::vec(child(inner), 0..7))
            .prop_map(|(tree, children)| Tree { children, ..tree })
    })
}

fn tag() -> impl Strategy<Value = Tree> {
    let declaration = (0..PREFIXES.len(), 0..NAMESPACES.len());
    let value = prop::collection::vec(0..TEXTS.len(), 0..5);
    let attribute = (0..PREFIXES.len() + 1, 0..LOCALS.len(), value);
    (
        0..PREFIXES.len(),
        0..LOCALS.len(),
        prop::collection::vec(declaration, 0..4),
        prop::collection::vec(attribute, 0..5),
        any::<u32>(),
    )
        .prop_map(|(prefix, local, declarations, attributes, layout)| Tree {
            prefix,
            local,
            declarations,
            attributes,
            children: Vec::new(),
            layout,
        })
}

fn child(inner: impl Strategy<Value = Tree>) -> impl Strategy<Value = Child> {
    let raw = || prop::collection::vec(0..RAW.len(), 0..5);
    prop_oneof![
        5 => inner.prop_map(Child::Element),
        4 => prop::collection::vec(0..TEXTS.len(), 1..8).prop_map(Child::Text),
        1 => raw().prop_map(Child::Cdata),
        1 => raw().prop_map(Child::Comment),
        1 => raw().prop_map(Child::Instruction),
    ]
}

/// What each prefix is bound to, as written.
type Scope = BTreeMap<&'static str, &'static str>;

#[derive(Clone)]
struct Context {
    scope: Scope,
    without: Without,
}

impl Context {
    fn namespace(&self, index: usize) -> &'static str {
        match NAMESPACES[index] {
            written if written.contains('&') && self.without == Without::Ampersands => {
                NAMESPACES[0]
            }
            written => written,
        }
    }

    /// Pieces of character data or of comments and the like, in one string.
    fn join(&self, pieces: &[&str], chosen: &[usize]) -> String {
        let joined: String = chosen.iter().map(|i| pieces[*i]).collect();
        match self.without {
            Without::Breaks => joined.replace('\r', "\n"),
            _ => joined,
        }
    }
}

impl Tree {
    /// The text of the element.
    pub(crate) fn text(&self, without: Without) -> String {
        let mut out = String::new();
        self.write(&Context { scope: Scope::new(), without }, &mut out);
        out
    }

    /// The number of elements.
    pub(crate) fn elements(&self) -> usize {
        let inner = self.children.iter().filter_map(|child| match child {
            Child::Element(tree) => Some(tree.elements()),
            _ => None,
        });
        1 + inner.sum::<usize>()
    }

    fn write(&self, outer: &Context, out: &mut String) {
        let mut context = outer.clone();
        let mut declared = BTreeMap::new();
        for (prefix, namespace) in &self.declarations {
            let (prefix, mut namespace) = (PREFIXES[*prefix], context.namespace(*namespace));
            if namespace.is_empty() && !prefix.is_empty() {
                namespace = NAMESPACES[0];
            }
            declared.entry(prefix).or_insert(namespace);
        }
        context.scope.extend(&declared);
        let mut need = |prefix: &'static str| {
            if !prefix.is_empty() && !context.scope.contains_key(prefix) {
                let namespace = context.namespace(self.layout as usize % 5);
                context.scope.insert(prefix, namespace);
                declared.insert(prefix, namespace);
            }
        };
        need(PREFIXES[self.prefix]);
        for (prefix, ..) in &self.attributes {
            need(PREFIXES.get(*prefix).copied().unwrap_or_default());
        }
        let mut written = self.attributes_text(&context);
        let declarations = declared.iter().map(|(prefix, namespace)| match prefix.is_empty() {
            true => ("xmlns".to_owned(), (*namespace).to_owned()),
            false => (format!("xmlns:{prefix}"), (*namespace).to_owned()),
        });
        match self.layout & 1 {
            0 => written.extend(declarations),
            _ => written = declarations.chain(written).collect(),
        }
        self.write_tags(&written, &context, out);
    }

    /// Names and values, as written, without those that would occur twice.
    fn attributes_text(&self, context: &Context) -> Vec<(String, String)> {
        let mut seen = BTreeSet::new();
        let mut written = Vec::new();
        for (prefix, local, value) in &self.attributes {
            let Some(prefix) = PREFIXES.get(*prefix) else {
                let (name, value) =
                    [("space", "preserve"), ("lang", "en"), ("base", "urn:x")][local % 3];
                if seen.insert(("xml", name)) {
                    written.push((format!("xml:{name}"), value.to_owned()));
                }
                continue;
            };
            let local = LOCALS[*local];
            let namespace = if prefix.is_empty() { "" } else { context.scope[prefix] };
            if !seen.insert((namespace, local)) {
                continue;
            }
            let mut value = context.join(&TEXTS, value);
            if context.without == Without::Breaks {
                value = value.replace(['\n', '\t'], " ");
            }
            let colon = if prefix.is_empty() { "" } else { ":" };
            written.push((format!("{prefix}{colon}{local}"), value));
        }
        written
    }

    fn write_tags(&self, attributes: &[(String, String)], context: &Context, out: &mut String) {
        let mut layout = self.layout;
        let mut choose = |of: u32| {
            layout = layout.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (layout >> 16) % of
        };
        let mut space = |at_least: bool| match choose(4) {
            0 => SPACES[choose(6) as usize],
            _ if at_least => " ",
            _ => "",
        };
        let prefix = PREFIXES[self.prefix];
        let colon = if prefix.is_empty() { "" } else { ":" };
        let name = format!("{prefix}{colon}{}", LOCALS[self.local]);
        out.push('<');
        out.push_str(&name);
        for (number, (attribute, value)) in attributes.iter().enumerate() {
            let quote = if (self.layout >> (number % 30)) & 2 == 0 { '"' } else { '\'' };
            let escaped = if quote == '"' { "&quot;" } else { "&#39;" };
            let value = value.replace(quote, escaped);
            for part in [space(true), attribute, space(false), "=", space(false)] {
                out.push_str(part);
            }
            out.push(quote);
            out.push_str(&value);
            out.push(quote);
        }
        out.push_str(space(false));
        if self.children.is_empty() && self.layout & 4 == 0 {
            return out.push_str("/>");
        }
        out.push('>');
        self.children.iter().for_each(|child| child.write(context, out));
        for part in ["</", &name, space(false), ">"] {
            out.push_str(part);
        }
    }
}

impl Child {
    fn write(&self, context: &Context, out: &mut String) {
        let joined = |parts: &[usize]| context.join(&RAW, parts);
        let written = match self {
            Child::Element(tree) => return tree.write(context, out),
            Child::Text(parts) => {
                // Bare only where no bracket can stand before it, also in the text before.
                let text = context.join(&TEXTS, parts).replace("]>", "]&gt;");
                if let Some(rest) = text.strip_prefix('>') { format!("&gt;{rest}") } else { text }
            }
            Child::Cdata(parts) => format!("<![CDATA[{}]]>", joined(parts)),
            Child::Comment(parts) => format!("<!--{} -->", joined(parts).replace("--", "- -")),
            Child::Instruction(parts) if parts.is_empty() => "<?target?>".to_owned(),
            Child::Instruction(parts) => format!("<?target {}?>", joined(parts)),
        };
        out.push_str(&written);
    }
}
