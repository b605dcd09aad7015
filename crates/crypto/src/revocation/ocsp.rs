//! OCSP requests and answers (RFC 6960 §4; the profile of RFC 5019).

use jiff::Timestamp;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKeyRef, Public};
use openssl::sign::Verifier;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Name, X509Ref, X509StoreContext, X509VerifyResult};

use super::answer::{RevocationAnswer, RevocationStatus, Unusable};
use super::facts::{has_extended_usage, key_hash, key_usage};
use crate::der::{
    BIT_STRING, ENUMERATED, Fields, GENERALIZED_TIME, INTEGER, Malformed, NULL, OBJECT_IDENTIFIER,
    OCTET_STRING, SEQUENCE, extensions, id,
};
use crate::error::answered;
use crate::path;

/// More certificates, or more answers, than this no responder sends.
const MAX_CERTIFICATES: usize = 8;

/// What names a certificate in OCSP (RFC 6960 §4.1.1).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CertificateId {
    pub(super) issuer_name: [u8; 20],
    pub(super) issuer_key: [u8; 20],
    /// The content of the INTEGER.
    pub(super) serial: Vec<u8>,
}

/// An `OCSPRequest` for one certificate: SHA-1 in the name, which every responder knows (RFC 5019 §2.1.1), no nonce, no
/// signature.
pub(super) fn request(certificate: &CertificateId) -> Vec<u8> {
    let algorithm = [tlv(OBJECT_IDENTIFIER, &[id::SHA1]), tlv(NULL, &[])].concat();
    let name = tlv(
        SEQUENCE,
        &[
            &tlv(SEQUENCE, &[&algorithm]),
            &tlv(OCTET_STRING, &[&certificate.issuer_name]),
            &tlv(OCTET_STRING, &[&certificate.issuer_key]),
            &tlv(INTEGER, &[&certificate.serial]),
        ],
    );
    let requests = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&name])]);
    tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&requests])])
}

/// An element of DER.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(short) => out.extend([0x81, short]),
        Err(_) => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// Reads an answer, with its signature (RFC 6960 §3.2). `is_revoked` tells of a responder's certificate.
pub(super) fn read(
    octets: &[u8],
    wanted: &CertificateId,
    issuer: &X509Ref,
    is_revoked: impl Fn(&X509) -> bool,
    now: Timestamp,
) -> Result<RevocationAnswer, Unusable> {
    let mut response = Fields::only(SEQUENCE, octets)?;
    successful(response.content(ENUMERATED)?)?;
    let bytes = response.fields(0xa0)?;
    response.end()?;
    let mut bytes = { bytes }.fields(SEQUENCE)?;
    if bytes.content(OBJECT_IDENTIFIER)? != id::OCSP_BASIC {
        return Err(Unusable::new("it is no basic OCSP answer (id-pkix-ocsp-basic)"));
    }
    let basic = bytes.content(OCTET_STRING)?;
    bytes.end()?;
    let mut fields = Fields::only(SEQUENCE, basic)?;
    let data = fields.element(SEQUENCE)?;
    let algorithm = fields.content(SEQUENCE)?;
    let signature = fields.content(BIT_STRING)?.strip_prefix(&[0]).ok_or(Malformed)?;
    let certificates = fields.optional(0xa0)?;
    fields.end()?;
    let data_read = Data::read(data.content)?;
    let signer = data_read.signer(certificates, issuer, is_revoked, now)?;
    if !path::is_signature_taken(basic) {
        return Err(Unusable::new("it is signed by an algorithm that can be forged"));
    }
    if !is_signed_by(&signer, algorithm, data.whole, signature)? {
        return Err(Unusable::new("its signature is wrong"));
    }
    data_read.about(wanted)
}

/// `OCSPResponseStatus` (RFC 6960 §4.2.1).
fn successful(status: &[u8]) -> Result<(), Unusable> {
    let what = match status {
        [0] => return Ok(()),
        [1] => "malformedRequest: it did not understand the request",
        [2] => "internalError",
        [3] => "tryLater",
        [5] => "sigRequired: it wants signed requests",
        [6] => "unauthorized: it knows nothing of this issuer, or answers to others",
        _ => "an unknown error",
    };
    Err(Unusable::new(format!("the responder said {what}")))
}

/// `ResponseData`.
struct Data<'a> {
    responder: Responder<'a>,
    responses: &'a [u8],
}

