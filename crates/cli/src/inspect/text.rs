//! The report for people.

use std::io::{self, Write};

use waxwing_metadata::contract::{Tier, Type};
use waxwing_metadata::judge::{AssertionRuling, Obstacle, PortVerdict, Ruling, Talk};
use waxwing_metadata::{Finding, QName, Severity, namespaces};

use super::report::Report;
use super::{Parts, operations, overview, words};
use crate::print::{Paint, Rows, WIDTH, shell, wrap};

pub(super) fn print(
    report: &Report,
    parts: Parts,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !parts.some() {
        findings(report, paint, out)?;
        if report.is_unread() {
            return writeln!(out, "{} cannot be read", report.sources.join(" "));
        }
    }
    let mut services: Vec<&QName> = Vec::new();
    for port in &report.ports {
        if !services.contains(&&port.service) {
            services.push(&port.service);
        }
    }
    for service in services {
        let ports: Vec<&PortVerdict> =
            report.ports.iter().filter(|port| port.service == *service).collect();
        let made = if is_as_of_wcf(report) { ", written as WCF writes it" } else { "" };
        let Paint { bold, plain, .. } = paint;
        writeln!(out, "{bold}service {}{plain} ({}){made}", service.local, service.namespace)?;
        match ports.as_slice() {
            [port] => one_port(report, port, parts, paint, out)?,
            several if parts.some() => {
                several.iter().try_for_each(|port| one_port(report, port, parts, paint, out))?;
            }
            several => overview::print(report, several, paint, out)?,
        }
        writeln!(out)?;
    }
    if report.ports.is_empty() && !parts.some() {
        writeln!(out, "no service has a port: types and contracts alone\n")?;
    }
    if !parts.some() || parts.types {
        types(report, parts.types, out)?;
    }
    if !parts.some() {
        next(report, out)?;
    }
    Ok(())
}

