//! The sections of `<system.serviceModel>`.

use crate::bindings::{BINDING_SECTIONS, Binding, OTHER_BINDINGS, unknown_type};
use crate::config::Configuration;
use crate::extensions;
use crate::file::node::Node;
use crate::file::problem::{INITIALIZE, Problem};
use crate::file::raw::OtherElement;
use crate::file::reader::Reader;
use crate::schema::Description;
use crate::settings::read_into;
use crate::suggest;
use crate::word::{NO_WORKFLOWS, Support, note, warn};

/// Sections that are carried, not used.
pub(crate) const CARRIED: &[(&str, Support)] = &[
    (
        "extensions",
        note("the classes that it registers are .NET's; an endpoint that needs one is refused"),
    ),
    ("standardEndpoints", note("an endpoint with a kind is refused")),
    ("diagnostics", note("`tracing` has what happens, and <waxwing><trace> the messages")),
    ("serviceHostingEnvironment", note("it is for the web server that hosts .NET")),
    ("comContracts", note("there is no COM here")),
    ("commonBehaviors", warn("they are for machine.config")),
    ("machineSettings", note("it is for .NET's own machine.config")),
    ("routing", warn("messages are not routed")),
    ("tracking", note(NO_WORKFLOWS)),
];
/// Those that are read.
const READ: &[&str] = &["bindings", "services", "client", "behaviors", "protocolMapping"];

/// Whether a section is read and carried without a look at what stands in it.
fn is_carried(name: &str) -> bool {
    CARRIED.iter().any(|(carried, _)| *carried == name)
}

/// A section that stands in the file a second time.
pub(super) fn repeated(section: &Node) -> Problem {
    let name = &section.name;
    Problem::error(
        "repeated-section",
        section.name_span,
        format!("the section <{name}> stands here a second time"),
    )
    .wcf(format!("{INITIALIZE}\nSections must only appear once per config file."))
    .fix("put everything into one section")
}

/// The sections that are known, each once; those that the file declares itself are passed over.
pub(super) fn known(all: Vec<Node>, declared: &[String], cx: &mut Reader) -> Vec<Node> {
    let mut known: Vec<Node> = Vec::new();
    for section in all {
        let name = section.name.as_str();
        if !READ.contains(&name) && !is_carried(name) {
            if !declared.contains(&section.name) {
                unknown_section(&section, cx);
            }
        } else if known.iter().any(|k| k.name == name) {
            cx.report(repeated(&section));
        } else {
            known.push(section);
        }
    }
    known
}

fn unknown_section(section: &Node, cx: &mut Reader) {
    let name = &section.name;
    let names = READ.iter().copied().chain(CARRIED.iter().map(|(name, _)| *name));
    let suggestion = suggest::nearest(name, names);
    let fix = match &suggestion {
        Some(s) => format!("write <{s}>"),
        None if name.ends_with("Binding") => format!("move <{name}> into <bindings>"),
        None => "remove it; the sections are: bindings, services, client, behaviors, \
                 protocolMapping, extensions"
            .to_owned(),
    };
    let message = format!("<system.serviceModel> has no section <{name}>");
    cx.report(
        Problem::error("unknown-section", section.name_span, message)
            .wcf(format!(
                "{INITIALIZE}\nUnrecognized configuration section system.serviceModel/{name}."
            ))
            .suggest(suggestion)
            .fix(fix),
    );
}

/// Reads every section into the model; gives each binding with its element.
pub(super) fn read<'n>(
    group: &'n Node,
    configuration: &mut Configuration,
    cx: &mut Reader,
) -> Vec<(Binding, &'n Node)> {
    // They register names that the other sections use.
    if let Some(section) = group.child("extensions") {
        cx.extensions = extensions::registered(section);
    }
    let mut bindings: Vec<(Binding, &Node)> = Vec::new();
    for section in &group.children {
        match section.name.as_str() {
            "bindings" => cx.within(section, |cx| bindings = read_bindings(section, cx)),
            "services" => read_into(&mut configuration.services, section, cx),
            "client" => read_into(&mut configuration.client, section, cx),
            "behaviors" => read_into(&mut configuration.behaviors, section, cx),
            "protocolMapping" => read_into(&mut configuration.protocol_mapping, section, cx),
            _ => configuration.others.push(OtherElement::read(section, cx)),
        }
    }
    configuration.bindings = bindings.iter().map(|(binding, _)| binding.clone()).collect();
    bindings
}

fn read_bindings<'n>(section: &'n Node, cx: &mut Reader) -> Vec<(Binding, &'n Node)> {
    cx.refuse_text(section);
    cx.no_attributes(section);
    let mut seen: Vec<&str> = Vec::new();
    let mut bindings = Vec::new();
    for group in &section.children {
        let name = group.name.as_str();
        if cx.extensions.bindings.contains(&group.name) {
            continue;
        }
        if !BINDING_SECTIONS.contains(&name) && !OTHER_BINDINGS.iter().any(|(n, ..)| *n == name) {
            cx.report(unknown_type(name, group.name_span));
        } else if seen.contains(&name) {
            cx.repeated_element(group);
        } else {
            seen.push(name);
            cx.within(group, |cx| read_group(group, &mut bindings, cx));
        }
    }
    bindings
}

fn read_group<'n>(group: &'n Node, bindings: &mut Vec<(Binding, &'n Node)>, cx: &mut Reader) {
    cx.refuse_text(group);
    cx.no_attributes(group);
    for node in cx.entries(group) {
        match node.name.as_str() {
            "binding" => {
                if let Some(binding) = Binding::read(&group.name, node, cx) {
                    bindings.push((binding, node));
                }
            }
            _ => cx.unknown_element(node, group, &Description::default()),
        }
    }
}
