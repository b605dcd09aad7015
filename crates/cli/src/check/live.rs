//! `waxwing check URL`: what a service says of itself in place of a file, and whether a client's file fits it.

use std::io::{self, Write};
use std::path::Path;

use waxwing::binding::{
    Address, Disagreement, EffectiveEndpoint, Explanation, Identity, ProxyEnvironment, Role,
};
use waxwing::certificates::certificates_of_identity;
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, Talk, configuration_of, judge};
use waxwing_metadata::load::is_metadata_file;

use super::pair::{Pair, meets};
use crate::peer::access::Access;
use crate::print::{Paint, WIDTH, wrap};
use crate::source::Limits;

/// What a service says of itself.
pub(super) struct Live {
    /// Its ports.
    pub(super) ports: Vec<PortVerdict>,
    /// What clients of them do on the wire.
    pub(super) explanations: Vec<Explanation>,
}

/// Whether what is checked is a description of a service, and not a file of configuration: an address, a folder, a file of
/// WSDL.
pub(super) fn is_source(file: &Path) -> bool {
    let name = file.to_string_lossy();
    let lower = name.to_ascii_lowercase();
    let endings = [".wsdl", ".svcmap", ".wsdl.xml", ".mex", ".mex.xml"];
    lower.starts_with("http://")
        || lower.starts_with("https://")
        || lower.starts_with("net.tcp://")
        || file.is_dir()
        || (is_metadata_file(&lower) && endings.iter().any(|ending| lower.ends_with(ending)))
}

/// Asks a service, or reads its files.
pub(super) fn read(source: &Path, limits: &Limits, access: &Access) -> Result<Live, String> {
    let set = limits.load(&[source.to_string_lossy().into_owned()], access);
    let set = set.map_err(|problem| problem.text)?;
    let ports = judge(&set, &JudgeOptions::default());
    if ports.is_empty() {
        let first = set.findings().first().map(|finding| format!(": {}", finding.message));
        return Err(format!("says of no service how to call it{}", first.unwrap_or_default()));
    }
    let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
    let talkable = ports.iter().filter(|port| port.talk == Talk::Yes);
    let explanations = configuration_of(talkable).explain_in(Some(&environment));
    Ok(Live { ports, explanations })
}

impl Live {
    /// Whether all, some or none of the ports can be talked to.
    pub(super) fn talkable(&self) -> (usize, usize) {
        let yes = self.ports.iter().filter(|port| port.talk == Talk::Yes).count();
        (yes, self.ports.len())
    }
}

/// The ports, one a line, with what is in the way.
pub(super) fn print(name: &str, live: &Live, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Paint { bold, plain, good, bad, .. } = paint;
    for port in &live.ports {
        let color = if port.talk == Talk::Yes { good } else { bad };
        let section = port.configuration.as_ref().map(|b| b.section().to_owned());
        let section = section.unwrap_or_else(|| "no binding of WCF".to_owned());
        writeln!(
            out,
            "{bold}port {}{plain} ({section}): can talk: {color}{}{plain}",
            port.port, port.talk
        )?;
        let assertions = port.blocking().map(|ruling| {
            (ruling.label(), ruling.text.clone(), ruling.fix.clone().unwrap_or_default())
        });
        let obstacles = port
            .obstacles
            .iter()
            .map(|o| (o.class.needs().to_owned(), o.text.clone(), o.fix.clone()));
        for (what, text, fix) in assertions.chain(obstacles) {
            let fix = if fix.is_empty() { fix } else { format!("; at the service: {fix}") };
            for line in wrap(&format!("{what}: {text}{fix}"), WIDTH - 2) {
                writeln!(out, "  {line}")?;
            }
        }
    }
    let (yes, all) = live.talkable();
    writeln!(out, "{name}: {yes} of {all} ports can be talked to\n")
}

/// The port that a client's endpoint is for, and what keeps the two from understanding each other: the one with its address;
/// else the one with its contract; else the only one.
pub(super) fn pair(
    client: &EffectiveEndpoint,
    client_file: &str,
    live: &Live,
    source: &str,
) -> Option<Pair> {
    let with_address = |port: &&PortVerdict| {
        port.address.as_deref().is_some_and(|address| meets(&client.address, address))
    };
    let contract = client.contract.rsplit('.').next().unwrap_or_default();
    let with_contract =
        |port: &&PortVerdict| port.port_type.as_ref().is_some_and(|name| *name.local == *contract);
    let mut candidates: Vec<&PortVerdict> = live.ports.iter().filter(with_address).collect();
    if candidates.is_empty() {
        candidates = live.ports.iter().filter(with_contract).collect();
    }
    if let (true, [only]) = (candidates.is_empty(), live.ports.as_slice()) {
        candidates = vec![only];
    }
    let compared = candidates.into_iter().map(|port| (port, disagreements(client, port)));
    let (port, disagreements) = compared.min_by_key(|(_, found)| found.len())?;
    Some(Pair {
        client: client.name.clone(),
        client_file: client_file.to_owned(),
        service: port.port.clone(),
        service_file: source.to_owned(),
        address: client.address.clone(),
        disagreements,
    })
}

