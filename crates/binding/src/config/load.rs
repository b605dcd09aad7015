//! Reading a whole file: the root, and which sections there are.

use std::sync::Arc;

use crate::config::error::ConfigurationError;
use crate::config::loaded::{Loaded, Origin};
use crate::config::section_files::ReadBeside;
use crate::config::{Configuration, check, maps, section_files, sections};
use crate::file::node::Node;
use crate::file::parse::parse;
use crate::file::problem::{INITIALIZE, Problem};
use crate::file::reader::Reader;
use crate::proxy::{expression, instead_of_expression, net_with_expression};
use crate::schema::Description;
use crate::settings::read_into;
use crate::suggest;
use crate::support::find;

/// Namespace that .NET accepts on the root element.
const ROOT_NAMESPACE: &str = "http://schemas.microsoft.com/.NetConfiguration/v2.0";
/// Namespace of the instructions in a transform (`Web.Release.config`, `app.config.install.xdt`).
const TRANSFORM_NAMESPACE: &str = "http://schemas.microsoft.com/XML-Document-Transform";
const SERVICE_MODEL: &str = "system.serviceModel";
const SYSTEM_NET: &str = "system.net";

/// What a file does not say itself.
#[derive(Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    pub(crate) file: &'a str,
    pub(crate) base_addresses: &'a [String],
    pub(crate) beside: Option<ReadBeside<'a>>,
}

impl<'a> LoadOptions<'a> {
    /// Nothing but the name of the file, which is not opened. A `web.config` is read as IIS does:
    /// base addresses come from outside, and what is missing may stand in a file further up.
    pub fn named(file: &'a str) -> LoadOptions<'a> {
        LoadOptions { file, ..LoadOptions::default() }
    }

    /// The same with base addresses that the host gives to every service, as IIS and programs do;
    /// each goes before one of the same scheme in the file (absolute URIs).
    #[must_use]
    pub fn base_addresses(mut self, addresses: &'a [String]) -> LoadOptions<'a> {
        self.base_addresses = addresses;
        self
    }

    /// The same with the files that `configSource` names. Names are relative, have `/` between
    /// folders, and do not lead out of the folder of the configuration file.
    #[must_use]
    pub fn beside(mut self, read: ReadBeside<'a>) -> LoadOptions<'a> {
        self.beside = Some(read);
        self
    }
}

impl std::fmt::Debug for LoadOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let LoadOptions { file, base_addresses, .. } = self;
        f.debug_struct("LoadOptions")
            .field("file", file)
            .field("base_addresses", base_addresses)
            .finish_non_exhaustive()
    }
}

/// Whether IIS reads a file of this name: `Web.config`, `Web.Debug.config`, `Web - Copy.config`.
fn is_of_a_site(file: &str) -> bool {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file).to_ascii_lowercase();
    name.starts_with("web") && name.ends_with(".config")
}

impl Configuration {
    /// Reads the text of a configuration file. All mistakes of the file are found in one pass;
    /// the model holds whatever could be read.
    pub fn load(text: &str) -> Loaded {
        Configuration::load_with(text, &LoadOptions::default())
    }

    /// The same with what the file does not say itself.
    pub fn load_with(text: &str, options: &LoadOptions<'_>) -> Loaded {
        let mut cx = Reader::new(text);
        cx.of_a_site = is_of_a_site(options.file);
        let mut configuration = Configuration::default();
        let root = parse(text, &mut cx);
        let read = root.map(|root| {
            cx.enter(&root);
            let read = read_root(root, &mut configuration, options, &mut cx);
            cx.leave();
            read
        });
        let (model, section) = read.unwrap_or_default();
        let mut diagnostics = std::mem::take(&mut cx.diagnostics);
        diagnostics.sort_by(|a, b| {
            let place = |d: &crate::Diagnostic| (d.file.clone(), d.span.start, d.severity);
            place(a).cmp(&place(b))
        });
        let origin = Some(Arc::new(Origin { reader: cx, model, section }));
        Loaded { configuration, diagnostics, file: options.file.to_owned(), origin }
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
        Configuration::load_with(text, &LoadOptions::named(file)).strict()
    }
}

