//! The loader: what is known, what is asked for, what came.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use waxwing_xml::Document;

use super::access::{self, Refused};
use super::decode::decode;
use super::document::{Read, html_page, read};
use super::kind::is_html;
use super::options::LoadOptions;
use super::redefined::replace;
use super::reference::{Reference, ReferenceKind};
use super::resolve::{Outcome, Resolution};
use super::unreadable::{broken, undecodable};
use super::want::{Want, WantKind};
use crate::digest::sha256;
use crate::finding::{Finding, Severity};
use crate::location::{At, Location};
use crate::reading::Replaced;
use crate::schema::Schema;
use crate::set::{DocumentKind, LoadedDocument, MetadataSet, Parts};

/// Puts a [`MetadataSet`] together: see [the module](super).
pub struct Loader {
    options: LoadOptions,
    parts: Parts,
    /// Which schemas (inside definitions or not) redefine what.
    replaced: Vec<(At, Vec<Replaced>)>,
    known: HashMap<Location, Known>,
    asked: VecDeque<Want>,
    /// What is to be read once more, under the target namespace of an includer.
    included: VecDeque<(Location, Arc<str>)>,
    /// URLs in small letters that files stand for.
    files: HashMap<String, Location>,
    resolution: Resolution,
    octets: usize,
    instances: usize,
    full: bool,
}

/// What is known of a location.
struct Known {
    state: State,
    came_with: Way,
    /// The target namespaces of its includers.
    includers: Vec<Arc<str>>,
}

enum State {
    Asked,
    Missing,
    /// Read. A schema without target namespace stays: each includer reads it anew.
    Read(Option<Arc<Document>>),
}

/// How a document came to be loaded.
#[derive(Clone, Debug)]
struct Way {
    /// The folder that files may refer to.
    root: Arc<str>,
    /// How many references lead to it.
    hops: usize,
    /// The URL that it was once loaded from, when a map of the folder says so.
    source_url: Option<Location>,
    given: Given,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    /// By name.
    Named,
    /// With its folder: what is no metadata may lie there, too.
    InFolder,
    /// Another document refers to it.
    No,
}

impl Loader {
    /// A loader that knows nothing yet.
    pub fn new(options: LoadOptions) -> Self {
        Self {
            options,
            parts: Parts::default(),
            replaced: Vec::new(),
            known: HashMap::new(),
            asked: VecDeque::new(),
            included: VecDeque::new(),
            files: HashMap::new(),
            resolution: Resolution::default(),
            octets: 0,
            instances: 0,
            full: false,
        }
    }

    /// Takes a document that the user has named. What it refers to may be in its folder, at its origin, or where the options
    /// allow.
    pub fn give(&mut self, location: Location, octets: Vec<u8>) {
        let root = self.options.root.clone().unwrap_or_else(|| location.folder().to_owned());
        self.given(location, octets, &root, Given::Named);
    }

    /// Takes a file of a folder that the user has named. Other XML may lie there, too.
    pub fn give_of_folder(&mut self, folder: &str, location: Location, octets: Vec<u8>) {
        let root = self.options.root.clone().unwrap_or_else(|| folder.to_owned());
        self.given(location, octets, &root, Given::InFolder);
    }

    fn given(&mut self, location: Location, octets: Vec<u8>, root: &str, given: Given) {
        let way = Way { root: root.into(), hops: 0, source_url: None, given };
        match self.known.get(&location) {
            Some(Known { state: State::Read(_), .. }) => return,
            // Somebody has asked for it already.
            Some(_) => self.asked.retain(|want| want.location != location),
            None => {}
        }
        let known = Known { state: State::Asked, came_with: way, includers: Vec::new() };
        let known = self.known.entry(location.clone()).or_insert(known);
        known.came_with.given = given;
        self.take(&location, octets);
    }

    /// What is needed next; none when everything is there that can be had. It is asked for once.
    pub fn want(&mut self) -> Option<Want> {
        self.asked.pop_front()
    }

    /// Takes what was wanted. `actual` is where it was found in the end (behind redirections): references in it are resolved
    /// against that.
    pub fn answer(&mut self, want: &Want, actual: &Location, octets: Vec<u8>) {
        if want.location == *actual || self.known.contains_key(actual) {
            self.take(&want.location, octets);
            return;
        }
        self.resolution.moved(&want.location, actual);
        if let Some(known) = self.known.remove(&want.location) {
            let way = known.came_with.clone();
            let asked = Known { state: State::Missing, came_with: way, includers: Vec::new() };
            self.known.insert(want.location.clone(), asked);
            self.known.insert(actual.clone(), known);
        }
        self.take(actual, octets);
    }