/// Every setting in which a client and a port differ so that they would not understand each other.
fn disagreements(client: &EffectiveEndpoint, port: &PortVerdict) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let address = port.address.clone().unwrap_or_default();
    if !meets(&client.address, &address) {
        found.push(Disagreement::new("address", client.address.clone(), address));
    }
    let Some(service) = port.effective.as_deref() else {
        let there = match port.blocking().next() {
            Some(ruling) => format!("{}, which no binding here has", ruling.label()),
            None => port.because(),
        };
        found.push(Disagreement::new("binding", client.binding_section.clone(), there));
        return found;
    };
    let mut service = service.clone();
    service.role = Role::Service;
    found.extend(client.disagreements(&service));
    found.extend(identity(client, &service));
    found
}

/// Whether the service is whom the client expects, as far as the service says who it is. Without an identity in its file a
/// client expects the name of the host.
fn identity(client: &EffectiveEndpoint, service: &EffectiveEndpoint) -> Option<Disagreement> {
    let checked =
        client.security.as_ref().is_some_and(|s| s.authentication.needs_service_certificate());
    let there = service.identity.as_ref()?;
    let here = match &client.identity {
        Some(identity) => identity.clone(),
        None if checked => Identity::Dns(Address::of(&client.address).host()?.to_owned()),
        None => return None,
    };
    let differ = || Disagreement::new("identity", described(&here), described(there));
    (!agree(&here, there)).then(differ)
}

fn agree(here: &Identity, there: &Identity) -> bool {
    let certificate = |encoded: &str| certificates_of_identity(encoded).ok()?.into_iter().next();
    match (here, there) {
        (Identity::Certificate(one), Identity::Certificate(other)) => {
            match (certificate(one), certificate(other)) {
                (Some(one), Some(other)) => one.thumbprint() == other.thumbprint(),
                _ => one == other,
            }
        }
        (Identity::Dns(name), Identity::Certificate(encoded)) => {
            certificate(encoded).is_none_or(|certificate| {
                let names = certificate.dns_names();
                names.iter().any(|known| known.eq_ignore_ascii_case(name))
            })
        }
        (Identity::Dns(one), Identity::Dns(other)) => one.eq_ignore_ascii_case(other),
        // A certificate of a store is found at run time only; of an account nothing is published that could be compared.
        (Identity::CertificateReference(_), Identity::Certificate(_) | Identity::Dns(_)) => true,
        (Identity::Certificate(_), Identity::Dns(_)) => true,
        (one, other) => one == other,
    }
}

