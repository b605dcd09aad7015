//! Reading elements into settings, and saying what is wrong with them.

use crate::diagnostic::{Diagnostic, LineMap, Severity, Span};
use crate::file::node::{Attribute, Node};
use crate::file::problem::{Problem, REFUSES_BINDING, REFUSES_SECTION};
use crate::file::quote::{cut, quote};
use crate::file::step::Step;
use crate::values::{Kind, Rule, Stage, Value, ValueError};

/// After so many findings the file is not looked at further: nobody reads more, and a hostile
/// file must not fill the memory with messages.
pub(crate) const MAX_DIAGNOSTICS: usize = 500;
/// Most elements in one element: bindings of a type, endpoints of a service…
pub(crate) const MAX_ENTRIES: usize = 2000;
/// .NET is told to pass over the section of ours.
const PASSES_OVER: &str = "passes over the section <waxwing>; Waxwing refuses the file";

/// The text of a file. Places count through all texts, each `start` after the one before.
#[derive(Debug)]
struct Source {
    /// Relative name; `None` for the configuration file itself.
    name: Option<String>,
    start: usize,
    text: String,
    lines: LineMap,
}

impl Source {
    fn new(name: Option<String>, start: usize, text: &str) -> Source {
        Source { name, start, text: text.to_owned(), lines: LineMap::new(text) }
    }
}

/// Collects findings while the tree is walked.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The file, then those that it names; never empty.
    sources: Vec<Source>,
    /// Where the text that is being parsed begins; 0 afterwards, when places count already.
    base: usize,
    /// Where each finding stands, counted through all texts.
    places: Vec<Span>,
    steps: Vec<Step>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Namespace of elements without a prefix, if the root declares one.
    pub(crate) default_namespace: Option<&'static str>,
    /// What the file itself registers under `<extensions>`.
    pub(crate) extensions: Extensions,
    /// Whether IIS reads the file: it has parents, and base addresses come from outside.
    pub(crate) of_a_site: bool,
}

/// Names that a file registers for .NET classes of its own.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) behaviors: Vec<String>,
    pub(crate) binding_elements: Vec<String>,
    pub(crate) bindings: Vec<String>,
    pub(crate) endpoints: Vec<String>,
}

impl Reader {
    pub(crate) fn new(text: &str) -> Reader {
        Reader {
            sources: vec![Source::new(None, 0, text)],
            base: 0,
            places: Vec::new(),
            of_a_site: false,
            steps: Vec::new(),
            diagnostics: Vec::new(),
            default_namespace: None,
            extensions: Extensions::default(),
        }
    }

    /// The text that an offset lies in.
    fn source(&self, offset: usize) -> &Source {
        let after = self.sources.partition_point(|source| source.start <= offset);
        &self.sources[after.saturating_sub(1)]
    }

    /// A piece of the text.
    pub(crate) fn slice(&self, span: Span) -> &str {
        let source = self.source(span.start);
        let local = |at: usize| at.saturating_sub(source.start);
        source.text.get(local(span.start)..local(span.end)).unwrap_or_default()
    }

    /// Parses another file; its places go on behind those of the files before.
    pub(crate) fn in_file(
        &mut self,
        name: &str,
        text: &str,
        parse: impl FnOnce(&mut Self) -> Option<Node>,
    ) -> Option<Node> {
        let end = self.sources.last().map_or(0, |last| last.start + last.text.len());
        // One more: a finding may stand at the very end of a text.
        let start = end + 2;
        self.sources.push(Source::new(Some(name.to_owned()), start, text));
        self.base = start;
        let node = parse(self);
        self.base = 0;
        node.map(|mut node| {
            node.shift(start);
            node
        })
    }

    /// Steps into an element: findings name it until `leave`.
    pub(crate) fn enter(&mut self, node: &Node) {
        self.steps.push(Step::of(node));
    }

    pub(crate) fn leave(&mut self) {
        self.steps.pop();
    }

    /// Runs `f` inside an element.
    pub(crate) fn within<R>(&mut self, node: &Node, f: impl FnOnce(&mut Self) -> R) -> R {
        self.enter(node);
        let result = f(self);
        self.leave();
        result
    }

