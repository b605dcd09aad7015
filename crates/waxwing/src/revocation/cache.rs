//! What was fetched, in memory: verified once, used until something newer is due, bounded in number and size.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use waxwing_crypto::revocation::{IssuedList, RevocationAnswer, RevocationQuestion, Unusable};
use waxwing_crypto::{Digest, DigestAlgorithm};

use super::options::{FAILURE_KEPT, MAX_LISTS_IN_MEMORY};

/// The most entries; what was not used for longest goes first.
const MAX_ENTRIES: usize = 4096;

/// What kind of thing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// The answer about one certificate.
    Ocsp,
    /// A list.
    List,
}

/// What something is kept under: for lists the issuer and the URL, for answers the serial number as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: Kind,
    issuer: [u8; 32],
    serial: Vec<u8>,
    pub(super) url: String,
}

impl Key {
    /// Every place where `question` is to be asked, OCSP first.
    pub(super) fn all(question: &RevocationQuestion) -> Vec<Self> {
        let issuer = question.issuer_fingerprint();
        let key = |kind, serial: &[u8], url: &String| Self {
            kind,
            issuer,
            serial: serial.to_vec(),
            url: url.clone(),
        };
        let sources = question.sources();
        let ocsp = sources.ocsp.iter().map(|url| key(Kind::Ocsp, question.serial_number(), url));
        ocsp.chain(sources.lists.iter().map(|url| key(Kind::List, &[], url))).collect()
    }

    /// The name of its file.
    pub(super) fn file_name(&self) -> String {
        let mut hash = Digest::new(DigestAlgorithm::Sha256);
        let serial = (self.serial.len() as u64).to_be_bytes();
        for part in [&self.issuer[..], &serial, &self.serial, self.url.as_bytes()] {
            hash.update(part);
        }
        let name: String = hash.finish().iter().map(|octet| format!("{octet:02x}")).collect();
        let extension = match self.kind {
            Kind::Ocsp => "ocsp",
            Kind::List => "crl",
        };
        format!("{name}.{extension}")
    }

    /// What it is, in words.
    pub(super) fn described(&self) -> String {
        match self.kind {
            Kind::Ocsp => format!("the OCSP responder {}", self.url),
            Kind::List => format!("the revocation list {}", self.url),
        }
    }
}

/// Something that its issuer is known to have said.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    Ocsp(RevocationAnswer),
    List(IssuedList),
}

impl Kept {
    /// What it says about a certificate.
    pub(super) fn answer(
        &self,
        question: &RevocationQuestion,
    ) -> Result<RevocationAnswer, Unusable> {
        match self {
            Self::Ocsp(answer) => Ok(answer.clone()),
            Self::List(list) => question.read_list(list),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Ocsp(_) => 0,
            Self::List(list) => list.list().size(),
        }
    }

    fn is_older_than(&self, other: &Self) -> bool {
        let of = |kept: &Self| match kept {
            Self::Ocsp(answer) => answer.this_update,
            Self::List(list) => list.list().this_update(),
        };
        of(self) < of(other)
    }
}

/// What is known about a place.
#[derive(Debug, Default)]
struct Slot {
    kept: Option<Kept>,
    failed: Option<(Instant, String)>,
    /// Whether the folder was looked at.
    is_read: bool,
    used: u64,
}

#[derive(Debug, Default)]
struct Slots {
    all: HashMap<Key, Slot>,
    octets: usize,
    uses: u64,
}

/// What was fetched, in memory.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Slots>);

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept; nothing is known of it, or only that there is none.
    pub(super) fn get(&self, key: &Key) -> Option<Kept> {
        let mut slots = self.lock();
        slots.uses += 1;
        let uses = slots.uses;
        let slot = slots.all.get_mut(key)?;
        slot.used = uses;
        slot.kept.clone()
    }

    /// Whether the folder was looked at for it, or it came from elsewhere.
    pub(super) fn is_known(&self, key: &Key) -> bool {
        self.lock().all.get(key).is_some_and(|slot| slot.is_read || slot.kept.is_some())
    }

    /// Remembers what the folder had.
    pub(super) fn read(&self, key: &Key, found: Option<Kept>) {
        self.lock().change(key, |slot| {
            slot.is_read = true;
            // What was fetched meanwhile is not older.
            slot.kept = slot.kept.take().or(found);
        });
    }

    /// Keeps what was fetched, unless something newer is there; an authority that goes back in time is none to follow.
    /// Whether it is kept.
    pub(super) fn fetched(&self, key: &Key, kept: Kept) -> bool {
        let mut is_kept = true;
        self.lock().change(key, |slot| {
            slot.failed = None;
            match &slot.kept {
                Some(other) if kept.is_older_than(other) => is_kept = false,
                _ => slot.kept = Some(kept),
            }
        });
        is_kept
    }

    /// Remembers that a fetch failed.
    pub(super) fn failed(&self, key: &Key, why: &str) {
        let failed = Some((Instant::now(), why.to_owned()));
        self.lock().change(key, |slot| slot.failed = failed);
    }

    /// Why a fetch failed lately.
    pub(super) fn failure(&self, key: &Key) -> Option<String> {
        let slots = self.lock();
        let (when, why) = slots.all.get(key)?.failed.as_ref()?;
        (when.elapsed() < FAILURE_KEPT).then(|| why.clone())
    }
}

impl Slots {
    fn change(&mut self, key: &Key, change: impl FnOnce(&mut Slot)) {
        self.uses += 1;
        let slot = self.all.entry(key.clone()).or_default();
        let before = slot.kept.as_ref().map_or(0, Kept::size);
        slot.used = self.uses;
        change(slot);
        let after = slot.kept.as_ref().map_or(0, Kept::size);
        self.octets = self.octets - before + after;
        while self.all.len() > MAX_ENTRIES
            || (self.octets > MAX_LISTS_IN_MEMORY && self.all.len() > 1)
        {
            let oldest =
                self.all.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| key.clone());
            let Some(slot) = oldest.and_then(|key| self.all.remove(&key)) else { break };
            self.octets -= slot.kept.as_ref().map_or(0, Kept::size);
        }
    }
}
