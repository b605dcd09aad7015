//! Reading elements into settings, and saying what is wrong with them.

use crate::diagnostic::{Diagnostic, LineMap, Severity, Span};
use crate::file::node::{Attribute, Node};
use crate::scope::{Scope, Step};
use crate::settings::Description;
use crate::suggest;
use crate::values::{Kind, Range, Stage, Value, ValueError};

/// After so many findings the file is not looked at further: nobody reads more, and a hostile
/// file must not fill the memory with messages.
pub(crate) const MAX_DIAGNOSTICS: usize = 500;
/// Most elements in one element: bindings of a type, endpoints of a service…
const MAX_ENTRIES: usize = 2000;
/// Longest piece of the file that is quoted in a message.
const MAX_QUOTE: usize = 200;

pub(crate) const REFUSES_SECTION: &str = "refuses the file when the section is read";
/// How .NET begins when it cannot even start to read.
pub(crate) const INITIALIZE: &str = "Configuration system failed to initialize";
pub(crate) const REFUSES_FILE: &str =
    "refuses the whole file when the configuration system starts, whatever is asked for";
/// .NET is told to pass over the section of ours.
const PASSES_OVER: &str = "passes over the section <waxwing>; Waxwing refuses the file";
pub(crate) const REFUSES_BINDING: &str =
    "refuses when the binding is applied to an endpoint or opened";
pub(crate) const ACCEPTS: &str = "accepts it";

/// A finding before it knows its line.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) wcf_text: Option<String>,
    pub(crate) wcf_behavior: &'static str,
    pub(crate) suggestion: Option<String>,
    pub(crate) fix: Option<String>,
}

impl Problem {
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            code,
            span,
            message: message.into(),
            wcf_text: None,
            wcf_behavior: REFUSES_SECTION,
            suggestion: None,
            fix: None,
        }
    }

    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Warning,
            wcf_behavior: ACCEPTS,
            ..Problem::error(code, span, message)
        }
    }

    pub(crate) fn note(code: &'static str, span: Span, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Note, ..Problem::warning(code, span, message) }
    }

    pub(crate) fn wcf(mut self, text: impl Into<String>) -> Problem {
        let text = text.into();
        if text.starts_with(INITIALIZE) {
            self.wcf_behavior = REFUSES_FILE;
        }
        self.wcf_text = Some(text);
        self
    }

    pub(crate) fn at_open(mut self) -> Problem {
        self.wcf_behavior = "refuses when the service host or channel factory is opened";
        self
    }

    pub(crate) fn behavior(mut self, behavior: &'static str) -> Problem {
        self.wcf_behavior = behavior;
        self
    }

    pub(crate) fn suggest(mut self, suggestion: Option<String>) -> Problem {
        self.suggestion = suggestion;
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Problem {
        self.fix = Some(fix.into());
        self
    }
}

/// Collects findings while the tree is walked.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    lines: LineMap,
    steps: Vec<Step>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Namespace of elements without a prefix, if the root declares one.
    pub(crate) default_namespace: Option<&'static str>,
    /// What the file itself registers under `<extensions>`.
    pub(crate) extensions: Extensions,
}

