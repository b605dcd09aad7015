//! `<identity>`: who the service must turn out to be; and references into certificate stores.

use crate::settings::settings;
use crate::word::Feature::WindowsAccounts;
use crate::word::Support::{Refused, Runs};
use crate::word::note;
use crate::{StoreLocation, StoreName, X509FindType};

settings! {
    /// An element with one `value`.
    pub struct ValueElement {
        attributes {
            /// The value.
            value: String = String::new(), "value" => Runs;
        }
    }
}

settings! {
    /// `<certificate>` of an identity.
    pub struct EncodedCertificate {
        attributes {
            /// A DER certificate, or a PKCS#7 collection, in base64.
            encoded_value: String = String::new(), "encodedValue" => Runs;
        }
    }
}

settings! {
    /// A certificate in a store. Several hits are an error, never "the first one".
    pub struct CertificateReference {
        attributes {
            /// What to look for.
            find_value: String = String::new(), "findValue" => Runs;
            /// Branch of the store; absent means LocalMachine for services and identities,
            /// CurrentUser for clients.
            store_location: Option<StoreLocation> = None, "storeLocation" => Runs;
            /// The store.
            store_name: StoreName = StoreName::My, "storeName" => Runs;
            /// How to look.
            x509_find_type: X509FindType = X509FindType::FindBySubjectDistinguishedName,
                "x509FindType" => Runs;
        }
    }
}

impl CertificateReference {
    /// A reference by all four criteria.
    pub fn find(
        store_location: StoreLocation,
        store_name: StoreName,
        x509_find_type: X509FindType,
        find_value: impl Into<String>,
    ) -> CertificateReference {
        CertificateReference {
            find_value: find_value.into(),
            store_location: Some(store_location),
            store_name,
            x509_find_type,
        }
    }

    /// Whether anything is looked for: an element without attributes is as good as absent.
    pub fn is_specified(&self) -> bool {
        *self != CertificateReference::default()
    }
}

impl CertificateReference {
    /// The four criteria as WCF's texts list them: `StoreName 'My', StoreLocation 'CurrentUser',
    /// FindType 'FindBySubjectName', FindValue 'alice'`.
    pub fn criteria(&self) -> String {
        let location = self.store_location.unwrap_or(StoreLocation::CurrentUser);
        format!(
            "StoreName '{}', StoreLocation '{location}', FindType '{}', FindValue '{}'",
            self.store_name, self.x509_find_type, self.find_value
        )
    }
}

impl std::fmt::Display for CertificateReference {
    /// `FindBySubjectName 'alice' in CurrentUser/My`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} '{}' in ", self.x509_find_type, self.find_value)?;
        if let Some(location) = self.store_location {
            write!(f, "{location}/")?;
        }
        write!(f, "{}", self.store_name)
    }
}

settings! {
    /// `<certificateReference>` of an identity.
    pub struct IdentityCertificateReference {
        flatten {
            /// Where to find it.
            reference: CertificateReference,
        }
        attributes {
            /// Whether the issuers' certificates belong to it.
            is_chain_included: bool = false, "isChainIncluded"
                => note("the certificate itself is compared, its issuers are not");
        }
    }
}

settings! {
    /// `<identity>` as written; WCF uses the first one that is present, in the order of the
    /// fields.
    pub struct EndpointIdentity {
        children {
            /// Windows account.
            user_principal_name: Option<ValueElement>, "userPrincipalName",
                inside Refused(WindowsAccounts);
            /// Kerberos service name.
            service_principal_name: Option<ValueElement>, "servicePrincipalName",
                inside Refused(WindowsAccounts);
            /// DNS name in the service's certificate.
            dns: Option<ValueElement>, "dns";
            /// RSA key.
            rsa: Option<ValueElement>, "rsa";
            /// The very certificate.
            certificate: Option<EncodedCertificate>, "certificate";
            /// The same, in a store.
            certificate_reference: Option<IdentityCertificateReference>, "certificateReference";
        }
    }
}

/// The identity in force.
#[derive(Debug, Clone, PartialEq)]
pub enum Identity {
    /// Windows account, `user@domain`.
    UserPrincipalName(String),
    /// Kerberos service name, `host/name`.
    ServicePrincipalName(String),
    /// A DNS name that the service's certificate must carry; compared exactly but for case.
    Dns(String),
    /// An RSA key (XML or base64 as in the file).
    Rsa(String),
    /// The certificate itself, base64 of DER or PKCS#7.
    Certificate(String),
    /// The certificate itself, in a store.
    CertificateReference(CertificateReference),
}

impl EndpointIdentity {
    /// A DNS identity.
    pub fn dns_name(name: impl Into<String>) -> EndpointIdentity {
        let name: String = name.into();
        EndpointIdentity::default().dns(ValueElement::default().value(name))
    }

    /// The identity that WCF would use: the first that is present, in the order of the fields.
    pub fn effective(&self) -> Option<Identity> {
        let value = |e: &Option<ValueElement>| e.as_ref().map(|v| v.value.clone());
        let upn = value(&self.user_principal_name).map(Identity::UserPrincipalName);
        let spn = || value(&self.service_principal_name).map(Identity::ServicePrincipalName);
        let dns = || value(&self.dns).map(Identity::Dns);
        let rsa = || value(&self.rsa).map(Identity::Rsa);
        let certificate =
            || self.certificate.as_ref().map(|c| Identity::Certificate(c.encoded_value.clone()));
        let reference = || {
            let reference = self.certificate_reference.as_ref()?;
            Some(Identity::CertificateReference(reference.reference.clone()))
        };
        upn.or_else(spn).or_else(dns).or_else(rsa).or_else(certificate).or_else(reference)
    }
}
