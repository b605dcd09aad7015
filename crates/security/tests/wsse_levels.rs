//! Protection levels and orders: what is protected less than the contract says, or in another order than the binding's, is
//! refused, by whomever it was made.

mod common;

use common::contracts::protected;
use common::wsse_attacks::piece;
use common::wsse_rebuild::{Rebuild, unprotected};
use common::wsse_replay::Replay;
use common::{Captured, Scenario};
use waxwing_security::wsse::{
    ProtectionOrder, ProtectionPlan, ProtectionToken, SecuritySettings, Sources, UuidIds, protect,
};
use waxwing_security::{
    Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, Reason, SecurityError,
};
use waxwing_soap::RandomSource;

use ProtectionLevel::{EncryptAndSign, None as Unprotected, Sign};
use ProtectionOrder::{
    EncryptBeforeSign, SignBeforeEncrypt, SignBeforeEncryptAndEncryptSignature as Usual,
};

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

/// Verifies a captured message, all before it first, after `change` of what the receiver expects.
fn verify(
    scenario: &Scenario,
    name: &str,
    change: impl FnOnce(&mut Replay<'_>),
    edit: impl FnOnce(String) -> String,
) -> Result<(), SecurityError> {
    let mut replay = Replay::new(scenario);
    for before in scenario.messages.iter().take_while(|m| m.name != name) {
        if before.is_secured() {
            replay.verify(before).expect("a good message");
        }
    }
    let message = scenario.messages.iter().find(|m| m.name == name).expect("the message");
    change(&mut replay);
    let edited = message.with_body(edit(message.text().to_owned()).into_bytes());
    replay.verify(&edited).map(drop)
}

fn as_it_was(text: String) -> String {
    text
}

/// A message that is authentic but protected less than the contract says, as a peer with another contract makes it.
#[test]
fn what_is_protected_less_than_the_contract_says_is_refused() {
    let demand = |action: &'static str, level| {
        move |replay: &mut Replay<'_>| {
            let action = format!("{SAMPLES}/{action}");
            replay.session.operation(&action, Some(&format!("{action}Response")), level);
        }
    };
    let cases = [
        ("protnone-sc-cert", "002-request", "IProtNone/Open", Sign, Unprotected),
        ("protnone-sc-cert", "002-response", "IProtNone/Open", EncryptAndSign, Unprotected),
        ("protnone-sc-cert", "003-request", "IProtNone/Signed", EncryptAndSign, Sign),
        ("protsign-sc-cert", "002-response", "IProtSign/Signed", EncryptAndSign, Sign),
        ("protsign-sc-cert", "003-request", "IProtSign/Note", EncryptAndSign, Sign),
        ("protection-order-ebs", "003-request", "IProtected/Signed", EncryptAndSign, Sign),
        ("protection-order-sbe", "003-response", "IProtected/Signed", EncryptAndSign, Sign),
        // Headers are encrypted here, hence the signature; the body is not.
        ("protection-sc-cert", "006-request", "IProtected/Order", EncryptAndSign, Sign),
    ];
    for (scenario, message, action, required, found) in cases {
        let scenario = Scenario::wcf(scenario);
        assert_eq!(verify(&scenario, message, |_| (), as_it_was), Ok(()), "{message}");
        let error = verify(&scenario, message, demand(action, required), as_it_was).unwrap_err();
        let expected = Reason::Level { what: "the Body".into(), found, required };
        assert_eq!(*error.reason(), expected, "{}/{message}", scenario.name);
        // Where the signature is over the text and can be read, or is encrypted, somebody on the way may have put the
        // text in the place of the ciphertext.
        let doubtful =
            [("protection-order-sbe", "003-response"), ("protection-sc-cert", "006-request")];
        assert_eq!(error.is_disagreement(), !doubtful.contains(&(&*scenario.name, message)));
        let text = error.to_string();
        assert!(text.starts_with("the Body is ") && text.contains("protection levels"), "{text}");
    }
}

