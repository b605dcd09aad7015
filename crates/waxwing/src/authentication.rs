//! Who decides whether a certificate is trusted and a password right.
//!
//! A rule in code is a closure or a type. [`CertificateTrust`] and [`UserNameValidator`] answer at once or block (they run on
//! a thread of their own); [`AsyncCertificateTrust`] and [`AsyncUserNameValidator`] may ask a database, a directory or
//! another service. No other message waits for a rule, and no lock is held meanwhile; a rule that panics trusts nobody, and
//! one that takes too long ([`VERDICT_TIMEOUT`]) neither.

mod stores;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waxwing_crypto::{Certificate, CertificateValidator};
use waxwing_security::PeerTag;
pub(crate) use waxwing_security::conversation::Evidence;
use waxwing_security::conversation::{
    CertificateEvidence, PasswordDigestEvidence, UserNameEvidence, Verdict,
};
use zeroize::Zeroizing;

pub use self::stores::{AsyncDigestStore, AsyncPasswordStore, DigestStore, PasswordStore};
pub(crate) use self::stores::{DigestRule, PasswordRule};
use crate::digest::{DigestClaim, DigestSecret};
use crate::future::BoxFuture;
use crate::panics::{self, Panicked};

/// How long a rule may take before nobody is trusted: the other end waits a minute for its answer, and has other things to
/// do in it.
pub const VERDICT_TIMEOUT: Duration = Duration::from_secs(30);

/// How many rules that block may run at once, each on a thread; the others wait for their turn, [`VERDICT_TIMEOUT`] at most.
pub const MAX_BLOCKING_RULES: usize = 64;

/// How many of them may be about messages of one peer (an IPv4 address, or an IPv6 network of 64 bits). Asking costs a
/// stranger a message with a wrong password, and a rule that runs keeps its thread though he has hung up: one peer must
/// not have them all.
pub const MAX_BLOCKING_RULES_OF_PEER: usize = MAX_BLOCKING_RULES / 4;

/// Decides whether a certificate is trusted: chain, peer, both, or a rule of one's own (`certificateValidationMode`). It may
/// block.
pub trait CertificateTrust: Send + Sync {
    /// Whether `certificate` is trusted at `now`. `chain` holds the further certificates that came with it (only a TLS
    /// negotiation brings any).
    ///
    /// # Errors
    /// Why it is not trusted, in words for the local log.
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String>;
}

impl<F> CertificateTrust for F
where
    F: Fn(&Certificate, &[Certificate], Timestamp) -> Result<(), String> + Send + Sync,
{
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        self(certificate, chain, now)
    }
}

impl CertificateTrust for CertificateValidator {
    fn check(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Result<(), String> {
        self.validate(certificate, chain, now).map_err(|error| error.to_string())
    }
}

/// As [`CertificateTrust`], for a rule that waits for something.
pub trait AsyncCertificateTrust: Send + Sync {
    /// Whether the certificate is trusted at `now`.
    ///
    /// # Errors
    /// Why it is not trusted, in words for the local log.
    fn check<'a>(
        &'a self,
        evidence: &'a CertificateEvidence,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), String>>;
}

impl<F, Answer> AsyncCertificateTrust for F
where
    F: Fn(CertificateEvidence, Timestamp) -> Answer + Send + Sync,
    Answer: Future<Output = Result<(), String>> + Send + 'static,
{
    fn check<'a>(
        &'a self,
        evidence: &'a CertificateEvidence,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self(evidence.clone(), now))
    }
}

/// Decides whether a password belongs to a user name (`userNamePasswordValidationMode="Custom"`). It may block.
///
/// Take the same time for a user who does not exist as for a wrong password, or whoever measures it learns who exists: what
/// the client is told is the same.
pub trait UserNameValidator: Send + Sync {
    /// Checks a user name and password.
    ///
    /// # Errors
    /// Why they are refused, in words for the local log; the client is only told that it failed.
    fn validate(&self, username: &str, password: Option<&str>) -> Result<(), String>;
}

impl<F> UserNameValidator for F
where
    F: Fn(&str, Option<&str>) -> Result<(), String> + Send + Sync,
{
    fn validate(&self, username: &str, password: Option<&str>) -> Result<(), String> {
        self(username, password)
    }
}

