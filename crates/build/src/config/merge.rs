//! The merge itself: endpoints and bindings by their names, everything else by its place.

use std::collections::BTreeMap;

use waxwing_xml::{Document, Element};

use super::apart::{Apart, apart};
use super::edit::{Edit, Whole, edits};
use super::error::MergeError;
use super::tree::{Style, at, indent, parse, same, write};

const MODEL: &str = "system.serviceModel";

/// A file with what was added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The whole text.
    pub text: String,
    /// What became of each binding and endpoint, in the order of the new ones; what was there already is not told.
    pub changes: Vec<Change>,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new: `endpoint calc`.
    Added(String),
    /// It was changed where it differed, and in what.
    Replaced(String, Vec<String>),
    /// One of the name that differs is there, and stays; in what it differs.
    Kept(String, Vec<String>),
    /// A binding of the name serves somebody else: the new one has the second name.
    Renamed(String, String),
}

/// Adds the bindings and the client's endpoints of the file `new` to the file `existing`.
///
/// An endpoint of the same name, and its binding, stay as they are unless `force` is given, and then what differs is changed:
/// address, binding and identity. What the new file does not have (behaviors, headers, timeouts, quotas) stays also then, and
/// is no difference. A binding of the same kind and
/// name that another endpoint uses is left to it: the new one gets a digit, as in WCF's tools. Without a file that exists the
/// new one is the result as it is.
///
/// # Errors
/// Texts that are no configuration files, and sections that stand in files of their own.
pub fn merge(existing: Option<&str>, new: &str, force: bool) -> Result<Merged, MergeError> {
    let addition = parse(new)?;
    let Some(existing) = existing else {
        let changes = parts(&addition).into_iter().map(|part| Change::Added(part.title()));
        return Ok(Merged { text: new.to_owned(), changes: changes.collect() });
    };
    // A byte order mark is no part of the document.
    let (mark, body) = match existing.strip_prefix('\u{FEFF}') {
        Some(body) => ("\u{FEFF}", body),
        None => ("", existing),
    };
    let apart = apart(body, new);
    let (renamed, changes) = (BTreeMap::new(), Vec::new());
    let mut merge = Merge { text: body.to_owned(), force, apart, renamed, changes };
    let parts = parts(&addition);
    for part in parts.iter().filter(|part| part.is_binding()) {
        merge.binding(part, &parts)?;
    }
    for part in parts.iter().filter(|part| !part.is_binding()) {
        merge.other(part)?;
    }
    Ok(Merged { text: format!("{mark}{}", merge.text), changes: merge.changes })
}

/// A named element of the new file, with the elements around it.
struct Part<'d> {
    path: Vec<&'d str>,
    element: Element<'d>,
}

impl Part<'_> {
    fn is_binding(&self) -> bool {
        self.path[1] == "bindings"
    }

    fn name(&self) -> &str {
        self.element.attribute("name").unwrap_or_default()
    }

    fn title(&self) -> String {
        match self.path[1] {
            "bindings" => format!("{} {}", self.path[2], self.name()),
            _ => format!("{} {}", self.element.local_name(), self.name()),
        }
    }

    /// The element of the same name at the same place of another file.
    fn twin<'o>(&self, root: Element<'o>) -> Option<Element<'o>> {
        self.named(root, self.name())
    }

    fn named<'o>(&self, root: Element<'o>, name: &str) -> Option<Element<'o>> {
        let local = self.element.local_name();
        at(root, &self.path)?.elements().find(|twin| {
            twin.local_name() == local && twin.attribute("name").unwrap_or_default() == name
        })
    }

    /// Whether an endpoint uses this binding.
    fn serves(&self, endpoint: Element<'_>) -> bool {
        endpoint.attribute("binding") == Some(self.path[2])
            && endpoint.attribute("bindingConfiguration").unwrap_or_default() == self.name()
    }
}

