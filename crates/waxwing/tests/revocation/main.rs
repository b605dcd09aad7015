//! `revocationMode`: whether certificates were revoked is asked of their issuers, over HTTP, with every kind of answer.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod ends;
mod responder;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use responder::{Answer, Responder};
use waxwing::binding::ProxySettings;
use waxwing::crypto::revocation::RevocationQuestion;
use waxwing::crypto::{
    Certificate, CertificateValidator, RevocationList, RevocationMode, Usage, ValidationMode,
};
use waxwing::revocation::{Revocation, RevocationError, RevocationOptions};
use waxwing::security::{AsyncCertificateTrust, CertificateEvidence};
use waxwing_testkit::authority::{Holder, ListWish, OcspStatus, OcspWish, Wish};

const DAY: i64 = 86_400;

/// An authority with its server; the certificate under test names both of its places.
struct World {
    server: Responder,
    root: Holder,
    leaf: Holder,
    now: Timestamp,
}

impl World {
    async fn new() -> Self {
        Self::with(|wish, server| wish.ocsp(server.url("/ocsp")).list(server.url("/root.crl")))
            .await
    }

    /// Of which only the list is known.
    async fn with_list() -> Self {
        Self::with(|wish, server| wish.list(server.url("/root.crl"))).await
    }

    async fn with(wish: impl FnOnce(Wish, &Responder) -> Wish) -> Self {
        let (server, now) = (Responder::start().await, Timestamp::now());
        let seconds = now.as_second();
        let root = Wish::new("root", 1, seconds).authority().by_itself();
        let leaf = wish(Wish::new("alice", 3, seconds), &server).by(&root);
        Self { server, root, leaf, now }
    }

    fn seconds(&self) -> i64 {
        self.now.as_second()
    }

    fn ocsp(&self, status: OcspStatus) -> Answer {
        Answer::Octets(self.root.ocsp(&self.leaf, &OcspWish::of(self.seconds(), status)))
    }

    fn list(&self, revoked: &[u32]) -> Answer {
        Answer::Octets(self.root.list(&ListWish::of(self.seconds(), revoked)))
    }

    fn validator(&self) -> CertificateValidator {
        let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::Online);
        CertificateValidator::new(mode, revocation, Usage::Client)
            .with_roots([certificate(&self.root)])
    }

    fn question(&self) -> RevocationQuestion {
        let found = self.validator().validate_path(&certificate(&self.leaf), &[], self.now);
        found.unwrap().remove(0)
    }

    async fn ask(
        &self,
        revocation: &Revocation,
        mode: RevocationMode,
    ) -> Result<(), RevocationError> {
        revocation.ask(&self.question(), &[], mode, self.now).await
    }

    async fn online(&self, revocation: &Revocation) -> Result<(), RevocationError> {
        self.ask(revocation, RevocationMode::Online).await
    }

    /// A first question to somebody who knows nothing.
    async fn first(&self) -> Result<(), RevocationError> {
        self.online(&in_memory()).await
    }
}

fn certificate(holder: &Holder) -> Certificate {
    Certificate::from_der(&holder.der()).unwrap()
}

fn in_memory() -> Revocation {
    Revocation::new(RevocationOptions::default().in_memory().timeout(Duration::from_secs(9)))
}

fn in_folder(folder: &Path) -> Revocation {
    Revocation::new(RevocationOptions::default().folder(folder))
}

#[track_caller]
fn is_unknown(result: Result<(), RevocationError>, why: &str) {
    match result {
        Err(error @ RevocationError::Unknown { .. }) => {
            let text = error.to_string();
            assert!(text.contains(why), "{text}");
            let wcf = "The revocation function was unable to check revocation for the certificate.";
            assert!(text.contains(wcf) && text.contains("revocationMode=\"NoCheck\""), "{text}");
        }
        other => panic!("{other:?}, and not {why}"),
    }
}

