//! Content that somebody knows from its text: it is passed over, and no tree is made of it.

use super::{Parsed, Parser};
use crate::document::Document;
use crate::limits::Limits;
use crate::name::{NodeId, Span};
use crate::node::{NONE, Text, text_of, with_prefix};
use crate::scope::UNBOUND;

/// How deep elements are whose content may be passed over, the root counted: headers of a message.
const DEPTH: usize = 3;

/// Tells of a start tag, and of all the text behind it, how many octets of that are the content of its element and need not
/// be read. None where they must be; it is asked of each element at that depth until it knows one.
///
/// What it knows is **well-formed there**, since it has compared every octet with what may stand there, and has at most eight
/// levels of elements, eight attributes in a tag, sixteen different names of namespaces and prefixes, and names of 64 octets.
/// The end tag comes next, or it is not passed over.
///
/// What it found there it may [note](Notes), so that nobody has to look for it again.
pub type Passes = fn(&StartTag<'_>, &str, &mut Notes<'_>) -> Option<usize>;

/// Notes of who knows content from its text: where the pieces stand that differ from one message to the next.
#[derive(Debug)]
pub struct Notes<'n> {
    /// All the text from the content on.
    text: &'n str,
    noted: &'n mut Noted,
}

impl Notes<'_> {
    /// Begins notes that are [found](UnreadContent::noted) by this name: that of the form that the content has.
    pub fn begin(&mut self, name: &'static str) {
        self.noted.name = name;
        self.noted.places.clear();
        self.noted.places.reserve(USUAL_NOTES);
    }

    /// Notes a piece of the text. An empty one, or one of any other text, is noted as an empty one.
    pub fn push(&mut self, piece: &str) {
        let start = piece.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        let end = start.wrapping_add(piece.len());
        let is_within = start <= end && end <= self.text.len();
        let place = Span { start: start as u32, end: end as u32 };
        self.noted.places.push(if is_within { place } else { Span::default() });
    }
}

/// What was noted of the content that was passed over last: ranges of that content.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    name: &'static str,
    places: Vec<Span>,
}

impl Noted {
    pub(crate) fn clear(&mut self) {
        self.name = "";
        self.places.clear();
    }

    pub(crate) fn copy(&mut self, other: &Self) {
        self.name = other.name;
        self.places.clone_from(&other.places);
    }

    /// The octets that are held when it is cleared.
    pub(crate) fn capacity(&self) -> usize {
        self.places.capacity() * size_of::<Span>()
    }
}

/// Content that was [passed over](Document::parse_passing).
#[derive(Clone, Copy, Debug)]
pub struct UnreadContent<'d> {
    element: NodeId,
    text: &'d str,
    noted: &'d Noted,
}

impl<'d> UnreadContent<'d> {
    /// The element whose content it is.
    pub fn element(&self) -> NodeId {
        self.element
    }

    /// The content.
    pub fn text(&self) -> &'d str {
        self.text
    }

    /// The pieces of it that were noted by this name, in their order. None where nothing was.
    pub fn noted(&self, name: &str) -> Option<impl Iterator<Item = &'d str> + use<'d>> {
        let (text, places) = (self.text, &self.noted.places);
        let piece = |place: &Span| text.get(place.start as usize..place.end as usize);
        (self.noted.name == name)
            .then(|| places.iter().map(move |place| piece(place).unwrap_or_default()))
    }
}

/// A start tag whose content may be passed over.
pub struct StartTag<'t> {
    /// What stands between `<` and `>`.
    text: &'t str,
    /// Local name and namespace of the element around.
    parent: (&'t str, &'t str),
    namespace_of: &'t dyn Fn(&str) -> Option<&'t str>,
}

impl<'t> StartTag<'t> {
    /// What stands between `<` and `>`.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Local name and namespace of the element around it.
    pub fn parent(&self) -> (&'t str, &'t str) {
        self.parent
    }

    /// The namespace that a prefix is bound to inside. None for an unbound one.
    pub fn namespace_of(&self, prefix: &str) -> Option<&'t str> {
        (self.namespace_of)(prefix)
    }
}

impl std::fmt::Debug for StartTag<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartTag").field("text", &self.text).finish_non_exhaustive()
    }
}

/// The element of a document whose content was passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unread {
    pub(crate) node: u32,
    /// Its content.
    pub(crate) text: Span,
}

/// What passed content may have at most. Where a document has less room than that left, all of it is read.
const MOST_DEPTH: usize = 8;
const MOST_ATTRIBUTES: usize = 8;
const MOST_NAMES: usize = 16;
const MOST_NAME_LENGTH: usize = 64;