    /// What was wanted cannot be had, and why.
    pub fn missing(&mut self, want: &Want, why: impl Into<String>) {
        if let Some(known) = self.known.get_mut(&want.location) {
            known.state = State::Missing;
        }
        self.resolution.failed(&want.location, why.into());
    }

    /// The set of all that came. References that nothing satisfies are findings.
    pub fn finish(mut self) -> MetadataSet {
        for want in std::mem::take(&mut self.asked) {
            self.missing(&want, "it was not asked for");
        }
        self.resolution.finish(&mut self.parts);
        let replaced = std::mem::take(&mut self.replaced);
        let inside = self.parts.definitions.iter_mut().flat_map(|d| &mut d.schemas);
        let mut schemas: Vec<&mut Schema> = inside.chain(&mut self.parts.schemas).collect();
        for (at, components) in &replaced {
            if let Some(own) = schemas.iter().position(|schema| schema.at == *at) {
                replace(&mut schemas, own, components);
            }
        }
        MetadataSet::of(self.parts)
    }

    fn take(&mut self, location: &Location, octets: Vec<u8>) {
        self.octets = self.octets.saturating_add(octets.len());
        let kind = match self.is_too_much(location) {
            true => DocumentKind::Unreadable,
            false => self.parse(location, &octets),
        };
        let given = self.known.get(location).is_some_and(|k| k.came_with.given != Given::No);
        let (sha256, content) = (sha256(&octets), Arc::from(octets));
        let location = location.clone();
        self.parts.documents.push(LoadedDocument { location, kind, content, sha256, given });
        while let Some((location, namespace)) = self.included.pop_front() {
            self.read_as(&location, &namespace);
        }
    }

    /// Whether a limit is reached; it is told once.
    fn is_too_much(&mut self, location: &Location) -> bool {
        self.instances += 1;
        let (limit, value) = if self.instances > self.options.max_documents {
            ("max_documents", self.options.max_documents)
        } else if self.octets > self.options.max_octets {
            ("max_octets", self.options.max_octets)
        } else {
            return false;
        };
        if !self.full {
            self.full = true;
            self.asked.clear();
            let told = format!("The metadata exceed the limit {limit} = {value}");
            let at = At { location: location.clone(), line: 1, column: 1 };
            let found = Finding::new("too-much-metadata", Severity::Error, told).at(at);
            self.parts.findings.push(
                found.help("what comes after is not read; name the documents that are needed"),
            );
        }
        true
    }

    fn parse(&mut self, location: &Location, octets: &[u8]) -> DocumentKind {
        let text = match decode(octets) {
            Ok(text) => text,
            Err(wrong) => {
                self.parts.findings.push(undecodable(location, &wrong));
                return self.unreadable(location);
            }
        };
        match Document::parse(text.as_str(), &self.options.xml()) {
            Ok(document) => self.read(location, document),
            Err(_) if is_html(&text) => {
                self.parts.findings.push(html_page(location));
                self.unreadable(location);
                DocumentKind::Html
            }
            Err(error) => {
                self.parts.findings.push(broken(location, &text, &error));
                self.unreadable(location)
            }
        }
    }

    fn unreadable(&mut self, location: &Location) -> DocumentKind {
        if let Some(known) = self.known.get_mut(location) {
            known.state = State::Read(None);
        }
        self.resolution.unreadable(location);
        DocumentKind::Unreadable
    }

    fn read(&mut self, location: &Location, document: Document) -> DocumentKind {
        let root = document.root();
        let is_chameleon = root.attribute("targetNamespace").is_none_or(str::is_empty);
        let mut found = read(&document, location, None);
        let kind = found.kind;
        let is_chameleon = is_chameleon && kind == DocumentKind::Schema;
        let kept = is_chameleon.then(|| Arc::new(document));
        let Some(known) = self.known.get_mut(location) else { return kind };
        known.state = State::Read(kept);
        let includers = std::mem::take(&mut known.includers);
        let given = known.came_with.given;
        // What is only ever included has no components of its own.
        let is_own = !is_chameleon || includers.is_empty() || given != Given::No;
        let wanted = includers.into_iter().filter(|_| is_chameleon);
        self.included.extend(wanted.map(|namespace| (location.clone(), namespace)));
        if given == Given::InFolder && matches!(kind, DocumentKind::Other | DocumentKind::Html) {
            // Its being there is no mistake; only if it is WSDL of the other version, somebody meant it.
            found.findings.iter_mut().filter(|f| f.code != "wsdl-20").for_each(|f| {
                f.severity = Severity::Note;
            });
        }
        if is_own {
            self.keep(location, found);
        } else {
            self.resolution.loaded(location, "");
        }
        kind
    }

