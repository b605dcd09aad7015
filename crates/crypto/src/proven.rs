//! Paths that hold, remembered: whoever opens many sessions shows the same certificate each time, and neither it nor what
//! its chain is checked against changes meanwhile.
//!
//! A path is remembered by all octets that it was looked for in, and only for as long as each of its certificates is valid.
//! Refusals are not remembered, so that strangers fill nothing, and revocation is asked about each time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use openssl::x509::X509;

use crate::certificate::{Certificate, timestamp};
use crate::digest::{Digest, DigestAlgorithm, DigestValue};
use crate::latest::Latest;
use crate::revocation::RevocationQuestion;

/// How many are remembered; then the oldest makes way.
const MOST: usize = 1024;

/// What a path was looked for in: the certificate and those that came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shown([u8; 32]);

impl Shown {
    /// Octets of different certificates, or in another order, are others: each goes in with its length.
    pub(crate) fn new(certificate: &Certificate, chain: &[Certificate]) -> Self {
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        for certificate in std::iter::once(certificate).chain(chain) {
            digest.update(&(certificate.der().len() as u64).to_be_bytes());
            digest.update(certificate.der());
        }
        let digest: DigestValue = digest.finish();
        let mut print = [0; 32];
        print.copy_from_slice(&digest);
        Self(print)
    }
}

/// The paths that hold of one validator, whose stores never change.
pub(crate) struct ProvenPaths(Mutex<Latest<Shown, Proven>>);

impl Default for ProvenPaths {
    fn default() -> Self {
        Self(Mutex::new(Latest::new(MOST)))
    }
}

/// What is known of a path: when it holds, and what is to be asked about revocation.
#[derive(Clone)]
struct Proven {
    from: Timestamp,
    /// No longer at this moment.
    until: Timestamp,
    questions: Vec<RevocationQuestion>,
}

impl ProvenPaths {
    /// What is to be asked about a path that holds now; none where it must be looked for.
    pub(crate) fn find(&self, shown: &Shown, now: Timestamp) -> Option<Vec<RevocationQuestion>> {
        let kept = self.lock();
        let proven = kept.get(shown).filter(|p| p.from <= now && now < p.until)?;
        Some(proven.questions.clone())
    }

    /// Remembers a path that holds.
    pub(crate) fn keep(&self, shown: Shown, path: &[X509], questions: &[RevocationQuestion]) {
        let from = path.iter().map(|x509| timestamp(x509.not_before())).max();
        let until = path.iter().map(|x509| timestamp(x509.not_after())).min();
        let (Some(from), Some(until)) = (from, until) else { return };
        self.lock().keep(shown, Proven { from, until, questions: questions.to_vec() });
    }

    fn lock(&self) -> MutexGuard<'_, Latest<Shown, Proven>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn proven(from: i64, until: i64) -> Proven {
        Proven { from: at(from), until: at(until), questions: Vec::new() }
    }

    #[test]
    fn a_path_holds_while_its_certificates_do() {
        let paths = ProvenPaths::default();
        let (one, other) = (Shown([1; 32]), Shown([2; 32]));
        paths.lock().keep(one, proven(100, 200));
        for (second, holds) in [(99, false), (100, true), (199, true), (200, false), (201, false)] {
            assert_eq!(paths.find(&one, at(second)).is_some(), holds, "{second}");
        }
        assert!(paths.find(&other, at(150)).is_none());
        // What was looked for again is as it was found last.
        paths.lock().keep(one, proven(300, 400));
        assert!(paths.find(&one, at(150)).is_none() && paths.find(&one, at(300)).is_some());
    }

    #[test]
    fn their_number_is_bounded() {
        let paths = ProvenPaths::default();
        let shown = |number: usize| {
            let mut print = [0; 32];
            print[..8].copy_from_slice(&(number as u64).to_be_bytes());
            Shown(print)
        };
        for number in 0..MOST + 10 {
            paths.lock().keep(shown(number), proven(0, 10));
            paths.lock().keep(shown(number), proven(0, 10));
        }
        assert_eq!(paths.lock().lengths(), [MOST; 2]);
        assert!(paths.find(&shown(9), at(5)).is_none() && paths.find(&shown(10), at(5)).is_some());
    }
}
