//! What must hold of every document and every change of one, on random documents.

#[path = "common/generate.rs"]
mod generate;
#[path = "properties/spellings.rs"]
mod spellings;

use std::collections::BTreeMap;

use generate::{Without, trees};
use proptest::prelude::*;
use proptest::sample::Index;
use waxwing_xml::{
    Canonicalizer, Document, Element, Exclusive, Limits, Name, Node, NodeId, canonicalize,
};

fn limits() -> Limits {
    Limits { allow_processing_instructions: true, ..Limits::SOAP }
}

fn parse(text: &str) -> Document {
    Document::parse(text, &limits()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Texts of random documents.
fn texts() -> impl Strategy<Value = String> {
    trees().prop_map(|tree| tree.text(Without::Nothing))
}

fn canonical(element: Element<'_>) -> String {
    let mut octets = Vec::new();
    let parameters = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(element, &parameters, &mut octets);
    String::from_utf8(octets).expect("UTF-8")
}

fn elements(document: &Document) -> Vec<NodeId> {
    document.root().descendants_and_self().map(|e| e.id()).collect()
}

/// The tree is the same when it is written and read again, and so is the text.
fn assert_written_and_read(document: &Document) {
    let written = document.to_xml();
    let again = parse(&written);
    assert_eq!(canonical(document.root()), canonical(again.root()));
    assert_eq!(again.to_xml(), written);
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(text in texts()) {
        assert_written_and_read(&parse(&text));
    }

    /// Prefixes, declarations, comments, instructions and the form of empty elements stay too.
    #[test]
    fn writing_keeps_what_canonical_form_leaves_out(text in texts()) {
        let document = parse(&text);
        let again = parse(&document.to_xml());
        let of = |document: &Document| -> Vec<_> {
            let all = document.root().descendants_and_self();
            all.map(|e| {
                let declared = e.namespace_declarations();
                let declared: Vec<_> = declared.map(|(p, n)| (p.to_owned(), n.to_owned())).collect();
                let attributes = e.attributes().map(|a| (format!("{:?}", a.name()), a.value().to_owned()));
                let attributes: Vec<_> = attributes.collect();
                (e.qualified_name().into_owned(), declared, attributes, e.text().into_owned())
            })
            .collect()
        };
        prop_assert_eq!(of(&document), of(&again));
    }

    #[test]
    fn an_element_written_alone_stands_alone(text in texts(), which in any::<Index>()) {
        let document = parse(&text);
        let element = document.element(*which.get(&elements(&document)));
        let mut out = Vec::new();
        document.write_element_to(element.id(), &mut out);
        let alone = Document::parse(out, &limits()).expect("it declares what it uses");
        prop_assert_eq!(canonical(element), canonical(alone.root()));
    }

    #[test]
    fn an_imported_element_is_the_same(from in texts(), into in texts(), which in any::<Index>(), place in any::<Index>()) {
        let source = parse(&from);
        let mut target = parse(&into);
        let before = canonical(target.root());
        let element = source.element(*which.get(&elements(&source)));
        let parent = *place.get(&elements(&target));
        let copy = target.import(parent, element);
        prop_assert_eq!(canonical(target.element(copy)), canonical(element));
        prop_assert_eq!(target.element(copy).parent(), Some(target.element(parent)));
        prop_assert_eq!(target.element(copy).next_element(), None);
        assert_written_and_read(&target);
        target.detach(copy);
        prop_assert_eq!(canonical(target.root()), before);
    }

    /// Decryption puts back what encryption took out, whatever way it was written.
    #[test]
    fn a_fragment_in_the_place_of_an_element(text in texts(), which in any::<Index>(), alone in any::<bool>()) {
        let mut document = parse(&format!("<root>{text}</root>"));
        let all = elements(&document);
        let element = all[1 + which.index(all.len() - 1)];
        let before = canonical(document.root());
        let fragment = match alone {
            // In the context of its ancestors' declarations, as it stands.
            false => document.source_of(document.span(element)).as_bytes().to_vec(),
            true => {
                let mut out = Vec::new();
                document.write_element_to(element, &mut out);
                out
            }
        };
        let siblings = document.element(element).parent().map(|p| p.children().count());
        let parent = document.element(element).parent().expect("not the root").id();
        document.replace_with_fragment(element, &fragment, &limits()).expect("it was well-formed");
        prop_assert_eq!(canonical(document.root()), before);
        prop_assert_eq!(Some(document.element(parent).children().count()), siblings);
        prop_assert!(document.element(element).parent().is_none());
        assert_written_and_read(&document);
    }

    /// The same of an element's content.
    #[test]
    fn a_fragment_as_the_content_of_an_element(text in texts(), which in any::<Index>()) {
        let mut document = parse(&text);
        let element = *which.get(&elements(&document));
        let before = canonical(document.root());
        let mut content = Vec::new();
        document.write_children_to(element, &mut content);
        document.clear(element);
        prop_assert!(document.element(element).is_empty());
        document.append_fragment(element, &content, &limits()).expect("it was well-formed");
        prop_assert_eq!(canonical(document.root()), before);
        // What was added has its place in the source, behind what was there.
        for child in document.element(element).elements() {
            let source = document.source_of(child.span());
            prop_assert!(source.starts_with('<') && source.ends_with('>'));
            prop_assert!(child.span().start as usize >= text.len());
            prop_assert_eq!(document.source_of(child.name_span()), child.qualified_name());
        }
        assert_written_and_read(&document);
    }

    #[test]
    fn a_refused_fragment_leaves_no_trace(text in texts(), which in any::<Index>(), cut in any::<Index>()) {
        let mut document = parse(&text);
        let element = *which.get(&elements(&document));
        let before = (document.to_xml(), document.source().to_owned());
        let fragment = format!("<n xmlns='urn:new' a='&#x41;'>&lt;<!--x-->{text}");
        let mut end = cut.index(fragment.len());
        while !fragment.is_char_boundary(end) {
            end -= 1;
        }
        let fragment = fragment[..end].to_owned() + "</wrong>";
        document.append_fragment(element, fragment.as_bytes(), &limits()).expect_err("not well-formed");
        prop_assert_eq!((document.to_xml(), document.source().to_owned()), before);
    }

    /// What is omitted is as if it were not there.
    #[test]
    fn omitting_is_detaching(text in texts(), which in any::<Index>()) {
        let mut document = parse(&format!("<root>{text}</root>"));
        let all = elements(&document);
        let omitted = [all[1 + which.index(all.len() - 1)]];
        let mut without = Vec::new();
        let parameters = Exclusive { with_comments: true, omit: &omitted, ..Exclusive::default() };
        canonicalize(document.root(), &parameters, &mut without);
        document.detach(omitted[0]);
        prop_assert_eq!(String::from_utf8(without).expect("UTF-8"), canonical(document.root()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(document) = Document::parse(bytes, &limits()) {
            assert_written_and_read(&document);
        }
    }

    /// Names and texts of a program come back, whatever they hold.
    #[test]
    fn built_texts_come_back(value in any::<String>(), namespace in "[^\0-\x1f\u{fffe}\u{ffff}]{0,20}") {
        let carried = |c: char| match waxwing_xml::first_forbidden_character(c.encode_utf8(&mut [0; 4])) {
            Some(_) => '\u{fffd}',
            None => c,
        };
        let expected: String = value.chars().map(carried).collect();
        let mut document = Document::new(Name::new("p", "a", &namespace));
        let root = document.root().id();
        document.set_attribute(root, Name::new("q", "b", &namespace), &value);
        document.append_text(root, &value);
        let again = parse(&document.to_xml());
        prop_assert_eq!(again.root().namespace(), &namespace);
        prop_assert_eq!(again.root().attribute_ns(&namespace, "b"), Some(expected.as_str()));
        prop_assert_eq!(again.root().text(), expected);
    }
}

/// A change of a document; numbers choose among the elements that there are.
#[derive(Clone, Debug)]
enum Change {
    Append(usize, usize),
    Prepend(usize, usize),
    InsertBefore(usize, usize),
    Detach(usize),
    MoveLast(usize, usize),
    MoveFirst(usize, usize),
    MoveBefore(usize, usize),
    Clear(usize),
    SetAttribute(usize, usize, u8),
    RemoveAttribute(usize, usize),
    Declare(usize, usize, usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let node = || 0..40_usize;
    let name = || 0..NAMES.len();
    let change = prop_oneof![
        4 => (node(), name()).prop_map(|(n, name)| Change::Append(n, name)),
        2 => (node(), name()).prop_map(|(n, name)| Change::Prepend(n, name)),
        2 => (node(), name()).prop_map(|(n, name)| Change::InsertBefore(n, name)),
        1 => node().prop_map(Change::Detach),
        1 => (node(), node()).prop_map(|(a, b)| Change::MoveLast(a, b)),
        1 => (node(), node()).prop_map(|(a, b)| Change::MoveFirst(a, b)),
        1 => (node(), node()).prop_map(|(a, b)| Change::MoveBefore(a, b)),
        1 => node().prop_map(Change::Clear),
        4 => (node(), name(), any::<u8>()).prop_map(|(n, name, v)| Change::SetAttribute(n, name, v)),
        1 => (node(), name()).prop_map(|(n, name)| Change::RemoveAttribute(n, name)),
        2 => (node(), name(), name()).prop_map(|(n, p, ns)| Change::Declare(n, p, ns)),
    ];
    prop::collection::vec(change, 1..60)
}

const NAMES: [Name<'static>; 7] = [
    Name::new("", "a", ""),
    Name::new("p", "a", "urn:p"),
    Name::new("p", "a", "urn:q"),
    Name::new("q", "b", "urn:q"),
    Name::new("", "b", "urn:p"),
    Name::new("ns", "c", "urn:r"),
    Name::new("xml", "lang", waxwing_xml::XML_NAMESPACE),
];

/// What the document should be, in the plainest form.
#[derive(Default)]
struct Model {
    children: BTreeMap<NodeId, Vec<NodeId>>,
    parent: BTreeMap<NodeId, NodeId>,
    attributes: BTreeMap<NodeId, Vec<(&'static str, &'static str, String)>>,
}

impl Model {
    fn detach(&mut self, node: NodeId) {
        if let Some(parent) = self.parent.remove(&node) {
            self.children.entry(parent).or_default().retain(|child| *child != node);
        }
    }

    fn insert(&mut self, parent: NodeId, at: usize, node: NodeId) {
        self.children.entry(parent).or_default().insert(at, node);
        self.parent.insert(node, parent);
    }

    fn place(&self, node: NodeId) -> (NodeId, usize) {
        let parent = self.parent[&node];
        (parent, self.children[&parent].iter().position(|c| *c == node).expect("a child"))
    }

    fn count(&self, parent: NodeId) -> usize {
        self.children.get(&parent).map_or(0, Vec::len)
    }

    fn is_inside(&self, mut place: NodeId, node: NodeId) -> bool {
        while place != node {
            match self.parent.get(&place) {
                Some(parent) => place = *parent,
                None => return false,
            }
        }
        true
    }

    fn apply(&mut self, document: &mut Document, made: &mut Vec<NodeId>, change: &Change) {
        let node = |number: &usize| made[number % made.len()];
        match change {
            Change::Append(n, name) => {
                let (parent, at) = (node(n), self.count(node(n)));
                let new = document.append_element(parent, NAMES[*name]);
                self.insert(parent, at, new);
                made.push(new);
            }
            Change::Prepend(n, name) => {
                let parent = node(n);
                let new = document.prepend_element(parent, NAMES[*name]);
                self.insert(parent, 0, new);
                made.push(new);
            }
            Change::InsertBefore(n, name) if self.parent.contains_key(&node(n)) => {
                let (parent, at) = self.place(node(n));
                let new = document.insert_element_before(node(n), NAMES[*name]);
                self.insert(parent, at, new);
                made.push(new);
            }
            Change::Detach(n) => {
                document.detach(node(n));
                self.detach(node(n));
            }
            Change::MoveLast(a, b) if !self.is_inside(node(a), node(b)) && b % made.len() != 0 => {
                document.append_node(node(a), node(b));
                self.detach(node(b));
                self.insert(node(a), self.count(node(a)), node(b));
            }
            Change::MoveFirst(a, b) if !self.is_inside(node(a), node(b)) && b % made.len() != 0 => {
                document.prepend_node(node(a), node(b));
                self.detach(node(b));
                self.insert(node(a), 0, node(b));
            }
            Change::MoveBefore(a, b)
                if self.parent.contains_key(&node(a))
                    && !self.is_inside(node(a), node(b))
                    && b % made.len() != 0 =>
            {
                document.insert_node_before(node(a), node(b));
                self.detach(node(b));
                let (parent, at) = self.place(node(a));
                self.insert(parent, at, node(b));
            }
            Change::Clear(n) => {
                document.clear(node(n));
                for child in self.children.remove(&node(n)).unwrap_or_default() {
                    self.parent.remove(&child);
                }
            }
            Change::SetAttribute(n, name, value) => {
                let Name { local, namespace, .. } = NAMES[*name];
                let value = value.to_string();
                document.set_attribute(node(n), NAMES[*name], &value);
                let all = self.attributes.entry(node(n)).or_default();
                match all.iter_mut().find(|a| (a.0, a.1) == (namespace, local)) {
                    Some(same) => same.2 = value,
                    None => all.push((namespace, local, value)),
                }
            }
            Change::RemoveAttribute(n, name) => {
                let Name { local, namespace, .. } = NAMES[*name];
                document.remove_attribute(node(n), namespace, local);
                let all = self.attributes.entry(node(n)).or_default();
                all.retain(|a| (a.0, a.1) != (namespace, local));
            }
            Change::Declare(n, prefix, namespace) => {
                let (prefix, namespace) = (NAMES[*prefix].prefix, NAMES[*namespace].namespace);
                document.declare_namespace(node(n), prefix, namespace);
            }
            Change::InsertBefore(..)
            | Change::MoveLast(..)
            | Change::MoveFirst(..)
            | Change::MoveBefore(..) => {}
        }
    }

    fn assert_is(&self, document: &Document, made: &[NodeId]) {
        for id in made {
            let element = document.element(*id);
            let children: Vec<_> = element.child_ids().collect();
            let expected = self.children.get(id).cloned().unwrap_or_default();
            assert_eq!(children, expected);
            let parent = element.parent().map(|p| p.id());
            assert_eq!(parent, self.parent.get(id).copied());
            let attributes = element.attributes().map(|a| {
                let name = a.name();
                (name.namespace.to_owned(), name.local.to_owned(), a.value().to_owned())
            });
            let expected = self.attributes.get(id).into_iter().flatten();
            let expected: Vec<_> =
                expected.map(|(ns, l, v)| ((*ns).to_owned(), (*l).to_owned(), v.clone())).collect();
            assert_eq!(attributes.collect::<Vec<_>>(), expected);
        }
    }
}

proptest! {
    /// The tree does what a plain model does; written and read, it is the same.
    #[test]
    fn changes_do_what_a_plain_model_does(changes in changes()) {
        let mut document = Document::new(Name::new("r", "root", "urn:root"));
        let mut made = vec![document.root().id()];
        let mut model = Model::default();
        for change in &changes {
            model.apply(&mut document, &mut made, change);
            model.assert_is(&document, &made);
        }
        assert_written_and_read(&document);
        // Expanded names come back in document order.
        let again = parse(&document.to_xml());
        let names = |document: &Document| -> Vec<_> {
            let all = document.root().descendants_and_self();
            all.map(|e| (e.namespace().to_owned(), e.local_name().to_owned())).collect()
        };
        prop_assert_eq!(names(&document), names(&again));
    }

    /// Changes of a document that was read.
    #[test]
    fn changes_of_a_read_document(text in texts(), changes in changes()) {
        let mut document = parse(&text);
        let mut made = elements(&document);
        let mut model = Model::default();
        // Only elements are in the model: what else there is goes first.
        for id in made.clone() {
            let element = document.element(id);
            let others: Vec<_> = element
                .child_ids()
                .filter(|child| document.as_element(*child).is_none())
                .collect();
            others.into_iter().for_each(|child| document.detach(child));
        }
        for id in made.clone() {
            let element = document.element(id);
            let children: Vec<_> = element.child_ids().collect();
            model.parent.extend(children.iter().map(|child| (*child, id)));
            model.children.insert(id, children);
            assert!(document.element(id).children().all(|n| matches!(n, Node::Element(_))));
            // Names of the texts do not matter: the attributes start afresh.
            let names: Vec<_> = document.element(id).attributes().map(|a| {
                (a.name().namespace.to_owned(), a.name().local.to_owned())
            }).collect();
            for (namespace, local) in names {
                document.remove_attribute(id, &namespace, &local);
            }
        }
        for change in &changes {
            model.apply(&mut document, &mut made, change);
        }
        model.assert_is(&document, &made);
        assert_written_and_read(&document);
    }
}

proptest! {
    /// One canonicalizer writes of each element what one of its own writes, whatever it wrote before.
    #[test]
    fn elements_one_after_another_are_as_each_alone(
        text in texts(),
        picked in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..8),
    ) {
        let document = parse(&text);
        let all = elements(&document);
        let mut canonicalizer = Canonicalizer::new(&document);
        for (index, listed) in picked {
            let element = document.element(all[index.index(all.len())]);
            let inclusive_prefixes: &[&str] = if listed { &["#default", "p", "q"] } else { &[] };
            let parameters = Exclusive { inclusive_prefixes, ..Exclusive::default() };
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            canonicalizer.write(element, &parameters, &mut together);
            canonicalize(element, &parameters, &mut alone);
            prop_assert_eq!(String::from_utf8_lossy(&together), String::from_utf8_lossy(&alone));
        }
    }
}

/// What does not fit into the memory that it is collected in, names and namespaces too, comes out whole and in its order.
#[test]
fn pieces_of_any_size_are_canonicalized() {
    for size in [0, 1, 126, 127, 128, 129, 1900, 2047, 2048, 2049, 2176, 4096, 4097, 70_001] {
        let piece: String = ('a'..='z').cycle().take(size).collect();
        for before in
            ["", "x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
        {
            let name: String = format!("n{}", &piece[..size.min(1000)]);
            let text = format!(
                "<r><{name} xmlns=\"urn:{piece}\" b=\"{piece}&amp;\" a=\"{before}\">{before}{piece}&lt;<b>{piece}</b></{name}></r>"
            );
            let document = parse(&text);
            let mut octets = Vec::new();
            let inner = document.root().first_element().expect("an element");
            canonicalize(inner, &Exclusive::default(), &mut octets);
            let expected = format!(
                "<{name} xmlns=\"urn:{piece}\" a=\"{before}\" b=\"{piece}&amp;\">{before}{piece}&lt;<b>{piece}</b></{name}>"
            );
            assert!(String::from_utf8_lossy(&octets) == expected, "{size}, {before}");
        }
    }
}
