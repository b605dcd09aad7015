//! Asking: what is at hand first, then OCSP responders, then lists; and saying what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;
use waxwing_binding::{ProxyEnvironment, ProxyRules};
use waxwing_crypto::revocation::{
    IssuedList, RevocationAnswer, RevocationQuestion, RevocationStatus,
};
use waxwing_crypto::{CertificateValidator, RevocationList, RevocationMode};
use waxwing_security::conversation::CertificateEvidence;

use super::cache::{Cache, Kept, Key, Kind};
use super::disk;
use super::fetch::Fetcher;
use super::flights::{Flights, Landed};
use super::options::{ALTOGETHER, RevocationOptions};
use crate::authentication::AsyncCertificateTrust;
use crate::future::BoxFuture;

/// What Windows says when nobody could tell (`RevocationStatusUnknown`).
const UNKNOWN: &str = "The revocation function was unable to check revocation for the certificate.";
/// What it says besides when nobody was reached (`OfflineRevocation`).
const OFFLINE: &str = "The revocation function was unable to check revocation because the revocation server was offline.";

/// Asks whether certificates were revoked, and keeps the answers. Clones are one; the fetches that are under way end with
/// the last of them.
#[derive(Debug, Clone)]
pub struct Revocation {
    shared: Arc<Shared>,
    flights: Arc<Flights>,
}

/// What fetches need, too.
#[derive(Debug)]
struct Shared {
    folder: Option<PathBuf>,
    fetcher: Fetcher,
    cache: Cache,
}

/// Why a certificate is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// Its issuer took it back.
    #[error(
        "the certificate '{subject}' was revoked by its issuer '{issuer}'{}, as {source_of_it} says (WCF: The certificate is revoked.)",
        .since.map(|since| format!(" at {since}")).unwrap_or_default()
    )]
    Revoked {
        /// Whose.
        subject: String,
        /// Who issued it.
        issuer: String,
        /// Since when.
        since: Option<Timestamp>,
        /// Who says so.
        source_of_it: String,
    },
    /// Nobody could tell.
    #[error(
        "whether the certificate '{subject}', issued by '{issuer}', was revoked is unknown: {reason}. {advice}, put the issuer's revocation list into the folder CertificateAuthority of the store, or write revocationMode=\"NoCheck\" (WCF: {UNKNOWN}{})",
        if *.is_offline { format!(" {OFFLINE}") } else { String::new() }
    )]
    Unknown {
        /// Whose.
        subject: String,
        /// Who issued it.
        issuer: String,
        /// What was tried, and what came of it.
        reason: String,
        /// What may be done first.
        advice: &'static str,
        /// Whether it names somebody who was not reached, or was not asked.
        is_offline: bool,
    },
}

/// What is known without asking anybody.
enum AtHand {
    /// It is good. The places whose answer is ageing are asked anew, while it still holds.
    Good(Vec<Key>),
    /// Nobody said anything that holds; what there was.
    Nothing(Vec<String>),
}

impl Revocation {
    /// Asks by these options. Nothing is fetched before a certificate is to be judged.
    pub fn new(options: RevocationOptions) -> Self {
        let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
        let rules = ProxyRules::of(&options.proxy, &environment);
        let fetcher = Fetcher { rules, most: options.timeout };
        let shared = Shared { folder: options.folder, fetcher, cache: Cache::default() };
        Self { shared: Arc::new(shared), flights: Arc::new(Flights::new()) }
    }

    /// Trust by a validator, with revocation asked about as its mode says.
    pub fn trust(&self, validator: CertificateValidator) -> RevocationTrust {
        RevocationTrust { revocation: self.clone(), validator: Arc::new(validator) }
    }

    /// Where what was fetched is kept, if anywhere.
    pub fn folder(&self) -> Option<&PathBuf> {
        self.shared.folder.as_ref()
    }