/// More protection than the contract asks for is welcome, as to WCF.
#[test]
fn what_is_protected_more_than_the_contract_says_is_accepted() {
    let scenario = Scenario::wcf("protection-sc-cert");
    let lower = |replay: &mut Replay<'_>| {
        replay.session = ProtectionRequirements::for_session();
        let body = MessageProtection::body(Unprotected);
        replay.session.wildcard(Direction::Request, body.clone());
        replay.session.wildcard(Direction::Reply, body);
    };
    for message in scenario.messages.iter().skip(2) {
        assert_eq!(verify(&scenario, &message.name, lower, as_it_was), Ok(()), "{}", message.name);
    }
}

/// Headers of the contract have levels of their own.
#[test]
fn headers_that_are_protected_less_are_refused() {
    let scenario = Scenario::wcf("protection-sc-cert");
    let raise = |local: &'static str, level| {
        move |replay: &mut Replay<'_>| {
            let action = format!("{SAMPLES}/IProtected/Order");
            let found = replay.session.find(Direction::Request, &action).expect("an operation");
            let mut raised = found.clone();
            let header = raised.headers.iter_mut().find(|h| *h.local == *local).expect("a header");
            header.level = level;
            replay.session.set(Direction::Request, action, raised);
        }
    };
    for (local, found, required) in [
        ("Customer", Sign, EncryptAndSign),
        ("Trace", Unprotected, Sign),
        ("Trace", Unprotected, EncryptAndSign),
    ] {
        let change = raise(local, required);
        let error = verify(&scenario, "006-request", change, as_it_was).unwrap_err();
        let what = format!("the header '{local}'").into();
        assert_eq!(*error.reason(), Reason::Level { what, found, required });
    }
}

/// What somebody on the way can do to encrypted and signed headers without any key.
#[test]
fn headers_that_were_changed_on_the_way_are_refused() {
    for name in ["protection-sc-cert", "protection-order-sbe", "protection-order-ebs"] {
        let scenario = Scenario::wcf(name);
        let original = scenario.messages.iter().find(|m| m.name == "006-request").unwrap();
        let text = original.text();
        let hidden = piece(text, "<k:EncryptedHeader", "</k:EncryptedHeader>");
        let signed = piece(text, "<h:Customer", "</h:Customer>");
        let id = piece(hidden, "u:Id=\"", "\"");
        let data = piece(hidden, "<e:EncryptedData", "</e:EncryptedData>");
        let listed = format!("<e:DataReference URI=\"#{}", &id[6..]);
        let plain =
            "<h:CardNumber xmlns:h=\"http://Microsoft.ServiceModel.Samples\">1</h:CardNumber>";
        let list = piece(text, "<e:ReferenceList", "</e:ReferenceList>");
        let without = match list.matches("DataReference").count() {
            1 => String::new(),
            _ => list.replace(&format!("{listed}/>"), ""),
        };
        let attacks: [(&str, String, String); 9] = [
            ("taken away", hidden.into(), String::new()),
            ("taken away, not listed", format!("{hidden}\0{list}"), format!("\0{without}")),
            ("in clear", hidden.into(), plain.into()),
            ("a second one in clear", hidden.into(), format!("{hidden}{plain}")),
            ("one more for another", hidden.into(), format!("{hidden}{hidden}")),
            ("not listed", list.into(), without.clone()),
            ("for another", hidden.into(), hidden.replace("s:mustUnderstand=\"1\"", "")),
            ("nothing inside", data.into(), String::new()),
            ("a signed one changed", signed.into(), signed.replace("Contoso", "Fabrikam")),
        ];
        for (attack, from, to) in attacks {
            let changed = |text: String| {
                let (from, to) = (from.split('\0'), to.split('\0'));
                from.zip(to).fold(text, |text, (from, to)| {
                    assert!(text.contains(from), "{attack}");
                    text.replacen(from, to, 1)
                })
            };
            let result = verify(&scenario, "006-request", |_| (), changed);
            assert!(result.is_err(), "{name}: accepted: {attack}");
        }
    }
}