/// Who says to have signed it.
enum Responder<'a> {
    /// The whole `Name`.
    Name(&'a [u8]),
    /// SHA-1 of its key.
    Key(&'a [u8]),
}

impl Responder<'_> {
    fn is(&self, x509: &X509Ref) -> bool {
        match self {
            Self::Name(name) => X509Name::from_der(name)
                .is_ok_and(|name| name.try_cmp(x509.subject_name()).is_ok_and(|o| o.is_eq())),
            Self::Key(hash) => {
                x509.to_der().is_ok_and(|der| key_hash(&der).is_ok_and(|own| own == **hash))
            }
        }
    }
}

impl<'a> Data<'a> {
    fn read(content: &'a [u8]) -> Result<Self, Unusable> {
        let mut fields = Fields::of(content);
        if let Some(version) = fields.optional(0xa0)?
            && Fields::of(version).content(INTEGER)? != [0]
        {
            return Err(Unusable::new("it is of another version than 1"));
        }
        let responder = fields.next()?.ok_or(Malformed)?;
        let responder = match responder.tag {
            0xa1 => Responder::Name(Fields::of(responder.content).element(SEQUENCE)?.whole),
            0xa2 => Responder::Key(Fields::of(responder.content).content(OCTET_STRING)?),
            _ => return Err(Malformed.into()),
        };
        fields.content(GENERALIZED_TIME)?;
        let responses = fields.content(SEQUENCE)?;
        known(fields.optional(0xa1)?)?;
        fields.end()?;
        Ok(Self { responder, responses })
    }

