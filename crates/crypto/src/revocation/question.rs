//! One certificate of a path with its issuer, of which must be known whether it was revoked.

use jiff::Timestamp;
use openssl::hash::MessageDigest;
use openssl::x509::{CrlStatus, X509};

use super::answer::{RevocationAnswer, RevocationStatus, Unusable};
use super::facts::Facts;
use super::list::{IssuedList, RevocationList};
use super::ocsp::{self, CertificateId};
use super::sources::{self, RevocationSources};
use crate::der;
use crate::digest::sha1;
use crate::distinguished_name::DistinguishedName;

/// One certificate of a path that holds, with its issuer: was it revoked?
#[derive(Clone)]
pub struct RevocationQuestion {
    certificate: X509,
    issuer: X509,
    /// The issuer's certificate, by its SHA-256.
    issuer_print: [u8; 32],
    id: CertificateId,
    is_authority: bool,
    points: Vec<Vec<u8>>,
    sources: RevocationSources,
}

impl RevocationQuestion {
    /// About `certificate`, which `issuer` issued.
    pub(crate) fn new(certificate: X509, issuer: X509) -> Result<Self, Unusable> {
        let unreadable = |_| Unusable::new("the certificate is unreadable");
        let (own, above) =
            (certificate.to_der().map_err(unreadable)?, issuer.to_der().map_err(unreadable)?);
        let (facts, of_issuer) = (Facts::read(&own)?, Facts::read(&above)?);
        let print = issuer.digest(MessageDigest::sha256()).map_err(unreadable)?;
        Ok(Self {
            issuer_print: <[u8; 32]>::try_from(&print[..]).unwrap_or_default(),
            id: CertificateId {
                issuer_name: sha1(facts.issuer_name),
                issuer_key: sha1(of_issuer.key),
                serial: facts.serial.to_vec(),
            },
            is_authority: der::is_authority(&own),
            points: sources::distribution_points(&facts.extensions),
            sources: RevocationSources::of(&facts.extensions),
            certificate,
            issuer,
        })
    }

    /// Whose certificate it is, in the form of Windows.
    pub fn subject(&self) -> String {
        DistinguishedName::of(self.certificate.subject_name()).to_string()
    }

    /// Who issued it.
    pub fn issuer(&self) -> String {
        DistinguishedName::of(self.certificate.issuer_name()).to_string()
    }

    /// Where to ask, as the certificate says.
    pub fn sources(&self) -> &RevocationSources {
        &self.sources
    }

    /// What tells the issuer's certificate from others: its SHA-256.
    pub fn issuer_fingerprint(&self) -> [u8; 32] {
        self.issuer_print
    }

    /// What tells the certificate from others of its issuer: its serial number, big-endian.
    pub fn serial_number(&self) -> &[u8] {
        &self.id.serial
    }

    /// The list, if the issuer signed it.
    ///
    /// # Errors
    /// It is another's, or its signature proves nothing.
    pub fn issued(&self, list: &RevocationList) -> Result<IssuedList, Unusable> {
        list.is_issued_by(&self.issuer)?;
        Ok(IssuedList { list: list.clone(), issuer: self.issuer_print })
    }

    /// What a list of the issuer says. That the certificate was revoked holds though the list is out of date; that it was not
    /// holds only as long as [`RevocationAnswer::in_time`] says so.
    ///
    /// # Errors
    /// It is not about this certificate, or cannot be used.
    pub fn read_list(&self, issued: &IssuedList) -> Result<RevocationAnswer, Unusable> {
        if issued.issuer != self.issuer_print {
            return Err(Unusable::new("it is a list of another issuer"));
        }
        let scope = issued.scope()?;
        if (scope.users_only && self.is_authority) || (scope.authorities_only && !self.is_authority)
        {
            return Err(Unusable::new("it is a list of certificates of another kind"));
        }
        let is_named = |name: &Vec<u8>| self.points.contains(name);
        if scope.point.as_ref().is_some_and(|names| !names.iter().any(is_named)) {
            return Err(Unusable::new(
                "it is a list of another distribution point than the certificate's",
            ));
        }
        // `removeFromCRL` stands in delta lists only.
        let status = match issued.crl().get_by_cert(&self.certificate) {
            CrlStatus::Revoked(entry) => {
                let since = crate::certificate::timestamp(entry.revocation_date());
                RevocationStatus::Revoked { since: Some(since) }
            }
            CrlStatus::NotRevoked | CrlStatus::RemoveFromCrl(_) => RevocationStatus::Good,
        };
        let list = issued.list();
        Ok(RevocationAnswer {
            status,
            this_update: list.this_update(),
            next_update: list.next_update(),
        })
    }

    /// The request for an OCSP responder (RFC 6960 §4.1, RFC 5019 §2.1): one certificate, no nonce, unsigned.
    pub fn ocsp_request(&self) -> Vec<u8> {
        ocsp::request(&self.id)
    }

    /// What an OCSP responder says. As with lists, whether it still holds is another question. `lists` are those of the
    /// issuer that are at hand: a responder whose certificate they name is not believed.
    ///
    /// # Errors
    /// It is no answer, not about this certificate, or nobody signed it who may.
    pub fn read_ocsp(
        &self,
        octets: &[u8],
        lists: &[IssuedList],
        now: Timestamp,
    ) -> Result<RevocationAnswer, Unusable> {
        let own = |list: &&IssuedList| list.issuer == self.issuer_print;
        let is_revoked = |responder: &X509| {
            let named = |list: &IssuedList| {
                matches!(list.crl().get_by_cert(responder), CrlStatus::Revoked(_))
            };
            lists.iter().filter(own).any(named)
        };
        ocsp::read(octets, &self.id, &self.issuer, is_revoked, now)
    }
}

impl std::fmt::Debug for RevocationQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RevocationQuestion('{}', issued by '{}')", self.subject(), self.issuer())
    }
}