/// The three orders exclude each other for whatever is encrypted: captured messages, under each other's settings.
#[test]
fn another_order_is_refused() {
    let scenarios = [
        ("protection-sc-cert", Usual),
        ("protection-order-sbe", SignBeforeEncrypt),
        ("protection-order-ebs", EncryptBeforeSign),
    ];
    let mut refused = 0;
    for (name, order) in scenarios {
        let scenario = Scenario::wcf(name);
        let encrypted = scenario.messages.iter().filter(|m| {
            m.is_secured() && !m.name.starts_with("001") && m.text().contains("ReferenceList")
        });
        for message in encrypted {
            for expected in [Usual, SignBeforeEncrypt, EncryptBeforeSign] {
                let set = |replay: &mut Replay<'_>| replay.settings.order = expected;
                let result = verify(&scenario, &message.name, set, as_it_was);
                // The one order that allows what another demands: the signature may be encrypted.
                let good = order == expected || (order, expected) == (Usual, SignBeforeEncrypt);
                assert_eq!(result.is_ok(), good, "{name}/{} {expected:?}", message.name);
                refused += usize::from(!good);
                if (order, expected) == (SignBeforeEncrypt, Usual) {
                    let error = result.unwrap_err();
                    assert_eq!(*error.reason(), Reason::PlainSignature);
                    assert!(error.is_disagreement());
                }
            }
        }
    }
    assert!(refused >= 40, "{refused}");
}

/// Where the list stands is not signed, so that anybody can move it. What was signed is then another thing than what is
/// verified: the ciphertext instead of the text, or the other way round.
#[test]
fn a_list_that_was_moved_does_not_pass_for_another_order() {
    let moved = |text: String| {
        let list = piece(&text, "<e:ReferenceList", "</e:ReferenceList>").to_owned();
        let signature = piece(&text, "<Signature ", "</Signature>").to_owned();
        let after = text.find(&list) > text.find(&signature);
        let both = if after { format!("{list}{signature}") } else { format!("{signature}{list}") };
        text.replacen(&list, "", 1).replacen(&signature, &both, 1)
    };
    for (name, other) in
        [("protection-order-sbe", EncryptBeforeSign), ("protection-order-ebs", SignBeforeEncrypt)]
    {
        let scenario = Scenario::wcf(name);
        for message in ["005-request", "005-response", "007-response"] {
            let set = |replay: &mut Replay<'_>| replay.settings.order = other;
            let error = verify(&scenario, message, set, moved).unwrap_err();
            let is_body = matches!(error.reason(), Reason::DigestMismatch(p) if **p == *"Body");
            assert!(is_body, "{name}/{message}: {error}");
            // And the order's own readers do not take it, either.
            assert!(verify(&scenario, message, |_| (), moved).is_err());
        }
        let set = |replay: &mut Replay<'_>| replay.settings.order = other;
        let error = verify(&scenario, "006-request", set, moved).unwrap_err();
        assert!(
            matches!(error.reason(), Reason::UnresolvedReference(_) | Reason::DigestMismatch(_)),
            "{name}: {error}"
        );
    }
}

