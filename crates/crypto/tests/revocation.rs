//! Revocation lists and OCSP answers: what they say, and whom they deceive.

#![allow(clippy::disallowed_methods)]

use jiff::Timestamp;
use proptest::prelude::*;
use waxwing_crypto::revocation::{IssuedList, RevocationQuestion, RevocationStatus};
use waxwing_crypto::{
    Certificate, CertificateValidator, RevocationList, RevocationMode, TrustError, Usage,
    ValidationMode,
};
use waxwing_testkit::authority::{Holder, ListWish, OcspStatus, OcspWish, Wish, der, point_name};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const LIST: &str = "http://ca.example/root.crl";

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn certificate(holder: &Holder) -> Certificate {
    Certificate::from_der(&holder.der()).unwrap()
}

fn validator(root: &Holder, lists: &[Vec<u8>]) -> CertificateValidator {
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::Offline);
    CertificateValidator::new(mode, revocation, Usage::Client)
        .with_roots([certificate(root)])
        .with_revocation_lists(lists.iter().map(|l| RevocationList::from_octets(l).unwrap()))
}

fn questions(root: &Holder, leaf: &Holder, chain: &[&Holder]) -> Vec<RevocationQuestion> {
    let chain: Vec<_> = chain.iter().map(|holder| certificate(holder)).collect();
    validator(root, &[]).validate_path(&certificate(leaf), &chain, now()).unwrap()
}

fn question(root: &Holder, leaf: &Holder) -> RevocationQuestion {
    questions(root, leaf, &[]).remove(0)
}

fn issued(question: &RevocationQuestion, list: &[u8]) -> Result<IssuedList, String> {
    let list = RevocationList::from_octets(list).map_err(|e| e.to_string())?;
    question.issued(&list).map_err(|e| e.to_string())
}

fn by_list(question: &RevocationQuestion, list: &[u8]) -> Result<RevocationStatus, String> {
    let answer = question.read_list(&issued(question, list)?).map_err(|e| e.to_string())?;
    answer.in_time(now()).map_err(|e| e.to_string())?;
    Ok(answer.status)
}

fn by_ocsp(question: &RevocationQuestion, octets: &[u8]) -> Result<RevocationStatus, String> {
    let answer = question.read_ocsp(octets, &[], now()).map_err(|e| e.to_string())?;
    answer.in_time(now()).map_err(|e| e.to_string())?;
    Ok(answer.status)
}

#[track_caller]
fn refused(result: Result<RevocationStatus, String>, why: &str) {
    match result {
        Err(text) => assert!(text.contains(why), "{text}"),
        Ok(status) => panic!("{status:?}, and not {why}"),
    }
}

fn root() -> Holder {
    Wish::new("root", 1, NOW).authority().by_itself()
}

#[test]
fn every_certificate_but_the_root_is_asked_about_from_the_root_down() {
    let root = root();
    let between = Wish::new("between", 2, NOW).authority().list(LIST).by(&root);
    let leaf = Wish::new("alice", 3, NOW)
        .ocsp("http://ca.example/ocsp")
        .ocsp("https://ca.example/ocsp")
        .list("ldap://ca.example/cn=root")
        .list("http://ca.example/between.crl")
        .by(&between);
    let asked = questions(&root, &leaf, &[&between]);
    let subjects: Vec<_> = asked.iter().map(RevocationQuestion::subject).collect();
    assert_eq!(subjects, ["CN=between", "CN=alice"]);
    assert_eq!(asked[0].sources().lists, [LIST]);
    let sources = asked[1].sources();
    assert_eq!(sources.ocsp, ["http://ca.example/ocsp"]);
    assert_eq!(sources.lists, ["http://ca.example/between.crl"]);
    let passed = sources.passed_over.join("; ");
    assert!(passed.contains("https://ca.example/ocsp: only http is asked"), "{passed}");
    assert!(passed.contains("ldap://ca.example/cn=root: only http is asked"), "{passed}");
    assert!(questions(&root, &root, &[]).is_empty());
}