/// How many pieces are noted, about.
const USUAL_NOTES: usize = 40;

impl Parser<'_> {
    /// The content of the root element: all of it, or up to the end tag of an element whose content was passed over.
    pub(super) fn content_up_to_passed(&mut self, passes: Passes) -> Parsed<()> {
        self.content_until(NONE, |parser| {
            // The last node is open: its start tag was read just now.
            let is_opened =
                parser.depth == DEPTH && parser.current as usize + 1 == parser.document.nodes.len();
            is_opened && parser.pass_over(passes)
        })
    }

    /// Whether the content of the open element was passed over. Then its end tag comes next.
    fn pass_over(&mut self, passes: Passes) -> bool {
        let mut noted = std::mem::take(&mut self.document.noted);
        noted.clear();
        let node = *self.document.node(self.current);
        let prefix_len = self.document.names.prefix_len(node.binding);
        let name = with_prefix(node.local(), prefix_len);
        let (begin, behind) = (name.start as usize, &self.source[self.at..]);
        let tag = StartTag {
            text: &self.source[begin..self.at - 1],
            parent: self.expanded_name(node.parent),
            namespace_of: &|prefix| {
                let names = &self.document.names;
                let bound = self.scope.of(names.find_prefix(prefix)?).binding;
                let is_bound = bound != UNBOUND.binding;
                is_bound.then(|| names.namespace(names.binding(bound).namespace))
            },
        };
        let mut notes = Notes { text: behind, noted: &mut noted };
        let known = passes(&tag, behind, &mut notes);
        self.document.noted = noted;
        let Some(len) = known.filter(|len| self.has_room_for(*len)) else { return false };
        let name = &self.source[begin..begin + name.len as usize];
        let end = behind.get(len..).and_then(|end| end.strip_prefix("</"));
        let is_closed =
            end.and_then(|end| end.strip_prefix(name)).is_some_and(|end| end.starts_with('>'));
        if !is_closed {
            return false;
        }
        let text = Span { start: self.at as u32, end: (self.at + len) as u32 };
        self.at += len;
        self.document.unread = Some(Unread { node: self.current, text });
        true
    }

    /// Local name and namespace of an element of the source.
    fn expanded_name(&self, element: u32) -> (&str, &str) {
        let (node, names) = (self.document.node(element), &self.document.names);
        let Text { start, len } = node.local();
        let local = text_of(self.source, &self.document.extra, Text { start, len });
        (local, names.namespace(names.binding(node.binding).namespace))
    }

    /// Whether content of so many octets that is passed over is within the limits, whatever it has of what it may have.
    fn has_room_for(&self, len: usize) -> bool {
        let (limits, names) = (self.limits, &self.document.names);
        let declared = self.scope.undo.len() + MOST_NAMES;
        len > 0
            && self.depth + MOST_DEPTH <= limits.max_depth
            && MOST_ATTRIBUTES <= limits.max_attributes
            && declared <= limits.max_namespace_declarations
            && names.len() + MOST_NAMES <= limits.max_distinct_names
            && MOST_NAME_LENGTH <= limits.max_name_length
            && len <= limits.max_string_content_length
            // No node has less than one octet.
            && self.document.nodes.len() + len <= limits.max_nodes
    }
}

