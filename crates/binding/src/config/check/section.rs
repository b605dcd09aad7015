//! `<waxwing>`: settings that say nothing by themselves, and those that mean no endpoint.

use waxwing_soap::Address;

use crate::TlsProtocol;
use crate::config::Configuration;
use crate::config::check::keeping::keeping;
use crate::config::waxwing::PublicAddress;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;

const ONLY_HERE: &str = "passes over the section <waxwing>";

/// Checks the section of a file whose `<system.serviceModel>` was read.
pub(crate) fn section(section: &Node, configuration: &Configuration, cx: &mut Reader) {
    if let Some(node) = section.child("https") {
        cx.within(node, |cx| https(node, configuration, cx));
    }
    keeping(section, configuration, cx);
    let Some(list) = section.child("publicAddresses") else { return };
    let known = known_addresses(configuration).filter(|_| !cx.of_a_site);
    let entries = configuration.waxwing.public_addresses.add.iter();
    cx.within(list, |cx| {
        let mut seen: Vec<&str> = Vec::new();
        for (entry, node) in entries.zip(list.children_named("add")) {
            public_address(entry, node, known.as_deref(), &mut seen, cx);
        }
    });
}

fn https(node: &Node, configuration: &Configuration, cx: &mut Reader) {
    let settings = &configuration.waxwing.https;
    let (oldest, newest) = (settings.oldest_version, settings.newest_version);
    let span = |name: &str| node.attribute(name).map(|attribute| attribute.value_span);
    let place = span("oldestVersion").or_else(|| span("newestVersion")).unwrap_or(node.name_span);
    if cx.has_error_at(place) {
        return;
    }
    if oldest as u8 > newest as u8 {
        let message = format!(
            "there is no version of TLS: oldestVersion=\"{oldest}\" is newer than newestVersion=\"{newest}\""
        );
        cx.report(
            Problem::error("tls-versions", place, message)
                .behavior(ONLY_HERE)
                .fix("write oldestVersion=\"Tls12\", and newestVersion=\"Tls13\" or nothing"),
        );
    } else if (oldest as u8) < TlsProtocol::Tls12 as u8 {
        let message = format!(
            "{oldest} is broken: whoever is between the two sides may read and change what goes over it"
        );
        cx.report(
            Problem::warning("tls-old-version", place, message)
                .behavior("goes by the settings of Windows for the whole machine")
                .fix("update the other side, and write oldestVersion=\"Tls12\""),
        );
    }
}

/// Every address that an endpoint of a service may have; none where some are known to the program only.
fn known_addresses(configuration: &Configuration) -> Option<Vec<String>> {
    let mut known = Vec::new();
    for service in &configuration.services.services {
        let bases = &service.host.base_addresses.add;
        for endpoint in &service.endpoints {
            let address = Address::of(&endpoint.address);
            if address.is_absolute() {
                known.push(endpoint.address.clone());
            } else if bases.is_empty() {
                return None;
            } else {
                known.extend(
                    bases.iter().map(|base| address.below(&Address::of(&base.base_address))),
                );
            }
        }
    }
    Some(known)
}