/// As [`UserNameValidator`], for a rule that waits for something.
pub trait AsyncUserNameValidator: Send + Sync {
    /// Checks a user name and password.
    ///
    /// # Errors
    /// Why they are refused, in words for the local log; the client is only told that it failed.
    fn validate<'a>(&'a self, evidence: &'a UserNameEvidence) -> BoxFuture<'a, Result<(), String>>;
}

impl<F, Answer> AsyncUserNameValidator for F
where
    F: Fn(String, Option<Zeroizing<String>>) -> Answer + Send + Sync,
    Answer: Future<Output = Result<(), String>> + Send + 'static,
{
    fn validate<'a>(&'a self, evidence: &'a UserNameEvidence) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self(evidence.username.to_string(), evidence.password.clone()))
    }
}

/// A rule for certificates.
#[derive(Clone)]
pub(crate) enum TrustRule {
    /// One that may block.
    Blocking(Arc<dyn CertificateTrust>),
    /// One that waits.
    Waiting(Arc<dyn AsyncCertificateTrust>),
    /// One by certificates in files.
    Stores(Arc<dyn StoreRule>),
}

/// A rule by certificates in files, which may be others later.
pub(crate) trait StoreRule: CertificateTrust + AsyncCertificateTrust {
    /// Whether it waits for something: it asks about revocation. Otherwise it only computes.
    fn asks(&self) -> bool;

    /// Looks whether the files have changed, and judges by what they hold from now on. What cannot be used changes nothing, and
    /// is told of once in the log. Blocks.
    fn look(&self);
}

impl TrustRule {
    /// The verdict, where it only has to be computed.
    pub(crate) fn quick(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        now: Timestamp,
    ) -> Option<Result<(), String>> {
        match self {
            TrustRule::Stores(rule) if !rule.asks() => {
                Some(CertificateTrust::check(&**rule, certificate, chain, now))
            }
            TrustRule::Stores(_) | TrustRule::Blocking(_) | TrustRule::Waiting(_) => None,
        }
    }
}

/// A rule for user names.
#[derive(Clone)]
pub(crate) enum UserNameRule {
    /// One that may block.
    Blocking(Arc<dyn UserNameValidator>),
    /// One that waits.
    Waiting(Arc<dyn AsyncUserNameValidator>),
}

/// The rules of one end. Clones are one judge.
#[derive(Clone)]
pub(crate) struct Judge {
    certificates: Option<TrustRule>,
    user_names: Option<UserNameRule>,
    digests: Option<DigestRule>,
    passwords: Option<PasswordRule>,
    threads: Threads,
    most: Duration,
}

/// The threads of rules that block, shared out among peers.
#[derive(Clone)]
struct Threads {
    all: Arc<Semaphore>,
    /// The share of each peer who has a thread or waits for one.
    shares: Arc<Mutex<HashMap<PeerTag, Share>>>,
}

struct Share {
    threads: Arc<Semaphore>,
    holders: usize,
}

/// A peer's share is used. Dropped, it is so no longer, and forgotten when nobody else uses it.
struct Holds {
    shares: Arc<Mutex<HashMap<PeerTag, Share>>>,
    peer: PeerTag,
}

/// A place on a thread: who has it drops it when the rule has ended.
struct Turn {
    _all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
    _holds: Option<Holds>,
}

impl Threads {
    fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(MAX_BLOCKING_RULES)), shares: Arc::default() }
    }

    /// Waits for a turn; none when there are none any more. Whoever waits for one of his own share stands in nobody's way.
    async fn turn(&self, peer: PeerTag) -> Option<Turn> {
        let (own, holds) = match peer == PeerTag::UNKNOWN {
            true => (None, None),
            false => {
                let (share, holds) = self.share(peer);
                (Some(share.acquire_owned().await.ok()?), Some(holds))
            }
        };
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _all: all, _own: own, _holds: holds })
    }

    fn share(&self, peer: PeerTag) -> (Arc<Semaphore>, Holds) {
        let mut shares = lock(&self.shares);
        let share = shares.entry(peer).or_insert_with(|| Share {
            threads: Arc::new(Semaphore::new(MAX_BLOCKING_RULES_OF_PEER)),
            holders: 0,
        });
        share.holders += 1;
        (Arc::clone(&share.threads), Holds { shares: Arc::clone(&self.shares), peer })
    }
}

