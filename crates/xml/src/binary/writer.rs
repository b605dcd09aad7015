//! From the tree to records, those that WCF would choose.

mod text;

use smallvec::SmallVec;

use super::naming::{Naming, Scope};
use super::number::push_size;
use super::records;
use super::session::SentStrings;
use super::vocabulary::{Rules, Space, TextRule, Vocabulary};
use crate::arena::Arena;
use crate::document::Document;
use crate::element::Element;
use crate::intern::{Binding, EMPTY, XML};
use crate::name::NodeId;
use crate::node::{AttributeData, Kind, NONE, NodeData, Text};
use crate::writer::Rendered;

/// Appends the records of a document. `session` takes the strings that are new in a session;
/// [`SentStrings::take_block`] gives them.
///
/// Text that came from a value is a record of the value; other text is one by the rules of the vocabulary, or
/// characters. What is read is the same document in any case. Processing instructions are left out: there is no record
/// for them, and SOAP has none.
pub fn write(
    document: &Document,
    vocabulary: &Vocabulary,
    session: Option<&mut SentStrings>,
    out: &mut Vec<u8>,
) {
    write_ahead(document, vocabulary, session, None, out);
}

/// The same, but an element is written before all others and then put into its place: so its strings are known to the session
/// first.
pub fn write_ahead(
    document: &Document,
    vocabulary: &Vocabulary,
    session: Option<&mut SentStrings>,
    ahead: Option<Element<'_>>,
    out: &mut Vec<u8>,
) {
    let arena: &Arena = document;
    // Of text about half remains, where names and words of protocols are numbers.
    let texts = (arena.source.len() + arena.extra.len()) / 2 + arena.large.octets();
    out.reserve(arena.octets.len() + texts);
    let mut bindings: SmallVec<[Usage; 16]> =
        SmallVec::from_elem(Usage::default(), arena.names.binding_count());
    let scope = Rendered::new(&arena.names);
    let mut writer = Writer {
        whole: document,
        document: arena,
        vocabulary,
        session,
        out,
        scope,
        bindings: &mut bindings,
        naming: Naming::Known,
        rule: (NONE, None),
        text_at: None,
        ahead: (NONE, Vec::new()),
    };
    if let Some(element) = ahead {
        writer.write_ahead(element.id().0);
    }
    writer.node(arena.root);
}

struct Writer<'w> {
    whole: &'w Document,
    document: &'w Arena,
    vocabulary: &'w Vocabulary,
    session: Option<&'w mut SentStrings>,
    out: &'w mut Vec<u8>,
    scope: Rendered,
    /// How each binding is written.
    bindings: &'w mut [Usage],
    /// How names are written in the element that is open.
    naming: Naming,
    /// The element that was begun last, and the rule for its text.
    rule: (u32, Option<TextRule>),
    /// Where the text record begins that was written last, while nothing stands behind it.
    text_at: Option<usize>,
    /// An element that was written before, and its records.
    ahead: (u32, Vec<u8>),
}

/// How a binding is written: its prefix in names, its namespace in declarations, and names in the namespace.
#[derive(Clone, Copy, Default)]
struct Usage {
    /// The number of the namespace, counted from 1; 0 where it is written out.
    number: u32,
    /// What is added to the code of a record: one letter, counted from `a`; or one of the two below.
    prefix: u8,
    /// Whether names in the namespace are those of the vocabulary.
    names: bool,
    /// Before the first use nothing is known.
    known: bool,
}

/// No prefix.
const NO_PREFIX: u8 = 26;
/// Another prefix than one letter.
const LONG_PREFIX: u8 = 27;

const _: () = assert!(size_of::<Usage>() == 8, "it stays in a register");

/// The codes of a record that has a name: without prefix, with one that is written out, and with `a`, the first of those that
/// are in the code.
struct Codes {
    /// Of a name that is written out.
    text: [u8; 3],
    /// Of a name by its identifier.
    id: [u8; 3],
}

const ELEMENT: Codes = Codes {
    text: [records::SHORT_ELEMENT, records::ELEMENT, records::PREFIX_ELEMENT],
    id: [
        records::SHORT_DICTIONARY_ELEMENT,
        records::DICTIONARY_ELEMENT,
        records::PREFIX_DICTIONARY_ELEMENT,
    ],
};

