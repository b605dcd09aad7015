//! Reading a whole file: which sections there are, and what is in them.

use crate::bindings::{BINDING_SECTIONS, Binding, OTHER_BINDINGS};
use crate::config::loaded::{ConfigurationError, Loaded};
use crate::config::{Configuration, check};
use crate::file::node::Node;
use crate::file::parse::parse;
use crate::file::raw::OtherElement;
use crate::file::reader::{INITIALIZE, Problem, Reader};
use crate::settings::read_into;
use crate::suggest;
use crate::support::find::settings_without_effect;

/// Sections of `<system.serviceModel>` that are carried, not used.
pub(crate) const CARRIED: &[&str] = &[
    "extensions",
    "standardEndpoints",
    "diagnostics",
    "serviceHostingEnvironment",
    "comContracts",
    "commonBehaviors",
    "routing",
    "tracking",
];
/// Those that are read.
const READ: &[&str] = &["bindings", "services", "client", "behaviors", "protocolMapping"];
/// Namespace that .NET accepts on the root element.
const ROOT_NAMESPACE: &str = "http://schemas.microsoft.com/.NetConfiguration/v2.0";

impl Configuration {
    /// Reads the text of a configuration file. All mistakes of the file are found in one pass;
    /// the model holds whatever could be read.
    pub fn load(text: &str) -> Loaded {
        let mut cx = Reader::new(text);
        let mut configuration = Configuration::default();
        if let Some(root) = parse(text, &mut cx) {
            cx.within(&root, |cx| {
                read_root(&root, &mut configuration, cx);
                settings_without_effect(&root, &configuration, cx);
            });
        }
        let mut diagnostics = cx.diagnostics;
        diagnostics.sort_by_key(|d| (d.span.start, d.severity));
        Loaded { configuration, diagnostics, file: String::new() }
    }

    /// Reads the text of a configuration file that must be good.
    ///
    /// # Errors
    /// All errors of the file.
    pub fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
        Configuration::parse_file(text, "")
    }

    /// The same; errors name the file `file`, which is not opened.
    ///
    /// # Errors
    /// All errors of the file.
    pub fn parse_file(text: &str, file: &str) -> Result<Configuration, ConfigurationError> {
        let mut loaded = Configuration::load(text);
        file.clone_into(&mut loaded.file);
        loaded.strict()
    }
}

fn read_root(root: &Node, configuration: &mut Configuration, cx: &mut Reader<'_>) {
    if root.name != "configuration" {
        let message = format!("the root element is <{}>, not <configuration>", root.name);
        cx.report(
            Problem::error("wrong-root", root.name_span, message)
                .wcf(format!("{INITIALIZE}\nConfiguration file does not have a valid root element"))
                .fix("write <configuration>"),
        );
    }
    root_attributes(root, cx);
    config_sections(root, cx);
    let mut seen: Vec<&str> = Vec::new();
    for section in &root.children {
        let name = section.name.as_str();
        let ours = matches!(name, "system.serviceModel" | "waxwing");
        if ours && seen.contains(&name) {
            cx.report(repeated_section(section));
            continue;
        }
        if ours {
            seen.push(name);
        }
        match name {
            "system.serviceModel" => {
                cx.within(section, |cx| service_model(section, configuration, cx));
            }
            "location" => location(section, cx),
            "waxwing" => read_into(&mut configuration.waxwing, section, cx),
            _ => misspelt_section(section, cx),
        }
    }
    if !seen.contains(&"system.serviceModel") {
        cx.report(
            Problem::warning(
                "no-service-model",
                root.name_span,
                "there is no <system.serviceModel> in this file",
            )
            .fix("write <system.serviceModel> … </system.serviceModel> inside <configuration>"),
        );
    }
}

/// Elements of the frame, which are no configuration elements themselves, have no attributes.
fn no_attributes(node: &Node, cx: &mut Reader<'_>) {
    for attribute in &node.attributes {
        cx.foreign_attribute(attribute, node, &crate::settings::Description::default());
    }
}

fn root_attributes(root: &Node, cx: &mut Reader<'_>) {
    for attribute in &root.attributes {
        if attribute.name == "xmlns" && attribute.value == ROOT_NAMESPACE {
            cx.default_namespace = Some(ROOT_NAMESPACE);
            continue;
        }
        if attribute.name != "xmlns" {
            cx.foreign_attribute(attribute, root, &crate::settings::Description::default());
            continue;
        }
        cx.report(
            Problem::error(
                "root-namespace",
                attribute.value_span,
                "the root element has no namespace",
            )
            .wcf(format!("{INITIALIZE}\nUnrecognized attribute 'xmlns'."))
            .fix("remove xmlns"),
        );
    }
}

/// `<configSections>` must come first, and must tell .NET to pass over `<waxwing>`.
fn config_sections(root: &Node, cx: &mut Reader<'_>) {
    let position = root.children.iter().position(|c| c.name == "configSections");
    if let Some(position) = position.filter(|p| *p > 0) {
        let node = &root.children[position];
        cx.report(
            Problem::error(
                "config-sections-first",
                node.name_span,
                "<configSections> must be the first element of <configuration>",
            )
            .wcf(format!(
                "{INITIALIZE}\nOnly one <configSections> element allowed per config file and if \
                 present must be the first child of the root <configuration> element."
            ))
            .fix("move it to the top"),
        );
    }
    let declared = position.is_some_and(|p| {
        root.children[p].children_named("section").any(|s| s.value("name") == "waxwing")
    });
    if let (Some(section), false) = (root.child("waxwing"), declared) {
        cx.report(
            Problem::warning(
                "section-not-declared",
                section.name_span,
                ".NET refuses the section <waxwing> unless the file declares it",
            )
            .wcf(format!("{INITIALIZE}\nUnrecognized configuration section waxwing."))
            .behavior("refuses the whole file; Waxwing reads it")
            .fix(
                "write at the top of <configuration>:\n<configSections>\n  <section \
                 name=\"waxwing\" type=\"System.Configuration.IgnoreSection\" \
                 />\n</configSections>",
            ),
        );
    }
}

