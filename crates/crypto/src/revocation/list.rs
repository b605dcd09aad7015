//! Certificate revocation lists (RFC 5280 §5), and when one says something about a certificate (§6.3.3).

use std::sync::Arc;

use jiff::Timestamp;
use openssl::pkey::{PKeyRef, Public};
use openssl::x509::{X509Crl, X509Ref};

use super::answer::{Unusable, in_time};
use super::sources::names;
use crate::certificate::Certificate;
use crate::der::{
    BIT_STRING, Extension, Fields, GENERALIZED_TIME, INTEGER, Malformed, SEQUENCE, UTC_TIME,
    extensions, id,
};
use crate::error::{CryptoError, answered, reason};
use crate::path;

/// A certificate revocation list (RFC 5280 §5). Cheap to clone.
#[derive(Clone)]
pub struct RevocationList(Arc<Inner>);

struct Inner {
    crl: X509Crl,
    size: usize,
    facts: Facts,
}

/// What a list says of itself.
struct Facts {
    is_signature_taken: bool,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// Why nobody may be judged by it.
    refused: Option<String>,
    scope: Scope,
}

/// What certificates a list is about (RFC 5280 §5.2.5).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// The names of its distribution point, each a whole `GeneralName`; none: it is complete.
    pub(super) point: Option<Vec<Vec<u8>>>,
    pub(super) users_only: bool,
    pub(super) authorities_only: bool,
}

impl RevocationList {
    /// A list of its DER or PEM octets.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn from_octets(octets: &[u8]) -> Result<Self, CryptoError> {
        let what = "reading a certificate revocation list";
        let failed =
            |e: openssl::error::ErrorStack| CryptoError::Operation { what, reason: reason(&e) };
        let crl =
            X509Crl::from_der(octets).or_else(|_| X509Crl::from_pem(octets)).map_err(failed)?;
        let der = crl.to_der().map_err(failed)?;
        let facts = Facts::read(&der);
        let facts = facts.map_err(|Malformed| CryptoError::Operation {
            what,
            reason: "it is malformed".to_owned(),
        })?;
        Ok(Self(Arc::new(Inner { crl, size: der.len(), facts })))
    }

    /// Its length in octets, in DER.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// When it was made.
    pub fn this_update(&self) -> Timestamp {
        self.0.facts.this_update
    }

    /// When there is a newer one at the latest.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.0.facts.next_update
    }

    /// Whether its issuer signed it, by an algorithm that is taken.
    fn is_signed_by(&self, key: &PKeyRef<Public>) -> bool {
        self.0.facts.is_signature_taken && answered(self.0.crl.verify(key)).unwrap_or(false)
    }

    /// Whether `issuer` made it: the name is its, and so is the signature.
    pub fn is_of(&self, issuer: &Certificate) -> bool {
        self.is_issued_by(issuer.x509()).is_ok()
    }

    /// Whether its next update is not due at `now`, and it may be used.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let facts = &self.0.facts;
        facts.refused.is_none() && in_time(facts.this_update, facts.next_update, now).is_ok()
    }

    /// Whether the owner of this certificate made it: the name, the signature, and the right to sign lists.
    pub(super) fn is_issued_by(&self, issuer: &X509Ref) -> Result<(), Unusable> {
        let name = self.0.crl.issuer_name().try_cmp(issuer.subject_name());
        if !name.is_ok_and(|order| order.is_eq()) {
            let of = crate::DistinguishedName::of(self.0.crl.issuer_name());
            return Err(Unusable::new(format!("it is a list of '{of}', not of the issuer")));
        }
        if !may_sign_lists(issuer)? {
            return Err(Unusable::new(
                "the key usage of the issuer's certificate is not for lists (cRLSign)",
            ));
        }
        let key =
            issuer.public_key().map_err(|_| Unusable::new("the issuer's key is unreadable"))?;
        match self.is_signed_by(&key) {
            true => Ok(()),
            false => Err(Unusable::new("its signature is not the issuer's")),
        }
    }
}

impl std::fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RevocationList('{}')", crate::DistinguishedName::of(self.0.crl.issuer_name()))
    }
}

/// A list that its issuer is known to have signed. Only [`RevocationQuestion::issued`](super::RevocationQuestion::issued)
/// makes it.
#[derive(Debug, Clone)]
pub struct IssuedList {
    pub(super) list: RevocationList,
    /// The issuer's certificate, by its SHA-256.
    pub(super) issuer: [u8; 32],
}

impl IssuedList {
    /// The list.
    pub fn list(&self) -> &RevocationList {
        &self.list
    }