#[test]
fn places_that_are_not_followed_are_named() {
    let root = root();
    let points = |content: Vec<u8>| {
        let value = der(0x30, &[&der(0x30, &[&content])]);
        Wish::new("alice", 3, NOW).extension("2.5.29.31", false, value).by(&root)
    };
    let other = der(0xa2, &[&der(0xa4, &[&root.x509.subject_name().to_der().unwrap()])]);
    for (content, why) in [
        ([point_name(LIST), other].concat(), "indirect"),
        ([point_name(LIST), der(0x81, &[&[1, 2]])].concat(), "some reasons"),
        (der(0xa0, &[&der(0xa1, &[])]), "relative"),
        (point_name("http://ca.example/a b"), "none"),
    ] {
        let asked = question(&root, &points(content));
        assert!(asked.sources().lists.is_empty(), "{why}");
        assert!(asked.sources().passed_over.concat().contains(why), "{:?}", asked.sources());
    }
    // Of a certificate whose distribution points are malformed there is no path at all; this one can be passed over.
    let value = der(0x30, &[&[0x30, 0x7f]]);
    let asked = Wish::new("alice", 3, NOW).extension("1.3.6.1.5.5.7.1.1", false, value).by(&root);
    let sources = question(&root, &asked).sources().clone();
    assert!(sources.ocsp.is_empty() && sources.passed_over.concat().contains("malformed"));
}

#[test]
fn lists_say_who_was_revoked() {
    let root = root();
    let leaf = Wish::new("alice", 3, NOW).list(LIST).by(&root);
    let asked = question(&root, &leaf);
    assert_eq!(
        by_list(&asked, &root.list(&ListWish::of(NOW, &[4, 5]))),
        Ok(RevocationStatus::Good)
    );
    let revoked = by_list(&asked, &root.list(&ListWish::of(NOW, &[3, 4])));
    assert!(matches!(revoked, Ok(RevocationStatus::Revoked { since: Some(_) })), "{revoked:?}");
    // Another authority of the same name, whose key is not the issuer's.
    let impostor = Wish::new("root", 1, NOW).authority().by_itself();
    refused(by_list(&asked, &impostor.list(&ListWish::of(NOW, &[]))), "signature");
    let other = Wish::new("other", 1, NOW).authority().by_itself();
    refused(by_list(&asked, &other.list(&ListWish::of(NOW, &[]))), "'CN=other'");
    let silent = Wish::new("root", 1, NOW).authority().without_lists().by_itself();
    let of_silent = question(&silent, &Wish::new("alice", 3, NOW).by(&silent));
    refused(by_list(&of_silent, &silent.list(&ListWish::of(NOW, &[]))), "cRLSign");
    // A list that was checked for one issuer is none of another.
    let list = issued(&asked, &root.list(&ListWish::of(NOW, &[]))).unwrap();
    assert!(of_silent.read_list(&list).is_err());
}

#[test]
fn lists_have_their_time() {
    let root = root();
    let asked = question(&root, &Wish::new("alice", 3, NOW).by(&root));
    let at = |this_update, next_update| {
        by_list(&asked, &root.list(&ListWish { this_update, next_update, ..ListWish::default() }))
    };
    refused(at(NOW - DAY, Some(NOW - 301)), "out of date");
    refused(at(NOW + 301, Some(NOW + DAY)), "has not come");
    assert!(at(NOW - DAY, Some(NOW - 299)).is_ok(), "clocks may be five minutes apart");
    assert!(at(NOW + 299, Some(NOW + DAY)).is_ok());
    // Revoked is revoked, however old the list is.
    let old = ListWish {
        this_update: NOW - 9 * DAY,
        next_update: Some(NOW - 8 * DAY),
        ..ListWish::of(NOW, &[3])
    };
    let leaf = certificate(&Wish::new("alice", 3, NOW).by(&root));
    let result = validator(&root, &[root.list(&old)]).validate(&leaf, &[], now());
    assert!(matches!(&result, Err(TrustError::Revoked(_))), "{result:?}");
    assert!(result.unwrap_err().to_string().contains("The certificate is revoked."));
}

