//! Our ends in the place of WCF's in a captured exchange: they get what WCF's got, and what they make
//! is compared with what WCF made.
#![allow(dead_code, unreachable_pub)]

#[path = "nego_compare.rs"]
mod compare;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use waxwing_crypto::{Certificate, CertificateValidator, RevocationMode, Usage, ValidationMode};
use waxwing_security::ProtectionLevel;
use waxwing_security::conversation::{
    ClientBinding, ClientError, ClientOptions, ClientSecurity, ExpectedIdentity, Incoming,
    Protection, SecuredMessage, ServiceBinding, ServiceOptions, ServiceReply, ServiceSecurity,
    Step,
};
use waxwing_security::wsse::Dialect;
use waxwing_soap::Envelope;

use self::compare::{compare, same_payload};
use super::nego::{self, Client, Credential, Rules, moment, still};
pub use super::nego_recorded::text;
use super::nego_recorded::{
    Exchange, Recorded, Scenario, Script, created, envelope, guid, guid_at, labelled, octets_of,
    plain, texts_of, vectors,
};

const CALCULATOR: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/";

impl Scenario {
    fn dialect(&self) -> Dialect {
        match self.is_newer_dialect() {
            true => Dialect::Version13,
            false => Dialect::February2005,
        }
    }

    fn credential(&self) -> Credential {
        let settings = self.readme.as_str();
        let is = |text: &str| self.name.contains(text) || settings.contains(text);
        if is("wrong-password") {
            Credential::UserName("wrong")
        } else if is("username") {
            Credential::UserName("secret")
        } else if is("cert-none") || is("-none") && !is("client-cert") {
            Credential::None
        } else {
            Credential::Certificate("alice")
        }
    }

    fn is_one_shot(&self) -> bool {
        self.name.contains("oneshot")
    }

    fn suite(&self) -> waxwing_crypto::AlgorithmSuite {
        // Captures that name no suite have WCF's.
        let name = self.name.split("suite-").nth(1).unwrap_or("Default");
        name.parse().unwrap_or(waxwing_crypto::AlgorithmSuite::BASIC256)
    }

    fn negotiates(&self) -> bool {
        self.exchanges[0].action().ends_with("/RST/Issue")
    }

    /// The nonces of the session's derived keys in one direction, from the first message after `at` that
    /// carries both, or else the one that there is.
    fn session_nonces(&self, at: usize, message: impl Fn(&Exchange) -> &str) -> Vec<Vec<u8>> {
        let mut first = None;
        for exchange in &self.exchanges[at + 1..] {
            let action = exchange.action();
            let in_session = message(exchange).contains("<o:Security ") && !asks_for_a_key(&action);
            if !in_session || action.ends_with("/Issue") {
                continue;
            }
            let nonces = octets_of(message(exchange), "Nonce");
            if nonces.len() == 2 {
                return nonces;
            }
            first = first.or_else(|| nonces.into_iter().next());
        }
        vec![first.unwrap_or(vec![1; 16]), vec![2; 16]]
    }
}

/// What is left of a client's run.
pub struct ClientRun {
    /// Messages of ours that were compared with WCF's and do not differ.
    pub compared: Vec<String>,
    /// Replies of the session or one-shot replies that verified, with their payload.
    pub verified: usize,
    /// Where and why it ended early.
    pub ended: Option<(String, ClientError)>,
    /// How often another process went on with what was kept.
    pub restored: usize,
}