    /// Whether the certificate of `question` was revoked. `lists` are at hand; whoever else must be asked is asked
    /// [`Online`](RevocationMode::Online) only. Cancel it at any time: a fetch goes on, for the next who asks.
    ///
    /// # Errors
    /// It was revoked, or nobody can tell.
    pub async fn ask(
        &self,
        question: &RevocationQuestion,
        lists: &[RevocationList],
        mode: RevocationMode,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        self.ask_until(question, lists, mode, now, Instant::now() + ALTOGETHER).await
    }

    /// The same without asking anybody: what is at hand, in memory and on disk, says that it is good. Blocks.
    ///
    /// # Errors
    /// It was revoked, or nobody can tell without asking.
    pub(crate) fn at_hand(
        &self,
        question: &RevocationQuestion,
        lists: &[RevocationList],
        mode: RevocationMode,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let lists = issued(question, lists);
        self.shared.read_folder(question, &lists, now);
        match self.shared.at_hand(question, &lists, now)? {
            AtHand::Good(_) => Ok(()),
            AtHand::Nothing(why) if mode == RevocationMode::Online => Err(unknown(question, why)),
            AtHand::Nothing(why) => Err(offline(question, why)),
        }
    }

    async fn ask_until(
        &self,
        question: &RevocationQuestion,
        lists: &[RevocationList],
        mode: RevocationMode,
        now: Timestamp,
        until: Instant,
    ) -> Result<(), RevocationError> {
        if mode == RevocationMode::NoCheck {
            return Ok(());
        }
        let lists = issued(question, lists);
        self.look_into_folder(question, &lists, now).await;
        let mut why = match self.shared.at_hand(question, &lists, now)? {
            AtHand::Good(ageing) => {
                if mode == RevocationMode::Online {
                    ageing.iter().for_each(|key| drop(self.begin(key, question, &lists, now)));
                }
                return Ok(());
            }
            AtHand::Nothing(why) => why,
        };
        if mode == RevocationMode::Offline {
            return Err(offline(question, why));
        }
        for key in Key::all(question) {
            let landed = self.fetch(&key, question, &lists, now, until).await;
            match landed.and_then(|kept| judged(&kept, &key, question, now)) {
                Ok(verdict) => return verdict,
                Err(words) => why.push(format!("{}: {words}", key.described())),
            }
        }
        Err(unknown(question, why))
    }

    /// Looks for what another process, or this one before it was started again, has kept.
    async fn look_into_folder(
        &self,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
    ) {
        let is_known = |key: &Key| self.shared.cache.is_known(key);
        if self.folder().is_none() || Key::all(question).iter().all(is_known) {
            return;
        }
        let (shared, question, lists) =
            (Arc::clone(&self.shared), question.clone(), lists.to_vec());
        let read = move || shared.read_folder(&question, &lists, now);
        // What cannot be read is as good as not there.
        let _ = tokio::task::spawn_blocking(read).await;
    }

    async fn fetch(
        &self,
        key: &Key,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
        until: Instant,
    ) -> Landed {
        let waiting = self.begin(key, question, lists, now)?;
        match tokio::time::timeout_at(until, Flights::land(waiting)).await {
            Ok(landed) => landed,
            Err(_) => Err(format!("there was no answer within the {ALTOGETHER:?} of a verdict")),
        }
    }

    /// Begins to fetch, or joins those who wait already.
    fn begin(
        &self,
        key: &Key,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
    ) -> Result<tokio::sync::watch::Receiver<Option<Landed>>, String> {
        if let Some(why) = self.shared.cache.failure(key) {
            return Err(format!("{why} (asked less than a minute ago)"));
        }
        self.flights.join(key, || {
            let (shared, key) = (Arc::clone(&self.shared), key.clone());
            let (question, lists) = (question.clone(), lists.to_vec());
            async move { shared.fetch(key, question, lists, now).await }
        })
    }
}

