//! Canonicalization, structure and acceptance against other implementations, on random documents.
//!
//! `xmlsec1` (libxml2) is the judge of octets: a batch of documents goes through one run of the
//! program as a signature template with one reference per canonicalization. Where `xmlsec1` is not
//! installed, that test is left out, but never in continuous integration (`CI` is set).
//! `WAXWING_DIFFERENTIAL_SEED` chooses other documents than the usual ones.

#![allow(clippy::disallowed_methods)] // tests read files and the environment

#[path = "common/generate.rs"]
mod generate;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use generate::{PREFIXES, Tree, Without, trees};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sha2::{Digest, Sha256};
use waxwing_xml::{Document, Element, Exclusive, Limits, Node, ParseErrorKind, canonicalize};

/// Runs of `xmlsec1` with a hundred documents each.
const ROUNDS: usize = 10;
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// With processing instructions, which SOAP forbids and canonicalization knows.
fn limits() -> Limits {
    Limits { allow_processing_instructions: true, ..Limits::SOAP }
}

/// One canonicalization: of which element (in document order), how.
#[derive(Clone, Debug)]
struct Cut {
    element: usize,
    with_comments: bool,
    /// Bits choose from the prefixes; then "#default" and a prefix that is nowhere.
    prefixes: u8,
}

impl Cut {
    fn prefix_list(&self) -> Vec<&'static str> {
        let all = PREFIXES[1..].iter().copied().chain(["#default", "nowhere"]);
        all.enumerate().filter(|(i, _)| self.prefixes >> i & 1 == 1).map(|(_, p)| p).collect()
    }

    fn octets(&self, text: &str) -> Vec<u8> {
        let document = Document::parse(text, &limits()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let mut octets = Vec::new();
        let parameters = Exclusive {
            with_comments: self.with_comments,
            inclusive_prefixes: &self.prefix_list(),
            omit: &[],
        };
        let apex = document.root().descendants_and_self().nth(self.element);
        canonicalize(apex.expect("an element"), &parameters, &mut octets);
        octets
    }
}

/// A document and what to canonicalize of it: the whole in both ways and some subtrees.
fn cases() -> impl Strategy<Value = (Tree, Vec<Cut>)> {
    let cut = (any::<prop::sample::Index>(), any::<bool>(), any::<bool>(), any::<u8>());
    (trees(), prop::collection::vec(cut, 3)).prop_map(|(tree, cuts)| {
        let elements = tree.elements();
        let whole =
            [false, true].map(|with_comments| Cut { element: 0, with_comments, prefixes: 0 });
        let some = cuts.into_iter().map(|(index, with_comments, inclusive, prefixes)| Cut {
            element: index.index(elements),
            with_comments,
            prefixes: if inclusive { prefixes } else { 0 },
        });
        (tree, whole.into_iter().chain(some).collect())
    })
}

