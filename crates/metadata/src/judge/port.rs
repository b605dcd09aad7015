//! A port, from its policies to a verdict.

use waxwing_binding::{ClientCredentials, ContractRequirements, EffectiveEndpoint, Stack};

use super::class::{Class, Ruling, Talk};
use super::draft::{Addressing, Connection, Draft};
use super::known::{Known, expands, of_error};
use super::record::{AssertionRuling, Record, Subject};
use super::verdict::{Obstacle, PortVerdict};
use super::wire::Wire;
use super::{JudgeOptions, configuration, element, endpoint, identity, messages, stack, wire};
use crate::finding::{Finding, Severity};
use crate::policy::{Alternative, Assertion, Attached, PolicyError, alternatives};
use crate::set::MetadataSet;
use crate::wsdl::{Binding, Port, Service};

/// One alternative, judged.
struct Attempt {
    number: usize,
    rulings: Vec<AssertionRuling>,
    obstacles: Vec<Obstacle>,
    notes: Vec<Finding>,
    draft: Draft,
    stack: Stack,
    configuration: Option<waxwing_binding::Binding>,
    effective: Option<EffectiveEndpoint>,
}

impl Attempt {
    fn talk(&self) -> Talk {
        let blocking = self.rulings.iter().filter(|r| r.ruling == Ruling::Blocking);
        let classes = blocking.filter_map(|r| r.class);
        let all = classes.chain(self.obstacles.iter().map(|o| o.class));
        all.map(Class::talk).max().unwrap_or(Talk::Yes)
    }

    /// How far from a yes: the worst class, then how many things.
    fn distance(&self) -> (Talk, usize) {
        let blocking = self.rulings.iter().filter(|r| r.ruling == Ruling::Blocking).count();
        (self.talk(), blocking + self.obstacles.len())
    }
}

/// Judges a port.
pub(super) fn judge(
    set: &MetadataSet,
    service: &Service,
    port: &Port,
    options: &JudgeOptions,
) -> PortVerdict {
    let mut verdict = PortVerdict {
        service: service.name.clone(),
        port: port.name.clone(),
        binding: port.binding.clone(),
        port_type: None,
        address: None,
        soap: None,
        transport: String::new(),
        talk: Talk::No,
        alternatives: 0,
        chosen: 0,
        assertions: Vec::new(),
        obstacles: Vec::new(),
        operations: Vec::new(),
        notes: Vec::new(),
        given_in_code: Vec::new(),
        hash_password: false,
        configuration: None,
        endpoint: None,
        effective: None,
        at: port.at.clone(),
    };
    let reference = port.endpoint_reference.as_ref().map(identity::read).unwrap_or_default();
    let given = options.address.clone();
    verdict.address = given.or(reference.address.clone()).or(port.address.clone());
    let Some(binding) = set.binding(&port.binding) else {
        let text = format!("the binding {} is not there", port.binding);
        verdict.obstacles.push(missing(text, port));
        return verdict;
    };
    verdict.port_type = Some(binding.port_type.clone());
    let Some((soap, wire)) = wire::protocol(binding) else {
        verdict.obstacles.push(Obstacle {
            class: Class::NotSoap,
            text: "not a SOAP port".to_owned(),
            fix: "use a SOAP port of the service, as binding=\"basicHttpBinding\" or \"wsHttpBinding\" writes one".to_owned(),
            at: Some(binding.at.clone()),
        });
        return verdict;
    };
    (verdict.soap, verdict.transport) = (Some(soap), wire.as_str().to_owned());
    let known = Known {
        set,
        options,
        service,
        port,
        binding,
        port_type: set.port_type(&binding.port_type),
        soap,
        wire,
        reference,
        address: verdict.address.clone(),
    };
    known.judge(&mut verdict);
    verdict
}

fn missing(text: String, port: &Port) -> Obstacle {
    Obstacle {
        class: Class::Contract,
        text,
        fix: "give all documents of the service: with WCF, ?singleWsdl (httpGetEnabled=\"true\") has them in one".to_owned(),
        at: Some(port.at.clone()),
    }
}

