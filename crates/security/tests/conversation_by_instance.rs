//! Renewals with a service that knows the generations of a key by what references say, as Eclipse Metro does
//! (WS-SecureConversation February 2005 §5, §8): its answer does not say how the token is referred to from outside.

#[path = "common/nego.rs"]
mod nego;

use nego::{Credential, Pair, Setup, altered, moment, still, wire};
use waxwing_security::conversation::{ClientError, ClientSecurity, Generation, Received, Step};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Addressing, Envelope, Fault, FaultCode, MessageVersion};

const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// Over a protected transport, where answers are in clear and can be what another service would write.
fn setup(dialect: Dialect, derived: bool) -> Setup {
    let mut setup = Setup::over_transport(dialect, Credential::UserName("secret"));
    for settings in [&mut setup.client.settings, &mut setup.service.settings] {
        settings.derived_keys = derived;
    }
    setup
}

fn opened(dialect: Dialect, derived: bool) -> Pair {
    let mut pair = setup(dialect, derived).build();
    pair.open().unwrap();
    pair.call("one").unwrap();
    pair
}

fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

/// Renews; the answer is Metro's. Gives the request.
fn renewed(pair: &mut Pair) -> Envelope {
    let knows_it = instance(&pair.client).is_some();
    let step = pair.client.renew(&mut moment(pair.now, &mut pair.random)).unwrap();
    let Step::Send(request) = step else { panic!("{step:?}") };
    // Once it is known that the service answers under the key that it has made just now, messages wait for it.
    assert_eq!(pair.client.awaits_renewal(&still(pair.now)), knows_it);
    let reply = pair.service.answer(&request, pair.now);
    let answer = altered(&reply.envelope, |text| {
        let (start, end) =
            (text.find("<t:RequestedUnattachedReference"), "RequestedUnattachedReference>");
        let start =
            start.unwrap_or_else(|| text.find("<trust:RequestedUnattachedReference").unwrap());
        let end = text.rfind(end).unwrap() + end.len();
        format!("{}{}", &text[..start], &text[end..])
    });
    let step = pair.client.handle_reply(answer, &mut moment(pair.now, &mut pair.random)).unwrap();
    assert!(matches!(step, Step::Established));
    assert!(!pair.client.awaits_renewal(&still(pair.now)));
    *request
}

/// The generation in use.
fn instance(client: &ClientSecurity) -> Option<String> {
    let saved = client.save().unwrap();
    let current = saved.keys.iter().find(|key| key.generation == Generation::Current);
    current.unwrap().instance.clone()
}

/// The reference to the token whose key signs a message.
fn reference(envelope: &Envelope) -> String {
    let text = text(envelope);
    let references = text.match_indices("<o:Reference ").map(|(start, _)| &text[start..]);
    let mut references = references.map(|text| &text[..text.find("/>").unwrap()]);
    references.find(|reference| reference.contains("/sct\"")).unwrap().to_owned()
}

#[test]
fn references_say_the_generation_once_the_service_has_not() {
    for (dialect, derived) in Dialect::ALL.into_iter().flat_map(|d| [(d, false), (d, true)]) {
        let mut pair = opened(dialect, derived);
        let before = pair.request("before").0;
        assert!(!reference(&before).contains("Instance="), "{dialect:?}");
        renewed(&mut pair);
        let generation = instance(&pair.client).unwrap();
        let (request, _) = pair.request("after");
        let found = reference(&request);
        assert!(found.contains(" URI=\"#"), "{dialect:?}: {found}");
        assert!(found.contains(&format!(":Instance=\"{generation}\"")), "{found}");
        pair.call("renewed").unwrap();
        // As soon as the service says it, nothing is said where it need not be.
        pair.renew().unwrap();
        assert!(!reference(&pair.request("as ever").0).contains("Instance="));
        pair.call("as ever").unwrap();
    }
}