/// The digests that `xmlsec1` computes, or none when it refuses the batch.
fn digests(batch: &[(Tree, Vec<Cut>)], name: &str) -> Option<Vec<Vec<u8>>> {
    let (mut documents, mut references) = (String::new(), String::new());
    for (number, (tree, cuts)) in batch.iter().enumerate() {
        write!(documents, "<document>{}</document>", tree.text(Without::Ampersands))
            .expect("a string takes it");
        for cut in cuts {
            let path =
                format!("(/batch/document[{}]/descendant::*)[{}]", number + 1, cut.element + 1);
            let comments = if cut.with_comments { "WithComments" } else { "" };
            let prefixes = cut.prefix_list().join(" ");
            let list = match prefixes.is_empty() {
                true => String::new(),
                false => {
                    format!("<InclusiveNamespaces xmlns='{EXCLUSIVE}' PrefixList='{prefixes}'/>")
                }
            };
            write!(
                references,
                "<Reference URI='#xpointer({path})'><Transforms><Transform Algorithm='{EXCLUSIVE}{comments}'>\
                 {list}</Transform></Transforms><DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/>\
                 <DigestValue/></Reference>"
            )
            .expect("a string takes it");
        }
    }
    let template = format!(
        "<batch>{documents}<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo>\
         <CanonicalizationMethod Algorithm='{EXCLUSIVE}'/>\
         <SignatureMethod Algorithm='http://www.w3.org/2000/09/xmldsig#hmac-sha1'/>{references}\
         </SignedInfo><SignatureValue/></Signature></batch>"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |end: &str| folder.join(format!("{name}-{}.{end}", std::process::id()));
    let (input, key, output) = (file("xml"), file("key"), file("out"));
    std::fs::write(&input, template).expect("the folder is writable");
    std::fs::write(&key, "secret").expect("the folder is writable");
    let run = Command::new("xmlsec1")
        .args(["--sign", "--hmackey"])
        .arg(&key)
        .arg("--output")
        .args([&output, &input])
        .output()
        .expect("xmlsec1 is installed (Debian: xmlsec1)");
    let signed = run.status.success().then(|| std::fs::read_to_string(&output).expect("written"));
    for file in [input, key, output] {
        let _ = std::fs::remove_file(file);
    }
    let signed = signed?;
    let signature = &signed[signed.rfind("<SignedInfo>").expect("it is there")..];
    let values = signature.split("<DigestValue>").skip(1);
    let values = values.map(|rest| rest.split('<').next().expect("a piece"));
    Some(values.map(|value| STANDARD.decode(value).expect("base64")).collect())
}

/// The first canonicalization in which the two differ.
fn difference(batch: &[(Tree, Vec<Cut>)], name: &str) -> Option<(usize, Option<Cut>)> {
    let Some(digests) = digests(batch, name) else {
        // The program refuses the whole batch for one document: look for it.
        return match batch.len() {
            1 => Some((0, None)),
            _ => {
                let refused = |case: &_| digests_of_one(case, name).is_none();
                Some((batch.iter().position(refused).expect("one of them is refused"), None))
            }
        };
    };
    let mut theirs = digests.iter();
    for (number, (tree, cuts)) in batch.iter().enumerate() {
        let text = tree.text(Without::Ampersands);
        for cut in cuts {
            let ours = Sha256::digest(cut.octets(&text));
            if theirs.next().map(Vec::as_slice) != Some(ours.as_slice()) {
                return Some((number, Some(cut.clone())));
            }
        }
    }
    assert!(theirs.next().is_none(), "more digests than references");
    None
}

fn digests_of_one(case: &(Tree, Vec<Cut>), name: &str) -> Option<Vec<Vec<u8>>> {
    digests(std::slice::from_ref(case), name)
}

/// A generator of documents; the seed makes it repeatable.
fn runner(stream: u8) -> TestRunner {
    let seed = std::env::var("WAXWING_DIFFERENTIAL_SEED").ok();
    let seed = seed.map_or(1, |s| s.parse::<u64>().expect("WAXWING_DIFFERENTIAL_SEED is a number"));
    let mut bytes = [stream; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng)
}

#[test]
fn xmlsec1_digests_the_same_octets() {
    let is_there = Command::new("xmlsec1").arg("--version").output().is_ok();
    if !is_there && std::env::var_os("CI").is_none() {
        println!("left out: the program xmlsec1 is not installed");
        return;
    }
    let mut runner = runner(0);
    let mut compared = 0;
    for round in 0..ROUNDS {
        let mut made: Vec<_> =
            (0..100).map(|_| cases().new_tree(&mut runner).expect("a document")).collect();
        let batch: Vec<_> = made.iter().map(ValueTree::current).collect();
        compared += batch.iter().map(|(_, cuts)| cuts.len()).sum::<usize>();
        if let Some((number, _)) = difference(&batch, "batch") {
            report(&mut made[number], round * 100 + number);
        }
    }
    assert_eq!(compared, ROUNDS * 100 * 5);
}

/// Makes the document smaller as long as the two still differ, and fails with it.
fn report(made: &mut impl ValueTree<Value = (Tree, Vec<Cut>)>, number: usize) -> ! {
    let differ = |case| difference(&[case], "smaller");
    for _ in 0..400 {
        let changed = match differ(made.current()) {
            Some(_) => made.simplify(),
            None => made.complicate(),
        };
        if !changed {
            break;
        }
    }
    while differ(made.current()).is_none() && made.complicate() {}
    let text = made.current().0.text(Without::Ampersands);
    match differ(made.current()) {
        Some((_, Some(cut))) => panic!(
            "document {number}: {cut:?} {:?}\n{:?}\nours: {}",
            cut.prefix_list(),
            text,
            String::from_utf8_lossy(&cut.octets(&text))
        ),
        _ => panic!("document {number}: xmlsec1 refuses {:?}", text),
    }
}

fn element_ids(
    document: &uppsala::Document<'_>,
    at: uppsala::NodeId,
    ids: &mut Vec<uppsala::NodeId>,
) {
    if document.element(at).is_some() {
        ids.push(at);
    }
    document.children(at).into_iter().for_each(|child| element_ids(document, child, ids));
}

#[test]
fn bergshamra_canonicalizes_to_the_same_octets() {
    let mut runner = runner(1);
    for _ in 0..1500 {
        let (tree, cuts) = cases().new_tree(&mut runner).expect("a document").current();
        let text = tree.text(Without::Breaks);
        let document = uppsala::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let mut ids = Vec::new();
        element_ids(&document, document.root(), &mut ids);
        for cut in cuts {
            let apex = ids[cut.element];
            let set = match cut.with_comments {
                true => bergshamra_xml::NodeSet::tree_with_comments(apex, &document),
                false => bergshamra_xml::NodeSet::tree_without_comments(apex, &document),
            };
            let theirs = bergshamra_c14n::exclusive::canonicalize(
                &document,
                cut.with_comments,
                Some(&set),
                &cut.prefix_list(),
            );
            let theirs = String::from_utf8(theirs.expect(&text)).expect(&text);
            let ours = String::from_utf8(cut.octets(&text)).expect(&text);
            assert_eq!(ours, theirs, "{cut:?} {:?}\n{text:?}", cut.prefix_list());
        }
    }
}

/// One child: `e`lement, `t`ext, `c`omment or `p`rocessing instruction, and its text.
type Piece = (char, String);

/// Adds a child; text in several nodes becomes one, no text none. Of an instruction, the white space
/// between target and data is left out, as the other parser leaves it out.
fn add(pieces: &mut Vec<Piece>, kind: char, text: &str) {
    let space = [' ', '\n', '\t'];
    match (kind, pieces.last_mut()) {
        ('t', _) if text.is_empty() => {}
        ('t', Some(('t', before))) => before.push_str(text),
        ('p', _) => {
            let (target, data) = text.split_once(space).unwrap_or((text, ""));
            pieces.push((kind, format!("{target} {}", data.trim_matches(space))));
        }
        _ => pieces.push((kind, text.to_owned())),
    }
}

fn our_pieces(element: Element<'_>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for child in element.children() {
        match child {
            Node::Text(text) => add(&mut pieces, 't', text),
            Node::Element(_) => add(&mut pieces, 'e', ""),
            Node::Comment(text) => add(&mut pieces, 'c', text),
            Node::ProcessingInstruction(text) => add(&mut pieces, 'p', text),
        }
    }
    pieces
}

