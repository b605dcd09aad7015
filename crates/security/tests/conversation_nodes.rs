//! Several processes of one service, and messages of one client that come to any of them.

#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_killable.rs"]
mod nego_killable;

use nego::{Credential, Seeded, Setup, moment, still, wire};
use nego_killable::Killable;
use waxwing_crypto::{KeyRing, SealingKey};
use waxwing_security::conversation::{CookieKeys, ServiceSecurity, Step, named_contexts};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Mint, Origin};
use zeroize::Zeroizing;

const ALICE: Credential = Credential::Certificate("alice");

/// Two nodes: legs come to the one, requests for a session and its renewal to the other. What the first one has negotiated is in
/// a cookie that the second one opens.
#[test]
fn what_one_node_has_negotiated_is_good_at_another() {
    for dialect in Dialect::ALL {
        let mut setup = Setup::negotiated(dialect, ALICE);
        setup.service.cookies.negotiated = true;
        let ring = KeyRing::new(SealingKey::new(Zeroizing::new([7; SealingKey::LENGTH])));
        setup.service.cookies.keys = Some(CookieKeys::new(ring));
        setup.service.mint = Mint::of_node(1, std::num::NonZeroU16::MIN);
        let mut both = Killable::new(setup);
        let first = {
            let options = both.service_options.clone();
            let security = ServiceSecurity::new(options, &mut Seeded(77)).unwrap();
            nego::Service::new(security, nego::Rules::default(), 77)
        };
        let mut nodes = [
            first,
            std::mem::replace(&mut both.pair.service, {
                let options = both.service_options.clone();
                let security = ServiceSecurity::new(options, &mut Seeded(78)).unwrap();
                nego::Service::new(security, nego::Rules::default(), 78)
            }),
        ];
        for renews in [false, true, true] {
            let now = both.pair.now;
            let mut at = Seeded(100 + u64::from(renews));
            let client = &mut both.pair.client;
            let mut step = match renews {
                false => client.open(&mut moment(now, &mut at)).unwrap(),
                true => client.renew(&mut moment(now, &mut at)).unwrap(),
            };
            while let Step::Send(request) = step {
                let named = named_contexts(&wire(&request), 4);
                // A leg names nothing. What does says of its origin nothing, but for the session's.
                let known = named.iter().filter(|name| Origin::of(name).is_some()).count();
                assert_eq!(known, usize::from(renews && !named.is_empty()), "{named:?}");
                let node = &mut nodes[usize::from(!named.is_empty())];
                let reply = node.answer(&request, now);
                assert!(reply.error.is_none(), "{dialect:?} {renews}: {:?}", reply.error);
                let reply = wire(&reply.envelope);
                step = both.pair.client.handle_reply(reply, &mut moment(now, &mut at)).unwrap();
            }
            let (request, correlation) = both.request("a call");
            let message = nodes[1].message(&request, now);
            std::mem::swap(&mut both.pair.service, &mut nodes[1]);
            let answer = both.pair.echo(message);
            std::mem::swap(&mut both.pair.service, &mut nodes[1]);
            both.pair.client.verify(wire(&answer), &correlation, &still(now)).unwrap();
        }
        assert_eq!(nodes[1].security.session_count(), 1);
        assert_eq!(nodes[0].security.session_count() + nodes[0].security.token_count(), 0);
    }
}

/// What a token says to whoever stands between is in every message of its session, as it was issued, before and after a renewal; a
/// key that another node issues says that one's name; and the session stays a session, which ends when its client cancels it.
#[test]
fn a_mark_is_in_every_message_of_the_session() {
    use base64::Engine as _;
    let base64 = |mark: &[u8]| base64::prelude::BASE64_STANDARD.encode(mark);
    for dialect in Dialect::ALL {
        for negotiates in [false, true] {
            let mut setup = match negotiates {
                true => Setup::negotiated(dialect, ALICE),
                false => Setup::by_certificate(dialect, ALICE),
            };
            setup.service.mark = Some((*b"node one").into());
            let mut both = Killable::opened(setup);
            let cookie = |mark: &[u8]| format!(">{}</", base64(mark));
            let says = |both: &mut Killable, mark: &[u8]| {
                let (request, _) = both.request("a call");
                let text = String::from_utf8(request.to_bytes()).unwrap();
                assert_eq!(text.matches(&cookie(mark)).count(), 1, "{dialect:?} {negotiates}");
                both.call("another one").unwrap();
            };
            says(&mut both, b"node one");
            both.renew().unwrap();
            says(&mut both, b"node one");
            // Another node takes the session over.
            let kept = both.kept();
            both.service_options.mark = Some((*b"node two").into());
            both.kill_service(&kept);
            says(&mut both, b"node one");
            both.renew().unwrap();
            says(&mut both, b"node two");
            both.cancel().unwrap();
            assert_eq!(both.service.security.session_count(), 0);
        }
    }
}