    /// The issuer, or whom it lets speak for it (RFC 6960 §4.2.2.2).
    fn signer(
        &self,
        certificates: Option<&[u8]>,
        issuer: &X509Ref,
        is_revoked: impl Fn(&X509) -> bool,
        now: Timestamp,
    ) -> Result<X509, Unusable> {
        if self.responder.is(issuer) {
            return Ok(issuer.to_owned());
        }
        let mut why = Unusable::new(
            "whoever signed it is not the issuer, and his certificate does not come with it",
        );
        let Some(certificates) = certificates else { return Err(why) };
        let mut all = Fields::only(SEQUENCE, certificates)?;
        for _ in 0..MAX_CERTIFICATES {
            let Some(element) = all.next()? else { break };
            let Ok(x509) = X509::from_der(element.whole) else { continue };
            if !self.responder.is(&x509) {
                continue;
            }
            match speaks_for(&x509, issuer, now) {
                Ok(()) if is_revoked(&x509) => {
                    why = Unusable::new("the certificate of the responder was revoked");
                }
                Ok(()) => return Ok(x509),
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    /// The answer about one certificate.
    fn about(&self, wanted: &CertificateId) -> Result<RevocationAnswer, Unusable> {
        let mut all = Fields::of(self.responses);
        while all.tag().is_some() {
            let mut single = all.fields(SEQUENCE)?;
            let is_wanted = is_id_of(single.fields(SEQUENCE)?, wanted)?;
            let status = single.next()?.ok_or(Malformed)?;
            let this_update = single.time()?;
            let next_update = match single.optional(0xa0)? {
                Some(next) => Some(Fields::of(next).time()?),
                None => None,
            };
            let own = single.optional(0xa1)?;
            single.end()?;
            if !is_wanted {
                continue;
            }
            known(own)?;
            let status = match status.tag {
                0x80 => RevocationStatus::Good,
                0xa1 => RevocationStatus::Revoked { since: Fields::of(status.content).time().ok() },
                0x82 => return Err(Unusable::new("the responder does not know the certificate")),
                _ => return Err(Malformed.into()),
            };
            // Without a next update there is always something newer: it is of now, or it is nothing.
            let next_update = next_update.or(Some(this_update));
            return Ok(RevocationAnswer { status, this_update, next_update });
        }
        Err(Unusable::new("it is about other certificates"))
    }
}

/// Critical extensions that nobody here knows.
fn known(own: Option<&[u8]>) -> Result<(), Unusable> {
    let all = own.map(extensions).transpose()?.unwrap_or_default();
    match all.iter().any(|extension| extension.is_critical) {
        true => Err(Unusable::new("it has a critical extension that is not known here")),
        false => Ok(()),
    }
}

/// Whether a `CertID` names the certificate.
fn is_id_of(mut fields: Fields<'_>, wanted: &CertificateId) -> Result<bool, Malformed> {
    let is_sha1 = fields.fields(SEQUENCE)?.content(OBJECT_IDENTIFIER)? == id::SHA1;
    let (name, key) = (fields.content(OCTET_STRING)?, fields.content(OCTET_STRING)?);
    let serial = fields.content(INTEGER)?;
    fields.end()?;
    let is_same = name == wanted.issuer_name && key == wanted.issuer_key && serial == wanted.serial;
    Ok(is_sha1 && is_same)
}

/// Whether the issuer itself issued the certificate, for signing OCSP answers (RFC 6960 §4.2.2.2).
fn speaks_for(responder: &X509, issuer: &X509Ref, now: Timestamp) -> Result<(), Unusable> {
    let der = responder.to_der().unwrap_or_default();
    if !has_extended_usage(&der, id::OCSP_SIGNING)? {
        return Err(Unusable::new(
            "the certificate of whoever signed it is not for that (id-kp-OCSPSigning)",
        ));
    }
    const DIGITAL_SIGNATURE: u8 = 0x80;
    if key_usage(&der)?.is_some_and(|usage| usage & DIGITAL_SIGNATURE == 0) {
        return Err(Unusable::new("the key of the responder is not for signatures"));
    }
    let failed = |_| Unusable::new("the certificate of the responder cannot be checked");
    let path = issued_directly(responder, issuer, now).map_err(failed)?;
    let path = path.map_err(|result| {
        let why = result.error_string();
        Unusable::new(format!("the certificate of the responder is not one of the issuer: {why}"))
    })?;
    path::check(&path, |x509| *x509 == *issuer).map_err(|weak| {
        Unusable::new(format!("the certificate of the responder is not taken: {}", weak.reason))
    })
}

/// The path from the certificate to its issuer with nobody between, as the library finds it.
fn issued_directly(
    responder: &X509,
    issuer: &X509Ref,
    now: Timestamp,
) -> Result<Result<Vec<X509>, X509VerifyResult>, openssl::error::ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(issuer.to_owned())?;
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_time(now.as_second());
    parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    store.set_param(&parameters)?;
    let store = store.build();
    X509StoreContext::new()?.init(&store, responder, &*Stack::new()?, |c| {
        if !answered(c.verify_cert())? {
            return Ok(Err(c.error()));
        }
        let path = c.chain().map(|path| path.iter().map(|x| x.to_owned()).collect());
        Ok(Ok(path.unwrap_or_default()))
    })
}

/// Whether the signature over what was read is the signer's.
fn is_signed_by(
    signer: &X509Ref,
    algorithm: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Result<bool, Unusable> {
    let unreadable = |_| Unusable::new("the key of whoever signed it is unreadable");
    let key = signer.public_key().map_err(unreadable)?;
    let Some(digest) = digest_of(Fields::of(algorithm).content(OBJECT_IDENTIFIER)?) else {
        return Err(Unusable::new("it is signed by an algorithm that is not known here"));
    };
    Ok(verified(&key, digest, signed, signature).unwrap_or(false))
}

fn verified(
    key: &PKeyRef<Public>,
    digest: Option<MessageDigest>,
    signed: &[u8],
    signature: &[u8],
) -> Result<bool, openssl::error::ErrorStack> {
    let mut verifier = match digest {
        Some(digest) => Verifier::new(digest, key)?,
        None => Verifier::new_without_digest(key)?,
    };
    verifier.verify_oneshot(signature, signed)
}

/// The digest of a signature algorithm (RFC 8017, RFC 5758, RFC 8410); EdDSA has its own.
fn digest_of(algorithm: &[u8]) -> Option<Option<MessageDigest>> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
    const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    if matches!(algorithm, [0x2b, 0x65, 0x70 | 0x71]) {
        return Some(None);
    }
    if algorithm == ECDSA_SHA1 {
        return Some(Some(MessageDigest::sha1()));
    }
    let (last, family) = algorithm.split_last()?;
    let digest = match (family, last) {
        (RSA, 0x05) => MessageDigest::sha1(),
        (RSA, 0x0b) | (ECDSA_SHA2, 0x02) => MessageDigest::sha256(),
        (RSA, 0x0c) | (ECDSA_SHA2, 0x03) => MessageDigest::sha384(),
        (RSA, 0x0d) | (ECDSA_SHA2, 0x04) => MessageDigest::sha512(),
        _ => return None,
    };
    Some(Some(digest))
}
