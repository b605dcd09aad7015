//! Canonicalization against the public vectors of W3C, Merlin, Phaos, Aleksey Sanin, Microsoft and
//! Apache Santuario (`testdata/xmlsec`).
//!
//! Every reference of every signature is either computed, and its digest compared, or named with the
//! reason in `outcomes.txt`, which the test compares as a whole: nothing falls out unnoticed. What
//! inclusive canonicalization made is computed too where the two algorithms agree: exclusive
//! canonicalization with every prefix in the `InclusiveNamespaces` list is the inclusive one, as long
//! as no `xml:` attribute is inherited from above the subtree.

mod signature;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest;
use waxwing_xml::{
    Document, Element, Exclusive, Limits, NodeId, ParseErrorKind, XML_NAMESPACE, canonicalize,
};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const INCLUSIVE_11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const OUTCOMES: &str = include_str!("outcomes.txt");

/// The packed vectors: text files, and the others in base64.
struct Vectors {
    texts: BTreeMap<String, String>,
    binary: BTreeMap<String, Vec<u8>>,
}

fn vectors() -> Vectors {
    let packed = include_bytes!("../../../../testdata/xmlsec/vectors.json.gz");
    let mut json = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut json).expect("gzip");
    let all: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let entries = |key: &str| {
        let object = all[key].as_object().expect("an object").clone();
        object.into_iter().map(|(name, value)| (name, value.as_str().expect("text").to_owned()))
    };
    let bytes = |text: String| STANDARD.decode(text).expect("base64");
    Vectors {
        texts: entries("texts").collect(),
        binary: entries("base64").map(|(name, text)| (name, bytes(text))).collect(),
    }
}

fn limits() -> Limits {
    Limits { allow_processing_instructions: true, ..Limits::SOAP }
}

/// A canonicalization method as an algorithm identifier names it.
#[derive(Clone)]
struct Method {
    exclusive: bool,
    with_comments: bool,
    prefixes: Vec<String>,
}

impl Method {
    /// The method of a `CanonicalizationMethod` or `Transform`.
    fn of(element: Element<'_>) -> Option<Self> {
        let algorithm = element.attribute("Algorithm").unwrap_or_default();
        let (base, with_comments) = match algorithm.strip_suffix("WithComments") {
            Some(base) => (base.trim_end_matches('#'), true),
            None => (algorithm.trim_end_matches('#'), false),
        };
        let exclusive = base == EXCLUSIVE.trim_end_matches('#');
        if !exclusive && base != INCLUSIVE && base != INCLUSIVE_11 {
            return None;
        }
        let list = element
            .child(EXCLUSIVE, "InclusiveNamespaces")
            .and_then(|e| e.attribute("PrefixList"))
            .unwrap_or_default();
        let prefixes = list.split_ascii_whitespace().map(str::to_owned).collect();
        Some(Self { exclusive, with_comments, prefixes })
    }

    /// What a same-document reference without canonicalization transform gets (XML Signature §4.3.3.2).
    fn implied() -> Self {
        Self { exclusive: false, with_comments: false, prefixes: Vec::new() }
    }

    /// The canonical octets of a subtree; none when inclusive canonicalization would say something
    /// that no parameter of the exclusive one says.
    fn octets(&self, element: Element<'_>, omit: &[NodeId]) -> Option<Vec<u8>> {
        let mut prefixes: Vec<&str> = self.prefixes.iter().map(String::as_str).collect();
        let mut above = std::iter::successors(element.parent(), Element::parent);
        if !self.exclusive {
            let is_xml =
                |e: Element<'_>| e.attributes().any(|a| a.name().namespace == XML_NAMESPACE);
            if above.any(is_xml) {
                return None;
            }
            let all = element.document().root().descendants_and_self();
            let declared = all.flat_map(|e| e.namespace_declarations());
            prefixes.extend(declared.map(|(p, _)| if p.is_empty() { "#default" } else { p }));
        }
        let parameters =
            Exclusive { with_comments: self.with_comments, inclusive_prefixes: &prefixes, omit };
        let mut octets = Vec::new();
        canonicalize(element, &parameters, &mut octets);
        Some(octets)
    }
}