fn client_options(scenario: &Scenario, at: &Arc<AtomicUsize>) -> ClientOptions {
    let address = texts_of(&scenario.exchanges[0].sent, "To").remove(0);
    let mut options = ClientOptions::new(address);
    options.identity = ExpectedIdentity::Dns("localhost".into());
    options.credential = scenario.credential().client();
    if scenario.is_one_shot() {
        options.protection = Protection::OneShot;
    }
    for settings in [&mut options.settings, &mut options.bootstrap] {
        settings.dialect = scenario.dialect();
        settings.suite = scenario.suite();
    }
    options.binding = Some(match scenario.negotiates() {
        true => ClientBinding::Negotiated(Arc::new(Recorded {
            negotiations: scenario.negotiations(),
            at: Arc::clone(at),
            client: true,
        })),
        false => ClientBinding::Symmetric(nego::certificate("service")),
    });
    for operation in ["Add", "Subtract", "Multiply", "Divide"] {
        let action = format!("{CALCULATOR}{operation}");
        let reply = format!("{action}Response");
        options.requirements.operation(&action, Some(&reply), ProtectionLevel::EncryptAndSign);
    }
    options
}

/// Whether what is negotiated first is to renew a context.
fn is_renewed(exchanges: &[Exchange]) -> bool {
    let mut asked = exchanges.iter().map(Exchange::action);
    asked
        .find(|action| action.contains("/RST/SCT"))
        .is_some_and(|action| action.ends_with("/Renew"))
}

/// Runs our client through a captured negotiation and what follows it.
pub fn run_client(scenario: &Scenario, change: impl Fn(&mut ClientOptions)) -> ClientRun {
    run_client_killed(scenario, change, false)
}

/// The same, and if wanted its process is killed before every message that something kept survives.
pub fn run_client_killed(
    scenario: &Scenario,
    change: impl Fn(&mut ClientOptions),
    killed: bool,
) -> ClientRun {
    let at = Arc::new(AtomicUsize::new(0));
    let mut options = client_options(scenario, &at);
    change(&mut options);
    let mut run = ClientRun { compared: Vec::new(), verified: 0, ended: None, restored: 0 };
    let mut client: Option<Client> = None;
    let mut pending: Option<Envelope> = None;
    let mut negotiation = 0;
    for (index, exchange) in scenario.exchanges.iter().enumerate() {
        let action = exchange.action();
        let is_leg = !exchange.sent.contains("<o:Security ") && action.ends_with("/Issue");
        if killed && pending.is_none() {
            run.restored += client.iter().filter(|client| client.save().is_some()).count();
            client = client.map(|client| client_again(scenario, &options, &client, exchange));
        }
        let sent = if is_leg && action.ends_with("/RST/Issue") {
            at.store(negotiation, Ordering::Relaxed);
            negotiation += 1;
            let renews = is_renewed(&scenario.exchanges[index..]);
            if !renews {
                client = Some(new_client(scenario, &options, exchange));
            }
            begin(client.as_mut().unwrap(), exchange, renews)
        } else if is_leg || action.ends_with("/RST/SCT") || action.ends_with("/Renew") {
            match pending.take() {
                Some(envelope) => envelope,
                None => break,
            }
        } else {
            let client = client.as_mut().expect("a client");
            if action.ends_with("/Cancel") {
                let id = guid(&texts_of(&exchange.sent, "MessageID")[0]);
                let step = client
                    .cancel(&mut moment(created(&exchange.sent), &mut Script::new([id])))
                    .unwrap();
                fresh_step(step)
            } else {
                let dummy = nego::application_request("dummy", &mut nego::Seeded(3));
                let (_, correlation) =
                    client.protect(dummy, &mut moment(exchange.at, &mut nego::Seeded(4))).unwrap();
                let verified =
                    client.verify(envelope(exchange.answer()), &correlation, &still(exchange.at));
                match verified {
                    Ok(received) => {
                        let name = format!("{}-response", exchange.name);
                        let theirs = scenario.plain(&name).unwrap_or(exchange.answer());
                        same_payload(received.envelope(), theirs, &name);
                        run.verified += 1;
                    }
                    Err(error) => {
                        run.ended = Some((exchange.name.clone(), error));
                        break;
                    }
                }
                continue;
            }
        };
        let name = format!("{}-request", exchange.name);
        let (ours, theirs) = (text(&sent), scenario.plain(&name).unwrap_or(&exchange.sent));
        compare(&plain(&ours, &scenario.keys_client), theirs, &format!("{}/{name}", scenario.name));
        run.compared.push(name);
        let mut script = next_script(scenario, index);
        let outcome = client.as_mut().unwrap().handle_reply(
            envelope(exchange.answer()),
            &mut moment(next_time(scenario, index), &mut script),
        );
        match outcome {
            Ok(Step::Send(next) | Step::SendInSession(next)) => pending = Some(*next),
            Ok(Step::Established | Step::Authenticate(_)) => {}
            Err(error) => {
                run.ended = Some((exchange.name.clone(), error));
                break;
            }
        }
    }
    run
}

