//! Who calls: the identity that security proved, and what is claimed with it.

use waxwing_crypto::Certificate;

/// Who calls, as the binding's security proved it.
///
/// ```
/// use waxwing::contract::{Caller, ClaimRight, Identity, claim_types};
/// let caller = Caller::user_name("alice");
/// assert_eq!((caller.name.as_str(), caller.authentication_type()), ("alice", "UserName"));
/// assert!(matches!(caller.identity, Identity::UserName(_)));
/// let claims = caller.claims();
/// assert!(claims.iter().any(|claim| claim.claim_type == claim_types::NAME && claim.right == ClaimRight::Identity));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// The name as WCF gives it (`ServiceSecurityContext.PrimaryIdentity.Name`): `CN=alice; 3B…` of a certificate (subject
    /// and thumbprint), the user name of a password; empty of a caller that is not authenticated.
    pub name: String,
    /// What was proved.
    pub identity: Identity,
}

/// What a caller proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// Nothing.
    #[default]
    Anonymous,
    /// That he has the key of this certificate, which the service trusts: subject, issuer, validity, thumbprint and DER are
    /// its methods.
    Certificate(Certificate),
    /// The password of this user name.
    UserName(String),
}

impl Caller {
    /// The holder of a certificate.
    pub fn certificate_holder(certificate: Certificate) -> Self {
        Self { name: certificate.identity_name(), identity: Identity::Certificate(certificate) }
    }

    /// The owner of a user name.
    pub fn user_name(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name: name.clone(), identity: Identity::UserName(name) }
    }

    /// Whether the caller proved who he is.
    pub fn is_authenticated(&self) -> bool {
        self.identity != Identity::Anonymous
    }

    /// The certificate, of a caller that has one.
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.identity {
            Identity::Certificate(certificate) => Some(certificate),
            _ => None,
        }
    }

    /// The SHA-1 thumbprint of the certificate in upper-case hexadecimal digits, as Windows shows it.
    pub fn certificate_thumbprint(&self) -> Option<String> {
        self.certificate().map(Certificate::thumbprint_hex)
    }

    /// `X509`, `UserName` and so on; empty for a caller that is not authenticated.
    pub fn authentication_type(&self) -> &'static str {
        match self.identity {
            Identity::Anonymous => "",
            Identity::Certificate(_) => "X509",
            Identity::UserName(_) => "UserName",
        }
    }

    /// What is claimed of the caller, as WCF's `ClaimSet`s of certificates and user names have it
    /// (`ServiceSecurityContext.AuthorizationContext`). The claim with the right [`ClaimRight::Identity`] says who he is.
    ///
    /// Of a certificate: its thumbprint, subject, DNS names, common name, e-mail address and RSA key. The principal name
    /// (UPN) and the URI that it may have besides are left out.
    pub fn claims(&self) -> Vec<Claim> {
        let text = |claim_type, text: &str, right| {
            let value = ClaimValue::Text(text.to_owned());
            Claim { claim_type, value, right }
        };
        let property = ClaimRight::PossessProperty;
        let certificate = match &self.identity {
            Identity::Anonymous => return Vec::new(),
            Identity::UserName(name) => {
                return vec![
                    text(claim_types::NAME, name, ClaimRight::Identity),
                    text(claim_types::NAME, name, property),
                ];
            }
            Identity::Certificate(certificate) => certificate,
        };
        let octets = |claim_type, octets: &[u8], right| {
            let value = ClaimValue::Octets(octets.to_vec());
            Claim { claim_type, value, right }
        };
        let thumbprint = certificate.thumbprint();
        let mut claims = vec![
            octets(claim_types::THUMBPRINT, &thumbprint, ClaimRight::Identity),
            octets(claim_types::THUMBPRINT, &thumbprint, property),
        ];
        let subject = certificate.subject_windows();
        if !subject.is_empty() {
            claims.push(text(claim_types::X500_DISTINGUISHED_NAME, &subject, property));
        }
        for name in certificate.dns_names() {
            claims.push(text(claim_types::DNS, &name, property));
        }
        if let Some(name) = certificate.subject().common_name() {
            claims.push(text(claim_types::NAME, name, property));
        }
        if let Some(email) = certificate.email() {
            claims.push(text(claim_types::EMAIL, &email, property));
        }
        claims.push(octets(claim_types::RSA, certificate.public_key_der(), property));
        claims
    }
}

impl From<&waxwing_security::conversation::CallerIdentity> for Caller {
    fn from(identity: &waxwing_security::conversation::CallerIdentity) -> Self {
        use waxwing_security::conversation::CallerIdentity as Proven;
        match identity {
            Proven::Anonymous => Self::default(),
            Proven::Certificate(certificate) => Self::certificate_holder(certificate.clone()),
            Proven::UserName(name) => Self::user_name(name.as_ref()),
        }
    }
}

/// One claim about a caller: a type, a value, and what it says about him (`System.IdentityModel.Claims.Claim`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Claim {
    /// The type, a URI of [`claim_types`].
    pub claim_type: &'static str,
    /// The value.
    pub value: ClaimValue,
    /// What it says.
    pub right: ClaimRight,
}

/// The value of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimValue {
    /// A text: a name, an address.
    Text(String),
    /// Octets: a thumbprint, or a key (a SubjectPublicKeyInfo in DER; .NET has an object there).
    Octets(Vec<u8>),
}

/// What a claim says about the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimRight {
    /// Who he is.
    Identity,
    /// What he has.
    PossessProperty,
}

impl ClaimRight {
    /// The URI of the right.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Identity => "http://schemas.xmlsoap.org/ws/2005/05/identity/right/identity",
            Self::PossessProperty => {
                "http://schemas.xmlsoap.org/ws/2005/05/identity/right/possessproperty"
            }
        }
    }
}

/// The types of claims (`System.IdentityModel.Claims.ClaimTypes`).
pub mod claim_types {
    /// A name: a user name, or the common name of a certificate.
    pub const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    /// The SHA-1 digest of a certificate.
    pub const THUMBPRINT: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/thumbprint";
    /// The subject of a certificate, as Windows writes it.
    pub const X500_DISTINGUISHED_NAME: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/x500distinguishedname";
    /// A DNS name of a certificate.
    pub const DNS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/dns";
    /// The e-mail address of a certificate.
    pub const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    /// The RSA key of a certificate.
    pub const RSA: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/rsa";
}