fn their_pieces(node: roxmltree::Node<'_, '_>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for child in node.children() {
        let text = child.text().unwrap_or_default();
        match (child.node_type(), child.pi()) {
            (roxmltree::NodeType::Text, _) => add(&mut pieces, 't', text),
            (roxmltree::NodeType::Element, _) => add(&mut pieces, 'e', ""),
            (roxmltree::NodeType::Comment, _) => add(&mut pieces, 'c', text),
            (_, pi) => {
                let pi = pi.expect("a document is no child");
                let whole = format!("{} {}", pi.target, pi.value.unwrap_or_default());
                add(&mut pieces, 'p', &whole);
            }
        }
    }
    pieces
}

/// The same names, attributes, texts, comments and instructions at the same places.
fn assert_same(ours: Element<'_>, theirs: roxmltree::Node<'_, '_>, text: &str) {
    let expanded = |namespace: Option<&str>, local: &str| {
        (namespace.unwrap_or_default().to_owned(), local.to_owned())
    };
    let tag = theirs.tag_name();
    let name = ours.name();
    let our_name = (name.namespace.to_owned(), name.local.to_owned());
    assert_eq!(our_name, expanded(tag.namespace(), tag.name()), "{text}");
    assert_eq!(ours.span().start as usize..ours.span().end as usize, theirs.range(), "{text}");
    let ours_attributes = ours.attributes().map(|a| {
        let span = a.value_span();
        let range = span.start as usize..span.end as usize;
        (expanded(Some(a.name().namespace), a.name().local), a.value().to_owned(), range)
    });
    let their_attributes = theirs
        .attributes()
        .map(|a| (expanded(a.namespace(), a.name()), a.value().to_owned(), a.range_value()));
    let ours_attributes: Vec<_> = ours_attributes.collect();
    assert_eq!(ours_attributes, their_attributes.collect::<Vec<_>>(), "{text}");
    assert_eq!(our_pieces(ours), their_pieces(theirs), "{text}");
    let our_elements: Vec<_> = ours.elements().collect();
    let their_elements: Vec<_> = theirs.children().filter(|n| n.is_element()).collect();
    for (ours, theirs) in our_elements.into_iter().zip(their_elements) {
        assert_same(ours, theirs, text);
    }
}