#[test]
fn lists_of_another_kind_are_refused_by_name() {
    let root = root();
    let asked = question(&root, &Wish::new("alice", 3, NOW).list(LIST).by(&root));
    let with = |id: &'static str, critical, value: Vec<u8>| {
        let extensions = vec![(id, critical, value)];
        by_list(&asked, &root.list(&ListWish { extensions, ..ListWish::of(NOW, &[]) }))
    };
    let idp = |content: Vec<u8>| with("2.5.29.28", true, der(0x30, &[&content]));
    assert!(idp(point_name(LIST)).is_ok());
    assert!(idp(der(0x81, &[&[0xff]])).is_ok(), "of users only, and Alice is one");
    refused(idp(point_name("http://ca.example/other.crl")), "another distribution point");
    refused(idp(der(0x82, &[&[0xff]])), "another kind");
    refused(idp(der(0x83, &[&[1, 2]])), "some reasons");
    refused(idp(der(0x84, &[&[0xff]])), "indirect");
    refused(idp(der(0x85, &[&[0xff]])), "attribute");
    refused(idp(der(0xa0, &[&der(0xa1, &[])])), "relative");
    refused(with("2.5.29.27", true, vec![2, 1, 1]), "delta");
    refused(with("1.3.6.1.4.1.99999.1", true, vec![5, 0]), "critical");
    assert!(with("1.3.6.1.4.1.99999.1", false, vec![5, 0]).is_ok());
}

#[test]
fn responders_say_who_was_revoked() {
    let root = root();
    let leaf = Wish::new("alice", 3, NOW).by(&root);
    let asked = question(&root, &leaf);
    let answer = |wish: &OcspWish<'_>| by_ocsp(&asked, &root.ocsp(&leaf, wish));
    let good = OcspWish::of(NOW, OcspStatus::Good);
    assert_eq!(answer(&good), Ok(RevocationStatus::Good));
    assert_eq!(answer(&OcspWish { by_key: true, ..good.clone() }), Ok(RevocationStatus::Good));
    let revoked = answer(&OcspWish::of(NOW, OcspStatus::Revoked));
    assert!(matches!(revoked, Ok(RevocationStatus::Revoked { since: Some(_) })), "{revoked:?}");
    refused(answer(&OcspWish::of(NOW, OcspStatus::Unknown)), "does not know");
    refused(answer(&OcspWish { serial: Some(vec![4]), ..good.clone() }), "other certificates");
    let late = OcspWish { next_update: Some(NOW - 301), ..good.clone() };
    refused(answer(&late), "out of date");
    let early = OcspWish { this_update: NOW + 301, ..good.clone() };
    refused(answer(&early), "has not come");
    refused(answer(&OcspWish { next_update: None, ..good.clone() }), "out of date");
    let of_now = OcspWish { this_update: NOW - 60, next_update: None, ..good.clone() };
    assert_eq!(answer(&of_now), Ok(RevocationStatus::Good));
    let critical =
        der(0x30, &[&der(6, &[&[0x2b, 1, 1]]), &der(1, &[&[0xff]]), &der(4, &[&[5, 0]])]);
    refused(answer(&OcspWish { single_extension: Some(critical), ..good }), "critical");
    for (status, why) in
        [(1, "malformedRequest"), (3, "tryLater"), (6, "unauthorized"), (9, "unknown")]
    {
        refused(by_ocsp(&asked, &der(0x30, &[&der(0x0a, &[&[status]])])), why);
    }
}

/// Who may answer in the issuer's place: a certificate that it issued itself, for that alone.
#[test]
fn only_the_issuer_or_its_responder_answers() {
    let root = root();
    let leaf = Wish::new("alice", 3, NOW).by(&root);
    let asked = question(&root, &leaf);
    let by = |signer: &Holder| {
        let wish = OcspWish { signer: Some(signer), ..OcspWish::of(NOW, OcspStatus::Good) };
        by_ocsp(&asked, &root.ocsp(&leaf, &wish))
    };
    let responder = Wish::new("responder", 9, NOW).for_use("OCSPSigning").by(&root);
    assert_eq!(by(&responder), Ok(RevocationStatus::Good));
    refused(by(&Wish::new("bob", 4, NOW).by(&root)), "id-kp-OCSPSigning");
    refused(by(&Wish::new("bob", 4, NOW).for_use("clientAuth").by(&root)), "id-kp-OCSPSigning");
    let other = Wish::new("other", 1, NOW).authority().by_itself();
    refused(
        by(&Wish::new("responder", 9, NOW).for_use("OCSPSigning").by(&other)),
        "not one of the issuer",
    );
    let impostor = Wish::new("root", 1, NOW).authority().by_itself();
    refused(
        by(&Wish::new("responder", 9, NOW).for_use("OCSPSigning").by(&impostor)),
        "not one of the issuer",
    );
    // Not issued by the issuer itself, but by one below it.
    let between = Wish::new("between", 2, NOW).authority().by(&root);
    refused(
        by(&Wish::new("responder", 9, NOW).for_use("OCSPSigning").by(&between)),
        "not one of the issuer",
    );
    let old = Wish::new("responder", 9, NOW - 400 * DAY).for_use("OCSPSigning").by(&root);
    refused(by(&old), "expired");
    // Alice answers for herself, in the issuer's name.
    let forged = OcspWish {
        signer: Some(&leaf),
        responder: Some(&root),
        ..OcspWish::of(NOW, OcspStatus::Good)
    };
    refused(by_ocsp(&asked, &root.ocsp(&leaf, &forged)), "signature is wrong");
    // A responder that the issuer's list names is not believed.
    let wish = OcspWish { signer: Some(&responder), ..OcspWish::of(NOW, OcspStatus::Good) };
    let list = issued(&asked, &root.list(&ListWish::of(NOW, &[9]))).unwrap();
    let read = asked.read_ocsp(&root.ocsp(&leaf, &wish), &[list], now());
    assert!(read.unwrap_err().to_string().contains("was revoked"));
}