/// Names that a file registers for .NET classes of its own.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) behaviors: Vec<String>,
    pub(crate) binding_elements: Vec<String>,
    pub(crate) bindings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            lines: LineMap::new(text),
            steps: Vec::new(),
            diagnostics: Vec::new(),
            default_namespace: None,
            extensions: Extensions::default(),
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Steps into an element: findings name it until `leave`.
    pub(crate) fn enter(&mut self, node: &Node) {
        let key = ["name", "contract", "baseAddress", "scheme"]
            .iter()
            .find_map(|key| node.attribute(key))
            .map(|a| format!("{}[{}]", node.name, quote(&a.value)));
        self.steps.push(Step {
            element: node.name.clone(),
            label: key.unwrap_or_else(|| node.name.clone()),
            name: node.value("name").to_owned(),
            contract: node.value("contract").to_owned(),
        });
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
        let (element, label) = (name.to_owned(), name.to_owned());
        self.steps.push(Step { element, label, ..Step::default() });
        let result = f(self);
        self.leave();
        result
    }

    /// Whether an error is reported at this very place already.
    pub(crate) fn has_error_at(&self, span: Span) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error && d.span == span)
    }

    /// Whether the same is told of this very place already.
    pub(crate) fn has_told(&self, span: Span, message: &str) -> bool {
        self.diagnostics.iter().any(|d| d.span == span && d.message == message)
    }

    /// Whether an error is reported inside this span.
    pub(crate) fn has_error_within(&self, span: Span) -> bool {
        let inside = |s: Span| s.start >= span.start && s.end <= span.end;
        self.diagnostics.iter().any(|d| d.severity == Severity::Error && inside(d.span))
    }

    pub(crate) fn report(&mut self, mut problem: Problem) {
        if self.steps.get(1).is_some_and(|section| section.element == "waxwing") {
            problem.wcf_text = None;
            problem.wcf_behavior = match problem.severity {
                Severity::Error => PASSES_OVER,
                _ => "passes over the section <waxwing>",
            };
        }
        if self.is_full() {
            return;
        }
        let (line, column) = self.lines.position(self.text, problem.span.start);
        let Problem { severity, code, span, message, .. } = problem;
        let Problem { wcf_text, wcf_behavior, suggestion, fix, .. } = problem;
        self.diagnostics.push(Diagnostic {
            severity,
            code,
            span,
            line,
            column,
            excerpt: self.lines.excerpt(self.text, span),
            scope: Scope::of(&self.steps),
            path: self.steps.iter().map(|s| s.label.as_str()).collect::<Vec<_>>().join("/"),
            message: cut(message),
            wcf_text: wcf_text.map(cut),
            wcf_behavior,
            suggestion: suggestion.map(cut),
            fix: fix.map(cut),
        });
    }

    /// Line of an offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        self.lines.line(offset)
    }

    /// Whether so much is wrong that nothing further is told.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// Reads a value; on failure reports it and leaves `target` as it was.
    pub(crate) fn value<V: Value>(
        &mut self,
        attribute: &Attribute,
        range: Option<Range>,
        target: &mut V,
    ) {
        match V::read(&attribute.value, range) {
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
        let message = format!("{name}: {}", shorten(&error.message));
        let problem = Problem::error(code, attribute.value_span, message)
            .wcf(shorten(&wcf))
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
            let text = self.text.get(span.start..span.end).unwrap_or_default().trim();
            let message = format!("text is not allowed here: \"{}\"", quote(text));
            self.report(
                Problem::error("text-content", span, message)
                    .wcf("The configuration section cannot contain a CDATA or text element.")
                    .fix("remove the text, or make it a comment: <!-- … -->"),
            );
        }
    }

    /// An attribute that the element's own schema does not have: one of those that
    /// `System.Configuration` gives to every element, or none at all.
    pub(crate) fn foreign_attribute(
        &mut self,
        attribute: &Attribute,
        node: &Node,
        schema: &Description,
    ) {
        // They restrict files further down, of which there are none.
        const LOCKS: &[&str] = &[
            "lockAttributes",
            "lockAllAttributesExcept",
            "lockElements",
            "lockAllElementsExcept",
            "lockItem",
        ];
        match attribute.name.as_str() {
            name if LOCKS.contains(&name) => {}
            "configSource" => self.report(config_source(attribute, node)),
            _ => self.unknown_attribute(attribute, node, schema),
        }
    }

    fn unknown_attribute(&mut self, attribute: &Attribute, node: &Node, schema: &Description) {
        let name = quote(&attribute.name);
        let names = schema.attributes.iter().map(|a| a.name);
        let suggestion = suggest::nearest(&attribute.name, names.clone());
        let case_only =
            suggestion.as_ref().is_some_and(|s| s.eq_ignore_ascii_case(&attribute.name));
        let message = if attribute.name.starts_with("xmlns") {
            format!("<{}> takes no namespace declaration", node.name)
        } else if case_only {
            format!("<{}> has no attribute {name}: names are case-sensitive", node.name)
        } else {
            format!("<{}> has no attribute {name}", node.name)
        };
        let fix = match (&suggestion, misplaced::attribute(&node.name, &attribute.name)) {
            _ if attribute.name.starts_with("xmlns") => format!("remove {name}"),
            (_, Some(hint)) => hint.to_owned(),
            (Some(s), None) => format!("write {s}=\"{}\"", quote(&attribute.value)),
            (None, None) => {
                let list = names.collect::<Vec<_>>().join(", ");
                match list.as_str() {
                    "" => format!("remove it; <{}> has no attributes", node.name),
                    list => format!("remove it; the attributes of <{}> are: {list}", node.name),
                }
            }
        };
        self.report(
            Problem::error("unknown-attribute", attribute.name_span, message)
                .wcf(format!(
                    "Unrecognized attribute '{name}'. Note that attribute names are case-sensitive."
                ))
                .suggest(suggestion)
                .fix(fix),
        );
    }

    pub(crate) fn unknown_element(&mut self, child: &Node, parent: &Node, schema: &Description) {
        let name = quote(&child.name);
        let names = schema.children.iter().map(|c| c.name);
        let suggestion = suggest::nearest(&child.name, names.clone());
        let message = if child.name == "message" && parent.child("security").is_some() {
            let security = parent.child("security").map_or(0, |n| self.line(n.span.start));
            format!(
                "<message> belongs inside <security>; the <security …/> on line {security} is closed already"
            )
        } else {
            format!("<{}> has no element <{name}>", parent.name)
        };
        let fix = match (misplaced::element(&parent.name, &child.name), &suggestion) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(s)) => format!("write <{s}>"),
            (None, None) => {
                let list = names.map(|n| format!("<{n}>")).collect::<Vec<_>>().join(", ");
                match list.as_str() {
                    "" => format!("remove it; <{}> has no elements inside", parent.name),
                    list => format!("remove it; the elements of <{}> are: {list}", parent.name),
                }
            }
        };
        self.report(
            Problem::error("unknown-element", child.name_span, message)
                .wcf(format!("Unrecognized element '{name}'."))
                .suggest(suggestion)
                .fix(fix),
        );
    }

    pub(crate) fn repeated_element(&mut self, child: &Node) {
        let name = quote(&child.name);
        self.report(
            Problem::error(
                "repeated-element",
                child.name_span,
                format!("<{name}> stands here a second time"),
            )
            .wcf(format!("The element <{name}> may only appear once in this section."))
            .fix("put everything into one element"),
        );
    }
}

