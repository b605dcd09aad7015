//! What several sources have said about one certificate, and what holds of it.

use jiff::Timestamp;
use waxwing_crypto::revocation::{
    RevocationAnswer, RevocationQuestion, RevocationStatus, Unusable,
};

use super::error::RevocationError;

/// What was said so far. That a certificate was revoked is final while it is in time; out of date it holds until something
/// newer says otherwise (a certificate on hold may be released), and nobody clears it by replaying an older answer.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// When the newest was made that says *good* and is in time.
    good: Option<Timestamp>,
    /// When the newest was made that says *revoked* and is out of date.
    revoked: Option<(Timestamp, RevocationError)>,
    why: Vec<String>,
}

impl Said {
    /// Takes what a source says.
    ///
    /// # Errors
    /// It was revoked.
    pub(super) fn take(
        &mut self,
        answer: Result<RevocationAnswer, Unusable>,
        source: &str,
        question: &RevocationQuestion,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(unusable) => {
                self.fails(source, &unusable.to_string());
                return Ok(());
            }
        };
        let made = answer.this_update;
        match (answer.status.clone(), answer.in_time(now)) {
            (RevocationStatus::Revoked { since }, in_time) => {
                let revoked = RevocationError::Revoked {
                    subject: question.subject(),
                    issuer: question.issuer(),
                    since,
                    source_of_it: source.to_owned(),
                };
                if in_time.is_ok() {
                    return Err(revoked);
                }
                if self.revoked.as_ref().is_none_or(|(other, _)| *other < made) {
                    self.revoked = Some((made, revoked));
                }
            }
            (RevocationStatus::Good, Ok(())) => self.good = self.good.max(Some(made)),
            (RevocationStatus::Good, Err(late)) => self.fails(source, &late.to_string()),
        }
        Ok(())
    }

    /// Takes what was fetched before. When it is out of date it is fetched anew, and not told.
    ///
    /// # Errors
    /// It was revoked.
    pub(super) fn take_kept(
        &mut self,
        answer: Result<RevocationAnswer, Unusable>,
        source: &str,
        question: &RevocationQuestion,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let told = self.why.len();
        let taken = self.take(answer, source, question, now);
        self.why.truncate(told);
        taken
    }

    /// A source says nothing.
    pub(super) fn fails(&mut self, source: &str, why: &str) {
        self.why.push(format!("{source}: {why}"));
    }

    /// Somebody says so, and nobody has said otherwise since.
    pub(super) fn is_good(&self) -> bool {
        match (self.good, &self.revoked) {
            (Some(good), Some((revoked, _))) => good > *revoked,
            (good, _) => good.is_some(),
        }
    }

    /// Why it is not good, when nobody else is to be asked.
    pub(super) fn refusal(
        self,
        unknown: impl FnOnce(&RevocationQuestion, Vec<String>) -> RevocationError,
        question: &RevocationQuestion,
    ) -> RevocationError {
        match self.revoked {
            Some((_, revoked)) => revoked,
            None => unknown(question, self.why),
        }
    }
}