/// Metro proves a renewal by the key that it issued first, whatever has been renewed since.
#[test]
fn the_first_key_endorses_every_renewal() {
    let mut pair = opened(Dialect::February2005, true);
    let first = renewed(&mut pair);
    assert!(!text(&first).contains("Instance"), "{}", text(&first));
    let generation = instance(&pair.client).unwrap();
    pair.call("under the second").unwrap();
    let second = renewed(&mut pair);
    let header =
        wire(&second).header_named(WSSE, "Security").map(|security| security.text().into_owned());
    assert!(!header.unwrap().contains(&generation), "the token of the first key is shown");
    let body = wire(&second).payload().map(|payload| {
        String::from_utf8(wire(&second).to_bytes()).unwrap().contains(&generation)
            && payload.local_name() == "RequestSecurityToken"
    });
    assert_eq!(body, Some(true), "the target is the generation in use");
    pair.call("under the third").unwrap();
}

#[test]
fn a_client_that_was_killed_goes_on_in_the_same_way() {
    let mut pair = opened(Dialect::February2005, true);
    renewed(&mut pair);
    pair.call("renewed").unwrap();
    let saved = pair.client.save().unwrap();
    let kept = |generation| saved.keys.iter().filter(|key| key.generation == generation).count();
    assert_eq!((kept(Generation::Current), kept(Generation::First)), (1, 1));
    let mut another = setup(Dialect::February2005, true).build_seeded(8);
    another.client.restore(&saved, &mut moment(pair.now, &mut another.random)).unwrap();
    std::mem::swap(&mut pair.client, &mut another.client);
    let (request, _) = pair.request("after the crash");
    assert!(reference(&request).contains("Instance="));
    pair.call("after the crash").unwrap();
    let generation = instance(&pair.client).unwrap();
    let request = renewed(&mut pair);
    assert!(!wire(&request).header_named(WSSE, "Security").unwrap().text().contains(&generation));
    pair.call("renewed again").unwrap();
}

/// A service that forgets a generation when it issues the next refuses what was under way: it is to be sent again.
#[test]
fn what_a_renewal_has_overtaken_is_sent_again() {
    let mut pair = opened(Dialect::February2005, true);
    renewed(&mut pair);
    let refused = |pair: &mut Pair, request: &Envelope| {
        let message = pair.service.message(request, pair.now);
        let asked = Addressing::read(message.received.envelope()).unwrap();
        let version = MessageVersion::SOAP12_ADDRESSING10;
        let fault = Fault::new(FaultCode::Sender, "Invalid Security Header")
            .with_subcode(WSSE, "InvalidSecurity");
        let action = "http://www.w3.org/2005/08/addressing/fault";
        let mut reply = Envelope::new(version);
        Addressing::reply(action, &asked, version.addressing).write(&mut reply);
        fault.write(&mut reply);
        let (now, random) = (pair.now, &mut pair.service.random);
        pair.service
            .security
            .protect_reply(&message.reply, reply, &mut moment(now, random))
            .unwrap()
    };
    // Under the key in use it is what it says.
    let (request, correlation) = pair.request("refused");
    let answer = refused(&mut pair, &request);
    let received = pair.client.verify(wire(&answer), &correlation, &still(pair.now)).unwrap();
    assert!(matches!(received, Received::Verified(_)));
    // Under the one before it says nothing but that.
    let (request, correlation) = pair.request("overtaken");
    let answer = refused(&mut pair, &request);
    renewed(&mut pair);
    let error = pair.client.verify(wire(&answer), &correlation, &still(pair.now)).unwrap_err();
    assert!(matches!(error, ClientError::RenewNeeded) && !error.ends_session(), "{error}");
    assert!(!pair.client.renewal_due(&still(pair.now)), "it is renewed already");
    // What answers another message says nothing of this one.
    let (other, _) = pair.request("another");
    renewed(&mut pair);
    let answer = refused(&mut pair, &other);
    let received = pair.client.verify(wire(&answer), &correlation, &still(pair.now));
    assert!(!matches!(received, Err(ClientError::RenewNeeded)));
}