fn described(identity: &Identity) -> String {
    match identity {
        Identity::Dns(name) => format!("the DNS name {name}"),
        Identity::UserPrincipalName(name) => format!("the Windows account {name}"),
        Identity::ServicePrincipalName(name) => format!("the service principal {name}"),
        Identity::Rsa(_) => "an RSA key".to_owned(),
        Identity::CertificateReference(reference) => format!("the certificate {reference}"),
        Identity::Certificate(encoded) => {
            let found =
                certificates_of_identity(encoded).ok().and_then(|all| all.into_iter().next());
            match found {
                Some(c) => {
                    format!("the certificate {}, {}", c.subject_windows(), c.thumbprint_hex())
                }
                None => "a certificate that cannot be read".to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use waxwing::binding::Configuration;
    use waxwing_metadata::load::{LoadOptions, folder};

    use super::*;

    /// The metadata of one of WCF's exports.
    fn live(name: &str) -> Live {
        let of = waxwing_testkit::metadata::folder(name);
        let set = folder(&of.name, &of.files, LoadOptions::default());
        Live { ports: judge(&set, &JudgeOptions::default()), explanations: Vec::new() }
    }

    /// The file that is made for the service.
    fn own_file(live: &Live) -> String {
        live.ports[0].configuration_file(None).expect("a binding").to_xml()
    }

    /// In what the client of a file and the service differ, and each end's words.
    fn compared(file: &str, live: &Live) -> Vec<(&'static str, String, String)> {
        let configuration = Configuration::load(file).configuration;
        let endpoint = configuration.client.endpoints.first().expect("an endpoint");
        let client = configuration.resolve_client(endpoint).expect("resolves");
        let pair = pair(&client, "client.config", live, "http://service/").expect("a port");
        pair.disagreements.into_iter().map(|d| (d.setting, d.here, d.there)).collect()
    }

    /// What a change of the service's own file brings: the settings that differ, in this order.
    fn differ(service: &str, from: &str, to: &str, settings: &[&str]) {
        let live = live(service);
        let file = own_file(&live);
        assert!(file.contains(from), "{service}: no {from} in {file}");
        let found = compared(&file.replace(from, to), &live);
        let names: Vec<&str> = found.iter().map(|(setting, ..)| *setting).collect();
        assert_eq!(names, settings, "{service}: {from} -> {to}: {found:?}");
        assert!(
            found.iter().all(|(_, here, there)| here != there && !there.is_empty()),
            "{found:?}"
        );
    }

    #[test]
    fn the_file_that_is_made_for_a_service_fits_it() {
        for of in waxwing_testkit::metadata::wcf() {
            let live = live(&of.name);
            let runs = |port: &&PortVerdict| port.talk == Talk::Yes;
            if live.ports.iter().any(|port| runs(&port)) && live.ports.len() == 1 {
                assert_eq!(compared(&own_file(&live), &live), [], "{}", of.name);
            }
        }
    }

    #[test]
    fn each_setting_that_differs_is_named() {
        const SEED: &str = "wsdl-rm10-sc-cert";
        let credential = "clientCredentialType=\"Certificate\"";
        differ(SEED, "wsHttpBinding", "ws2007HttpBinding", &["reliable session", "dialect"]);
        differ(SEED, "<reliableSession enabled=\"true\" />", "", &["reliable session"]);
        differ(
            SEED,
            credential,
            &format!("{credential} algorithmSuite=\"Basic128\""),
            &["algorithm suite", "algorithm suite of the session"],
        );
        differ(
            SEED,
            credential,
            "clientCredentialType=\"UserName\"",
            &["kind of security", "signature confirmation"],
        );
        differ(
            SEED,
            "negotiateServiceCredential=\"false\"",
            "",
            &["kind of security", "signature confirmation"],
        );
        differ(SEED, "<security>", "<security mode=\"None\">", &["message security"]);
        differ(SEED, "/calc\"", "/other\"", &["address"]);
        differ("wsdl-mtom", " messageEncoding=\"Mtom\"", "", &["encoding"]);
        differ(
            "wsdl-https-basicauth",
            "clientCredentialType=\"Basic\"",
            "clientCredentialType=\"None\"",
            &["HTTP authentication"],
        );
        differ(
            "wsdl-https-transport-cert",
            "clientCredentialType=\"Certificate\"",
            "clientCredentialType=\"None\"",
            &["the client's certificate in TLS"],
        );
        differ(
            "wsdl-basic",
            "basicHttpBinding",
            "wsHttpBinding",
            &["messages", "message security"],
        );
        differ("wsdl-sc-cert-lax-noderived", " requireDerivedKeys=\"false\"", "", &["keys"]);
    }

    #[test]
    fn another_identity_is_named() {
        let live = live("wsdl-rm10-sc-cert");
        let file = own_file(&live);
        let start = file.find("<certificate").expect("the certificate of the service");
        let end = start + file[start..].find("/>").expect("its end") + 2;
        let other = format!("{}<dns value=\"somebody.else\" />{}", &file[..start], &file[end..]);
        let found = compared(&other, &live);
        assert_eq!(found.len(), 1, "{found:?}");
        let (setting, here, there) = &found[0];
        assert_eq!((*setting, here.as_str()), ("identity", "the DNS name somebody.else"));
        assert!(there.starts_with("the certificate CN="), "{there}");
    }

    #[test]
    fn a_port_that_cannot_be_described_is_a_difference() {
        let of = waxwing_testkit::metadata::folder("059");
        let set = folder(&of.name, &of.files, LoadOptions::default());
        let ports = judge(&set, &JudgeOptions::default());
        let live = Live { ports, explanations: Vec::new() };
        let file = "<configuration><system.serviceModel><client><endpoint name='c' address='https://localhost:9001/DoubleItTransport' \
             binding='wsHttpBinding' contract='DoubleItPortType'/></client></system.serviceModel></configuration>";
        let found = compared(file, &live);
        assert_eq!(found[0].0, "binding", "{found:?}");
        assert!(found[0].2.contains("sp:TransportBinding"), "{found:?}");
    }

    #[test]
    fn addresses_and_descriptions_are_sources_and_files_of_configuration_are_not() {
        for source in
            ["http://h/calc", "HTTPS://h/x?wsdl", "a/service.wsdl", "Reference.svcmap", "."]
        {
            assert!(is_source(&PathBuf::from(source)), "{source}");
        }
        for file in ["app.config", "-", "web.xml", "client.config"] {
            assert!(!is_source(&PathBuf::from(file)), "{file}");
        }
    }
}
