//! What stands in a file and does nothing here.

use super::schema::{Place, every};
use super::{Support, support_of};
use crate::config::Configuration;
use crate::diagnostic::Severity;
use crate::effective::{EffectiveEndpoint, Role};
use crate::file::node::{Attribute, Node};
use crate::file::reader::{Problem, Reader};

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
    let mut told: Vec<(&'static str, Severity, Vec<&Attribute>)> = Vec::new();
    for attribute in &node.attributes {
        let Some((severity, why)) = why_nothing(path, attribute) else { continue };
        match told.iter_mut().find(|(reason, ..)| *reason == why) {
            Some((_, worst, attributes)) => {
                *worst = (*worst).min(severity);
                attributes.push(attribute);
            }
            None => told.push((why, severity, vec![attribute])),
        }
    }
    for (why, severity, attributes) in told {
        let names: Vec<&str> = attributes.iter().map(|a| a.name.as_str()).collect();
        let verb = if names.len() == 1 { "does" } else { "do" };
        let message = format!("{} of <{}> {verb} nothing here: {why}", names.join(", "), node.name);
        cx.report(problem(severity, attributes[0].name_span, message));
    }
    for child in &node.children {
        if cx.is_full() {
            return;
        }
        cx.within(child, |cx| without_effect_in(&format!("{path}/{}", child.name), child, cx));
    }
}

/// Why an attribute as written does nothing; `None` when it runs, or says what holds anyway.
fn why_nothing(path: &str, attribute: &Attribute) -> Option<(Severity, &'static str)> {
    let path = format!("{path}/@{}", attribute.name);
    let Some(Place::Attribute(default)) = every().get(&path) else { return None };
    let Some(Support::Nothing { severity, acts_as, why }) = support_of(&path) else { return None };
    let value = attribute.value.trim();
    let holds = [default.as_deref(), acts_as].into_iter().flatten();
    let is_said_anyway = holds.into_iter().any(|held| held.eq_ignore_ascii_case(value));
    (!is_said_anyway).then_some((severity, why))
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