impl Shared {
    /// Fetches, verifies, and keeps.
    async fn fetch(
        self: Arc<Self>,
        key: Key,
        question: RevocationQuestion,
        lists: Vec<IssuedList>,
        now: Timestamp,
    ) -> Landed {
        let fetched = match key.kind {
            Kind::Ocsp => self.fetcher.ocsp(&key.url, question.ocsp_request()).await,
            Kind::List => self.fetcher.list(&key.url).await,
        };
        // A list of megabytes takes a while to read, and the disk to write.
        let kept_for = key.clone();
        let keeper = Arc::clone(&self);
        let kept = move |octets: Vec<u8>| {
            let kept = verified(&kept_for, &question, &octets, &lists, now)?;
            keeper.keep(&kept_for, &kept, &octets, &question, now)?;
            Ok(kept)
        };
        let landed = match fetched {
            Ok(octets) => tokio::task::spawn_blocking(move || kept(octets))
                .await
                .unwrap_or_else(|_| Err("the fetch was given up".to_owned())),
            Err(words) => Err(words),
        };
        match &landed {
            Ok(_) => tracing::debug!(url = key.url, "revocation was asked about"),
            Err(why) => {
                tracing::warn!(url = key.url, "revocation cannot be asked about: {why}");
                self.cache.failed(&key, why);
            }
        }
        landed
    }

    /// Keeps what was fetched, if it holds. That something was revoked is worth telling though it is out of date.
    fn keep(
        &self,
        key: &Key,
        kept: &Kept,
        octets: &[u8],
        question: &RevocationQuestion,
        now: Timestamp,
    ) -> Result<(), String> {
        let answer = kept.answer(question).map_err(|e| e.to_string())?;
        match (answer.in_time(now), &answer.status) {
            (Ok(()), _) => {}
            (Err(_), RevocationStatus::Revoked { .. }) => return Ok(()),
            (Err(late), RevocationStatus::Good) => return Err(late.to_string()),
        }
        self.cache.fetched(key, kept.clone());
        if let Some(folder) = &self.folder
            && let Err(error) = disk::write(folder, key, octets)
        {
            let folder = folder.display();
            tracing::warn!(%folder, "what was fetched about revocation cannot be kept: {error}");
        }
        Ok(())
    }

    /// Reads what the folder has and memory has not. Blocks.
    fn read_folder(&self, question: &RevocationQuestion, lists: &[IssuedList], now: Timestamp) {
        let Some(folder) = &self.folder else { return };
        for key in Key::all(question).iter().filter(|key| !self.cache.is_known(key)) {
            let octets = disk::read(folder, key);
            let kept = octets.and_then(|octets| verified(key, question, &octets, lists, now).ok());
            self.cache.read(key, kept);
        }
    }

    /// What lists of the store, and what was fetched before, say. That a certificate was revoked is final, whoever else says
    /// otherwise, and however old it is.
    fn at_hand(
        &self,
        question: &RevocationQuestion,
        lists: &[IssuedList],
        now: Timestamp,
    ) -> Result<AtHand, RevocationError> {
        let (mut is_good, mut ageing, mut why) = (false, Vec::new(), Vec::new());
        for list in lists {
            let source = "a list in the store folder";
            match judge(question.read_list(list).map_err(|e| e.to_string()), question, source, now)
            {
                Ok(verdict) => verdict.map(|_| is_good = true)?,
                Err(words) => why.push(format!("{source}: {words}")),
            }
        }
        for key in Key::all(question) {
            let Some(kept) = self.cache.get(&key) else { continue };
            let answer = kept.answer(question).map_err(|e| e.to_string());
            let is_ageing = answer.as_ref().is_ok_and(|answer| answer.is_ageing(now));
            // What is out of date is fetched anew, and not told.
            if let Ok(verdict) = judge(answer, question, &key.described(), now) {
                verdict?;
                is_good = true;
                ageing.extend(is_ageing.then_some(key));
            }
        }
        Ok(if is_good { AtHand::Good(ageing) } else { AtHand::Nothing(why) })
    }
}

/// The lists that are the issuer's.
fn issued(question: &RevocationQuestion, lists: &[RevocationList]) -> Vec<IssuedList> {
    lists.iter().filter_map(|list| question.issued(list).ok()).collect()
}