/// Compares the request for a session over the service's certificate. The answer cannot be taken: it
/// names the encrypted key by its ciphertext, and OAEP draws randomness of its own.
pub fn run_client_request(scenario: &Scenario) -> Vec<String> {
    let exchange = &scenario.exchanges[0];
    let plain_request = scenario.plain("001-request").expect("a decrypted form");
    let at = Arc::new(AtomicUsize::new(0));
    let mut guids = plain_request.split("=\"uuid-").skip(1).map(guid_at).collect::<Vec<_>>();
    guids.dedup();
    let others = guids.iter().find(|guid| **guid != guids[0]).cloned();
    let mut script = Script::new([guids[0].clone(), others.unwrap_or(vec![7; 16])]);
    let security = ClientSecurity::new(client_options(scenario, &at), &mut script).unwrap();
    let mut client = Client { security, rules: rules(scenario) };
    let mut pieces = request_pieces(scenario, 0);
    let derived = labelled(&scenario.keys_service, "WS-SecureConversationWS-SecureConversation");
    pieces.insert(2, derived[0].0.clone());
    let mut script = Script::new(pieces);
    let sent = fresh_step(client.open(&mut moment(created(&exchange.sent), &mut script)).unwrap());
    assert!(script.is_used_up());
    let what = format!("{}/001-request", scenario.name);
    compare(&plain(&text(&sent), &scenario.keys_service), plain_request, &what);
    vec!["001-request".to_owned()]
}

/// In one scenario the client trusts another authority.
fn rules(scenario: &Scenario) -> Rules {
    let mut rules = Rules::default();
    if scenario.name == "tlsnego-fault-untrusted-service" {
        let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
        let rogue = CertificateValidator::new(mode, revocation, Usage::Service)
            .with_roots([nego::certificate("rogue-ca")]);
        rules.service = Arc::new(move |leaf: &Certificate, chain: &[Certificate], now| {
            rogue.validate(leaf, chain, now).map_err(|error| error.to_string())
        });
    }
    rules
}

fn new_client(scenario: &Scenario, options: &ClientOptions, exchange: &Exchange) -> Client {
    let payload = envelope(&exchange.sent);
    let context = payload.payload().unwrap().attribute("Context").unwrap().to_owned();
    // User name tokens have identifiers of another generator.
    let other = scenario.exchanges.iter().find_map(|exchange| {
        let plain = scenario.plain(&format!("{}-request", exchange.name))?;
        plain.split("UsernameToken u:Id=\"").nth(1).map(guid)
    });
    let mut script = Script::new([guid(&context), other.unwrap_or(vec![7; 16])]);
    let security = ClientSecurity::new(options.clone(), &mut script).unwrap();
    Client { security, rules: rules(scenario) }
}

/// The client of another process, which goes on with what the first one kept.
fn client_again(
    scenario: &Scenario,
    options: &ClientOptions,
    client: &Client,
    exchange: &Exchange,
) -> Client {
    // Where nothing is kept a new process begins again.
    let Some(saved) = client.save() else {
        return new_client(scenario, options, &scenario.exchanges[0]);
    };
    let mut again = new_client(scenario, options, &scenario.exchanges[0]);
    let kept = serde_json::to_vec(&saved).unwrap();
    let saved = serde_json::from_slice(&kept).unwrap();
    again.security.restore(&saved, &mut moment(exchange.at, &mut Script::new([]))).unwrap();
    again
}

