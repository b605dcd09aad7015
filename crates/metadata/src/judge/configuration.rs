//! The configuration of a client that goes with a port: `<binding>` and `<endpoint>`, in the short form of WCF's tools.

use waxwing_binding::{
    Address, Binding, ClientEndpoint, Configuration, EffectiveEndpoint, RawXml, Verdict,
};

use super::class::Class;
use super::draft::Draft;
use super::known::Known;
use super::verdict::{Obstacle, PortVerdict};
use crate::contract::names::decode as decode_name;

impl PortVerdict {
    /// A configuration file of a client with the binding and the endpoint of the port; None where no binding says what the
    /// policy says. `contract` is the configuration name of the contract, by default the name of the port type.
    pub fn configuration_file(&self, contract: Option<&str>) -> Option<Configuration> {
        let (binding, mut endpoint) = (self.configuration.clone()?, self.endpoint.clone()?);
        if let Some(contract) = contract {
            contract.clone_into(&mut endpoint.contract);
        }
        let mut file = Configuration::default().with_client_endpoint(endpoint);
        file.bindings.push(binding);
        Some(file)
    }

    /// The `<binding>` as WCF's tools write it: what differs from the defaults.
    pub fn binding_xml(&self) -> Option<String> {
        self.configuration.as_ref().map(Binding::to_element)
    }

    /// The `<endpoint>` as WCF's tools write it.
    pub fn endpoint_xml(&self) -> Option<String> {
        self.endpoint.as_ref().map(ClientEndpoint::to_element)
    }
}

/// A configuration file of a client with the endpoints of several ports; ports of one `wsdl:binding` share their binding, as
/// WCF's tools have it. Ports without a binding are left out, and so are those that say the same as another. A name that is
/// taken gets a digit, as by WCF's tools: of an endpoint where services have ports of one name, of a binding where ports of one
/// `wsdl:binding` have policies of their own.
pub fn configuration_of<'a>(ports: impl IntoIterator<Item = &'a PortVerdict>) -> Configuration {
    let mut file = Configuration::default();
    for port in ports {
        let (Some(binding), Some(endpoint)) = (&port.configuration, &port.endpoint) else {
            continue;
        };
        let (mut binding, mut endpoint) = (binding.clone(), endpoint.clone());
        let own = binding.name().to_owned();
        for name in numbered(&own) {
            binding = named(binding, &name);
            let same_name = |known: &&Binding| {
                known.section() == binding.section() && known.name() == binding.name()
            };
            match file.bindings.iter().find(same_name) {
                Some(known) if *known == binding => break,
                Some(_) => {}
                None => {
                    file.bindings.push(binding.clone());
                    break;
                }
            }
        }
        binding.name().clone_into(&mut endpoint.binding_configuration);
        let own = endpoint.name.clone();
        for name in numbered(&own) {
            endpoint.name = name;
            match file.client.endpoints.iter().find(|known| known.name == endpoint.name) {
                Some(known) if *known == endpoint => break,
                Some(_) => {}
                None => {
                    file.client.endpoints.push(endpoint);
                    break;
                }
            }
        }
    }
    file
}

/// A name, and the same with digits.
fn numbered(name: &str) -> impl Iterator<Item = String> {
    std::iter::once(name.to_owned()).chain((1..).map(move |number| format!("{name}{number}")))
}

/// Fills in binding, endpoint, and what a file with them becomes: the last word is that of [`Configuration::load`].
pub(super) fn fill(
    known: &Known<'_>,
    verdict: &mut PortVerdict,
    draft: &Draft,
    configuration: Option<Binding>,
    effective: Option<EffectiveEndpoint>,
) {
    let Some(mut binding) = configuration else { return };
    if draft.transaction_flow {
        flow(&mut binding);
    }
    let binding = named(binding, &decode_name(&known.binding.name.local));
    let section = binding.section().to_owned();
    let endpoint = ClientEndpoint {
        name: decode_name(&known.port.name),
        address: known.address.clone().filter(|address| is_address(address)),
        binding: section,
        binding_configuration: binding.name().to_owned(),
        contract: decode_name(&known.binding.port_type.local),
        headers: RawXml { xml: known.reference.headers.clone() },
        identity: known.reference.identity.clone(),
        ..ClientEndpoint::default()
    };
    verdict.configuration = Some(binding);
    verdict.endpoint = Some(endpoint);
    verdict.effective = effective.map(|mut endpoint| {
        endpoint.name = decode_name(&known.port.name);
        Box::new(endpoint)
    });
    loaded(verdict);
}

/// Reads the file that would be written. What it says must be given in code, and what it refuses, is told.
fn loaded(verdict: &mut PortVerdict) {
    let Some(file) = verdict.configuration_file(None) else { return };
    let loaded = Configuration::load(&file.to_xml());
    let Some(endpoint) = loaded.verdicts().into_iter().next() else { return };
    if let Verdict::Runs { in_code } = &endpoint.verdict {
        verdict.given_in_code.clone_from(in_code);
        return;
    }
    if !verdict.classes().is_empty() {
        // It has been said, in better words.
        return;
    }
    for reason in endpoint.verdict.reasons() {
        verdict.obstacles.push(Obstacle {
            class: Class::of_feature(&reason.what),
            text: without_line(&reason.what).to_owned(),
            fix: reason.fix.clone().unwrap_or_default(),
            at: Some(verdict.at.clone()),
        });
    }
}

/// Whether it is one: `REPLACE_WITH_ACTUAL_URL`, `http://@host@:@port@/s` and the like are filled in by somebody else.
fn is_address(text: &str) -> bool {
    let address = Address::of(text);
    address.authority().is_some() && address.check().is_ok()
}

/// What is wrong, without the line: that of a file which nobody has.
fn without_line(what: &str) -> &str {
    let rest = what.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    match rest {
        Some((line, text)) if line.bytes().all(|b| b.is_ascii_digit()) => text,
        _ => what,
    }
}

/// Transactions may flow.
pub(super) fn flow(binding: &mut Binding) {
    match binding {
        Binding::WsHttp(b) => b.http.transaction_flow = true,
        Binding::Ws2007Http(b) => b.http.transaction_flow = true,
        Binding::WsFederationHttp(b) => b.http.transaction_flow = true,
        Binding::Ws2007FederationHttp(b) => b.http.transaction_flow = true,
        Binding::WsDualHttp(b) => b.http.transaction_flow = true,
        Binding::NetTcp(b) => b.transaction_flow = true,
        _ => {}
    }
}

fn named(binding: Binding, name: &str) -> Binding {
    match binding {
        Binding::WsHttp(b) => b.named(name).into(),
        Binding::Ws2007Http(b) => b.named(name).into(),
        Binding::WsFederationHttp(b) => b.named(name).into(),
        Binding::Ws2007FederationHttp(b) => b.named(name).into(),
        Binding::WsDualHttp(b) => b.named(name).into(),
        Binding::NetTcp(b) => b.named(name).into(),
        Binding::NetHttp(b) => b.named(name).into(),
        Binding::NetHttps(b) => b.named(name).into(),
        Binding::BasicHttp(b) => b.named(name).into(),
        Binding::BasicHttps(b) => b.named(name).into(),
        Binding::Custom(b) => b.named(name).into(),
        Binding::MexHttp(b) => b.named(name).into(),
        Binding::MexHttps(b) => b.named(name).into(),
        Binding::MexTcp(b) => b.named(name).into(),
        Binding::Other(mut b) => {
            name.clone_into(&mut b.timeouts.name);
            Binding::Other(b)
        }
    }
}