#[test]
fn requests_are_those_of_the_lightweight_profile() {
    let root = root();
    let leaf = Wish::new("alice", 0x8081, NOW).by(&root);
    let request = question(&root, &leaf).ocsp_request();
    // OpenSSL reads it, and writes the same.
    let own = openssl::ocsp::OcspRequest::from_der(&request).unwrap();
    assert_eq!(own.to_der().unwrap(), request);
    let mut theirs = openssl::ocsp::OcspRequest::new().unwrap();
    let sha1 = openssl::hash::MessageDigest::sha1();
    let id = openssl::ocsp::OcspCertId::from_cert(sha1, &leaf.x509, &root.x509).unwrap();
    theirs.add_id(id).unwrap();
    assert_eq!(theirs.to_der().unwrap(), request);
    // And what the authority of the tests writes, OpenSSL reads.
    let answer = root.ocsp(&leaf, &OcspWish::of(NOW, OcspStatus::Good));
    let answer = openssl::ocsp::OcspResponse::from_der(&answer).unwrap();
    let id = openssl::ocsp::OcspCertId::from_cert(sha1, &leaf.x509, &root.x509).unwrap();
    let basic = answer.basic().unwrap();
    assert_eq!(basic.find_status(&id).unwrap().status, openssl::ocsp::OcspCertStatus::GOOD);
}

/// One authority for all cases: keys take long.
fn cases() -> &'static (RevocationQuestion, Vec<u8>, Vec<u8>) {
    static CASES: std::sync::OnceLock<(RevocationQuestion, Vec<u8>, Vec<u8>)> =
        std::sync::OnceLock::new();
    CASES.get_or_init(|| {
        let root = root();
        let leaf = Wish::new("alice", 3, NOW).list(LIST).by(&root);
        let responder = Wish::new("responder", 9, NOW).for_use("OCSPSigning").by(&root);
        let revoked =
            OcspWish { signer: Some(&responder), ..OcspWish::of(NOW, OcspStatus::Revoked) };
        let list = ListWish {
            extensions: vec![("2.5.29.28", true, der(0x30, &[&point_name(LIST)]))],
            ..ListWish::of(NOW, &[3, 4, 5])
        };
        (question(&root, &leaf), root.ocsp(&leaf, &revoked), root.list(&list))
    })
}

proptest! {
    /// Whatever is changed in what says *revoked*: it never says *good*, and nothing panics.
    #[test]
    fn what_was_changed_clears_nobody(
        at in any::<prop::sample::Index>(), by in 1..=255u8, cut in any::<prop::sample::Index>(), do_cut: bool
    ) {
        let (asked, ocsp, list) = cases();
        for (octets, is_list) in [(ocsp, false), (list, true)] {
            let mut octets = octets.clone();
            let place = at.index(octets.len());
            octets[place] ^= by;
            if do_cut {
                octets.truncate(cut.index(octets.len()));
            }
            let result = if is_list { by_list(asked, &octets) } else { by_ocsp(asked, &octets) };
            prop_assert_ne!(result, Ok(RevocationStatus::Good));
        }
    }

    #[test]
    fn octets_of_anybody_are_refused(octets in proptest::collection::vec(any::<u8>(), 0..512)) {
        let (asked, ..) = cases();
        prop_assert!(by_ocsp(asked, &octets).is_err());
        prop_assert!(by_list(asked, &octets).is_err());
    }
}