/// Starts a negotiation under the recorded name: what was numbered in between is skipped.
fn begin(client: &mut Client, exchange: &Exchange, renews: bool) -> Envelope {
    let context =
        |envelope: &Envelope| envelope.payload().unwrap().attribute("Context").unwrap().to_owned();
    let wanted = context(&envelope(&exchange.sent));
    for _ in 0..200 {
        let id = guid(&texts_of(&exchange.sent, "MessageID")[0]);
        let mut script = Script::new([id]);
        let step = match renews {
            true => client.renew(&mut moment(exchange.at, &mut script)),
            false => client.open(&mut moment(exchange.at, &mut script)),
        };
        let sent = fresh_step(step.unwrap());
        if context(&sent) == wanted {
            return sent;
        }
        client.abandon_exchange();
    }
    panic!("{wanted} is not reached")
}

fn fresh_step(step: Step) -> Envelope {
    match step {
        Step::Send(envelope) => *envelope,
        other => panic!("nothing to send: {other:?}"),
    }
}

/// What our client draws while it takes the answer of an exchange.
fn next_script(scenario: &Scenario, index: usize) -> Script {
    let mut pieces = Vec::new();
    let next = scenario.exchanges.get(index + 1);
    let Some(next) = next else { return Script::new(pieces) };
    let action = next.action();
    if action.ends_with("/RSTR/Issue") && !next.sent.contains("<o:Security ") {
        pieces.push(guid(&texts_of(&next.sent, "MessageID")[0]));
    } else if asks_for_a_key(&action) {
        pieces.extend(request_pieces(scenario, index + 1));
    } else if scenario.exchanges[index].action().contains("/RST/SCT") {
        pieces.extend(scenario.session_nonces(index, |exchange| &exchange.sent));
    }
    Script::new(pieces)
}

fn asks_for_a_key(action: &str) -> bool {
    action.ends_with("/RST/SCT") || action.ends_with("/RST/SCT/Renew")
}

fn request_pieces(scenario: &Scenario, index: usize) -> Vec<Vec<u8>> {
    let exchange = &scenario.exchanges[index];
    let decrypted = scenario.plain(&format!("{}-request", exchange.name)).expect("decrypted");
    let entropy = octets_of(decrypted, "BinarySecret").swap_remove(0);
    let mut pieces = vec![entropy, guid(&texts_of(&exchange.sent, "MessageID")[0])];
    pieces.extend(octets_of(&exchange.sent, "Nonce"));
    let username = matches!(scenario.credential(), Credential::UserName(_));
    pieces.extend(vectors(&exchange.sent, username));
    pieces
}

/// The time at which the message after an exchange was made.
fn next_time(scenario: &Scenario, index: usize) -> Timestamp {
    match scenario.exchanges.get(index + 1) {
        Some(next) if next.sent.contains("<u:Created>") => created(&next.sent),
        Some(next) => next.at,
        None => scenario.exchanges[index].at,
    }
}

/// What our service said in a captured exchange.
pub struct ServiceRun {
    /// Answers of ours that were compared with WCF's and do not differ.
    pub compared: Vec<String>,
    /// Messages that verified, were decrypted and handed up.
    pub handed_up: usize,
    /// The faults that were compared, and what the local log says of them.
    pub refused: Vec<(String, String)>,
}

pub fn service_options(scenario: &Scenario, at: &Arc<AtomicUsize>) -> ServiceOptions {
    let credential = match scenario.name.as_str() {
        "tlsnego-service-none-client-cert" => Credential::None,
        "tlsnego-fault-no-client-cert" => Credential::Certificate("alice"),
        _ => scenario.credential(),
    };
    let mut options = ServiceOptions::new(credential.service());
    options.binding = Some(nego::by_certificate());
    if scenario.is_one_shot() {
        options.protection = Protection::OneShot;
    }
    for settings in [&mut options.settings, &mut options.bootstrap] {
        settings.dialect = scenario.dialect();
        settings.suite = scenario.suite();
    }
    if scenario.negotiates() {
        options.binding = Some(ServiceBinding::Negotiated(Arc::new(Recorded {
            negotiations: scenario.negotiations(),
            at: Arc::clone(at),
            client: false,
        })));
    }
    for operation in ["Add", "Subtract", "Multiply", "Divide"] {
        let action = format!("{CALCULATOR}{operation}");
        let reply = format!("{action}Response");
        options.requirements.operation(&action, Some(&reply), ProtectionLevel::EncryptAndSign);
    }
    options
}