const ATTRIBUTE: Codes = Codes {
    text: [records::SHORT_ATTRIBUTE, records::ATTRIBUTE, records::PREFIX_ATTRIBUTE],
    id: [
        records::SHORT_DICTIONARY_ATTRIBUTE,
        records::DICTIONARY_ATTRIBUTE,
        records::PREFIX_DICTIONARY_ATTRIBUTE,
    ],
};

/// A name as it is written.
enum Written<'w> {
    Id(u32),
    Text(&'w [u8]),
}

impl<'w> Writer<'w> {
    /// Writes an element where everything is declared that is around it, and keeps it for its place.
    fn write_ahead(&mut self, element: u32) {
        let document = self.document;
        let parent = |at: &u32| Some(document.node(*at).parent).filter(|at| *at != NONE);
        let around: SmallVec<[u32; 8]> = std::iter::successors(parent(&element), parent).collect();
        let mark = self.scope.mark();
        for at in around.into_iter().rev() {
            let node = document.node(at);
            let own = document.element_attributes(node).iter().map(|attribute| attribute.binding);
            let own = std::iter::once(node.binding).chain(own).filter(|own| *own != EMPTY);
            let declared = document.element_declarations(node).iter().copied();
            declared.chain(own).for_each(|binding| {
                self.scope.bind(&document.names, binding);
            });
        }
        let before = std::mem::take(self.out);
        self.node(element);
        self.ahead = (element, std::mem::replace(self.out, before));
        self.scope.close(mark);
        self.text_at = None;
    }

    /// The records of an element that was written before.
    #[cold]
    fn put_ahead(&mut self) {
        let (_, records) = std::mem::replace(&mut self.ahead, (NONE, Vec::new()));
        self.out.extend_from_slice(&records);
        self.text_at = None;
    }

    /// Without recursion: the depth of a tree may be a peer's choice.
    fn node(&mut self, top: u32) {
        let document = self.document;
        let has_values = !document.made.is_empty();
        // Elements that declare something or change how names are written, each with what was before.
        let mut marks: SmallVec<[(u32, (usize, Naming)); 8]> = SmallVec::new();
        let mut at = top;
        loop {
            let node = document.node(at);
            let mut last = at;
            if at == self.ahead.0 {
                self.put_ahead();
            } else if node.is_element() {
                let mark = (self.scope.mark(), self.naming);
                // (An item of an array has a value and nothing else.)
                let is_item = has_values && node.first == node.last && node.first != NONE;
                if let Some(end) = if is_item { self.array(at) } else { None } {
                    last = end;
                    self.leave(mark);
                } else {
                    self.start(at);
                    if node.first != NONE {
                        if mark != (self.scope.mark(), self.naming) {
                            marks.push((at, mark));
                        }
                        at = node.first;
                        continue;
                    }
                    if document.tag(node).pair {
                        self.text_record(records::EMPTY_TEXT);
                    }
                    self.end();
                    self.leave(mark);
                }
            } else {
                self.leaf(node);
            }
            at = last;
            loop {
                if at == top {
                    return;
                }
                let node = document.node(at);
                if node.next != NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                self.end();
                if let Some((_, mark)) = marks.last().filter(|(element, _)| *element == at) {
                    self.leave(*mark);
                    marks.pop();
                }
            }
        }
    }

    /// Ends an element: by the text before, or by a record.
    #[inline]
    fn end(&mut self) {
        match self.text_at.take() {
            Some(at) => self.out[at] |= 1,
            None => self.out.push(records::END_ELEMENT),
        }
    }

    #[inline(always)]
    fn leave(&mut self, (mark, naming): (usize, Naming)) {
        self.scope.close(mark);
        self.naming = naming;
    }