impl Drop for Holds {
    fn drop(&mut self) {
        let mut shares = lock(&self.shares);
        if let Some(share) = shares.get_mut(&self.peer) {
            share.holders -= 1;
            if share.holders == 0 {
                shares.remove(&self.peer);
            }
        }
    }
}

fn lock(shares: &Mutex<HashMap<PeerTag, Share>>) -> MutexGuard<'_, HashMap<PeerTag, Share>> {
    shares.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Judge {
    /// A judge by these rules; what has no rule is not trusted.
    pub(crate) fn new(certificates: Option<TrustRule>, user_names: Option<UserNameRule>) -> Self {
        let (threads, most) = (Threads::new(), VERDICT_TIMEOUT);
        Self { certificates, user_names, digests: None, passwords: None, threads, most }
    }

    /// The rule that certificates in files make, where there is one.
    pub(crate) fn stores(&self) -> Option<&Arc<dyn StoreRule>> {
        match &self.certificates {
            Some(TrustRule::Stores(rule)) => Some(rule),
            _ => None,
        }
    }

    /// The same, knowing users by HTTP Digest.
    pub(crate) fn with_digests(self, rule: Option<DigestRule>) -> Self {
        Self { digests: rule, ..self }
    }

    /// The same, knowing users by digests of their passwords in messages.
    pub(crate) fn with_passwords(self, rule: Option<PasswordRule>) -> Self {
        Self { passwords: rule, ..self }
    }

    /// Whether the evidence that came from `peer` is good, `now`.
    pub(crate) async fn verdict(
        &self,
        evidence: Evidence,
        peer: PeerTag,
        now: Timestamp,
    ) -> Verdict {
        match tokio::time::timeout(self.most, self.ask(evidence, peer, now)).await {
            Ok(verdict) => verdict,
            Err(_) => Err(format!("there was no verdict within {:?}", self.most)),
        }
    }

    /// Whether a claim that came from `peer` is proven, and new.
    pub(crate) async fn digest_verdict(&self, claim: DigestClaim, peer: PeerTag) -> Verdict {
        match tokio::time::timeout(self.most, self.digest(claim, peer)).await {
            Ok(verdict) => verdict,
            Err(_) => Err(format!("there was no verdict within {:?}", self.most)),
        }
    }

    async fn digest(&self, claim: DigestClaim, peer: PeerTag) -> Verdict {
        match &self.digests {
            None => Err("there is no store of passwords".to_owned()),
            Some(DigestRule::Blocking(store)) => {
                let store = Arc::clone(store);
                let check = move || proven(&claim, store.secret(claim.username(), claim.realm()));
                self.on_a_thread(peer, check).await
            }
            Some(DigestRule::Waiting(store)) => {
                let check =
                    async { proven(&claim, store.secret(claim.username(), claim.realm()).await) };
                told(panics::caught(check).await)
            }
        }
    }

    async fn ask(&self, evidence: Evidence, peer: PeerTag, now: Timestamp) -> Verdict {
        match (evidence, &self.certificates, &self.user_names) {
            (Evidence::Certificate(shown), Some(rule), _) => {
                self.certificate(shown, rule, peer, now).await
            }
            (Evidence::UserName(shown), _, Some(rule)) => self.user_name(shown, rule, peer).await,
            (Evidence::PasswordDigest(shown), ..) => self.password_digest(shown, peer).await,
            _ => Err("there is no rule that trusts anybody".to_owned()),
        }
    }

    async fn certificate(
        &self,
        shown: CertificateEvidence,
        rule: &TrustRule,
        peer: PeerTag,
        now: Timestamp,
    ) -> Verdict {
        let quick = panics::catch(|| rule.quick(&shown.certificate, &shown.chain, now));
        match (quick.transpose(), rule) {
            (Some(verdict), _) => told(verdict),
            (None, TrustRule::Blocking(rule)) => {
                let rule = Arc::clone(rule);
                let check = move || rule.check(&shown.certificate, &shown.chain, now);
                self.on_a_thread(peer, check).await
            }
            (None, TrustRule::Waiting(rule)) => {
                told(panics::caught(async { rule.check(&shown, now).await }).await)
            }
            (None, TrustRule::Stores(rule)) => {
                let check = async { AsyncCertificateTrust::check(&**rule, &shown, now).await };
                told(panics::caught(check).await)
            }
        }
    }

    async fn user_name(
        &self,
        shown: UserNameEvidence,
        rule: &UserNameRule,
        peer: PeerTag,
    ) -> Verdict {
        match rule {
            UserNameRule::Blocking(rule) => {
                let rule = Arc::clone(rule);
                let check = move || {
                    let password = shown.password.as_ref().map(|password| password.as_str());
                    rule.validate(&shown.username, password)
                };
                self.on_a_thread(peer, check).await
            }
            UserNameRule::Waiting(rule) => {
                told(panics::caught(async { rule.validate(&shown).await }).await)
            }
        }
    }

    async fn password_digest(&self, shown: PasswordDigestEvidence, peer: PeerTag) -> Verdict {
        match &self.passwords {
            None => Err("there is no store of passwords".to_owned()),
            Some(PasswordRule::Blocking(store)) => {
                let store = Arc::clone(store);
                let check = move || is_digest_of(&shown, store.password(&shown.username));
                self.on_a_thread(peer, check).await
            }
            Some(PasswordRule::Waiting(store)) => {
                let check = async { is_digest_of(&shown, store.password(&shown.username).await) };
                told(panics::caught(check).await)
            }
        }
    }

    /// Runs a rule that may block. It keeps its place until it ends, though nobody waits for it any more.
    async fn on_a_thread(
        &self,
        peer: PeerTag,
        check: impl FnOnce() -> Verdict + Send + 'static,
    ) -> Verdict {
        let Some(turn) = self.threads.turn(peer).await else {
            return Err("the rules are not asked any more".to_owned());
        };
        let checked = tokio::task::spawn_blocking(move || {
            let verdict = told(panics::catch(check));
            drop(turn);
            verdict
        });
        checked.await.unwrap_or_else(|_| Err("the validator was given up".to_owned()))
    }
}