/// The GUID in the identifiers of the service.
fn service_guid(scenario: &Scenario) -> Vec<u8> {
    let answers = scenario.exchanges.iter().map(Exchange::answer);
    let own = answers.filter(|answer| !answer.is_empty()).find_map(|answer| {
        let envelope = envelope(answer);
        let root = envelope.document().root();
        let ids = root.descendants_and_self().filter_map(|e| {
            e.attributes().find(|a| a.name().local == "Id").map(|a| a.value().to_owned())
        });
        let mut ids = ids;
        ids.find(|id| id.starts_with("uuid-"))
    });
    own.map_or(vec![5; 16], |id| guid(&id))
}

/// Runs our service through a captured exchange. What was delivered twice is delivered twice.
pub fn run_service(scenario: &Scenario, change: impl Fn(&mut ServiceOptions)) -> ServiceRun {
    run_and_keep_service(scenario, change).0
}

/// The same with a service whose process is killed before every message that something kept survives; how often that was.
pub fn run_service_killed(
    scenario: &Scenario,
    change: impl Fn(&mut ServiceOptions),
) -> (ServiceRun, usize) {
    let mut kills = 0;
    let restart = |service: &ServiceSecurity, options: &ServiceOptions, at: &Exchange| {
        let action = at.action();
        let holds_on = service.negotiation_count() + service.token_count() == 0;
        let saved = holds_on.then(|| named(&at.got, service)).filter(|saved| !saved.is_empty())?;
        assert!(!action.ends_with("/RSTR/Issue"));
        let mut script = Script::new([service_guid(scenario)]);
        let again = ServiceSecurity::new(options.clone(), &mut script).unwrap();
        for saved in saved {
            let saved = serde_json::from_slice(&saved).unwrap();
            again.restore(&saved, &mut moment(at.at, &mut Script::new([]))).unwrap();
        }
        kills += 1;
        Some(again)
    };
    let run = run_service_with(scenario, change, restart).0;
    (run, kills)
}

/// What a service keeps of the sessions that a message names.
fn named(text: &str, service: &ServiceSecurity) -> Vec<Vec<u8>> {
    let named = waxwing_security::conversation::named_contexts(&envelope(text), 4);
    let sessions = named.iter().filter_map(|identifier| service.session(identifier));
    sessions.map(|session| serde_json::to_vec(&service.save(&session)).unwrap()).collect()
}

/// The same, and the service as it is afterwards.
pub fn run_and_keep_service(
    scenario: &Scenario,
    change: impl Fn(&mut ServiceOptions),
) -> (ServiceRun, ServiceSecurity) {
    run_service_with(scenario, change, |_, _, _| None)
}

fn run_service_with(
    scenario: &Scenario,
    change: impl Fn(&mut ServiceOptions),
    mut restart: impl FnMut(&ServiceSecurity, &ServiceOptions, &Exchange) -> Option<ServiceSecurity>,
) -> (ServiceRun, ServiceSecurity) {
    let at = Arc::new(AtomicUsize::new(0));
    let mut options = service_options(scenario, &at);
    change(&mut options);
    let mut script = Script::new([service_guid(scenario)]);
    let mut service = ServiceSecurity::new(options.clone(), &mut script).unwrap();
    let mut run = ServiceRun { compared: Vec::new(), handed_up: 0, refused: Vec::new() };
    let mut negotiation = 0;
    for (index, exchange) in scenario.exchanges.iter().enumerate() {
        if exchange.action().ends_with("/RST/Issue") {
            at.store(negotiation, Ordering::Relaxed);
            negotiation += 1;
        }
        if let Some(again) = restart(&service, &options, exchange) {
            service = again;
        }
        for (number, theirs) in exchange.answers.iter().enumerate() {
            let mut script = answer_script(scenario, index);
            let now = answer_time(exchange, theirs);
            let incoming =
                Rules::default().receive(&service, envelope(&exchange.got), now, &mut script);
            let name = format!("{}-response", exchange.name);
            match incoming {
                Incoming::Message(message) => handed_up(scenario, exchange, &message, &mut run),
                Incoming::Authenticate(authentication) => panic!("{authentication:?}"),
                Incoming::Ended(session) => panic!("ended: {session:?}"),
                Incoming::Reply(reply) => {
                    answered(scenario, &name, number, &reply, theirs, &mut run);
                }
            }
        }
    }
    (run, service)
}