    /// The record of an element and those of its attributes and declarations, attributes first as WCF writes.
    fn start(&mut self, at: u32) {
        let document = self.document;
        let node = document.node(at);
        self.text_at = None;
        let number = self.number(document.bytes(node.local()), node.binding);
        let scope = match number.and_then(|number| self.vocabulary.rules(number)) {
            Some(rules) => self.by_rules(at, rules),
            None => {
                self.rule = (at, None);
                Scope::all(self.naming)
            }
        };
        self.name(node.local(), node.binding, (number, scope.name), &ELEMENT);
        if node.tag == 0 {
            // What most elements look like: nothing stands in the tag but the name.
            if self.scope.bind(&document.names, node.binding) {
                self.declaration(node.binding, scope.attributes);
            }
            return;
        }
        let attributes = document.element_attributes(node);
        for attribute in attributes {
            self.attribute(attribute, at, scope.attributes);
        }
        let declarations = document.element_declarations(node);
        // What only a qualified name in the content needs is no name of a vocabulary.
        let others = match self.rule.1 {
            Some(TextRule::QName) => Naming::Plain,
            _ => scope.declarations,
        };
        for declared in declarations {
            let own = *declared == node.binding;
            self.declaration(*declared, if own { scope.attributes } else { others });
            self.scope.bind(&document.names, *declared);
        }
        if self.scope.bind(&document.names, node.binding) {
            self.declaration(node.binding, scope.attributes);
        }
        for attribute in attributes {
            if attribute.binding != EMPTY && self.scope.bind(&document.names, attribute.binding) {
                self.declaration(attribute.binding, scope.declarations);
            }
        }
        self.text_at = None;
    }

    /// How an element is written that has rules, and what stands in it.
    #[inline(never)]
    fn by_rules(&mut self, at: u32, rules: &'w Rules) -> Scope {
        let scope = match rules.scope {
            Some(rule) => rule(self.whole.element(NodeId(at)), self.naming),
            None => Scope::all(self.naming),
        };
        self.naming = scope.content;
        self.rule = (at, self.kept(rules.text));
        scope
    }

    /// The record of an element or attribute without its content; `number` is that of its name in the vocabulary.
    #[inline(always)]
    fn name(
        &mut self,
        local: Text,
        binding: u16,
        (number, naming): (Option<u32>, Naming),
        codes: &'static Codes,
    ) {
        match number {
            Some(number) if naming == Naming::Known => self.name_id(number << 1, binding, codes),
            _ => self.other_name(local, binding, naming, codes),
        }
    }

    /// A name by its identifier.
    #[inline(always)]
    fn name_id(&mut self, id: u32, binding: u16, codes: &'static Codes) {
        let prefix = self.usage(binding).prefix;
        let code = codes.id[2].wrapping_add(prefix);
        match id {
            // What nearly every name of a protocol looks like: a prefix of one letter, an identifier of one or two octets.
            ..0x80 if prefix < NO_PREFIX => self.out.extend_from_slice(&[code, id as u8]),
            ..0x4000 if prefix < NO_PREFIX => {
                self.out.extend_from_slice(&[code, id as u8 | 0x80, (id >> 7) as u8])
            }
            _ => {
                self.name_code(binding, codes.id);
                push_size(self.out, id);
            }
        }
    }

    /// The same for a name that is written out, or is one of the session.
    #[inline(never)]
    fn other_name(&mut self, local: Text, binding: u16, naming: Naming, codes: &'static Codes) {
        let local = self.document.bytes(local);
        // WCF writes `xml:lang` and the like out in sessions, too.
        if naming != Naming::Plain
            && binding != XML
            && let Written::Id(id) = self.of_session(local)
        {
            return self.name_id(id, binding, codes);
        }
        let prefix = self.usage(binding).prefix;
        if prefix < NO_PREFIX && local.len() < 0x80 {
            self.out.extend_from_slice(&[codes.text[2] + prefix, local.len() as u8]);
            self.out.extend_from_slice(local);
        } else {
            self.name_code(binding, codes.text);
            push_string(self.out, local);
        }
    }

    /// The code of an element or attribute, with its prefix.
    #[inline(never)]
    fn name_code(&mut self, binding: u16, [short, with_prefix, letter]: [u8; 3]) {
        match self.usage(binding).prefix {
            number @ 0..NO_PREFIX => self.out.push(letter + number),
            NO_PREFIX => self.out.push(short),
            _ => {
                self.out.push(with_prefix);
                let names = &self.document.names;
                push_string(self.out, names.prefix(names.binding(binding).prefix).as_bytes());
            }
        }
    }

    /// The number of a name in the namespace of a binding, if it is one of the vocabulary.
    #[inline(always)]
    pub(super) fn number(&mut self, name: &[u8], owner: u16) -> Option<u32> {
        match self.usage(owner).names {
            true => self.vocabulary.number_of(name),
            false => None,
        }
    }