/// Gives `<system.serviceModel>` and `<waxwing>`.
fn read_root(
    root: Node,
    configuration: &mut Configuration,
    options: &LoadOptions<'_>,
    cx: &mut Reader,
) -> (Option<Node>, Option<Node>) {
    if let Some(declared) = root.attributes.iter().find(|a| a.value == TRANSFORM_NAMESPACE) {
        cx.report(transform(declared.name_span));
        return (None, None);
    }
    if root.name != "configuration" {
        let message = format!("the root element is <{}>, not <configuration>", root.name);
        cx.report(
            Problem::error("wrong-root", root.name_span, message)
                .wcf(format!("{INITIALIZE}\nConfiguration file does not have a valid root element"))
                .fix("write <configuration>"),
        );
    }
    root_attributes(&root, cx);
    config_sections(&root, cx);
    let declared = declared_sections(&root);
    let place = root.name_span;
    let mut groups: Vec<Node> = Vec::new();
    let mut own: Option<Node> = None;
    let mut net: Option<Node> = None;
    for section in top_level(root, cx) {
        match section.name.as_str() {
            SERVICE_MODEL => groups.push(section),
            "waxwing" if own.is_some() => cx.report(sections::repeated(&section)),
            "waxwing" => own = Some(section),
            SYSTEM_NET if net.is_some() => cx.report(sections::repeated(&section)),
            SYSTEM_NET => net = Some(section),
            _ => misspelt_section(&section, &declared, cx),
        }
    }
    if let Some(section) = net {
        system_net(section, configuration, cx);
    }
    if let Some(section) = &own {
        read_into(&mut configuration.waxwing, section, cx);
        cx.within(section, |cx| find::without_effect_in("waxwing", section, cx));
    }
    let model = match merged(groups) {
        Some(group) => Some(service_model(group, configuration, &declared, options, cx)),
        None => {
            cx.report(no_service_model(place));
            None
        }
    };
    if let Some(section) = &own {
        cx.within(section, |cx| check::section(section, configuration, cx));
    }
    (model, own)
}

/// `<system.net>`: what is not about proxies is passed over.
fn system_net(mut section: Node, configuration: &mut Configuration, cx: &mut Reader) {
    section.attributes.clear();
    section.text = None;
    section.children.retain(|child| is_default_proxy(child, cx));
    maps::apply(&mut section, "configuration", cx);
    read_into(&mut configuration.net, &section, cx);
    cx.within(&section, |cx| {
        find::without_effect_in(SYSTEM_NET, &section, cx);
        for proxy in &section.children {
            cx.within(proxy, |cx| {
                bypass_list(proxy, cx);
                if let Some(proxy) = proxy.child("proxy") {
                    cx.within(proxy, |cx| check::proxy(proxy, "proxyaddress", cx));
                }
            });
        }
    });
}

/// Whether it is `<defaultProxy>`; what is nearly that is told.
fn is_default_proxy(child: &Node, cx: &mut Reader) -> bool {
    const PROXY: &str = "defaultProxy";
    /// Beside it in .NET's machine.config.
    const NEIGHBORS: [&str; 6] = [
        "authenticationModules",
        "connectionManagement",
        "mailSettings",
        "requestCaching",
        "settings",
        "webRequestModules",
    ];
    let is_known = child.name == PROXY || NEIGHBORS.contains(&child.name.as_str());
    if !is_known && suggest::nearest(&child.name, [PROXY]).is_some() {
        let message = format!("<system.net> has no element <{}>", child.name);
        cx.report(
            Problem::error("unknown-section", child.name_span, message)
                .wcf(format!(
                    "{INITIALIZE}\nUnrecognized configuration section system.net/{}.",
                    child.name
                ))
                .fix(format!("write <{PROXY}>"))
                .suggest(Some(PROXY.to_owned())),
        );
    }
    child.name == PROXY
}

/// Expressions of .NET that take more than an automaton.
fn bypass_list(proxy: &Node, cx: &mut Reader) {
    let Some(list) = proxy.child("bypasslist") else { return };
    cx.within(list, |cx| {
        for add in list.children_named("add").filter(|add| add.value("address").is_empty()) {
            cx.report(
                Problem::error(
                    "attribute-missing",
                    add.name_span,
                    "<add> of <bypasslist> needs the attribute address: without it no host is reached through the proxy",
                )
                .wcf("Required attribute 'address' not found.")
                .fix("write address=\"…\", or remove it"),
            );
        }
        let addresses = list.children_named("add").filter_map(|add| add.attribute("address"));
        for address in addresses {
            if let Err(why) = expression(&address.value) {
                cx.report(
                    Problem::warning("bypass-expression", address.value_span, why)
                        .behavior(net_with_expression(&address.value))
                        .fix(instead_of_expression(&address.value)),
                );
            }
        }
    });
}

