//! What stands in a file and does nothing here.

use super::schema::{Place, Setting, every};
use super::support_of;
use crate::config::Configuration;
use crate::diagnostic::Severity;
use crate::effective::{EffectiveEndpoint, Role};
use crate::file::node::{Attribute, Node};
use crate::file::problem::Problem;
use crate::file::reader::Reader;
use crate::word::Support;

/// Reports every setting of `<system.serviceModel>` that does nothing here, unless its value is
/// what holds anyway.
pub(crate) fn without_effect(group: &Node, configuration: &Configuration, cx: &mut Reader) {
    for section in &group.children {
        cx.within(section, |cx| match section.name.as_str() {
            "bindings" => bindings(section, configuration, cx),
            name => without_effect_in(name, section, cx),
        });
    }
}

/// Of a binding that cannot be run at all nothing is told one by one.
fn bindings(section: &Node, configuration: &Configuration, cx: &mut Reader) {
    for group in &section.children {
        cx.within(group, |cx| {
            for node in group.children_named("binding") {
                let binding = configuration.binding(&group.name, node.value("name"));
                let runs = |b| EffectiveEndpoint::unchecked(Role::Client, &b).unsupported();
                if cx.is_full() || !binding.is_some_and(|b| runs(b).is_empty()) {
                    continue;
                }
                cx.within(node, |cx| {
                    without_effect_in(&format!("{}/binding", group.name), node, cx)
                });
            }
        });
    }
}

/// Reports what does nothing in an element of the schema.
pub(crate) fn without_effect_in(path: &str, node: &Node, cx: &mut Reader) {
    if let Some(Support::Nothing { severity, why, .. }) = support_of(path) {
        let message = format!("<{}> does nothing here: {why}", node.name);
        return cx.report(problem(severity, node.name_span, message));
    }
    // Settings that do nothing for one reason are told together, at the first of them.
    let mut told: Vec<(Shortfall, Vec<&Attribute>)> = Vec::new();
    for attribute in &node.attributes {
        let Some(found) = shortfall(path, attribute) else { continue };
        // Of a value that cannot run at an endpoint nothing more is said.
        if found.kind == Kind::Partly && cx.has_told_of(attribute.value_span) {
            continue;
        }
        match told.iter_mut().find(|(shortfall, _)| *shortfall == found) {
            Some((_, attributes)) => attributes.push(attribute),
            None => told.push((found, vec![attribute])),
        }
    }
    for (Shortfall { severity, kind, why }, attributes) in told {
        let names: Vec<&str> = attributes.iter().map(|a| a.name.as_str()).collect();
        let verb = match (kind, names.len()) {
            (Kind::Partly, 1) => "runs only in part here",
            (Kind::Partly, _) => "run only in part here",
            (Kind::InCode, 1) => "needs the program",
            (Kind::InCode, _) => "need the program",
            (Kind::Nothing, 1) => "does nothing here",
            (Kind::Nothing, _) => "do nothing here",
        };
        let message = format!("{} of <{}> {verb}: {why}", names.join(", "), node.name);
        let span = attributes[0].name_span;
        cx.report(match kind {
            Kind::InCode => Problem::warning("needs-code", span, message)
                .behavior("uses it; Waxwing refuses when it is opened, unless the program decides")
                .fix("give it in code, or take it out of the file if nobody needs it"),
            Kind::Nothing | Kind::Partly => problem(severity, span, message),
        });
    }
    for child in &node.children {
        if cx.is_full() {
            return;
        }
        cx.within(child, |cx| without_effect_in(&format!("{path}/{}", child.name), child, cx));
    }
}

/// What a setting does not do.
#[derive(PartialEq)]
struct Shortfall {
    severity: Severity,
    kind: Kind,
    why: &'static str,
}

/// How it falls short.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// It does nothing.
    Nothing,
    /// It does the rest.
    Partly,
    /// The program gives it.
    InCode,
}

/// Why an attribute as written does nothing or too little; `None` when it runs, or says what holds
/// anyway.
fn shortfall(path: &str, attribute: &Attribute) -> Option<Shortfall> {
    let path = format!("{path}/@{}", attribute.name);
    let Setting { place: Place::Attribute(default), word } = every().get(&path)? else {
        return None;
    };
    let (found, acts_as) = match (*word)? {
        Support::Nothing { severity, acts_as, why } => {
            (Shortfall { severity, kind: Kind::Nothing, why }, acts_as)
        }
        Support::Partly(why) => {
            (Shortfall { severity: Severity::Note, kind: Kind::Partly, why }, None)
        }
        Support::InCode(why) => {
            (Shortfall { severity: Severity::Warning, kind: Kind::InCode, why }, None)
        }
        _ => return None,
    };
    let value = attribute.value.trim();
    let mut holds = [default.as_deref(), acts_as].into_iter().flatten();
    (!holds.any(|held| held.eq_ignore_ascii_case(value))).then_some(found)
}

fn problem(severity: Severity, span: crate::Span, message: String) -> Problem {
    let problem = match severity {
        Severity::Note => Problem::note("does-nothing", span, message),
        _ => Problem::warning("does-nothing", span, message),
    };
    problem
        .behavior("uses it")
        .fix("remove it if nobody else reads this file; docs/configuration.md says what runs")
}