#[test]
fn roxmltree_reads_the_same_structure() {
    let mut runner = runner(2);
    for _ in 0..1500 {
        let text =
            trees().new_tree(&mut runner).expect("a document").current().text(Without::Breaks);
        let ours =
            Document::parse(text.as_str(), &limits()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let theirs = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_same(ours.root(), theirs.root_element(), &text);
    }
}

/// Documents with one piece put in or replaced: what two other parsers accept, we accept, and what
/// both refuse, we refuse.
#[test]
fn damaged_documents_are_judged_as_others_judge_them() {
    let mut runner = runner(3);
    let damage = [
        "<", ">", "&", "\"", "'", "/", "=", ":", " ", "x", "\u{1}", "]]>", "--", "xmlns", "<!", ";",
    ];
    let strategy = (trees(), any::<prop::sample::Index>(), 0..damage.len(), any::<bool>());
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..6000 {
        let (tree, place, with, replace) =
            strategy.new_tree(&mut runner).expect("a document").current();
        // Damage may put a tag into an instruction, where line ends count.
        let text = tree.text(Without::Breaks).replace("\r\n", "\n");
        let at = text.char_indices().nth(place.index(text.chars().count())).expect("a place").0;
        let after = if replace { text[at..].chars().next().map_or(0, char::len_utf8) } else { 0 };
        let damaged = format!("{}{}{}", &text[..at], damage[with], &text[at + after..]);
        let ours = Document::parse(damaged.as_str(), &limits());
        let theirs = roxmltree::Document::parse(&damaged);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                accepted += 1;
                // The other parser takes `p:xmlns` for a declaration.
                if damaged.contains(":xmlns") {
                    continue;
                }
                assert_same(ours.root(), theirs.root_element(), &damaged);
            }
            (Err(_), Err(_)) => refused += 1,
            (Err(error), Ok(_)) => {
                // Names that begin with a colon, colons in targets of instructions and prefixes
                // bound to nothing: Namespaces in XML 1.0 §3, §4, §7, which others forgive.
                let namespaces = match &error.kind {
                    ParseErrorKind::Name(name) => name.contains(':'),
                    kind => matches!(kind, ParseErrorKind::Declaration(_)),
                };
                let alone = uppsala::parse(&damaged).is_ok();
                assert!(namespaces || !alone, "we alone refuse: {error}\n{damaged:?}");
            }
            (Ok(_), Err(error)) => {
                let alone = uppsala::parse(&damaged).is_err();
                assert!(!alone, "we alone accept: {error}\n{damaged:?}");
            }
        }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}