fn no_service_model(place: crate::Span) -> Problem {
    Problem::warning("no-service-model", place, "there is no <system.serviceModel> in this file")
        .fix("write <system.serviceModel> … </system.serviceModel> inside <configuration>")
}

/// A transform is no configuration: it says how to change one.
fn transform(span: crate::Span) -> Problem {
    Problem::error(
        "transform",
        span,
        "this file is a transform: it says how to change a configuration file",
    )
    .wcf(format!("{INITIALIZE}\nUnrecognized attribute 'xmlns:xdt'."))
    .fix("apply it to the file that it is for first, and give the result")
}

/// The sections directly in the root, and those of `<location path=".">`, which means the same
/// place.
fn top_level(root: Node, cx: &mut Reader) -> Vec<Node> {
    let mut all = Vec::new();
    for section in root.children {
        let here = matches!(section.value("path").trim(), "" | ".");
        match section.name.as_str() {
            "location" if here => all.extend(section.children),
            "location" => location(&section, cx),
            _ => all.push(section),
        }
    }
    all
}

/// `<location>` holds settings for a part of a web site.
fn location(section: &Node, cx: &mut Reader) {
    let Some(inner) = section.child(SERVICE_MODEL) else { return };
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

/// A section group may stand in a file several times; only its sections must be unique.
fn merged(groups: Vec<Node>) -> Option<Node> {
    let mut groups = groups.into_iter();
    let mut first = groups.next()?;
    for group in groups {
        first.attributes.extend(group.attributes);
        first.children.extend(group.children);
        first.text = first.text.or(group.text);
    }
    Some(first)
}

fn root_attributes(root: &Node, cx: &mut Reader) {
    for attribute in &root.attributes {
        if attribute.name == "xmlns" && attribute.value == ROOT_NAMESPACE {
            cx.default_namespace = Some(ROOT_NAMESPACE);
            continue;
        }
        if attribute.name != "xmlns" {
            cx.foreign_attribute(attribute, root, &Description::default());
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
fn config_sections(root: &Node, cx: &mut Reader) {
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

/// Names that `<configSections>` declares: of sections and groups at the top, and of those in
/// `<sectionGroup name="system.serviceModel">`.
struct Declared {
    top: Vec<String>,
    in_service_model: Vec<String>,
}

fn declared_sections(root: &Node) -> Declared {
    let declares = |n: &&Node| matches!(n.name.as_str(), "section" | "sectionGroup");
    let names = |nodes: &[Node]| -> Vec<String> {
        nodes.iter().filter(declares).map(|n| n.value("name").to_owned()).collect()
    };
    let Some(sections) = root.child("configSections") else {
        return Declared { top: Vec::new(), in_service_model: Vec::new() };
    };
    let groups = sections.children_named("sectionGroup");
    let ours = groups.filter(|group| group.value("name") == SERVICE_MODEL);
    Declared {
        top: names(&sections.children),
        in_service_model: ours.flat_map(|group| names(&group.children)).collect(),
    }
}

/// A section beside ours whose name is nearly ours.
fn misspelt_section(section: &Node, declared: &Declared, cx: &mut Reader) {
    /// Beside ours in .NET's machine.config.
    const NEIGHBOR: &str = "system.serviceModel.activation";
    if section.name == NEIGHBOR || declared.top.contains(&section.name) {
        return;
    }
    // <system.web> is near enough to be taken for it.
    let meant = match section.name.eq_ignore_ascii_case(SYSTEM_NET) {
        true => Some(SYSTEM_NET.to_owned()),
        false => suggest::nearest(&section.name, [SERVICE_MODEL, "waxwing"]),
    };
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

fn service_model(
    mut group: Node,
    configuration: &mut Configuration,
    declared: &Declared,
    options: &LoadOptions<'_>,
    cx: &mut Reader,
) -> Node {
    cx.enter(&group);
    cx.refuse_text(&group);
    cx.no_attributes(&group);
    group.children = sections::known(group.children, &declared.in_service_model, cx);
    section_files::read(&mut group, options.beside, cx);
    for section in &mut group.children {
        maps::apply(section, SERVICE_MODEL, cx);
    }
    let bindings = sections::read(&group, configuration, cx);
    for service in &mut configuration.services.services {
        for address in options.base_addresses {
            service.give_base_address(address);
        }
    }
    check::check(&group, &bindings, configuration, cx);
    drop(bindings);
    find::without_effect(&group, configuration, cx);
    cx.leave();
    group
}