fn handed_up(
    scenario: &Scenario,
    exchange: &Exchange,
    message: &SecuredMessage,
    run: &mut ServiceRun,
) {
    let name = format!("{}-request", exchange.name);
    let theirs = scenario.plain(&name).unwrap_or(&exchange.got);
    same_payload(message.received.envelope(), theirs, &name);
    let credential = service_credential(scenario);
    assert!(credential.is_caller(&message.caller), "{}: {}", scenario.name, message.caller);
    run.handed_up += 1;
}

fn service_credential(scenario: &Scenario) -> Credential {
    match scenario.name.as_str() {
        "tlsnego-service-none-client-cert" => Credential::None,
        _ => scenario.credential(),
    }
}

fn answered(
    scenario: &Scenario,
    name: &str,
    number: usize,
    reply: &ServiceReply,
    theirs: &str,
    run: &mut ServiceRun,
) {
    let what = format!("{}/{name}", scenario.name);
    let ours = text(&reply.envelope);
    if let Some(error) = &reply.error {
        // Faults are equal to the last character.
        assert_eq!(ours, theirs, "{what}: {error}");
        run.refused.push((name.to_owned(), error.to_string()));
        return;
    }
    let plain_theirs = match number {
        0 => scenario.plain(name).unwrap_or(theirs),
        _ => theirs,
    };
    compare(&plain(&ours, &scenario.keys_service), plain_theirs, &what);
    run.compared.push(name.to_owned());
}

/// What our service draws for the answer to an exchange.
fn answer_script(scenario: &Scenario, index: usize) -> Script {
    let exchange = &scenario.exchanges[index];
    let (action, answer) = (exchange.action(), exchange.answer());
    let mut pieces = Vec::new();
    if answer.contains("TLS_Wrap") {
        let earlier = &scenario.exchanges[..index];
        let earlier = earlier.iter().filter(|e| e.answer().contains("TLS_Wrap")).count();
        pieces.push(labelled(&scenario.keys_service, "AUTH-HASH").swap_remove(earlier).0);
        pieces.push(guid(&texts_of(answer, "Identifier")[0]));
    } else if answer.contains("<o:Security ") && asks_for_a_key(&action) {
        let earlier = scenario.exchanges[..index].iter();
        let earlier = earlier.filter(|e| asks_for_a_key(&e.action())).count();
        pieces.push(labelled(&scenario.keys_service, "").swap_remove(earlier).1);
        let decrypted = scenario.plain(&format!("{}-response", exchange.name)).unwrap();
        let fresh = match action.ends_with("/Renew") {
            true => texts_of(decrypted, "Instance"),
            false => texts_of(decrypted, "Identifier"),
        };
        pieces.push(guid(&fresh[0]));
        pieces.extend(scenario.session_nonces(index, Exchange::answer));
        pieces.extend(octets_of(answer, "Nonce"));
        pieces.extend(vectors(answer, false));
    }
    Script::new(pieces)
}

fn answer_time(exchange: &Exchange, answer: &str) -> Timestamp {
    match answer.contains("<u:Created>") {
        true => created(answer),
        false => exchange.at,
    }
}