fn digest(algorithm: &str, octets: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm.rsplit(['#', '/']).next()? {
        "sha1" => sha1::Sha1::digest(octets).to_vec(),
        "sha224" => sha2::Sha224::digest(octets).to_vec(),
        "sha256" => sha2::Sha256::digest(octets).to_vec(),
        "sha384" => sha2::Sha384::digest(octets).to_vec(),
        "sha512" => sha2::Sha512::digest(octets).to_vec(),
        _ => return None,
    })
}

/// Base64 with white space in it.
fn decode(text: &str) -> Vec<u8> {
    let packed: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(packed).expect("base64")
}

/// What a reference names: the element, and whether its comments are in the node set.
fn target<'a>(document: &'a Document, uri: &str) -> Result<(Element<'a>, bool), &'static str> {
    let pointer = |uri: &str| {
        let inner = uri.strip_prefix("#xpointer(id('")?.strip_suffix("'))")?;
        Some(inner.to_owned())
    };
    let (id, with_comments) = match uri {
        "" => return Ok((document.root(), false)),
        "#xpointer(/)" => return Ok((document.root(), true)),
        _ => match pointer(uri) {
            Some(id) => (id, true),
            None => (uri.strip_prefix('#').ok_or("external")?.to_owned(), false),
        },
    };
    let is = |e: &Element<'_>| {
        e.attribute("Id").or(e.attribute_ns(XML_NAMESPACE, "id")) == Some(id.as_str())
    };
    let found = document.root().descendants_and_self().find(is).ok_or("no such id")?;
    Ok((found, with_comments))
}

/// Whether something stands outside the root element, which canonical form of a document has and
/// the tree has not.
fn outside(document: &Document, comments: bool) -> bool {
    let span = document.root().span();
    let source = document.source();
    let around = [&source[..span.start as usize], &source[span.end as usize..]];
    let instruction = |text: &str| text.replace("<?xml version", "").contains("<?");
    around.iter().any(|text| instruction(text) || (comments && text.contains("<!--")))
}