/// Bindings by their sections, endpoints of the client, behaviors of endpoints.
fn parts(document: &Document) -> Vec<Part<'_>> {
    let root = document.root();
    let inside = |path: Vec<&'static str>| {
        let elements = at(root, &path).into_iter().flat_map(|parent| parent.elements());
        elements.map(move |element| Part { path: path.clone(), element }).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for section in at(root, &[MODEL, "bindings"]).into_iter().flat_map(|parent| parent.elements()) {
        let path = vec![MODEL, "bindings", section.local_name()];
        all.extend(section.elements().map(|element| Part { path: path.clone(), element }));
    }
    all.extend(inside(vec![MODEL, "behaviors", "endpointBehaviors"]));
    all.extend(inside(vec![MODEL, "client"]));
    all
}

struct Merge {
    text: String,
    force: bool,
    /// In what endpoints differ that are in both files.
    apart: BTreeMap<String, Apart>,
    /// The new names of bindings, by section and name.
    renamed: BTreeMap<(String, String), String>,
    changes: Vec<Change>,
}

impl Merge {
    fn binding(&mut self, part: &Part<'_>, parts: &[Part<'_>]) -> Result<(), MergeError> {
        let document = parse(&self.text)?;
        let root = document.root();
        let served: Vec<&Part<'_>> =
            parts.iter().filter(|e| e.path[1] == "client" && part.serves(e.element)).collect();
        let known = |e: &&&Part<'_>| e.twin(root).is_some();
        if !served.is_empty() && served.iter().all(|e| known(&e)) {
            // Whatever its name is in the file: the endpoints have it, or are told of.
            let fits = served.iter().all(|e| self.apart.get(e.name()).is_none_or(Apart::fits));
            if fits || !self.force {
                return Ok(());
            }
        }
        let Some(twin) = part.twin(root) else { return self.add(part, None) };
        if same(part.element, twin) {
            return Ok(());
        }
        if served.iter().any(|e| known(&e)) {
            if self.force {
                let edits = edits(part.element, twin, &self.text, Whole::Binding);
                self.edit(edits);
            }
            return Ok(());
        }
        let free = (1..).map(|number| format!("{}{number}", part.name()));
        let mut free = free.filter(|name| {
            part.named(root, name).is_none_or(|there| same_but_name(part.element, there))
        });
        let Some(name) = free.next() else { return Ok(()) };
        self.renamed.insert((part.path[2].to_owned(), part.name().to_owned()), name.clone());
        if part.named(root, &name).is_some() {
            return Ok(());
        }
        self.changes.push(Change::Renamed(part.title(), name.clone()));
        self.add(part, Some(("name", name)))
    }

    fn other(&mut self, part: &Part<'_>) -> Result<(), MergeError> {
        let document = parse(&self.text)?;
        match part.twin(document.root()) {
            None => {
                let attribute = |name| part.element.attribute(name).unwrap_or_default().to_owned();
                let key = (attribute("binding"), attribute("bindingConfiguration"));
                let renamed = self.renamed.get(&key).cloned();
                self.add(part, renamed.map(|name| ("bindingConfiguration", name)))
            }
            Some(twin) if same(part.element, twin) => Ok(()),
            Some(twin) => self.settle(part, twin),
        }
    }

    /// Two of one name differ: the one that is there stays, or is changed where it differs.
    fn settle(&mut self, part: &Part<'_>, twin: Element<'_>) -> Result<(), MergeError> {
        let apart = self.apart.get(part.name());
        let differs = apart.map(Apart::words).unwrap_or_default();
        if differs.is_empty() && part.path[1] == "client" {
            return Ok(());
        }
        if !self.force {
            self.changes.push(Change::Kept(part.title(), differs));
            return Ok(());
        }
        let fits = apart.is_some_and(Apart::fits);
        let edits = edits(part.element, twin, &self.text, Whole::Endpoint { fits });
        self.edit(edits);
        self.changes.push(Change::Replaced(part.title(), differs));
        Ok(())
    }

    /// Changes places of the text, which are in order and apart from each other.
    fn edit(&mut self, edits: Vec<Edit>) {
        for (range, text) in edits.into_iter().rev() {
            self.text.replace_range(range, &text);
        }
    }

    /// Adds a part as the last one of its place, with one attribute changed; what is missing around it is made.
    fn add(&mut self, part: &Part<'_>, change: Option<(&str, String)>) -> Result<(), MergeError> {
        let document = parse(&self.text)?;
        let (mut place, mut missing) = (document.root(), part.path.as_slice());
        while let Some((name, rest)) = missing.split_first() {
            let Some(inner) = super::tree::child(place, name) else { break };
            if let Some(file) = inner.attribute("configSource") {
                return Err(MergeError::Elsewhere {
                    section: (*name).to_owned(),
                    file: file.to_owned(),
                    line: document.position(inner.span().start).line,
                });
            }
            (place, missing) = (inner, rest);
        }
        let style = Style::of(&self.text, document.root());
        let outer = indent(&self.text, place.span().start).to_owned();
        let written = self.wrapped(part, missing, &style, &outer, change.as_ref());
        self.insert(place, &style, &outer, &written);
        if !self
            .changes
            .iter()
            .any(|known| matches!(known, Change::Renamed(title, _) if *title == part.title()))
        {
            self.changes.push(Change::Added(part.title()));
        }
        Ok(())
    }

    /// The part with the elements that are missing around it.
    fn wrapped(
        &self,
        part: &Part<'_>,
        missing: &[&str],
        style: &Style,
        outer: &str,
        change: Option<&(&str, String)>,
    ) -> String {
        let depth = |steps: usize| format!("{outer}{}", style.step.repeat(steps + 1));
        let mut text = String::new();
        for (steps, name) in missing.iter().enumerate() {
            text.push_str(&format!("{}<{name}>{}", depth(steps), style.newline));
        }
        let change = change.map(|(name, value)| (*name, value.as_str()));
        write(part.element, change, style, &depth(missing.len()), &mut text);
        for (steps, name) in missing.iter().enumerate().rev() {
            text.push_str(&format!("{}{}</{name}>", style.newline, depth(steps)));
        }
        text
    }

    /// Puts lines in as the last ones of an element.
    fn insert(&mut self, place: Element<'_>, style: &Style, outer: &str, lines: &str) {
        let span = place.span();
        let (start, end) = (span.start as usize, span.end as usize);
        let newline = style.newline;
        if self.text[start..end].ends_with("/>") {
            let name = place.qualified_name();
            let tag = self.text[start..end - 2].trim_end().len();
            let content = format!(">{newline}{lines}{newline}{outer}</{name}>");
            self.text.replace_range(start + tag..end, &content);
            return;
        }
        let close = start + self.text[start..end].rfind("</").unwrap_or(end - start);
        let last = self.text[..close].trim_end_matches([' ', '\t', '\r', '\n']).len();
        let own_line = self.text[last..close].contains('\n');
        match own_line {
            true => self.text.insert_str(last, &format!("{newline}{lines}")),
            false => {
                let content = format!("{newline}{lines}{newline}{outer}");
                self.text.replace_range(last..close, &content);
            }
        }
    }
}

/// Whether two bindings differ in nothing but their names.
fn same_but_name(one: Element<'_>, other: Element<'_>) -> bool {
    let attributes = |element: Element<'_>| {
        let attributes = element.attributes().filter(|attribute| attribute.name().local != "name");
        let mut all: Vec<_> = attributes
            .map(|attribute| (attribute.name().local.to_owned(), attribute.value().to_owned()))
            .collect();
        all.sort();
        all
    };
    attributes(one) == attributes(other)
        && one.elements().count() == other.elements().count()
        && one.elements().zip(other.elements()).all(|(one, other)| same(one, other))
}