fn public_address<'a>(
    entry: &'a PublicAddress,
    node: &Node,
    known: Option<&[String]>,
    seen: &mut Vec<&'a str>,
    cx: &mut Reader,
) {
    if cx.has_error_within(node.span) {
        return;
    }
    let span = |name: &str| node.attribute(name).map_or(node.name_span, |own| own.value_span);
    let (own, public) = (entry.address.trim(), entry.public.trim());
    for (name, address) in [("address", own), ("public", public)] {
        if !Address::of(address).is_absolute() {
            let message = format!("{name} of <publicAddresses><add> must be an absolute address");
            let problem = Problem::error("public-address", span(name), message);
            cx.report(problem.behavior(ONLY_HERE).fix(format!("write {name}=\"https://…\"")));
            return;
        }
    }
    let is_here = |known: &String| Address::of(own).is_place_of(&Address::of(known.trim()));
    if known.is_some_and(|known| !known.iter().any(is_here)) {
        let message = format!(
            "no endpoint of a service has the address {own}: the public address does nothing"
        );
        let all = known.unwrap_or_default().join(", ");
        let fix = match all.is_empty() {
            true => "write the address of an endpoint of <services>".to_owned(),
            false => format!("write the address of an endpoint: {all}"),
        };
        cx.report(
            Problem::warning("public-address", span("address"), message)
                .behavior(ONLY_HERE)
                .fix(fix),
        );
    }
    if seen.contains(&public) {
        let message = format!("the public address {public} stands here a second time");
        let problem = Problem::warning("public-address", span("public"), message);
        cx.report(problem.behavior(ONLY_HERE).fix("remove one"));
    }
    seen.push(public);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    /// What a file with this section says: line, how bad, what, and what to do.
    fn told(section: &str) -> Vec<(u32, Severity, &'static str, String)> {
        let text = format!(
            "<configuration><configSections><section name=\"waxwing\" type=\"System.Configuration.IgnoreSection\"/></configSections>\
             <system.serviceModel><services><service name=\"S\">\
             <host><baseAddresses><add baseAddress=\"http://h:8080/base\"/></baseAddresses></host>\
             <endpoint address=\"calc\" binding=\"wsHttpBinding\" bindingConfiguration=\"B\" contract=\"I\"/></service></services>\
             <bindings><wsHttpBinding><binding name=\"B\"><security mode=\"None\"/></binding></wsHttpBinding></bindings>\
             </system.serviceModel>\n<waxwing>{section}</waxwing></configuration>"
        );
        let all = Configuration::load(&text).diagnostics;
        let told = |d: crate::Diagnostic| {
            let fix = d.fix.unwrap_or_default();
            (d.line, d.severity, d.code, format!("{}; {fix}", d.message))
        };
        all.into_iter().map(told).collect()
    }

    #[test]
    fn what_the_section_says_is_looked_at_as_a_whole() {
        use Severity::{Error, Warning};
        let public = |inside: &str| format!("<publicAddresses>{inside}</publicAddresses>");
        let good =
            "<add address=\"http://H:8080/base/calc/\" public=\"https://shop.example/calc\"/>";
        for (section, severity, code, words) in [
            (
                "<https oldestVersion=\"Tls13\" newestVersion=\"Tls12\"/>",
                Error,
                "tls-versions",
                "newer than",
            ),
            ("<https newestVersion=\"Tls11\"/>", Error, "tls-versions", "newer than"),
            ("<https oldestVersion=\"Tls\"/>", Warning, "tls-old-version", "Tls is broken"),
            (
                &public("<add address=\"http://h:8080/base/clac\" public=\"https://x/\"/>"),
                Warning,
                "public-address",
                "does nothing; write the address of an endpoint: http://h:8080/base/calc",
            ),
            (
                &public("<add address=\"http://h:8080/base/calc\" public=\"x/calc\"/>"),
                Error,
                "public-address",
                "absolute",
            ),
            (
                &public("<add address=\"http://h:8080/base/calc\"/>"),
                Error,
                "public-address",
                "write public=",
            ),
            (&public("<add public=\"https://x/\"/>"), Error, "public-address", "write address="),
            (&public(&good.repeat(2)), Warning, "public-address", "second time"),
        ] {
            let told = told(section);
            let [(line, own, named, text)] = &told[..] else { panic!("{section}: {told:?}") };
            assert_eq!((*line, *own, *named), (2, severity, code), "{section}");
            assert!(text.contains(words), "{section}: {text}");
        }
        for section in ["<https oldestVersion=\"Tls13\"/>", &public(good), "<https/>"] {
            assert_eq!(told(section), [], "{section}");
        }
    }
}