    /// Reads a schema without target namespace for an includer.
    fn read_as(&mut self, location: &Location, namespace: &Arc<str>) {
        let Some(Known { state: State::Read(Some(document)), .. }) = self.known.get(location)
        else {
            return;
        };
        let document = document.clone();
        self.octets = self.octets.saturating_add(document.source().len());
        if self.is_too_much(location) {
            return;
        }
        let found = read(&document, location, Some(namespace));
        self.keep(location, found);
    }

    fn keep(&mut self, location: &Location, found: Read) {
        self.resolution.loaded(location, "");
        for definitions in &found.definitions {
            self.resolution.definitions(location, &definitions.target_namespace);
        }
        let inside = found.definitions.iter().flat_map(|d| &d.schemas);
        inside.chain(&found.schemas).for_each(|own| self.resolution.schema(location, own));
        if !found.replaced.is_empty()
            && let Some(schema) = found.schemas.first()
        {
            self.replaced.push((schema.at.clone(), found.replaced));
        }
        self.parts.definitions.extend(found.definitions);
        self.parts.schemas.extend(found.schemas);
        self.parts.policies.extend(found.policies);
        self.parts.endpoint_references.extend(found.endpoint_references);
        self.parts.findings.extend(found.findings);
        self.parts.fingerprints.extend(found.fingerprints);
        let Some(way) = self.known.get(location).map(|known| known.came_with.clone()) else {
            return;
        };
        // A map comes whole: the files of its folder stand for URLs before the first is read.
        for reference in &found.references {
            if let ReferenceKind::MapFile { source_url: Some(url) } = &reference.kind {
                let file = location.join(&reference.written);
                self.files.insert(url.to_ascii_lowercase(), file);
            }
        }
        for reference in found.references {
            self.follow(location, &way, reference);
        }
    }

    fn follow(&mut self, from: &Location, way: &Way, reference: Reference) {
        let (target, is_mapped) = self.target(from, way, &reference);
        // A file of the user's own may name any endpoint; what comes over the network may not send us elsewhere.
        let by_user = way.given == Given::Named
            && from.origin().is_none()
            && matches!(reference.kind, ReferenceKind::Exchange | ReferenceKind::Discovery);
        let outcome = if is_mapped {
            Outcome::Open
        } else if way.hops >= self.options.max_hops {
            Outcome::TooFar(self.options.max_hops)
        } else {
            match access::check(&self.options, &way.root, from, &target) {
                Err(Refused::File) => Outcome::RefusedFile,
                Err(Refused::Origin) if !by_user => Outcome::RefusedOrigin,
                _ => Outcome::Open,
            }
        };
        let is_open = matches!(outcome, Outcome::Open);
        self.resolution.refer(&reference, target.clone(), outcome);
        if is_open {
            self.ask(target, way, reference);
        }
    }

    /// The absolute location of a reference, and whether the map of a folder has given it.
    fn target(&self, from: &Location, way: &Way, reference: &Reference) -> (Location, bool) {
        if matches!(reference.kind, ReferenceKind::Exchange) {
            return (Location::new(reference.written.as_str()), false);
        }
        let mapped = |url: Location| self.files.get(&url.as_str().to_ascii_lowercase()).cloned();
        let base = way.source_url.as_ref().unwrap_or(from);
        match mapped(base.join(&reference.written)) {
            Some(file) => (file, true),
            None => (access::in_one_form(from, from.join(&reference.written)), false),
        }
    }

    fn ask(&mut self, target: Location, way: &Way, reference: Reference) {
        let includer = match &reference.kind {
            ReferenceKind::Include(namespace) => Some(namespace.clone()),
            _ => None,
        };
        let source_url = match &reference.kind {
            ReferenceKind::MapFile { source_url } => source_url.as_deref().map(Location::new),
            _ => None,
        };
        if let Some(known) = self.known.get_mut(&target) {
            let Some(namespace) = includer.filter(|text| !text.is_empty()) else { return };
            match &known.state {
                State::Asked if !known.includers.contains(&namespace) => {
                    known.includers.push(namespace);
                }
                State::Read(Some(_)) if !known.includers.contains(&namespace) => {
                    known.includers.push(namespace.clone());
                    self.included.push_back((target, namespace));
                }
                _ => {}
            }
            return;
        }
        if self.full {
            return;
        }
        let given = Given::No;
        let came_with = Way { root: way.root.clone(), hops: way.hops + 1, source_url, given };
        let includers = includer.into_iter().filter(|text| !text.is_empty()).collect();
        self.known.insert(target.clone(), Known { state: State::Asked, came_with, includers });
        let kind = match reference.kind {
            ReferenceKind::Exchange => WantKind::Exchange,
            _ => WantKind::Document,
        };
        self.asked.push_back(Want { kind, location: target, wanted_by: Some(reference.at) });
    }
}