impl Known<'_> {
    fn judge(&self, verdict: &mut PortVerdict) {
        if self.port_type.is_none() {
            let text = format!("the port type {} is not there", self.binding.port_type);
            verdict.obstacles.push(missing(text, self.port));
        }
        let normal = self.endpoint_policy();
        let alternatives = match &normal {
            Ok(alternatives) => alternatives.as_slice(),
            Err(error) => {
                verdict.obstacles.push(of_error(error));
                &[]
            }
        };
        verdict.alternatives = alternatives.len();
        let Some(best) = self.best(alternatives) else {
            if normal.is_ok() {
                verdict.obstacles.push(no_alternative(self.binding));
            }
            verdict.operations = messages::judge(self, None, verdict);
            verdict.conclude();
            return;
        };
        verdict.chosen = best.number;
        verdict.talk = best.talk();
        let Attempt { rulings, obstacles, notes, draft, stack, configuration, effective, .. } =
            best;
        verdict.assertions = rulings;
        verdict.obstacles.extend(obstacles);
        verdict.notes.extend(notes);
        verdict.hash_password = draft.hash_password;
        let mut draft = draft;
        verdict.operations = messages::judge(self, Some((&mut draft, &stack)), verdict);
        configuration::fill(self, verdict, &draft, configuration, effective);
        verdict.conclude();
    }

    /// The policy of the endpoint: of port, binding and port type together (WS-PolicyAttachment 1.5 §4.1.3). Where every
    /// operation of the binding has the same policies, they are those of the endpoint: so Axis2 writes them.
    fn endpoint_policy(&self) -> Result<Vec<Alternative<'_>>, PolicyError> {
        let mut attached: Vec<(bool, &Attached)> =
            vec![(true, &self.port.policies), (true, &self.binding.policies)];
        attached.extend(self.shared_by_operations().map(|shared| (true, shared)));
        attached.extend(self.port_type.map(|port_type| (false, &port_type.policies)));
        // What holds for all ports of a service: WCF does not read it, CXF and Metro do.
        attached.push((false, &self.service.policies));
        alternatives(&attached, self.set, &expands)
    }

    fn best(&self, alternatives: &[Alternative<'_>]) -> Option<Attempt> {
        let mut best: Option<Attempt> = None;
        for (number, alternative) in alternatives.iter().enumerate() {
            let attempt = self.attempt(number, alternative);
            if attempt.distance().1 == 0 {
                return Some(attempt);
            }
            if best.as_ref().is_none_or(|best| attempt.distance() < best.distance()) {
                best = Some(attempt);
            }
        }
        best
    }

    fn attempt(&self, number: usize, alternative: &Alternative<'_>) -> Attempt {
        let mut record = Record::new(&self.options.ignore, Subject::Endpoint);
        let mut draft = Draft::default();
        let (mut obstacles, mut notes) = (Vec::new(), Vec::new());
        endpoint::read(alternative, &mut record, &mut draft);
        self.take_wsdl(&mut draft, &mut obstacles, &mut notes);
        let https = self.is_https(&draft, &mut notes);
        let blamed = draft.security.binding.clone().unwrap_or_else(|| self.blamed());
        if draft.reliable.as_ref().is_some_and(|_| draft.security.kind.is_none() && https) {
            // Both ends of WCF refuse it: nothing ties the sequence to who opened it.
            notes.push(Finding::new(
                "reliable-without-conversation",
                Severity::Note,
                "a reliable session over HTTPS alone: WCF's standard bindings have none, its customBinding has",
            ));
        }
        let secured = element::has_header(&draft.security) || tokens_without_binding(&draft);
        let security = secured
            .then(|| element::of_layer(&mut record, draft.security.clone(), &blamed))
            .flatten();
        let lost = secured && security.is_none();
        if lost {
            record.block_pending();
        }
        let stack = stack::of_draft(&draft, security, self.soap, &self.wire, https);
        let mut attempt = Attempt {
            number,
            rulings: record.rulings,
            obstacles,
            notes,
            draft,
            stack,
            configuration: None,
            effective: None,
        };
        if let Wire::Other(uri) = &self.wire {
            attempt.obstacles.push(other_transport(uri, self.binding));
        } else if !lost {
            self.configure(&mut attempt);
        }
        attempt
    }

    /// An assertion to blame where the policy has none that fits.
    fn blamed(&self) -> Assertion {
        let mut nobody = Assertion::new("sp", crate::name::namespaces::SP12, "SupportingTokens");
        nobody.at = self.binding.at.clone();
        nobody
    }

    /// What WSDL says beside policies.
    fn take_wsdl(
        &self,
        draft: &mut Draft,
        obstacles: &mut Vec<Obstacle>,
        notes: &mut Vec<Finding>,
    ) {
        let extensions = [&self.binding.extensions, &self.port.extensions];
        for extensions in extensions {
            wire::required(extensions, obstacles);
            if wire::addressing(extensions) && draft.addressing.is_none() {
                draft.addressing = Some(Addressing::Version10);
                let note = "WS-Addressing is said by an extension of the binding, as Axis2, CXF and Metro do; WCF's importer \
                     passes over it";
                notes.push(Finding::new("addressing-extension", Severity::Note, note));
            }
        }
        if draft.reliable.is_some() && draft.addressing.is_none() {
            // A reliable session has no place for its headers without (WS-ReliableMessaging 1.1 §3.1).
            draft.addressing = Some(Addressing::Version10);
            let note = "nothing says which WS-Addressing the reliable session has; 1.0 is taken";
            notes.push(Finding::new("addressing-assumed", Severity::Warning, note));
        }
        let both_ways = matches!(self.wire, Wire::Tcp | Wire::Pipe | Wire::WebSocket);
        if self.has_callbacks() && !draft.composite_duplex && !both_ways {
            obstacles.push(Obstacle {
                class: Class::Conflict,
                text: "the contract has callbacks, and this binding only answers calls".to_owned(),
                fix: "callbacks need net.tcp, WebSockets or wsDualHttpBinding: use a contract without CallbackContract, or \
                      another binding"
                    .to_owned(),
                at: self.port_type.map(|port_type| port_type.at.clone()),
            });
        }
    }

    /// Whether the service of the contract calls its clients.
    fn has_callbacks(&self) -> bool {
        self.port_type.is_some_and(wire::has_callbacks)
    }

    /// HTTPS by the policy or by the address. Where they disagree, the policy wins.
    fn is_https(&self, draft: &Draft, notes: &mut Vec<Finding>) -> bool {
        let of_policy = draft.connection == Some(Connection::Https);
        let address = self.address.as_deref().unwrap_or_default();
        let scheme = |scheme: &str| {
            address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if of_policy && scheme("http://") {
            let note =
                format!("the policy demands HTTPS, and the address is {address}; the policy wins");
            let help =
                "give an https address (--address), or ask the service to mend its description";
            let note = Finding::new("https-at-http-address", Severity::Warning, note);
            notes.push(note.at(self.port.at.clone()).help(help));
        }
        of_policy || scheme("https://") || scheme("wss://")
    }

    /// The binding of the stack, and what `binding` says of an endpoint with it.
    fn configure(&self, attempt: &mut Attempt) {
        let Some(mut binding) = waxwing_binding::Binding::of_stack(&attempt.stack) else {
            attempt.obstacles.push(inexpressible(self.binding));
            return;
        };
        if attempt.draft.transaction_flow {
            configuration::flow(&mut binding);
        }
        let address = self.address.clone().unwrap_or_default();
        let identity = self.reference.identity.as_ref();
        let contract = self.binding.port_type.local.to_string();
        let demands = ContractRequirements::named(&*contract).duplex(self.has_callbacks());
        let credentials = ClientCredentials::default();
        match EffectiveEndpoint::client(&binding, contract, address, identity, credentials) {
            Ok(mut endpoint) => {
                endpoint.headers.clone_from(&self.reference.headers);
                settle(&endpoint, &demands, attempt);
                attempt.effective = Some(endpoint);
            }
            Err(refusal) => attempt.obstacles.push(Obstacle {
                class: Class::Conflict,
                text: format!("{} (WCF: {})", refusal.message, refusal.wcf_text),
                fix: refusal.fix,
                at: Some(self.binding.at.clone()),
            }),
        }
        attempt.configuration = Some(binding);
    }
}

/// Takes what `binding` cannot run: the assertions that ask for it block; what none asks for is an obstacle of its own.
fn settle(endpoint: &EffectiveEndpoint, contract: &ContractRequirements, attempt: &mut Attempt) {
    for unsupported in endpoint.unsupported_for(contract) {
        let class = Class::of_feature(&unsupported.feature);
        let mut asked = false;
        for ruling in &mut attempt.rulings {
            let is_tcp = class == Class::Tcp && ruling.class == Some(Class::Binary);
            if ruling.class == Some(class) || is_tcp {
                asked |= ruling.class == Some(class);
                ruling.ruling = Ruling::Blocking;
            }
        }
        if !asked {
            attempt.obstacles.push(Obstacle {
                class,
                text: unsupported.feature,
                fix: unsupported.instead,
                at: None,
            });
        }
    }
}

/// Tokens, and no binding that they belong to.
fn tokens_without_binding(draft: &Draft) -> bool {
    let s = &draft.security.supporting;
    let none = s.endorsing.is_empty()
        && s.signed.is_empty()
        && s.signed_encrypted.is_empty()
        && s.signed_endorsing.is_empty();
    draft.security.kind.is_none() && !none
}

fn no_alternative(binding: &Binding) -> Obstacle {
    Obstacle {
        class: Class::Policy,
        text: "no alternative of the policy can be met: an ExactlyOne is empty".to_owned(),
        fix: "ask the service to mend its policy; binding=\"wsHttpBinding\" writes one that can be met".to_owned(),
        at: Some(binding.at.clone()),
    }
}

fn inexpressible(binding: &Binding) -> Obstacle {
    Obstacle {
        class: Class::Inexpressible,
        text: "the policy asks for what no binding of WCF has (WCF: The security policy contains requirements that cannot \
             be represented in a Windows Communication Foundation configuration)"
            .to_owned(),
        fix: "ask for an endpoint with binding=\"wsHttpBinding\"".to_owned(),
        at: Some(binding.at.clone()),
    }
}

fn other_transport(uri: &str, binding: &Binding) -> Obstacle {
    Obstacle {
        class: Class::Transport,
        text: format!("transport {uri}"),
        fix: "add an endpoint over HTTP: binding=\"wsHttpBinding\"".to_owned(),
        at: Some(binding.at.clone()),
    }
}
