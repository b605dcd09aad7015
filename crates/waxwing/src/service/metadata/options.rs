//! What a service publishes of itself, set up in code.

use waxwing_binding::PolicyVersion;

/// What a service publishes of itself (`ServiceMetadataBehavior` and the help page of `ServiceDebugBehavior`), given to
/// [`ServiceHostBuilder::metadata`](crate::ServiceHostBuilder::metadata). A service publishes nothing unless it is told so, here or by
/// `<serviceMetadata>` of a configuration file.
///
/// ```
/// use waxwing::service::MetadataOptions;
/// // ?wsdl, ?singleWsdl and a help page at the base address.
/// let options = MetadataOptions::new();
/// // The same at an address of its own, with the host name that the caller asks for.
/// let options = MetadataOptions::new().at("http://localhost:8000/about").addresses_of_host_header();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataOptions {
    pub(super) get: bool,
    pub(super) at: Vec<String>,
    pub(super) help_page: bool,
    pub(super) version: PolicyVersion,
    pub(super) external: Option<String>,
    pub(super) of_host_header: bool,
    pub(super) of_forwarded: bool,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) documentation: Option<String>,
    pub(super) doc_comments: bool,
}

impl MetadataOptions {
    /// WSDL and a help page at the base addresses of the service; at the address of its first endpoint, if it has none.
    pub fn new() -> Self {
        Self {
            get: true,
            at: Vec::new(),
            help_page: true,
            version: PolicyVersion::Policy12,
            external: None,
            of_host_header: false,
            of_forwarded: false,
            name: None,
            namespace: None,
            documentation: None,
            doc_comments: false,
        }
    }

    /// Nothing for GET: the service describes itself at endpoints of the contract `IMetadataExchange` only, which
    /// [`ServiceHostBuilder::metadata_endpoint`](crate::ServiceHostBuilder::metadata_endpoint) adds.
    pub fn at_endpoints_only() -> Self {
        Self { get: false, help_page: false, ..Self::new() }
    }

    /// The same at this address (`httpGetUrl`, `httpsGetUrl`): absolute, or below the base address. Several are possible.
    #[must_use]
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.at.push(address.into());
        self
    }

    /// The same without help page.
    #[must_use]
    pub fn without_help_page(self) -> Self {
        Self { help_page: false, ..self }
    }

    /// The same with policies of this version; 1.2 without.
    #[must_use]
    pub fn policy_version(self, version: PolicyVersion) -> Self {
        Self { version, ..self }
    }

    /// The same, leading whoever asks for WSDL to this address (`externalMetadataLocation`).
    #[must_use]
    pub fn external_location(self, address: impl Into<String>) -> Self {
        Self { external: Some(address.into()), ..self }
    }

    /// The same with the host and port of the `Host` header in its addresses (`useRequestHeadersForMetadataAddress`), for a service that
    /// has several names.
    #[must_use]
    pub fn addresses_of_host_header(self) -> Self {
        Self { of_host_header: true, ..self }
    }

    /// The same with scheme, host and path of the header `Forwarded`, or of `X-Forwarded-Proto`, `X-Forwarded-Host` and
    /// `X-Forwarded-Prefix`, in its addresses. Only behind a front end that sets them itself: anybody can send them.
    #[must_use]
    pub fn addresses_of_forwarded_headers(self) -> Self {
        Self { of_forwarded: true, ..self }
    }

    /// The same with this name and namespace of the service; by default the last part of its name in the configuration, or that of its
    /// first contract with `Service`, in the namespace of its contracts.
    #[must_use]
    pub fn service_name(self, name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: Some(name.into()), namespace: Some(namespace.into()), ..self }
    }

    /// The same with this text about the service.
    #[must_use]
    pub fn documentation(self, text: impl Into<String>) -> Self {
        Self { documentation: Some(text.into()), ..self }
    }
}

impl MetadataOptions {
    /// The same with the doc comments of contracts, operations and data contracts as documentation. Everybody who reads the metadata
    /// reads them, so they are left out otherwise.
    #[must_use]
    pub fn doc_comments(self) -> Self {
        Self { doc_comments: true, ..self }
    }
}

impl Default for MetadataOptions {
    fn default() -> Self {
        Self::new()
    }
}