/// Computes one reference: which canonicalization proved it, or why not.
fn reference(document: &Document, reference: Element<'_>) -> Result<&'static str, String> {
    let uri = reference.attribute("URI").ok_or("no URI")?;
    let (element, node_set_has_comments) = target(document, uri)?;
    let mut method = Method::implied();
    let mut omit = Vec::new();
    let transforms = reference.child(DSIG, "Transforms");
    for transform in transforms.iter().flat_map(Element::elements) {
        match Method::of(transform) {
            Some(found) => method = found,
            None if transform.attribute("Algorithm") == Some(ENVELOPED) => {
                let mut around = std::iter::successors(reference.parent(), Element::parent);
                omit.push(around.find(|e| e.is(DSIG, "Signature")).ok_or("no signature")?.id());
            }
            None => {
                let algorithm = transform.attribute("Algorithm").unwrap_or_default();
                let name = algorithm.rsplit(['#', '/']).find(|n| !n.is_empty());
                return Err(format!("transform {}", name.unwrap_or_default()));
            }
        }
    }
    method.with_comments &= node_set_has_comments;
    if element == document.root() && outside(document, method.with_comments) {
        return Err("nodes outside the root element".into());
    }
    let octets = method.octets(element, &omit).ok_or("inherited xml attributes")?;
    let algorithm = reference.child(DSIG, "DigestMethod").and_then(|e| e.attribute("Algorithm"));
    let algorithm = algorithm.ok_or("no digest method")?;
    let computed = digest(algorithm, &octets)
        .ok_or_else(|| format!("digest {}", algorithm.rsplit('#').next().unwrap_or_default()))?;
    let expected = decode(&reference.child(DSIG, "DigestValue").ok_or("no value")?.text());
    Ok(match (computed == expected, method.exclusive) {
        (true, true) => "holds, exclusive",
        (true, false) => "holds, inclusive",
        (false, _) => "DIFFERS",
    })
}

/// A line for the file, its references and the signatures in it.
fn outcome(vectors: &Vectors, name: &str, text: &str) -> String {
    let mut lines = String::new();
    let document = match Document::parse(text, &limits()) {
        Ok(document) => document,
        Err(error) => return format!("{name}: refused, {}\n", error.kind),
    };
    let all = || document.root().descendants_and_self();
    for (number, found) in all().filter(|e| e.is(DSIG, "Reference")).enumerate() {
        let result = reference(&document, found).map_or_else(|e| e, str::to_owned);
        writeln!(lines, "{name} reference {number}: {result}").expect("a string takes it");
    }
    for (number, found) in all().filter(|e| e.is(DSIG, "Signature")).enumerate() {
        let result = signature::check(vectors, name, found).map_or_else(|e| e, str::to_owned);
        writeln!(lines, "{name} signature {number}: {result}").expect("a string takes it");
    }
    lines
}

#[test]
fn every_reference_and_signature_is_as_listed() {
    let vectors = vectors();
    let signed = vectors.texts.iter().filter(|(name, _)| !name.contains("c14n/in"));
    let signed = signed.filter(|(name, _)| !name.ends_with(".hmac"));
    let found: String = signed.map(|(name, text)| outcome(&vectors, name, text)).collect();
    if found != OUTCOMES {
        println!("{found}"); // the test's output is the new list
    }
    for (found, listed) in found.lines().zip(OUTCOMES.lines()) {
        assert_eq!(found, listed, "the first line that is not as listed");
    }
    assert_eq!(found, OUTCOMES);
}

#[test]
fn the_list_proves_what_it_should() {
    let count = |part: &str| OUTCOMES.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count(": holds, exclusive"), 33);
    assert_eq!(count(": holds, inclusive"), 243);
    // What is out of scope: referenced files that are not here, transforms and algorithms that no
    // suite of WCF uses, keys that have to be looked up, what XML Signature 1.0 forbids today.
    assert_eq!(count(": external"), 66);
    assert_eq!(count(": transform "), 44);
    assert_eq!(count(": the key is elsewhere"), 23);
    assert_eq!(count(": an encrypted key"), 10);
    assert_eq!(count(": truncated HMAC"), 6);
    assert_eq!(count(": inherited xml attributes"), 1);
    assert_eq!(count(": digest md5") + count(": method hmac-"), 4);
    assert_eq!(count(": refused, a document type declaration is not allowed"), 2);
    // Vectors that were made not to hold.
    let bad = OUTCOMES.lines().filter(|line| line.ends_with(": DIFFERS"));
    assert!(bad.clone().all(|line| line.contains("signature-rsa-enveloped-bad-")));
    assert_eq!(bad.count(), 3);
    assert_eq!(OUTCOMES.lines().count(), 435);
}

/// The examples of the Exclusive Canonicalization recommendation and of Apache Santuario: octets.
#[test]
fn exclusive_examples_give_the_octets_expected() {
    let vectors = vectors();
    let folder = "apache-santuario/org/apache/xml/security/c14n/inExcl";
    let exclusive = Method { exclusive: true, with_comments: false, prefixes: Vec::new() };
    let inclusive = Method::implied();
    let cases = [
        ("example2_2_1.xml", "elem2", &exclusive, "example2_2_c14nized_exclusive.xml"),
        ("example2_2_2.xml", "elem2", &exclusive, "example2_2_c14nized_exclusive.xml"),
        ("example2_2_1.xml", "elem2", &inclusive, "example2_2_1_c14nized.xml"),
        ("example2_2_3.xml", "p", &exclusive, "example2_2_3_c14nized_exclusive.xml"),
        ("example2_4.xml", "elem2", &exclusive, "example2_4_c14nized.xml"),
        (
            "../in/default_ns_redefinition_input.xml",
            "Object",
            &exclusive,
            "../in/default_ns_redefinition_c14n.xml",
        ),
        ("plain-soap-1.1.xml", "Body", &exclusive, "plain-soap-c14nized.xml"),
    ];
    for (input, apex, method, output) in cases {
        let text = |name: &str| match name.strip_prefix("../") {
            Some(beside) => &vectors.texts[&format!("{folder}/{beside}").replace("/inExcl", "")],
            None => &vectors.texts[&format!("{folder}/{name}")],
        };
        let document = Document::parse(text(input).as_str(), &limits()).expect(input);
        let mut all = document.root().descendants_and_self();
        let apex = all.find(|e| e.local_name() == apex).expect(input);
        let octets = method.octets(apex, &[]).expect(input);
        assert_eq!(String::from_utf8(octets).expect(input), *text(output), "{input}");
    }
}