/// `<location>` holds settings for a part of a web site.
fn location(section: &Node, cx: &mut Reader<'_>) {
    let Some(inner) = section.child("system.serviceModel") else { return };
    cx.within(section, |cx| {
        cx.report(
            Problem::warning(
                "location-not-read",
                inner.name_span,
                "Waxwing does not read the <system.serviceModel> of a <location>",
            )
            .behavior("reads it for the part of the site that path names")
            .fix("put it into a file of its own, directly in <configuration>"),
        );
    });
}

/// A section beside ours whose name is nearly ours.
fn misspelt_section(section: &Node, cx: &mut Reader<'_>) {
    let meant = suggest::nearest(&section.name, ["system.serviceModel", "waxwing"]);
    if let Some(meant) = meant {
        let message = format!("<{}> is no known section", section.name);
        cx.report(
            Problem::error("unknown-section", section.name_span, message)
                .wcf(format!("{INITIALIZE}\nUnrecognized configuration section {}.", section.name))
                .fix(format!("write <{meant}>"))
                .suggest(Some(meant)),
        );
    }
}

fn repeated_section(section: &Node) -> Problem {
    let name = &section.name;
    Problem::error(
        "repeated-section",
        section.name_span,
        format!("the section <{name}> stands here a second time"),
    )
    .wcf(format!("{INITIALIZE}\nSections must only appear once per config file."))
    .fix("put everything into one section")
}

fn service_model(node: &Node, configuration: &mut Configuration, cx: &mut Reader<'_>) {
    cx.refuse_text(node);
    no_attributes(node, cx);
    let mut seen: Vec<&str> = Vec::new();
    let mut sections: Vec<&Node> = Vec::new();
    for section in &node.children {
        let name = section.name.as_str();
        if !READ.contains(&name) && !CARRIED.contains(&name) {
            unknown_section(section, cx);
        } else if seen.contains(&name) {
            cx.report(repeated_section(section));
        } else {
            seen.push(name);
            sections.push(section);
        }
    }
    if let Some(extensions) = sections.iter().find(|s| s.name == "extensions") {
        read_extensions(extensions, cx);
    }
    let mut bindings: Vec<(Binding, &Node)> = Vec::new();
    for section in &sections {
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
    check::check(node, &bindings, configuration, cx);
}

fn unknown_section(section: &Node, cx: &mut Reader<'_>) {
    let name = &section.name;
    let names = READ.iter().chain(CARRIED).copied();
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

fn read_extensions(node: &Node, cx: &mut Reader<'_>) {
    let names = |collection: &str| -> Vec<String> {
        let nodes = node.child(collection).into_iter().flat_map(|c| c.children_named("add"));
        nodes.map(|add| add.value("name").to_owned()).filter(|n| !n.is_empty()).collect()
    };
    cx.extensions.behaviors = names("behaviorExtensions");
    cx.extensions.binding_elements = names("bindingElementExtensions");
    cx.extensions.bindings = names("bindingExtensions");
}

fn read_bindings<'n>(section: &'n Node, cx: &mut Reader<'_>) -> Vec<(Binding, &'n Node)> {
    cx.refuse_text(section);
    no_attributes(section, cx);
    let mut seen: Vec<&str> = Vec::new();
    let mut bindings = Vec::new();
    for group in &section.children {
        let name = group.name.as_str();
        if cx.extensions.bindings.contains(&group.name) {
            continue;
        }
        if !BINDING_SECTIONS.contains(&name) && !OTHER_BINDINGS.iter().any(|(n, ..)| *n == name) {
            cx.report(unknown_binding_type(name, group.name_span));
        } else if seen.contains(&name) {
            cx.repeated_element(group);
        } else {
            seen.push(name);
            cx.within(group, |cx| read_group(group, &mut bindings, cx));
        }
    }
    bindings
}

/// A name that is no type of binding.
pub(crate) fn unknown_binding_type(name: &str, span: crate::Span) -> Problem {
    let names = BINDING_SECTIONS.iter().copied().chain(OTHER_BINDINGS.iter().map(|(n, ..)| *n));
    let suggestion = suggest::nearest(name, names.clone())
        .or_else(|| suggest::nearest(&format!("{name}Binding"), names));
    let fix = match &suggestion {
        Some(s) => format!("write {s}"),
        None => format!("the types of bindings are: {}", BINDING_SECTIONS.join(", ")),
    };
    Problem::error("unknown-binding-type", span, format!("there is no binding type {name}"))
        .wcf(format!(
            "Configuration binding extension 'system.serviceModel/bindings/{name}' could not be \
             found. Verify that this binding extension is properly registered in \
             system.serviceModel/extensions/bindingExtensions and that it is spelled correctly."
        ))
        .suggest(suggestion)
        .fix(fix)
}

fn read_group<'n>(group: &'n Node, bindings: &mut Vec<(Binding, &'n Node)>, cx: &mut Reader<'_>) {
    cx.refuse_text(group);
    no_attributes(group, cx);
    for node in cx.entries(group) {
        match node.name.as_str() {
            "binding" => {
                if let Some(binding) = Binding::read(&group.name, node, cx) {
                    bindings.push((binding, node));
                }
            }
            "clear" | "remove" => {}
            _ => cx.unknown_element(node, group, &crate::settings::Description::default()),
        }
    }
}