impl Document {
    /// What was [passed over](Self::parse_passing).
    pub fn unread(&self) -> Option<UnreadContent<'_>> {
        let Unread { node, text } = self.unread?;
        Some(UnreadContent {
            element: NodeId(node),
            text: self.source_of(text),
            noted: &self.noted,
        })
    }

    /// Makes the tree of what was passed over, in its place. Nothing is to be done where nothing was.
    pub fn read_unread(&mut self) {
        if let Some(Unread { node, text }) = self.unread.take() {
            self.read_again(NodeId(node), text);
        }
    }

    /// Leaves the element whose content was passed over without content, and gives what
    /// [`read_again`](Self::read_again) takes.
    pub fn leave_unread(&mut self) -> Option<(NodeId, Span)> {
        self.unread.take().map(|Unread { node, text }| (NodeId(node), text))
    }

    /// Makes the tree of content that was [left](Self::leave_unread), as the last of what the element holds.
    pub fn read_again(&mut self, element: NodeId, content: Span) {
        let text = content.start as usize..content.end as usize;
        // It was within the limits, whatever was added to the document since.
        let read = self.parse_within(element.0, text, &Limits::ANY);
        debug_assert!(read.is_ok(), "what is passed over is well-formed: {read:?}");
        if let Ok(holder) = read {
            let after = self.node(element.0).last;
            self.adopt_children(holder, element.0, after);
        }
    }

    /// Whether the content of this element, or of one in it, was passed over.
    pub(crate) fn holds_unread(&self, top: u32) -> bool {
        let Some(Unread { node, .. }) = self.unread else { return false };
        let some = |index: u32| (index != NONE).then_some(index);
        let outwards = std::iter::successors(some(node), |at| some(self.node(*at).parent));
        outwards.into_iter().any(|at| at == top)
    }

    /// A copy in which everything is read. Nodes have the same numbers in it.
    pub(crate) fn whole(&self) -> Self {
        let mut whole = self.clone();
        whole.read_unread();
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exclusive, Name, ParseError, canonicalize};

    const KNOWN: &str = r#"<q:i u:n="1"><q:j/>two</q:i><i xmlns="urn:i">three</i>"#;

    /// Knows that content, in an element of a header, where its prefixes are what they are meant to be.
    fn passes(tag: &StartTag<'_>, text: &str, notes: &mut Notes<'_>) -> Option<usize> {
        let is_meant = tag.parent() == ("h", "urn:u")
            && tag.text().starts_with("q:k")
            && tag.namespace_of("u") == Some("urn:u")
            && tag.namespace_of("q") == Some("urn:q");
        notes.begin("known");
        for piece in ["two", "", "three", "<b/>"] {
            notes.push(text.find(piece).map_or(piece, |at| &text[at..at + piece.len()]));
        }
        notes.push("of another text");
        (is_meant && text.starts_with(KNOWN)).then_some(KNOWN.len())
    }

    fn message(content: &str, behind: &str) -> String {
        format!(
            "<u:e xmlns:u='urn:u'><u:h><a/>\n<q:k z='1' xmlns:q='urn:q'>{content}</q:k>{behind}</u:h><b/></u:e>"
        )
    }

    fn both(text: &str, limits: &Limits) -> [Result<Document, ParseError>; 2] {
        [Document::parse(text, limits), Document::parse_passing(text, limits, passes)]
    }

    fn canonical(document: &Document) -> String {
        let mut octets = Vec::new();
        canonicalize(document.root(), &Exclusive::default(), &mut octets);
        String::from_utf8(octets).expect("UTF-8")
    }

    #[test]
    fn what_is_passed_over_is_written_copied_and_canonicalized_as_if_it_was_read() {
        let text = message(KNOWN, "<q:k xmlns:q='urn:q'/>");
        let [Ok(read), Ok(passed)] = both(&text, &Limits::SOAP) else { panic!("well-formed") };
        let content = passed.unread().expect("it is known");
        let unread = content.element();
        assert_eq!(content.text(), KNOWN);
        assert_eq!(passed.nodes.len() + 5, read.nodes.len());
        assert_eq!(passed.to_xml(), read.to_xml());
        assert_eq!(canonical(&passed), canonical(&read));
        let element = |document: &Document| {
            let (mut alone, mut inner) = (Vec::new(), Vec::new());
            document.write_element_to(unread, &mut alone);
            document.write_children_to(document.root().id(), &mut inner);
            [alone, inner].concat()
        };
        assert_eq!(element(&passed), element(&read));
        let imported = |document: &Document| {
            let mut other = Document::new(Name::local("other"));
            let root = other.root().id();
            other.import(root, document.element(unread));
            other.to_xml()
        };
        assert_eq!(imported(&passed), imported(&read));
        let mut copy = passed.clone();
        drop(passed);
        copy.read_unread();
        assert!(copy.unread().is_none());
        assert_eq!((copy.to_xml(), canonical(&copy)), (read.to_xml(), canonical(&read)));
        assert_eq!(copy.element(unread).elements().count(), 2);
    }

    #[test]
    fn what_was_noted_is_found_by_its_name_and_only_within_the_content() {
        let [_, Ok(passed)] = both(&message(KNOWN, ""), &Limits::SOAP) else {
            panic!("well-formed")
        };
        let pieces = |document: &Document| -> Option<Vec<String>> {
            let noted = document.unread()?.noted("known")?;
            Some(noted.map(str::to_owned).collect())
        };
        let noted = pieces(&passed).expect("it was noted");
        assert_eq!(noted, ["two", "", "three", "", ""]);
        assert!(passed.unread().expect("it is known").noted("unknown").is_none());
        let mut copy = passed.clone();
        drop(passed);
        copy.append_text(copy.root().id(), "more");
        assert_eq!(pieces(&copy), Some(noted));
        copy.read_unread();
        assert_eq!(pieces(&copy), None);
        drop(copy);
        // The next one has the same buffers, and nothing was noted of it.
        let next = Document::parse_passing(message(KNOWN, ""), &Limits::SOAP, |_, text, _| {
            text.starts_with(KNOWN).then_some(KNOWN.len())
        });
        let next = next.expect("well-formed");
        assert!(next.unread().is_some() && pieces(&next).is_none());
    }

    #[test]
    fn what_is_left_unread_can_be_read_again() {
        let [Ok(read), Ok(mut passed)] = both(&message(KNOWN, ""), &Limits::SOAP) else {
            panic!("well-formed")
        };
        let (element, content) = passed.leave_unread().expect("it is known");
        assert!(passed.unread().is_none() && passed.element(element).is_empty());
        passed.read_again(element, content);
        assert_eq!(passed.to_xml(), read.to_xml());
        let Ok(mut cleared) = Document::parse_passing(message(KNOWN, ""), &Limits::SOAP, passes)
        else {
            panic!("well-formed")
        };
        cleared.clear(element);
        assert!(cleared.unread().is_none() && !cleared.to_xml().contains("three"));
    }

    #[test]
    fn what_is_left_unread_can_be_read_again_when_all_room_is_taken() {
        let limits = Limits::SOAP;
        let Ok(mut passed) = Document::parse_passing(message(KNOWN, ""), &limits, passes) else {
            panic!("well-formed")
        };
        let (element, content) = passed.leave_unread().expect("it is known");
        // What comes behind it, decrypted say, may have as many names as a document may.
        let (root, names) = (passed.root().id(), limits.max_distinct_names - passed.names.len());
        let others: String = (0..names).map(|n| format!("<a xmlns='urn:{n}'/>")).collect();
        passed.append_fragment(root, others.as_bytes(), &limits).expect("within the limits");
        assert_eq!(passed.names.len(), limits.max_distinct_names);
        passed.read_again(element, content);
        assert_eq!(passed.element(element).elements().count(), 2);
    }

    #[test]
    fn only_known_content_in_a_header_is_passed_over() {
        let is_passed = |text: &str| {
            let [read, passed] = both(text, &Limits::SOAP);
            assert_eq!(read.as_ref().err(), passed.as_ref().err(), "{text}");
            let (Ok(read), Ok(mut passed)) = (read, passed) else { return false };
            let is_passed = passed.unread().is_some();
            passed.read_unread();
            assert_eq!(passed.to_xml(), read.to_xml());
            is_passed
        };
        let usual = message(KNOWN, "");
        assert!(is_passed(&usual));
        for (from, to) in [
            ("</q:k>", "<!----></q:k>"),
            ("</q:k>", " </q:k>"),
            ("</q:k>", "</q:k >"),
            ("</q:k>", "</q:kk>"),
            ("</q:k>", "</u:h>"),
            ("</q:k>", ""),
            ("three", "four"),
            ("<q:k z='1' ", "<q:k u:z='1' xmlns:u='urn:other' "),
            ("xmlns:q='urn:q'>", "xmlns:q='urn:q'><q:k>"),
            ("<u:h>", "<u:g><u:h>"),
            ("<u:h>", "<u:g>"),
        ] {
            assert!(!is_passed(&usual.replacen(from, to, 1)), "{to}");
        }
        // What is wrong behind it is told as ever; of two only the first is passed over.
        for behind in ["<a", "<p:a/>", "</u:e>", "&b;", "<a>]]></a>", "<a b=''  b=''/>"] {
            assert!(!is_passed(&message(KNOWN, behind)), "{behind}");
        }
        assert!(is_passed(&message(KNOWN, &format!("<q:k xmlns:q='urn:q'>{KNOWN}</q:k>"))));
    }

    #[test]
    fn where_there_is_little_room_everything_is_read() {
        let text = message(KNOWN, "");
        let soap = Limits::SOAP;
        for limits in [
            Limits { max_depth: 10, ..soap },
            Limits { max_attributes: 7, ..soap },
            Limits { max_namespace_declarations: 16, ..soap },
            Limits { max_distinct_names: 16, ..soap },
            Limits { max_name_length: 63, ..soap },
            Limits { max_string_content_length: KNOWN.len() - 1, ..soap },
            Limits { max_nodes: KNOWN.len(), ..soap },
        ] {
            let [read, passed] = both(&text, &limits);
            assert!(read.is_ok() && passed.is_ok_and(|passed| passed.unread().is_none()));
        }
        let [read, passed] = both(&text, &Limits { max_bytes: text.len() - 1, ..soap });
        assert_eq!(read.err(), passed.err());
    }
}
