//! Why a certificate is not good, in words.

use jiff::Timestamp;
use waxwing_crypto::revocation::RevocationQuestion;

/// What Windows says when nobody could tell (`RevocationStatusUnknown`).
const UNKNOWN: &str = "The revocation function was unable to check revocation for the certificate.";
/// What it says besides when nobody was reached (`OfflineRevocation`).
const OFFLINE: &str = "The revocation function was unable to check revocation because the revocation server was offline.";

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

/// Nobody could tell, though everybody was asked.
pub(super) fn unknown(question: &RevocationQuestion, mut why: Vec<String>) -> RevocationError {
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
pub(super) fn offline(question: &RevocationQuestion, mut why: Vec<String>) -> RevocationError {
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