/// Who knows the text of a message can put it in the place of the ciphertext and strike it off the list, without any key:
/// the signature is over the text. That is refused because the level is demanded, not because the signature fails.
#[test]
fn a_known_text_in_clear_does_not_pass_for_an_encrypted_one() {
    let scenario = Scenario::wcf("protection-order-sbe");
    let opened = |text: String| {
        let data = piece(&text, "<s:Body u:Id=\"_0\"><e:EncryptedData", "</s:Body>").to_owned();
        let list = piece(&text, "<e:ReferenceList", "</e:ReferenceList>").to_owned();
        let message = scenario.messages.iter().find(|m| m.name == "005-request").unwrap();
        let plain = piece(message.expected(), "<s:Body u:Id=\"_0\">", "</s:Body>").to_owned();
        text.replacen(&data, &plain, 1).replacen(&list, "", 1)
    };
    let error = verify(&scenario, "005-request", |_| (), opened).unwrap_err();
    let what = "the Body".into();
    assert_eq!(*error.reason(), Reason::Level { what, found: Sign, required: EncryptAndSign });
    // The same where Sign is enough: it is a good message, which shows that the signature is.
    let lower = |replay: &mut Replay<'_>| {
        let action = format!("{SAMPLES}/IProtected/Default");
        replay.session.operation(&action, None, Sign);
    };
    assert_eq!(verify(&scenario, "005-request", lower, opened), Ok(()));
}

/// A disagreement ends the client's session at once, since the next answer would be no better. So nothing that somebody on
/// the way can do to an answer, without any key but with knowledge of its text, may look like one.
#[test]
fn nobody_on_the_way_makes_the_ends_disagree() {
    let header = "<h:Status xmlns:h=\"http://Microsoft.ServiceModel.Samples\">1</h:Status>";
    for name in ["protection-sc-cert", "protection-order-sbe", "protection-order-ebs"] {
        let scenario = Scenario::wcf(name);
        let message = |name: &str| scenario.messages.iter().find(|m| m.name == name).unwrap();
        for response in ["005-response", "006-response"] {
            let text = message(response).text();
            let list = piece(text, "<e:ReferenceList", "</e:ReferenceList>");
            let body = piece(text, "<s:Body", "</s:Body>");
            let plain = piece(message(response).expected(), "<s:Body", "</s:Body>");
            let data = piece(body, "<e:EncryptedData", "</e:EncryptedData>");
            let id = piece(data, "Id=\"", "\"")[4..].trim_matches('"');
            let shorter = list.replacen(&format!("<e:DataReference URI=\"#{id}\"/>"), "", 1);
            assert_ne!(shorter, list);
            let known = text.replacen(body, plain, 1);
            let attacks = [
                (
                    "a header in clear",
                    text.replacen("<s:Header>", &format!("<s:Header>{header}"), 1),
                ),
                ("the body struck off the list", text.replacen(list, &shorter, 1)),
                ("no list", text.replacen(list, "", 1)),
                ("the known text in clear", known.replacen(list, &shorter, 1)),
                ("the known text in clear and no list", known.replacen(list, "", 1)),
            ];
            for (attack, changed) in attacks {
                assert_ne!(changed, text, "{attack}");
                // The contract has no such header in the other answer: nobody looks at it.
                if (attack, response) == ("a header in clear", "005-response") {
                    continue;
                }
                let error = verify(&scenario, response, |_| (), |_| changed).unwrap_err();
                assert!(!error.is_disagreement(), "{name}/{response}: {attack}: {error}");
            }
        }
    }
}

/// Octets of no meaning.
struct Counting(u8);

impl RandomSource for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        octets.fill(self.0);
    }
}

/// The captured request `name` made again under the session's own keys, but with other parts and order: what a peer with
/// another contract or binding sends, or somebody who has the keys.
fn remade(
    scenario: &Scenario,
    name: &str,
    parts: &MessageProtection,
    order: ProtectionOrder,
) -> Captured {
    let mut rebuild = Rebuild::new(scenario);
    for before in scenario.messages.iter().take_while(|m| m.name != name) {
        if before.is_secured() {
            rebuild.replay.verify(before).expect("a good message");
        }
    }
    let message = scenario.messages.iter().find(|m| m.name == name).expect("the message");
    let keys = rebuild.session_keys(message);
    let settings = SecuritySettings { order, ..rebuild.replay.settings.clone() };
    let plan = ProtectionPlan::new(&settings, parts, ProtectionToken::Session(&keys));
    let mut envelope = unprotected(message.expected());
    let (mut random, mut ids) = (Counting(0), UuidIds::new(&mut Counting(7)));
    let mut sources = Sources { now: message.at, random: &mut random, ids: &mut ids };
    protect(&mut envelope, &plan, &mut sources).expect("it can be protected");
    message.with_body(envelope.to_bytes())
}

