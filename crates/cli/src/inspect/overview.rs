//! Several ports of a service: one row each.

use std::io::{self, Write};

use waxwing_metadata::judge::{PortVerdict, Talk, best};

use super::operations;
use super::report::Report;
use crate::print::{Paint, WIDTH, wrap};

/// Signatures that are shown of a contract of several ports.
const FEW: usize = 6;

pub(super) fn print(
    report: &Report,
    ports: &[&PortVerdict],
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let none = || "none".to_owned();
    let address = |port: &PortVerdict| port.address.clone().unwrap_or_else(none);
    let width = |of: &dyn Fn(&PortVerdict) -> usize, least: usize| {
        ports.iter().map(|port| of(port)).max().unwrap_or(0).max(least)
    };
    let names = width(&|port| port.port.chars().count(), 4);
    let addresses = width(&|port| address(port).chars().count(), 7);
    let Paint { dim, plain, good, bad, .. } = paint;
    writeln!(out, "  {dim}{:names$}  {:addresses$}  can talk  because{plain}", "port", "address")?;
    for port in ports {
        let color = if port.talk == Talk::Yes { good } else { bad };
        let because = match port.talk {
            Talk::Yes => {
                port.configuration.as_ref().map(|b| b.section().to_owned()).unwrap_or_default()
            }
            _ => port.because(),
        };
        let talk = port.talk.to_string();
        writeln!(
            out,
            "  {:names$}  {:addresses$}  {color}{talk:8}{plain}  {because}",
            port.port,
            address(port)
        )?;
    }
    writeln!(out)?;
    contracts(report, ports, out)?;
    shared_bindings(ports, out)?;
    let talkable = ports.iter().any(|port| port.talk == Talk::Yes);
    let owned: Vec<PortVerdict> = ports.iter().map(|port| (*port).clone()).collect();
    match best(&owned) {
        Some(best) if talkable => {
            writeln!(out, "  the best is {} (--port {0} says more)", best.port)
        }
        Some(best) => {
            let line = format!(
                "none can be used by this version; the nearest is {} (--port {0} says why)",
                best.port
            );
            wrap(&line, WIDTH - 2).iter().try_for_each(|line| writeln!(out, "  {line}"))
        }
        None => Ok(()),
    }
}

/// The operations, once for each contract.
fn contracts(report: &Report, ports: &[&PortVerdict], out: &mut dyn Write) -> io::Result<()> {
    let mut seen = Vec::new();
    for port in ports {
        if seen.contains(&&port.port_type) {
            continue;
        }
        seen.push(&port.port_type);
        let Some(contract) = report.contract(port) else { continue };
        if contract.operations.len() > FEW {
            operations::print(report, port, false, out)?;
            continue;
        }
        let count = contract.operations.len();
        let plural = if count == 1 { "operation" } else { "operations" };
        let all: Vec<String> = contract
            .operations
            .iter()
            .map(|operation| operation.signature(&report.contracts.types))
            .collect();
        let line = format!("{count} {plural} of {}: {}", contract.name.local, all.join("; "));
        wrap(&line, WIDTH - 2).iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    Ok(())
}

/// Ports that have one binding: what their names say, they do not mean.
fn shared_bindings(ports: &[&PortVerdict], out: &mut dyn Write) -> io::Result<()> {
    for (i, port) in ports.iter().enumerate() {
        let same: Vec<&str> = ports[i + 1..]
            .iter()
            .filter(|p| p.binding == port.binding)
            .map(|p| p.port.as_str())
            .collect();
        let first = ports[..i].iter().all(|p| p.binding != port.binding);
        if first && !same.is_empty() {
            let names = same.join(" and ");
            let line = format!(
                "note: ports {} and {names} share the binding {}",
                port.port, port.binding.local
            );
            wrap(&line, WIDTH - 2).iter().try_for_each(|line| writeln!(out, "  {line}"))?;
        }
    }
    Ok(())
}