/// Nobody's digest is compared, too, which takes the same time.
fn is_digest_of(
    shown: &PasswordDigestEvidence,
    kept: Result<Option<Zeroizing<String>>, String>,
) -> Verdict {
    let kept = kept?;
    let is_right = shown.digest.is_of(kept.as_ref().map_or("", |password| password.as_str()));
    match (is_right, kept) {
        (true, Some(_)) => Ok(()),
        (false, Some(_)) => Err("the digest is of another password".to_owned()),
        (_, None) => Err("there is no such user".to_owned()),
    }
}

fn proven(claim: &DigestClaim, kept: Result<Option<DigestSecret>, String>) -> Verdict {
    let secret = kept?;
    match (claim.is_proven_by(secret.as_ref()), secret) {
        (true, _) if claim.is_first() => Ok(()),
        (true, _) => Err("the digest was used before: the request was sent twice, or somebody repeats it".to_owned()),
        (false, None) => Err("there is no such user".to_owned()),
        (false, Some(_)) => Err(
            "the digest is wrong: by another password, or of an algorithm by which nothing is kept of the user".to_owned(),
        ),
    }
}

/// Code that panics trusts nobody, and takes nobody else down.
fn told(verdict: Result<Verdict, Panicked>) -> Verdict {
    verdict.unwrap_or_else(|panicked| Err(format!("the validator panicked: {}", panicked.text())))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn alice() -> Evidence {
        let password = Some(Zeroizing::new("secret".to_owned()));
        UserNameRule::evidence("alice", password)
    }

    impl UserNameRule {
        fn evidence(username: &str, password: Option<Zeroizing<String>>) -> Evidence {
            Evidence::UserName(UserNameEvidence { username: username.into(), password })
        }
    }

    fn judge(rule: UserNameRule, most: Duration) -> Judge {
        Judge { most, ..Judge::new(None, Some(rule)) }
    }

    #[tokio::test]
    async fn rules_that_block_or_wait_are_heard() {
        let blocks = |name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("unknown".to_owned()),
        };
        let waits = |name: String, password: Option<Zeroizing<String>>| async move {
            tokio::task::yield_now().await;
            match (name.as_str(), password.as_ref().map(|password| password.as_str())) {
                ("alice", Some("secret")) => Ok(()),
                _ => Err("unknown".to_owned()),
            }
        };
        for rule in
            [UserNameRule::Blocking(Arc::new(blocks)), UserNameRule::Waiting(Arc::new(waits))]
        {
            let judge = judge(rule, VERDICT_TIMEOUT);
            let now = Timestamp::now();
            assert_eq!(judge.verdict(alice(), PeerTag::UNKNOWN, now).await, Ok(()));
            let bob = UserNameRule::evidence("bob", None);
            assert_eq!(judge.verdict(bob, PeerTag::UNKNOWN, now).await, Err("unknown".to_owned()));
        }
    }

    #[tokio::test]
    async fn a_rule_that_panics_trusts_nobody() {
        let blocks = |_: &str, _: Option<&str>| panic!("no directory");
        async fn waits(_: String, _: Option<Zeroizing<String>>) -> Verdict {
            tokio::task::yield_now().await;
            panic!("no directory")
        }
        for rule in
            [UserNameRule::Blocking(Arc::new(blocks)), UserNameRule::Waiting(Arc::new(waits))]
        {
            let verdict = judge(rule, VERDICT_TIMEOUT)
                .verdict(alice(), PeerTag::UNKNOWN, Timestamp::now())
                .await;
            assert_eq!(verdict, Err("the validator panicked: no directory".to_owned()));
        }
        let nobody =
            Judge::new(None, None).verdict(alice(), PeerTag::UNKNOWN, Timestamp::now()).await;
        assert!(nobody.is_err());
    }

    /// What waits for ever is given up.
    #[tokio::test]
    async fn a_rule_that_never_answers_trusts_nobody() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let waits = move |_: String, _: Option<Zeroizing<String>>| {
            counter.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<Verdict>()
        };
        let judge = judge(UserNameRule::Waiting(Arc::new(waits)), Duration::from_millis(5));
        let verdict = judge.verdict(alice(), PeerTag::UNKNOWN, Timestamp::now()).await;
        assert_eq!(verdict, Err("there was no verdict within 5ms".to_owned()));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    /// A stranger sends wrong passwords to a rule that is slow, and hangs up each time: the rules run on, and others are
    /// heard all the same. When they have ended, nothing is remembered of him.
    #[tokio::test]
    async fn one_peer_does_not_have_all_threads() {
        let (gate, shut) = std::sync::mpsc::channel::<()>();
        let (shut, running) = (Mutex::new(shut), Arc::new(AtomicUsize::new(0)));
        let entered = Arc::clone(&running);
        let rule = move |name: &str, _: Option<&str>| {
            if name == "nobody" {
                entered.fetch_add(1, Ordering::Relaxed);
                let _ = shut.lock().unwrap().recv();
                return Err("unknown".to_owned());
            }
            Ok(())
        };
        let judge = judge(UserNameRule::Blocking(Arc::new(rule)), VERDICT_TIMEOUT);
        let (stranger, other) = (PeerTag::new(1), PeerTag::new(2));
        let now = Timestamp::now();
        let asked: Vec<_> = (0..2 * MAX_BLOCKING_RULES)
            .map(|_| {
                let (judge, nobody) = (judge.clone(), UserNameRule::evidence("nobody", None));
                tokio::spawn(async move { judge.verdict(nobody, stranger, now).await })
            })
            .collect();
        while running.load(Ordering::Relaxed) < MAX_BLOCKING_RULES_OF_PEER {
            tokio::task::yield_now().await;
        }
        let heard = judge.verdict(alice(), other, now);
        let heard = tokio::time::timeout(Duration::from_secs(20), heard).await;
        // He hangs up, and the rules that run keep his share.
        for task in asked {
            task.abort();
            let _ = task.await;
        }
        let again = UserNameRule::evidence("nobody", None);
        let again = judge.verdict(again, stranger, now);
        let again = tokio::time::timeout(Duration::from_millis(20), again).await;
        let (running, known) = (running.load(Ordering::Relaxed), lock(&judge.threads.shares).len());
        drop(gate);
        assert_eq!(heard, Ok(Ok(())), "others are heard");
        assert!(again.is_err() && running == MAX_BLOCKING_RULES_OF_PEER && known == 1);
        let all = judge.threads.all.acquire_many(MAX_BLOCKING_RULES as u32).await.unwrap();
        drop(all);
        while !lock(&judge.threads.shares).is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
