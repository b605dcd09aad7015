//! Keys of collections: no two entries of one key.

use crate::bindings::Binding;
use crate::diagnostic::Span;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;

fn duplicate(element: &str, key: &str, span: Span, first: u32, what: &str) -> Problem {
    Problem::error(
        "duplicate-key",
        span,
        format!("{what} stands here a second time; the first is on line {first}"),
    )
    .wcf(format!(
        "A child element named '{element}' with same key already exists at the same configuration \
         scope. Collection elements must be unique within the same configuration scope (e.g. the \
         same application.config file). Duplicate key value:  '{key}'."
    ))
}

/// Reports every node whose key an earlier one has.
fn unique<'n>(
    nodes: impl Iterator<Item = &'n Node>,
    key: impl Fn(&Node) -> Option<String>,
    what: impl Fn(&Node) -> String,
    fix: &str,
    cx: &mut Reader,
) {
    let mut seen: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for node in nodes {
        let Some(key) = key(node) else { continue };
        match seen.get(&key) {
            Some(first) => {
                let span = node.attribute("name").map_or(node.name_span, |a| a.value_span);
                let problem = duplicate(&node.name, &key, span, *first, &what(node));
                cx.within(node, |cx| cx.report(problem.fix(fix)));
            }
            None => {
                seen.insert(key, cx.line(node.span.start));
            }
        }
    }
}

pub(super) fn bindings(bindings: &[(Binding, &Node)], cx: &mut Reader) {
    let mut sections: Vec<&str> = bindings.iter().map(|(b, _)| b.section()).collect();
    sections.dedup();
    for section in sections {
        let nodes = bindings.iter().filter(|(b, _)| b.section() == section).map(|(_, n)| *n);
        cx.within_named(section, |cx| {
            unique(
                nodes,
                |node| Some(node.value("name").to_owned()),
                |node| match node.value("name") {
                    "" => "an unnamed binding".to_owned(),
                    name => format!("a binding named \"{name}\""),
                },
                "give each binding a name of its own",
                cx,
            );
        });
    }
}

pub(super) fn behaviors(section: &Node, cx: &mut Reader) {
    for group in &section.children {
        cx.within(group, |cx| {
            unique(
                group.children_named("behavior"),
                |node| Some(node.value("name").to_owned()),
                |node| match node.value("name") {
                    "" => "an unnamed behavior".to_owned(),
                    name => format!("a behavior named \"{name}\""),
                },
                "give each behavior a name of its own",
                cx,
            );
        });
    }
}

pub(super) fn services(section: &Node, cx: &mut Reader) {
    unique(
        section.children_named("service"),
        |node| node.attribute("name").map(|a| a.value.clone()),
        |node| format!("the service \"{}\"", node.value("name")),
        "put all endpoints of a service into one <service>",
        cx,
    );
    for service in section.children_named("service") {
        cx.within(service, |cx| {
            unique(
                service.children_named("endpoint"),
                |node| Some(service_endpoint_key(node)),
                |_| "the same endpoint".to_owned(),
                "remove one, or give it another address",
                cx,
            );
        });
    }
}

/// The key as WCF prints it.
fn service_endpoint_key(node: &Node) -> String {
    format!(
        "address:{};bindingConfiguration{};bindingName:{};bindingNamespace:{};\
         bindingSectionName:{};contractType:{};kind:{};endpointConfiguration:{};",
        node.value("address"),
        node.value("bindingConfiguration"),
        node.value("bindingName"),
        node.value("bindingNamespace"),
        node.value("binding"),
        node.value("contract"),
        node.value("kind"),
        node.value("endpointConfiguration")
    )
}

pub(super) fn client(section: &Node, cx: &mut Reader) {
    unique(
        section.children_named("endpoint"),
        |node| Some(format!("contractType:{};name:{}", node.value("contract"), node.value("name"))),
        |node| format!("an endpoint \"{}\" for {}", node.value("name"), node.value("contract")),
        "give each endpoint of a contract a name of its own",
        cx,
    );
}
