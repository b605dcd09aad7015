//! What a certificate may be used for, and who issued it (RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12).

use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509PurposeId, X509StoreContext, X509VerifyResult};

use crate::certificate::Certificate;
use crate::error::answered;
use crate::trust::Usage;

/// The object identifier of the extension basicConstraints, 2.5.29.19, in DER.
const BASIC_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x13];
/// `BOOLEAN TRUE` in DER.
const TRUE: [u8; 3] = [0x01, 0x01, 0xff];

/// `X509_V_ERR_INVALID_PURPOSE` of OpenSSL.
const INVALID_PURPOSE: i32 = 26;

impl Certificate {
    /// Whether its key usage and extended key usage allow it to be shown as a client's or a
    /// service's. A certificate without these extensions allows everything.
    pub fn allows(&self, usage: Usage) -> bool {
        self.verified_alone(usage).map_or(true, |result| result.as_raw() != INVALID_PURPOSE)
    }

    /// Whether `issuer` issued it: the name is its, and so is the signature.
    pub fn was_issued_by(&self, issuer: &Certificate) -> bool {
        let is_named = answered(issuer.x509().issued(self.x509())) == X509VerifyResult::OK;
        is_named && answered(self.x509().verify(issuer.public_key())).unwrap_or(false)
    }

    /// Whether it names itself as its issuer.
    pub fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }

    /// Whether it may issue others (basicConstraints, RFC 5280 §4.2.1.9). One of version 1, which
    /// has no extensions, may when it names itself as its issuer.
    pub fn is_authority(&self) -> bool {
        let der = self.der();
        let after = der.windows(BASIC_CONSTRAINTS.len()).position(|w| w == BASIC_CONSTRAINTS);
        let Some(mut rest) = after.map(|at| &der[at + BASIC_CONSTRAINTS.len()..]) else {
            return self.x509().version() == 0 && self.is_self_issued();
        };
        rest = rest.strip_prefix(&TRUE).unwrap_or(rest);
        // OCTET STRING, SEQUENCE: both shorter than 128 octets.
        matches!(rest, [0x04, _, 0x30, length, content @ ..] if *length >= 3 && content.starts_with(&TRUE))
    }

    /// The library's verdict on the certificate as its own trusted root, whatever the time.
    fn verified_alone(&self, usage: Usage) -> Result<X509VerifyResult, openssl::error::ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(self.x509().clone())?;
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN | X509VerifyFlags::NO_CHECK_TIME)?;
        parameters.set_purpose(match usage {
            Usage::Client => X509PurposeId::SSL_CLIENT,
            Usage::Service => X509PurposeId::SSL_SERVER,
        })?;
        store.set_param(&parameters)?;
        let store = store.build();
        let mut context = X509StoreContext::new()?;
        context.init(&store, self.x509(), &*Stack::new()?, |c| {
            answered(c.verify_cert())?;
            Ok(c.error())
        })
    }
}