/// What octets from outside say, once they are known to be the issuer's.
fn verified(
    key: &Key,
    question: &RevocationQuestion,
    octets: &[u8],
    lists: &[IssuedList],
    now: Timestamp,
) -> Result<Kept, String> {
    if key.kind == Kind::Ocsp {
        let answer = question.read_ocsp(octets, lists, now);
        return answer.map(Kept::Ocsp).map_err(|e| e.to_string());
    }
    let list = RevocationList::from_octets(octets).map_err(|e| e.to_string())?;
    if list.next_update().is_none() {
        return Err("it does not say when the next one comes (nextUpdate)".to_owned());
    }
    question.issued(&list).map(Kept::List).map_err(|e| e.to_string())
}

/// The verdict, if what was kept gives one.
fn judged(
    kept: &Kept,
    key: &Key,
    question: &RevocationQuestion,
    now: Timestamp,
) -> Result<Result<(), RevocationError>, String> {
    let answer = kept.answer(question).map_err(|e| e.to_string());
    judge(answer, question, &key.described(), now)
}

fn judge(
    answer: Result<RevocationAnswer, String>,
    question: &RevocationQuestion,
    source: &str,
    now: Timestamp,
) -> Result<Result<(), RevocationError>, String> {
    let answer = answer?;
    match answer.status {
        RevocationStatus::Revoked { since } => Ok(Err(RevocationError::Revoked {
            subject: question.subject(),
            issuer: question.issuer(),
            since,
            source_of_it: source.to_owned(),
        })),
        RevocationStatus::Good => answer.in_time(now).map(Ok).map_err(|e| e.to_string()),
    }
}

/// Nobody could tell, though everybody was asked.
fn unknown(question: &RevocationQuestion, mut why: Vec<String>) -> RevocationError {
    let sources = question.sources();
    let is_offline = !(sources.ocsp.is_empty() && sources.lists.is_empty());
    if !is_offline {
        why.push(
            "it names neither an OCSP responder nor a revocation list that can be asked".to_owned(),
        );
    }
    why.extend(sources.passed_over.iter().map(|what| format!("not asked: {what}")));
    RevocationError::Unknown {
        subject: question.subject(),
        issuer: question.issuer(),
        reason: why.join("; "),
        advice: if is_offline {
            "Make one of these places reachable"
        } else {
            "Have it issued anew with one"
        },
        is_offline,
    }
}

/// Nobody was to be asked.
fn offline(question: &RevocationQuestion, mut why: Vec<String>) -> RevocationError {
    why.push(
        "neither the store folder nor what was fetched before says anything that still holds"
            .to_owned(),
    );
    RevocationError::Unknown {
        subject: question.subject(),
        issuer: question.issuer(),
        reason: why.join("; "),
        advice: "Write revocationMode=\"Online\"",
        is_offline: true,
    }
}

/// Trust by a validator, with revocation asked about: a rule for
/// [`ChannelFactory::service_trust_async`](crate::ChannelFactory::service_trust_async) and
/// [`ServiceHostBuilder::client_trust_async`](crate::ServiceHostBuilder::client_trust_async).
#[derive(Debug, Clone)]
pub struct RevocationTrust {
    revocation: Revocation,
    validator: Arc<CertificateValidator>,
}

impl RevocationTrust {
    /// The validator.
    pub(crate) fn validator(&self) -> &CertificateValidator {
        &self.validator
    }

    /// Asks about every certificate of the path that [`CertificateValidator::validate_path`] gave, the one nearest to the
    /// root first: of what a revoked authority issued nothing is asked.
    pub(crate) async fn ask(
        &self,
        questions: Vec<RevocationQuestion>,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let until = Instant::now() + ALTOGETHER;
        let (mode, lists) = (self.validator.revocation(), self.validator.revocation_lists());
        for question in &questions {
            self.revocation.ask_until(question, lists, mode, now, until).await?;
        }
        Ok(())
    }
}

impl AsyncCertificateTrust for RevocationTrust {
    fn check<'a>(
        &'a self,
        evidence: &'a CertificateEvidence,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), String>> {
        let path = self.validator.validate_path(&evidence.certificate, &evidence.chain, now);
        Box::pin(async move {
            let questions = path.map_err(|error| error.to_string())?;
            self.ask(questions, now).await.map_err(|error| error.to_string())
        })
    }
}