    /// The same for an element of which only the name is at hand.
    pub(crate) fn within_named<R>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> R) -> R {
        self.steps.push(Step::named(name));
        let result = f(self);
        self.leave();
        result
    }

    /// Whether an error is reported at this very place already.
    pub(crate) fn has_error_at(&self, span: Span) -> bool {
        self.errors().any(|place| place == span)
    }

    /// Whether anything is told of this very place already.
    pub(crate) fn has_told_of(&self, span: Span) -> bool {
        self.places.contains(&span)
    }

    /// Whether the same is told of this very place already.
    pub(crate) fn has_told(&self, span: Span, message: &str) -> bool {
        let mut all = self.places.iter().zip(&self.diagnostics);
        all.any(|(place, d)| *place == span && d.message == message)
    }

    /// Whether an error is reported inside this span.
    pub(crate) fn has_error_within(&self, span: Span) -> bool {
        let inside = |s: Span| s.start >= span.start && s.end <= span.end;
        self.errors().any(inside)
    }

    /// The places of all errors.
    fn errors(&self) -> impl Iterator<Item = Span> {
        let all = self.places.iter().zip(&self.diagnostics);
        all.filter(|(_, d)| d.severity == Severity::Error).map(|(place, _)| *place)
    }

    pub(crate) fn report(&mut self, problem: Problem) {
        if self.is_full() {
            return;
        }
        let (place, diagnostic) = self.diagnosis(problem, &self.steps);
        self.places.push(place);
        self.diagnostics.push(diagnostic);
    }

    /// A problem below these elements as a finding, and its place counted through all texts.
    pub(crate) fn diagnosis(&self, mut problem: Problem, steps: &[Step]) -> (Span, Diagnostic) {
        if steps.get(1).is_some_and(|section| section.element == "waxwing") {
            problem.wcf_text = None;
            problem.wcf_behavior = match problem.severity {
                Severity::Error => PASSES_OVER,
                _ => "passes over the section <waxwing>",
            };
        }
        let Problem { severity, code, span, message, .. } = problem;
        let place = Span::new(span.start + self.base, span.end + self.base);
        let Source { name, start, text, lines } = self.source(place.start);
        let span = Span::new(place.start - start, place.end.saturating_sub(*start));
        let (line, column) = lines.position(text, span.start);
        let (file, excerpt) = (name.clone(), lines.excerpt(text, span));
        let Problem { wcf_text, wcf_behavior, suggestion, fix, .. } = problem;
        let diagnostic = Diagnostic {
            severity,
            code,
            span,
            line,
            column,
            excerpt,
            file,
            scope: Step::scope(steps),
            path: steps.iter().map(|s| s.label.as_str()).collect::<Vec<_>>().join("/"),
            message: cut(message),
            wcf_text: wcf_text.map(cut),
            wcf_behavior,
            suggestion: suggestion.map(cut),
            fix: fix.map(cut),
        };
        (place, diagnostic)
    }

    /// Line of an offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let source = self.source(offset);
        source.lines.line(offset - source.start)
    }

    /// Whether so much is wrong that nothing further is told.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// Reads a value; on failure reports it and leaves `target` as it was.
    pub(crate) fn value<V: Value>(&mut self, attribute: &Attribute, rule: Rule, target: &mut V) {
        match V::read(&attribute.value, rule) {
            Ok(value) => {
                *target = value;
                if let Some(suspicion) = V::suspicion(&attribute.value) {
                    let fix = suspicion.suggestion.map(|s| {
                        format!("write {}=\"{s}\" if that is what you mean", attribute.name)
                    });
                    let span = attribute.value_span;
                    let mut problem =
                        Problem::warning("time-span-in-days", span, suspicion.message);
                    problem.fix = fix;
                    self.report(problem);
                }
            }
            Err(error) => self.refused_value(attribute, V::KIND, error),
        }
    }

    fn refused_value(&mut self, attribute: &Attribute, kind: Kind, error: ValueError) {
        let Attribute { name, .. } = attribute;
        let (code, wcf, behavior) = match error.stage {
            Stage::Convert => (
                "bad-value",
                format!(
                    "The value of the property '{name}' cannot be parsed. The error is: {}",
                    error.wcf
                ),
                REFUSES_SECTION,
            ),
            Stage::Validate => (
                "value-out-of-range",
                format!(
                    "The value for the property '{name}' is not valid. The error is: {}",
                    error.wcf
                ),
                REFUSES_SECTION,
            ),
            Stage::Apply => ("unsupported-value", error.wcf, REFUSES_BINDING),
        };
        let fix = match &error.suggestion {
            Some(s) => format!("write {name}=\"{s}\""),
            None => expected(kind),
        };
        let message = format!("{name}: {}", quote(&error.message));
        let problem = Problem::error(code, attribute.value_span, message)
            .wcf(quote(&wcf))
            .behavior(behavior)
            .suggest(error.suggestion)
            .fix(fix);
        self.report(problem);
    }

    /// The children of an element, if they are not too many: entries are looked up by name.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        if node.children.len() <= MAX_ENTRIES {
            return &node.children;
        }
        let message = format!("<{}> has more than {MAX_ENTRIES} elements", node.name);
        self.report(
            Problem::error("limit-exceeded", node.name_span, message)
                .behavior("has no such limit")
                .fix("split the file, or remove what is generated"),
        );
        &node.children[..MAX_ENTRIES]
    }

    pub(crate) fn refuse_text(&mut self, node: &Node) {
        if let Some(span) = node.text {
            let message =
                format!("text is not allowed here: \"{}\"", quote(self.slice(span).trim()));
            self.report(
                Problem::error("text-content", span, message)
                    .wcf("The configuration section cannot contain a CDATA or text element.")
                    .fix("remove the text, or make it a comment: <!-- … -->"),
            );
        }
    }
}

/// What may be written for a value of this kind.
fn expected(kind: Kind) -> String {
    match (kind.names, kind.name) {
        ([], "TimeSpan") => "write a time span like 00:10:00 (ten minutes), or Infinite".to_owned(),
        ([], "int" | "long") => "write a whole number without unit and separators".to_owned(),
        ([], _) => "write a value".to_owned(),
        (names, _) => format!("write one of: {}", names.join(", ")),
    }
}