    #[inline(always)]
    fn usage(&mut self, binding: u16) -> Usage {
        match self.bindings[usize::from(binding)] {
            usage if usage.known => usage,
            _ => self.first_use(binding),
        }
    }

    #[inline(never)]
    fn first_use(&mut self, binding: u16) -> Usage {
        let names = &self.document.names;
        let Binding { prefix, namespace } = names.binding(binding);
        let prefix = match names.prefix(prefix).as_bytes() {
            [] => NO_PREFIX,
            [letter @ b'a'..=b'z'] => letter - b'a',
            _ => LONG_PREFIX,
        };
        let Space { names, number } = self.vocabulary.space(names.namespace(namespace));
        let number = number.map_or(0, |number| number + 1);
        let usage = Usage { number, prefix, names, known: true };
        self.bindings[usize::from(binding)] = usage;
        usage
    }

    /// A string by the session, where there is one with room.
    fn of_session<'n>(&mut self, text: &'n [u8]) -> Written<'n> {
        let session = self.session.as_deref_mut().and_then(|session| session.number_of(text));
        session.map_or(Written::Text(text), |number| Written::Id(number << 1 | 1))
    }

    fn string(&mut self, string: Written<'_>) {
        match string {
            Written::Id(id) => push_size(self.out, id),
            Written::Text(text) => push_string(self.out, text),
        }
    }

    fn attribute(&mut self, attribute: &AttributeData, element: u32, naming: Naming) {
        let document = self.document;
        // The namespace of the element says by which dictionary a name without namespace is written.
        let owner = match attribute.binding {
            EMPTY => document.node(element).binding,
            own => own,
        };
        let number = self.number(document.bytes(attribute.local()), owner);
        self.name(attribute.local(), attribute.binding, (number, naming), &ATTRIBUTE);
        let value = document.bytes(attribute.value);
        let rules = number.and_then(|number| self.vocabulary.rules(number));
        let rule = match rules.and_then(|rules| rules.attribute) {
            Some(rule) if naming != Naming::Plain => {
                rule(self.whole.element(NodeId(element)), value)
            }
            _ => None,
        };
        match rule {
            Some(TextRule::Named) => self.named(value, naming),
            Some(rule) => self.by_rule(rule, value, element, false),
            None => self.characters(value),
        }
    }

    /// A declaration, and how its namespace is written.
    fn declaration(&mut self, binding: u16, naming: Naming) {
        let usage = self.usage(binding);
        let number = match naming {
            Naming::Known => usage.number.checked_sub(1),
            Naming::Shared | Naming::Plain => None,
        };
        if let (Some(number), prefix @ 0..NO_PREFIX) = (number, usage.prefix) {
            // What nearly every namespace of a protocol looks like.
            self.out.extend_from_slice(&[records::DICTIONARY_XMLNS, 1, b'a' + prefix]);
            return push_size(self.out, number << 1);
        }
        let names = &self.document.names;
        let binding = names.binding(binding);
        let (prefix, namespace) =
            (names.prefix(binding.prefix), names.namespace(binding.namespace));
        let namespace = match number {
            Some(number) => Written::Id(number << 1),
            None if naming == Naming::Plain || namespace.is_empty() => {
                Written::Text(namespace.as_bytes())
            }
            None => self.of_session(namespace.as_bytes()),
        };
        let known = matches!(namespace, Written::Id(_));
        if prefix.is_empty() {
            self.out.push(if known {
                records::SHORT_DICTIONARY_XMLNS
            } else {
                records::SHORT_XMLNS
            });
        } else {
            self.out.push(if known { records::DICTIONARY_XMLNS } else { records::XMLNS });
            push_string(self.out, prefix.as_bytes());
        }
        self.string(namespace);
    }

    fn leaf(&mut self, node: &NodeData) {
        match node.kind() {
            Kind::Text => self.text(node),
            Kind::Comment => {
                let text = self.document.bytes(node.content());
                self.text_at = None;
                self.out.push(records::COMMENT);
                push_string(self.out, text);
            }
            Kind::ProcessingInstruction | Kind::Element => {}
        }
    }
}

/// Appends a string with its size (MC-NBFX §2.1.3). (A document holds less than 2 GiB of text.)
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    push_size(out, text.len() as u32);
    out.extend_from_slice(text);
}
