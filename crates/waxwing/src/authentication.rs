//! Who decides whether a certificate is trusted and a password right.
//!
//! A rule in code is a closure or a type. [`CertificateTrust`] and [`UserNameValidator`] answer at once or block (they run on
//! a thread of their own); [`AsyncCertificateTrust`] and [`AsyncUserNameValidator`] may ask a database, a directory or
//! another service. No other message waits for a rule, and no lock is held meanwhile; a rule that panics trusts nobody, and
//! one that takes too long ([`VERDICT_TIMEOUT`]) neither.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use waxwing_crypto::{Certificate, CertificateValidator};
pub(crate) use waxwing_security::conversation::Evidence;
use waxwing_security::conversation::{CertificateEvidence, UserNameEvidence, Verdict};
use zeroize::Zeroizing;

use crate::future::BoxFuture;
use crate::panics::{self, Panicked};

/// How long a rule may take before nobody is trusted: the other end waits a minute for its answer, and has other things to
/// do in it.
pub const VERDICT_TIMEOUT: Duration = Duration::from_secs(30);

/// How many rules that block may run at once, each on a thread; the others wait for their turn, [`VERDICT_TIMEOUT`] at most.
pub const MAX_BLOCKING_RULES: usize = 64;

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
    /// One that only computes.
    Quick(Arc<dyn CertificateTrust>),
    /// One that may block.
    Blocking(Arc<dyn CertificateTrust>),
    /// One that waits.
    Waiting(Arc<dyn AsyncCertificateTrust>),
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
    threads: Arc<Semaphore>,
    most: Duration,
}

impl Judge {
    /// A judge by these rules; what has no rule is not trusted.
    pub(crate) fn new(certificates: Option<TrustRule>, user_names: Option<UserNameRule>) -> Self {
        let threads = Arc::new(Semaphore::new(MAX_BLOCKING_RULES));
        Self { certificates, user_names, threads, most: VERDICT_TIMEOUT }
    }

    /// Whether the evidence is good, `now`.
    pub(crate) async fn verdict(&self, evidence: Evidence, now: Timestamp) -> Verdict {
        match tokio::time::timeout(self.most, self.ask(evidence, now)).await {
            Ok(verdict) => verdict,
            Err(_) => Err(format!("there was no verdict within {:?}", self.most)),
        }
    }

    async fn ask(&self, evidence: Evidence, now: Timestamp) -> Verdict {
        match (evidence, &self.certificates, &self.user_names) {
            (Evidence::Certificate(shown), Some(rule), _) => {
                self.certificate(shown, rule, now).await
            }
            (Evidence::UserName(shown), _, Some(rule)) => self.user_name(shown, rule).await,
            _ => Err("there is no rule that trusts anybody".to_owned()),
        }
    }

    async fn certificate(
        &self,
        shown: CertificateEvidence,
        rule: &TrustRule,
        now: Timestamp,
    ) -> Verdict {
        match rule {
            TrustRule::Quick(rule) => {
                told(panics::catch(|| rule.check(&shown.certificate, &shown.chain, now)))
            }
            TrustRule::Blocking(rule) => {
                let rule = Arc::clone(rule);
                let check = move || rule.check(&shown.certificate, &shown.chain, now);
                self.on_a_thread(check).await
            }
            TrustRule::Waiting(rule) => {
                told(panics::caught(async { rule.check(&shown, now).await }).await)
            }
        }
    }

    async fn user_name(&self, shown: UserNameEvidence, rule: &UserNameRule) -> Verdict {
        match rule {
            UserNameRule::Blocking(rule) => {
                let rule = Arc::clone(rule);
                let check = move || {
                    let password = shown.password.as_ref().map(|password| password.as_str());
                    rule.validate(&shown.username, password)
                };
                self.on_a_thread(check).await
            }
            UserNameRule::Waiting(rule) => {
                told(panics::caught(async { rule.validate(&shown).await }).await)
            }
        }
    }

    /// Runs a rule that may block. It keeps its place until it ends, though nobody waits for it any more.
    async fn on_a_thread(&self, check: impl FnOnce() -> Verdict + Send + 'static) -> Verdict {
        let Ok(place) = Arc::clone(&self.threads).acquire_owned().await else {
            return Err("the rules are not asked any more".to_owned());
        };
        let checked = tokio::task::spawn_blocking(move || {
            let verdict = told(panics::catch(check));
            drop(place);
            verdict
        });
        checked.await.unwrap_or_else(|_| Err("the validator was given up".to_owned()))
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
            assert_eq!(judge.verdict(alice(), now).await, Ok(()));
            let bob = UserNameRule::evidence("bob", None);
            assert_eq!(judge.verdict(bob, now).await, Err("unknown".to_owned()));
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
            let verdict = judge(rule, VERDICT_TIMEOUT).verdict(alice(), Timestamp::now()).await;
            assert_eq!(verdict, Err("the validator panicked: no directory".to_owned()));
        }
        let nobody = Judge::new(None, None).verdict(alice(), Timestamp::now()).await;
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
        let verdict = judge.verdict(alice(), Timestamp::now()).await;
        assert_eq!(verdict, Err("there was no verdict within 5ms".to_owned()));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