/// Every pair of what is sent and what is demanded, and of orders, under good keys.
#[test]
fn every_pair_of_levels_and_orders() {
    let scenario = Scenario::wcf("protection-sc-cert");
    let levels = [Unprotected, Sign, EncryptAndSign];
    let orders = [Usual, SignBeforeEncrypt, EncryptBeforeSign];
    let action = format!("{SAMPLES}/IProtected/Default");
    for (sent, required) in levels.iter().flat_map(|s| levels.map(|r| (*s, r))) {
        for (made, expected) in orders.iter().flat_map(|m| orders.map(|e| (*m, e))) {
            let parts = MessageProtection::body(sent);
            let message = remade(&scenario, "005-request", &parts, made);
            let mut replay = Replay::new(&scenario);
            replay.session = protected();
            replay.session.operation(&action, None, required);
            replay.settings.order = expected;
            let result = replay.verify(&message);
            let same_order = sent != EncryptAndSign
                || made == expected
                || (made, expected) == (Usual, SignBeforeEncrypt);
            let case = format!("{sent:?} for {required:?}, {made:?} for {expected:?}");
            match result {
                Ok(_) => assert!(sent >= required && same_order, "accepted: {case}"),
                Err(error) => assert!(sent < required || !same_order, "{case}: {error}"),
            }
        }
    }
}

/// Under EncryptBeforeSign the signature covers ciphertext; a body that is encrypted but left out of the signature must
/// not pass, though the keys are good.
#[test]
fn ciphertext_that_nobody_signed_is_refused() {
    let scenario = Scenario::wcf("protection-order-ebs");
    let without_reference = |text: String| {
        let first = piece(&text, "<Reference URI=\"#_1\">", "</Reference>").to_owned();
        text.replacen(&first, "", 1)
    };
    // Without the key the value no longer fits; with it, it would be one that signs no body.
    let error = verify(&scenario, "005-request", |_| (), without_reference).unwrap_err();
    assert_eq!(*error.reason(), Reason::SignatureMismatch);
    let parts = MessageProtection::body(Unprotected);
    let message = remade(&scenario, "005-request", &parts, EncryptBeforeSign);
    let encrypted = remade(
        &scenario,
        "005-request",
        &MessageProtection::body(EncryptAndSign),
        EncryptBeforeSign,
    );
    // The unsigned body takes the ciphertext and the list of the other message.
    let (unsigned, text) = (message.text().to_owned(), encrypted.text());
    let body = piece(text, "<s:Body", "</s:Body>").replacen(" u:Id=\"_1\"", "", 1);
    let body = body.replacen("\"_0\"", "\"_50\"", 1);
    let list = piece(text, "<e:ReferenceList", "</e:ReferenceList>").replacen("_0", "_50", 1);
    let tokens: Vec<&str> = text.split("<c:DerivedKeyToken").collect();
    let second = format!("<c:DerivedKeyToken{}", tokens[2].split_once("<Signature").unwrap().0);
    let grafted = unsigned
        .replacen(piece(&unsigned, "<s:Body", "</s:Body>"), &body, 1)
        .replacen("<Signature ", &format!("{second}<Signature "), 1)
        .replacen("</o:Security>", &format!("{list}</o:Security>"), 1);
    let mut replay = Replay::new(&scenario);
    let error = replay.verify(&encrypted.with_body(grafted.into_bytes())).unwrap_err();
    assert_eq!(*error.reason(), Reason::EncryptedNotSigned("the Body".into()), "{error}");
}