#[track_caller]
fn is_revoked(result: Result<(), RevocationError>, by: &str) {
    match result {
        Err(error @ RevocationError::Revoked { .. }) => {
            let text = error.to_string();
            assert!(text.contains(by) && text.contains("The certificate is revoked."), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_responder_is_asked_first_and_then_the_list() {
    let world = World::new().await;
    world.server.set("/ocsp", world.ocsp(OcspStatus::Good));
    world.server.set("/root.crl", world.list(&[3]));
    world.first().await.unwrap();
    assert!(world.server.asked("/root.crl").is_empty(), "the answer was enough");
    // A short request stands in the path.
    let asked = world.server.asked("/ocsp");
    assert!(asked.len() == 1 && asked[0].starts_with("GET /ocsp/ME"), "{asked:?}");

    world.server.set("/ocsp", world.ocsp(OcspStatus::Revoked));
    is_revoked(world.first().await, "the OCSP responder http://127.0.0.1");
    assert!(world.server.asked("/root.crl").is_empty());

    for silent in [world.ocsp(OcspStatus::Unknown), Answer::Status("503 Down"), Answer::Noise] {
        world.server.set("/ocsp", silent);
        is_revoked(world.first().await, "the revocation list http://127.0.0.1");
    }
    world.server.set("/root.crl", world.list(&[4]));
    world.first().await.unwrap();
}

/// A responder that knows no GET is asked by POST.
#[tokio::test]
async fn responders_that_know_no_get_are_posted_to() {
    let world = World::with(|wish, server| wish.ocsp(server.url("/ocsp"))).await;
    world.server.set("/ocsp/", Answer::Status("405 Method Not Allowed"));
    world.server.set("POST /ocsp", world.ocsp(OcspStatus::Good));
    world.first().await.unwrap();
    let asked = world.server.asked("/ocsp");
    assert!(asked.len() == 2 && asked[1].starts_with("POST /ocsp "), "{asked:?}");
}

/// Through a proxy, which is given the whole URL and looks the name up itself.
#[tokio::test]
async fn a_proxy_between_is_asked_for_the_whole_url() {
    let world = World::with(|wish, _| wish.list("http://ca.example/root.crl")).await;
    let by = |credentials: &str| {
        let address = world.server.url("").replace("http://", &format!("http://{credentials}"));
        let settings = ProxySettings {
            address: Some(address),
            use_default: false,
            ..ProxySettings::default()
        };
        Revocation::new(RevocationOptions::default().in_memory().proxy(settings))
    };
    let refused = world.online(&by("alice:secret@")).await;
    is_unknown(refused.clone(), "HTTP 404 Not Found (through the proxy http://127.0.0.1:");
    assert!(!refused.unwrap_err().to_string().contains("secret"));
    world.server.set("http://ca.example/root.crl", world.list(&[]));
    world.online(&by("")).await.unwrap();
    assert_eq!(world.server.asked("http://ca.example/root.crl").len(), 2);
}

/// Whatever comes that is no answer: it is told in words, and the certificate is refused.
#[tokio::test]
async fn what_is_no_answer_is_told() {
    let world = World::with_list().await;
    let now = world.seconds();
    let other = Wish::new("other", 1, now).authority().by_itself();
    let impostor = Wish::new("root", 1, now).authority().by_itself();
    let old = ListWish { next_update: Some(now - 600), ..ListWish::of(now, &[]) };
    let no_end = ListWish { next_update: None, ..ListWish::of(now, &[]) };
    let delta = ("2.5.29.27", true, vec![2, 1, 1]);
    let delta = ListWish { extensions: vec![delta], ..ListWish::of(now, &[]) };
    let mut broken = world.root.list(&ListWish::of(now, &[4]));
    broken.truncate(100);
    for (answer, why) in [
        (Answer::Status("404 Not Found"), "HTTP 404"),
        (Answer::Elsewhere(world.server.url("/other.crl")), "redirections are not followed"),
        (Answer::Noise, "the exchange broke"),
        (Answer::Endless, "larger than 10485760 octets"),
        (Answer::Octets(Vec::new()), "reading a certificate revocation list failed"),
        (Answer::Octets(broken), "reading a certificate revocation list failed"),
        (Answer::Octets(other.list(&ListWish::of(now, &[]))), "it is a list of 'CN=other'"),
        (
            Answer::Octets(impostor.list(&ListWish::of(now, &[]))),
            "its signature is not the issuer's",
        ),
        (Answer::Octets(world.root.list(&old)), "out of date"),
        (Answer::Octets(world.root.list(&no_end)), "nextUpdate"),
        (Answer::Octets(world.root.list(&delta)), "delta"),
    ] {
        world.server.set("/root.crl", answer);
        is_unknown(world.first().await, why);
    }
    assert!(world.server.asked("/other.crl").is_empty());
    // Of somebody who is not there, Windows says so.
    world.server.set("/root.crl", Answer::Silence);
    let hasty = RevocationOptions::default().in_memory().timeout(Duration::from_millis(200));
    let result = world.online(&Revocation::new(hasty)).await;
    is_unknown(result.clone(), "there was no whole answer within 200ms");
    assert!(result.unwrap_err().to_string().contains("because the revocation server was offline."));
}

/// As in Windows: a certificate that names no place is refused.
#[tokio::test]
async fn who_names_no_place_is_refused() {
    let world = World::with(|wish, _| wish.list("ldap://ca.example/cn=root")).await;
    let result = world.first().await;
    is_unknown(result.clone(), "it names neither an OCSP responder nor a revocation list");
    let text = result.unwrap_err().to_string();
    assert!(text.contains("not asked: the list at ldap://ca.example/cn=root"), "{text}");
    assert!(!text.contains("server was offline"), "{text}");
    world.ask(&in_memory(), RevocationMode::NoCheck).await.unwrap();
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_while() {
    let world = World::with_list().await;
    let revocation = in_memory();
    is_unknown(world.online(&revocation).await, "HTTP 404");
    world.server.set("/root.crl", world.list(&[]));
    is_unknown(
        world.online(&revocation).await,
        "HTTP 404 Not Found (asked less than a minute ago)",
    );
    assert_eq!(world.server.asked("/root.crl").len(), 1);
}

/// Many wait, one fetches. Whoever gives up does not end it for the others.
#[tokio::test]
async fn one_fetch_is_for_all_who_wait() {
    let world = World::with_list().await;
    let list = world.root.list(&ListWish::of(world.seconds(), &[]));
    world.server.set("/root.crl", Answer::Late(Duration::from_millis(300), list));
    let revocation = in_memory();
    let impatient = tokio::time::timeout(Duration::from_millis(50), world.online(&revocation));
    assert!(impatient.await.is_err());
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (revocation, question, now) = (revocation.clone(), world.question(), world.now);
            tokio::spawn(async move {
                revocation.ask(&question, &[], RevocationMode::Online, now).await
            })
        })
        .collect();
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_eq!(world.server.asked("/root.crl").len(), 1);
    world.ask(&revocation, RevocationMode::Offline).await.unwrap();
}

#[tokio::test]
async fn fetches_end_with_their_owner() {
    let world = World::with_list().await;
    world.server.set("/root.crl", Answer::Silence);
    let revocation = in_memory();
    let impatient = tokio::time::timeout(Duration::from_millis(100), world.online(&revocation));
    assert!(impatient.await.is_err());
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    drop(revocation);
    let ended = async {
        while tasks() >= before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the fetch has ended");
}

/// What was fetched is found after a restart, by `Offline` too; what was tampered with is as good as not there.
#[tokio::test]
async fn what_was_fetched_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    let world = World::new().await;
    world.server.set("/ocsp", Answer::Status("503 Down"));
    world.server.set("/root.crl", world.list(&[]));
    is_unknown(world.ask(&in_folder(&folder), RevocationMode::Offline).await, "Online");
    world.online(&in_folder(&folder)).await.unwrap();
    let fetched = world.server.asked("/").len();
    for mode in [RevocationMode::Offline, RevocationMode::Online] {
        world.ask(&in_folder(&folder), mode).await.unwrap();
    }
    assert_eq!(world.server.asked("/").len(), fetched, "nobody was asked again");
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(files.len() == 1 && files[0].extension().unwrap() == "crl", "{files:?}");
    let good = std::fs::read(&files[0]).unwrap();
    // Half of it, another's, and one that clears whom it should not.
    let impostor = Wish::new("root", 1, world.seconds()).authority().by_itself();
    let forged = impostor.list(&ListWish::of(world.seconds(), &[]));
    for octets in [good[..good.len() / 2].to_vec(), forged, Vec::new()] {
        std::fs::write(&files[0], octets).unwrap();
        let offline = world.ask(&in_folder(&folder), RevocationMode::Offline).await;
        is_unknown(offline, "neither the store folder nor what was fetched before");
    }
    world.online(&in_folder(&folder)).await.unwrap();
    assert_eq!(std::fs::read(&files[0]).unwrap(), good, "it was fetched again");
}

/// An answer is used until something newer is due, and fetched anew before that.
#[tokio::test]
async fn answers_have_their_time() {
    let mut world = World::with_list().await;
    let revocation = in_memory();
    let start = world.now;
    world.server.set("/root.crl", world.list(&[]));
    world.online(&revocation).await.unwrap();
    world.now = start + Duration::from_secs(12 * 3600);
    world.online(&revocation).await.unwrap();
    assert_eq!(world.server.asked("/root.crl").len(), 1);
    // Three quarters of its 25 hours are over: it still holds, and a newer one comes in the background.
    world.now = start + Duration::from_secs(20 * 3600);
    world.server.set("/root.crl", world.list(&[]));
    world.online(&revocation).await.unwrap();
    // The first says nothing of that time, the second does.
    world.now = start + Duration::from_secs(30 * 3600);
    let ended = async {
        while world.ask(&revocation, RevocationMode::Offline).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it is fetched anew");
    assert_eq!(world.server.asked("/root.crl").len(), 2);
    // Of a day later it says nothing, nor does the authority, which has gone.
    world.now = start + Duration::from_secs(4 * 24 * 3600);
    world.server.set("/root.crl", Answer::Status("410 Gone"));
    // What was fetched is known a moment before its fetch is over, which whoever asks then joins.
    let gone = async {
        while !world.online(&revocation).await.is_err_and(|e| e.to_string().contains("410")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it is asked again");
    is_unknown(world.online(&revocation).await, "410");
    is_unknown(world.ask(&revocation, RevocationMode::Offline).await, "Online");
}

/// An authority that goes back in time does not take back what it has said.
#[tokio::test]
async fn an_older_list_does_not_replace_a_newer_one() {
    let mut world = World::with_list().await;
    let revocation = in_memory();
    let (start, now) = (world.now, world.seconds());
    world.server.set("/root.crl", world.list(&[]));
    world.online(&revocation).await.unwrap();
    // Somebody between replays an older list while the newer one is ageing.
    let older = ListWish {
        this_update: now - 3 * DAY,
        next_update: Some(now + 9 * DAY),
        ..ListWish::default()
    };
    world.server.set("/root.crl", Answer::Octets(world.root.list(&older)));
    world.now = start + Duration::from_secs(20 * 3600);
    world.online(&revocation).await.unwrap();
    let asked = async {
        while world.server.asked("/root.crl").len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    tokio::time::timeout(Duration::from_secs(5), asked).await.expect("it is fetched anew");
    world.now = start + Duration::from_secs(2 * 24 * 3600);
    is_unknown(world.ask(&revocation, RevocationMode::Offline).await, "Online");
}

/// Nor after a restart: whoever stands between and replays an older list does not get it into the folder.
#[tokio::test]
async fn an_older_list_does_not_replace_a_newer_one_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::with_list().await;
    let (start, now) = (world.now, world.seconds());
    world.server.set("/root.crl", world.list(&[3]));
    is_revoked(world.online(&in_folder(folder.path())).await, "the revocation list");
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let newer = std::fs::read(&file).unwrap();
    let older = ListWish {
        this_update: now - 3 * DAY,
        next_update: Some(now + 9 * DAY),
        ..ListWish::default()
    };
    world.server.set("/root.crl", Answer::Octets(world.root.list(&older)));
    world.now = start + Duration::from_secs(2 * 24 * 3600);
    for _ in 0..2 {
        let restarted = in_folder(folder.path());
        is_revoked(world.online(&restarted).await, "the revocation list");
        assert_eq!(std::fs::read(&file).unwrap(), newer);
    }
    assert_eq!(world.server.asked("/root.crl").len(), 3, "it was asked for each time");
}

/// What is no file in the folder is none: nobody waits for what a pipe will say.
#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with_list().await;
    world.server.set("/root.crl", world.list(&[]));
    world.online(&in_folder(folder.path())).await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    let restarted = in_folder(folder.path());
    let answered = tokio::time::timeout(Duration::from_secs(20), world.online(&restarted)).await;
    if answered.is_err() {
        // Whoever reads it waits for somebody who writes.
        drop(std::fs::OpenOptions::new().write(true).open(&file));
    }
    answered.expect("nobody waits").unwrap();
}

/// A certificate on hold is released by a newer list, and not by an older answer that somebody replays.
#[tokio::test]
async fn what_was_revoked_is_released_by_something_newer_only() {
    let mut world = World::new().await;
    let (revocation, start, now) = (in_memory(), world.now, world.seconds());
    let old = OcspWish {
        this_update: now - 2 * DAY,
        next_update: Some(now + 9 * DAY),
        ..OcspWish::of(now, OcspStatus::Good)
    };
    world.server.set("/root.crl", world.list(&[3]));
    is_revoked(world.online(&revocation).await, "the revocation list");
    // Two days later that list is out of date; the responder gives what it signed before the revocation.
    world.now = start + Duration::from_secs(2 * 24 * 3600);
    world.server.set("/ocsp", Answer::Octets(world.root.ocsp(&world.leaf, &old)));
    world.server.set("/root.crl", Answer::Status("503 Down"));
    let other = Revocation::new(RevocationOptions::default().in_memory());
    world.online(&other).await.unwrap();
    is_revoked(world.ask(&revocation, RevocationMode::Offline).await, "the revocation list");
    let list = world.root.list(&ListWish::of(now, &[3]));
    let lists = [RevocationList::from_octets(&list).unwrap()];
    let (question, online) = (world.question(), RevocationMode::Online);
    is_revoked(other.ask(&question, &lists, online, world.now).await, "a list in the store folder");
    // What is made later releases it.
    world.server.set("/root.crl", world.list(&[]));
    in_memory().ask(&question, &lists, online, world.now).await.unwrap();
}

/// Of what a revoked authority issued nothing is asked: whoever stole its key chose the URL.
#[tokio::test]
async fn authorities_are_asked_about_before_those_whom_they_issued() {
    let (server, now) = (Responder::start().await, Timestamp::now());
    let seconds = now.as_second();
    let root = Wish::new("root", 1, seconds).authority().by_itself();
    let between =
        Wish::new("between", 2, seconds).authority().list(server.url("/root.crl")).by(&root);
    let leaf = Wish::new("alice", 3, seconds).list(server.url("/between.crl")).by(&between);
    let check = async |holder: &Holder, chain: Vec<Certificate>| {
        let validator = CertificateValidator::new(
            ValidationMode::ChainTrust,
            RevocationMode::Online,
            Usage::Client,
        )
        .with_roots([certificate(&root)]);
        let trust = in_memory().trust(validator);
        let evidence =
            CertificateEvidence { certificate: certificate(holder), chain, usage: Usage::Client };
        trust.check(&evidence, now).await
    };
    server.set("/root.crl", Answer::Octets(root.list(&ListWish::of(seconds, &[2]))));
    server.set("/between.crl", Answer::Octets(between.list(&ListWish::of(seconds, &[]))));
    let refused = check(&leaf, vec![certificate(&between)]).await.unwrap_err();
    assert!(refused.contains("'CN=between' was revoked by its issuer 'CN=root'"), "{refused}");
    assert!(server.asked("/between.crl").is_empty());
    // And of a certificate whose chain does not hold nobody asks anything.
    let stranger = Wish::new("stranger", 1, seconds).authority().by_itself();
    let mallory = Wish::new("mallory", 9, seconds).list(server.url("/mallory.crl")).by(&stranger);
    let refused = check(&mallory, vec![certificate(&stranger)]).await.unwrap_err();
    assert!(refused.contains("no chain to a trusted root"), "{refused}");
    assert!(server.asked("/mallory.crl").is_empty());
    server.set("/root.crl", Answer::Octets(root.list(&ListWish::of(seconds, &[]))));
    check(&leaf, vec![certificate(&between)]).await.unwrap();
}