/// The examples of the Canonical XML recommendation, of which inclusive and exclusive
/// canonicalization of a whole document agree; most have a document type declaration.
#[test]
fn examples_of_canonical_xml_agree_or_are_refused() {
    let vectors = vectors();
    let folder = "apache-santuario/org/apache/xml/security/c14n/in";
    let text = |name: &str| vectors.texts.get(&format!("{folder}/{name}"));
    let mut outcomes = Vec::new();
    for name in ["31", "32", "33", "34", "35", "36", "37", "38"] {
        let input = text(&format!("{name}_input.xml"));
        let bytes = match input {
            Some(text) => text.clone().into_bytes(),
            None => vectors.binary[&format!("{folder}/{name}_input.xml")].clone(),
        };
        let outcome = match Document::parse(bytes, &limits()) {
            Err(error) => {
                let forbidden = matches!(error.kind, ParseErrorKind::Forbidden(_));
                assert!(forbidden || matches!(error.kind, ParseErrorKind::Encoding(_)), "{error}");
                error.kind.to_string()
            }
            Ok(document) => {
                let octets = Method::implied().octets(document.root(), &[]).expect(name);
                let expected = text(&format!("{name}_c14n.xml")).expect(name);
                let octets = String::from_utf8(octets).expect(name);
                assert_eq!(octets, *expected, "{name}");
                "agrees".to_owned()
            }
        };
        outcomes.push(format!("{name}: {outcome}"));
    }
    let expected = [
        "31: a document type declaration is not allowed",
        "32: agrees",
        "33: a document type declaration is not allowed",
        "34: a document type declaration is not allowed",
        "35: a document type declaration is not allowed",
        "36: an encoding other than UTF-8 and UTF-16 is not allowed",
        "37: a document type declaration is not allowed",
        "38: a document type declaration is not allowed",
    ];
    assert_eq!(outcomes, expected);
}

/// The vector's text in UTF-16 of both byte orders has the canonical form of the UTF-8 one; a
/// declaration that contradicts the octets is refused (XML 1.0 §4.3.3).
#[test]
fn utf_16_has_the_canonical_form_of_utf_8() {
    let vectors = vectors();
    let name =
        "apache-santuario/org/apache/xml/security/c14n/in/testTranslationFromUTF16toUTF8.xml";
    let utf_8 = vectors.texts[name].clone();
    let utf_16 = format!("<?xml version='1.0' encoding='UTF-16'?>{utf_8}");
    let canonical = |bytes: Vec<u8>| {
        let document = Document::parse(bytes, &limits()).expect(name);
        Method::implied().octets(document.root(), &[]).expect(name)
    };
    let mark = "\u{FEFF}".encode_utf16().chain(utf_16.encode_utf16());
    let big: Vec<u8> = mark.clone().flat_map(u16::to_be_bytes).collect();
    let little: Vec<u8> = mark.flat_map(u16::to_le_bytes).collect();
    let expected = canonical(utf_8.into_bytes());
    assert_eq!(canonical(big), expected);
    assert_eq!(canonical(little), expected);
    let refused = Document::parse(utf_16, &limits()).expect_err("the octets are UTF-8").kind;
    assert!(matches!(refused, ParseErrorKind::EncodingMismatch { found: "UTF-8", .. }));
}