    /// Its revocation list of the library.
    pub(super) fn crl(&self) -> &X509Crl {
        &self.list.0.crl
    }

    /// What it is about, if it can be used at all.
    pub(super) fn scope(&self) -> Result<&Scope, Unusable> {
        match &self.list.0.facts.refused {
            Some(why) => Err(Unusable::new(why.clone())),
            None => Ok(&self.list.0.facts.scope),
        }
    }
}

/// An issuer whose certificate restricts its key must name this use (RFC 5280 §4.2.1.3).
fn may_sign_lists(issuer: &X509Ref) -> Result<bool, Unusable> {
    const CRL_SIGN: u8 = 0x02;
    let der = issuer.to_der().unwrap_or_default();
    let Some(usage) = super::facts::key_usage(&der)? else { return Ok(true) };
    Ok(usage & CRL_SIGN != 0)
}

impl Facts {
    fn read(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Fields::only(SEQUENCE, der)?;
        let mut signed = outer.fields(SEQUENCE)?;
        let algorithm = outer.element(SEQUENCE)?.whole;
        outer.content(BIT_STRING)?;
        outer.end()?;
        signed.optional(INTEGER)?;
        let is_same = signed.element(SEQUENCE)?.whole == algorithm;
        signed.content(SEQUENCE)?;
        let this_update = signed.time()?;
        let next_update = match signed.tag() {
            Some(UTC_TIME | GENERALIZED_TIME) => Some(signed.time()?),
            _ => None,
        };
        let entries = signed.optional(SEQUENCE)?;
        let own = signed.optional(0xa0)?;
        signed.end()?;
        let mut refused = entries.map(critical_entry).transpose()?.flatten();
        let mut scope = Scope::default();
        for extension in own.map(extensions).transpose()?.unwrap_or_default() {
            let why = match extension.id {
                id::ISSUING_DISTRIBUTION_POINT => scope.read(extension.value)?,
                id::DELTA_LIST => Some("it is a delta list, which is not used".to_owned()),
                _ => unknown(&extension),
            };
            refused = refused.or(why);
        }
        let is_signature_taken = is_same && path::is_signature_taken(der);
        Ok(Self { is_signature_taken, this_update, next_update, refused, scope })
    }
}

/// What is critical must be known, or the list may not be used (RFC 5280 §5.2).
fn unknown(extension: &Extension<'_>) -> Option<String> {
    let is_known = [id::AUTHORITY_KEY, id::LIST_NUMBER].contains(&extension.id);
    (extension.is_critical && !is_known)
        .then(|| "it has a critical extension that is not known here".to_owned())
}

/// An entry that is about another issuer's certificate, or has another critical extension (RFC 5280 §5.3).
fn critical_entry(entries: &[u8]) -> Result<Option<String>, Malformed> {
    let mut all = Fields::of(entries);
    while all.tag().is_some() {
        let mut entry = all.fields(SEQUENCE)?;
        entry.content(INTEGER)?;
        entry.next()?.ok_or(Malformed)?;
        if let Some(own) = entry.next()? {
            for extension in extensions(own.whole)? {
                if extension.is_critical {
                    return Ok(Some(
                        "an entry of it has a critical extension (an indirect list?)".to_owned(),
                    ));
                }
            }
        }
        entry.end()?;
    }
    Ok(None)
}

impl Scope {
    /// `IssuingDistributionPoint`; gives why the list cannot be used.
    fn read(&mut self, value: &[u8]) -> Result<Option<String>, Malformed> {
        let mut fields = Fields::only(SEQUENCE, value)?;
        let mut why = None;
        if let Some(name) = fields.optional(0xa0)? {
            let (names, is_relative) = names(name)?;
            self.point = Some(names.into_iter().map(<[u8]>::to_vec).collect());
            if is_relative {
                why = Some("its distribution point is named relative to its issuer");
            }
        }
        let mut flag = |tag| Ok(fields.optional(tag)?.is_some_and(|value| value != [0]));
        self.users_only = flag(0x81)?;
        self.authorities_only = flag(0x82)?;
        if fields.optional(0x83)?.is_some() {
            why = why.or(Some("it is a list for some reasons only, which is not used"));
        }
        let mut flag = |tag| Ok(fields.optional(tag)?.is_some_and(|value| value != [0]));
        if flag(0x84)? {
            why = why.or(Some("it is an indirect list, which is not used"));
        }
        if flag(0x85)? {
            why = why.or(Some("it is a list of attribute certificates"));
        }
        fields.end()?;
        Ok(why.map(str::to_owned))
    }
}