/// What is wrong with the documents, before anything else.
fn findings(report: &Report, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings() {
        if finding.severity == Severity::Note {
            continue;
        }
        one_finding(finding, paint, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn one_finding(finding: &Finding, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Paint { bad, plain, .. } = paint;
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let place = finding.at.as_ref().map(words::place).filter(|place| !place.is_empty());
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let text = format!("{place}{}", finding.message);
    writeln!(out, "{bad}{word}{plain} [{}]", finding.code)?;
    for line in wrap(&text, WIDTH - 2) {
        writeln!(out, "  {line}")?;
    }
    if let Some(help) = &finding.help {
        for line in wrap(help, WIDTH - 2) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

/// Whether the documents have what WCF's exporter adds. Who wrote them they do not tell: others export in its words, too.
fn is_as_of_wcf(report: &Report) -> bool {
    let session = report.set.port_types().any(|p| p.using_session.is_some());
    let operations = || report.set.port_types().flat_map(|p| &p.operations);
    let initiating = operations().any(|operation| operation.is_initiating.is_some());
    session || initiating || report.set.has_namespace(namespaces::SERIALIZATION)
}

fn one_port(
    report: &Report,
    port: &PortVerdict,
    parts: Parts,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Paint { bold, plain, good, bad, .. } = paint;
    let color = if port.talk == Talk::Yes { good } else { bad };
    let title = format!("port {}", port.port);
    let gap = (WIDTH - 22).saturating_sub(title.chars().count()).max(2);
    writeln!(out, "  {bold}{title}{plain}{:gap$}can talk: {color}{}{plain}", "", port.talk)?;
    let all = !parts.some();
    if all {
        facts(port).write(out, paint, 4)?;
        blockers(port, paint, out)?;
    }
    if all || parts.operations {
        operations::print(report, port, parts.operations, out)?;
    }
    if all {
        policy(port, paint, out)?;
        for note in &port.notes {
            writeln!(out)?;
            one_finding(note, paint, out)?;
        }
    } else if parts.policy {
        assertions(port, out)?;
    }
    Ok(())
}

fn facts(port: &PortVerdict) -> Rows {
    let mut rows = Rows::default();
    rows.add("address", port.address.clone().unwrap_or_else(|| "none: give --address".to_owned()));
    rows.add("binding", words::binding(port));
    rows.add("messages", words::messages(port));
    if let Some(endpoint) = port.effective.as_deref() {
        rows.add("reliability", words::reliability(endpoint));
        if let Some(security) = words::security(endpoint) {
            rows.add("security", security);
        }
        if let Some(identity) = words::identity(endpoint) {
            rows.add("identity", identity);
        }
    }
    if let Some(needed) = words::needed(port) {
        rows.add("you need", needed);
    }
    rows
}

/// What is in the way, numbered, each with its place and what to change at the service.
fn blockers(port: &PortVerdict, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if port.talk == Talk::Yes {
        return Ok(());
    }
    writeln!(out, "    blocked by")?;
    let assertions = port.blocking().map(|ruling| {
        let AssertionRuling { text, fix, at, .. } = ruling;
        (ruling.label(), words::place(at), text.as_str(), fix.as_deref().unwrap_or_default())
    });
    let obstacles = port.obstacles.iter().map(|obstacle| {
        let Obstacle { class, text, fix, at } = obstacle;
        let place = at.as_ref().map(words::place).unwrap_or_default();
        (class.needs().to_owned(), place, text.as_str(), fix.as_str())
    });
    for (number, (name, place, text, fix)) in assertions.chain(obstacles).enumerate() {
        let number = number + 1;
        let gap = (WIDTH - 12).saturating_sub(name.chars().count() + place.chars().count()).max(2);
        let Paint { bad, plain, .. } = paint;
        writeln!(out, "    {number:3}  {bad}{name}{plain}{:gap$}{place}", "")?;
        let mut lines = wrap(text, WIDTH - 9);
        if !fix.is_empty() {
            lines.extend(wrap(&format!("Fix at the service: {fix}"), WIDTH - 9));
        }
        lines.iter().try_for_each(|line| writeln!(out, "         {line}"))?;
    }
    Ok(())
}

/// The policy in a few lines: what is supported, ignored, blocking.
fn policy(port: &PortVerdict, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if port.assertions.is_empty() {
        return writeln!(out, "\n  no policy");
    }
    let plural = if port.alternatives == 1 { "" } else { "s" };
    let chosen = match port.alternatives {
        0 | 1 => String::new(),
        _ => format!(", number {} is judged", port.chosen + 1),
    };
    writeln!(out, "\n  policy, {} alternative{plural}{chosen}", port.alternatives)?;
    let mut rows = Rows::default();
    for ruling in [Ruling::Supported, Ruling::Ignored, Ruling::Blocking] {
        let mut names: Vec<String> = Vec::new();
        for one in port.assertions.iter().filter(|a| a.ruling == ruling) {
            let top = one.within.is_empty() || ruling != Ruling::Supported;
            let label = one.label();
            if top && !names.contains(&label) {
                names.push(label);
            }
        }
        let text = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        rows.add(ruling.as_str(), text);
    }
    rows.write(out, paint, 4)
}

/// Every assertion with its ruling.
fn assertions(port: &PortVerdict, out: &mut dyn Write) -> io::Result<()> {
    for ruling in &port.assertions {
        let indent = 4 + 2 * ruling.within.len();
        let class = ruling.class.filter(|_| ruling.ruling == Ruling::Blocking);
        let class = class.map(|class| format!(" ({class})")).unwrap_or_default();
        writeln!(
            out,
            "{:indent$}{} {}{class}: {} [{}, {}]",
            "",
            ruling.ruling.as_str(),
            ruling.label(),
            ruling.text,
            ruling.subject,
            words::place(&ruling.at)
        )?;
    }
    Ok(())
}

fn types(report: &Report, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let named: Vec<&Type> =
        report.contracts.types.iter().map(|(_, t)| t).filter(|t| is_own(t)).collect();
    let count = |tier: Tier| named.iter().filter(|t| t.tier == tier).count();
    let (contracts, xml, raw) = (count(Tier::DataContract), count(Tier::Xml), count(Tier::Raw));
    let mut kinds = vec![format!("{contracts} data contracts")];
    kinds.extend((xml > 0).then(|| format!("{xml} XML types")));
    kinds.extend((raw > 0).then(|| format!("{raw} as XML")));
    if named.is_empty() {
        writeln!(out, "types: none of your own")?;
    } else {
        writeln!(out, "types: {} named: {}", named.len(), kinds.join(", "))?;
    }
    if all {
        for one in named {
            let name = one.name.as_ref().map(ToString::to_string).unwrap_or_default();
            let tier = match one.tier {
                Tier::DataContract => "data contract",
                Tier::Xml => "XML type",
                Tier::Raw => "XML",
            };
            let why = one.fall.as_ref().map(|f| format!(": {}", f.reason)).unwrap_or_default();
            writeln!(out, "  {name}  {tier}{why}")?;
        }
    }
    Ok(())
}

/// Whether a type is the service's, not one of XML Schema or of the serializer.
pub(super) fn is_own(one: &Type) -> bool {
    use waxwing_metadata::contract::Shape;
    let own = one.name.as_ref().is_some_and(|name| {
        &*name.namespace != namespaces::XSD && &*name.namespace != namespaces::SERIALIZATION
    });
    own && !matches!(one.shape, Shape::BuiltIn(_) | Shape::Any)
}

fn next(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let source = report.sources.join(" ");
    match waxwing_metadata::judge::best(&report.ports) {
        Some(best) if best.talk == Talk::Yes && report.ports.len() > 1 => {
            writeln!(
                out,
                "next: waxwing import {source} --port {} -o src/service",
                shell(&best.port)
            )
        }
        Some(best) if best.talk == Talk::Yes => {
            writeln!(out, "next: waxwing import {source} -o src/service")
        }
        Some(_) => writeln!(out, "none can be used by this version"),
        None => Ok(()),
    }
}