/// A section in a file of its own.
fn config_source(attribute: &Attribute, node: &Node) -> Problem {
    let file = quote(&attribute.value);
    let message = format!("Waxwing does not read the section <{}> from {file}", node.name);
    Problem::error("config-source", attribute.name_span, message)
        .behavior("reads the section from that file")
        .fix(format!("put the content of {file} here"))
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

/// Longest text of a finding, in bytes; names in it may come from a hostile file.
const MAX_TEXT: usize = 4096;

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The start of a text from the file, for quoting.
pub(crate) fn quote(text: &str) -> String {
    shorten(text)
}

fn shorten(text: &str) -> String {
    if text.len() <= 4 * MAX_QUOTE {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX_QUOTE).collect();
    short.push('…');
    short
}

/// Names that are right somewhere else.
mod misplaced {
    pub(super) fn attribute(element: &str, attribute: &str) -> Option<&'static str> {
        Some(match (element, attribute) {
            ("reliableSession", "enabled") => {
                "remove it: in wsDualHttpBinding and customBinding the element itself switches \
                 the reliable session on"
            }
            (
                "reliableSession",
                "maxRetryCount"
                | "acknowledgementInterval"
                | "flowControlEnabled"
                | "maxPendingChannels"
                | "maxTransferWindowSize"
                | "reliableMessagingVersion",
            ) => "only a customBinding can set it: spell the binding out as a customBinding",
            ("binding", "transferMode") => {
                "remove it: only netTcpBinding, netHttpBinding and basicHttpBinding can stream"
            }
            ("binding", "maxBufferSize") => {
                "remove it: maxReceivedMessageSize sets the buffer size, too"
            }
            ("message", "negotiateServiceCredential") => {
                "remove it: netTcpBinding always negotiates the service's credential"
            }
            ("message", "establishSecurityContext") => {
                "remove it: this binding always establishes a security context"
            }
            ("security", "clientCredentialType" | "negotiateServiceCredential") => {
                "write it on <message> (or <transport>) inside <security>"
            }
            ("add", "address") => "write baseAddress=\"…\" in <baseAddresses>",
            ("binding", "mode") => "write <security mode=\"…\"> inside the binding",
            _ => return None,
        })
    }

    pub(super) fn element(parent: &str, child: &str) -> Option<&'static str> {
        Some(match (parent, child) {
            ("binding", "reliableSession") => {
                "this binding has no reliable session; wsHttpBinding, ws2007HttpBinding, \
                 wsDualHttpBinding, the federation bindings, netTcpBinding, netHttpBinding and \
                 customBinding have one"
            }
            ("binding", "message") => "write <security mode=\"Message\"> <message … /> </security>",
            ("binding", "transport") => {
                "write <security mode=\"Transport\"> <transport … /> </security>"
            }
            ("clientCredentials", "userName") => {
                "remove it: a user name and a password cannot be written in a file; the program \
                 sets them"
            }
            (_, _) if parent.ends_with("Binding") => "write <binding>",
            _ => return None,
        })
    }
}
