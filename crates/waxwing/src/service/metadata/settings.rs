//! What is published, and where: of a configuration file, or of code.

use std::collections::BTreeMap;

use waxwing_binding::{PolicyVersion, ServiceBehavior, ServiceDebug, ServiceMetadata};
use waxwing_soap::Address;

use super::options::MetadataOptions;
use super::seen::SeenBy;
use crate::service::error::{HostError, incomplete};

/// What is published.
#[derive(Debug, Clone, Default)]
pub(in crate::service) struct Settings {
    /// Where pages are, each address once.
    pub(super) places: Vec<PagePlace>,
    /// Whether endpoints of `IMetadataExchange` are answered.
    pub(in crate::service) endpoints: bool,
    pub(super) version: Option<PolicyVersion>,
    /// Where WSDL is instead.
    pub(super) external: Option<String>,
    pub(super) seen: SeenBy,
}

/// An address with pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::service) struct PagePlace {
    /// Absolute.
    pub(in crate::service) address: String,
    /// Whether WSDL and schemas are shown.
    pub(super) wsdl: bool,
    /// Whether the help page is.
    pub(super) help: bool,
}

impl Settings {
    /// Code goes before the file.
    ///
    /// # Errors
    /// A page has no address.
    pub(in crate::service) fn of(
        options: Option<&MetadataOptions>,
        behavior: &ServiceBehavior,
        bases: &[String],
        first_endpoint: Option<&str>,
    ) -> Result<Self, HostError> {
        match options {
            Some(options) => Self::of_code(options, bases, first_endpoint),
            None => Self::of_behavior(behavior, bases),
        }
    }

    fn of_code(
        options: &MetadataOptions,
        bases: &[String],
        first_endpoint: Option<&str>,
    ) -> Result<Self, HostError> {
        let mut settings = Self {
            endpoints: true,
            version: Some(options.version),
            external: options.external.clone(),
            seen: SeenBy {
                host: options.of_host_header,
                forwarded: options.of_forwarded,
                ports: BTreeMap::new(),
            },
            ..Self::default()
        };
        if !options.get {
            return Ok(settings);
        }
        let mut addresses = Vec::new();
        for address in &options.at {
            addresses.push(absolute(address, bases, None)?);
        }
        if options.at.is_empty() {
            let pages = |address: &&str| {
                Address::of(address).has_scheme("http") || Address::of(address).has_scheme("https")
            };
            addresses.extend(bases.iter().map(String::as_str).filter(pages).map(str::to_owned));
            if addresses.is_empty() {
                addresses.extend(first_endpoint.filter(pages).map(str::to_owned));
            }
        }
        if addresses.is_empty() {
            let text = "metadata needs an http or https address: give a base address (ServiceHostBuilder::base_address), or say \
                        where (MetadataOptions::at)";
            return Err(incomplete("", text));
        }
        for address in addresses {
            settings.add(PagePlace { address, wsdl: true, help: options.help_page });
        }
        Ok(settings)
    }

    fn of_behavior(behavior: &ServiceBehavior, bases: &[String]) -> Result<Self, HostError> {
        let metadata = behavior.service_metadata.as_ref();
        let mut settings = Self {
            endpoints: metadata.is_some(),
            version: metadata.map(|metadata| metadata.policy_version),
            external: metadata.and_then(|metadata| metadata.external_metadata_location.clone()),
            ..Self::default()
        };
        if let Some(headers) = &behavior.use_request_headers_for_metadata_address {
            settings.seen.host = true;
            for port in &headers.default_ports.add {
                let number = u16::try_from(port.port).unwrap_or_default();
                settings.seen.ports.insert(port.scheme.to_ascii_lowercase(), number);
            }
        }
        if let Some(ServiceMetadata {
            http_get_enabled,
            http_get_url,
            https_get_enabled,
            https_get_url,
            ..
        }) = metadata
        {
            settings.wsdl(*http_get_enabled, "http", http_get_url.as_deref(), bases)?;
            settings.wsdl(*https_get_enabled, "https", https_get_url.as_deref(), bases)?;
        }
        settings.help(behavior, bases)?;
        Ok(settings)
    }

    /// A page of WSDL, as the file has it.
    fn wsdl(
        &mut self,
        enabled: bool,
        scheme: &str,
        url: Option<&str>,
        bases: &[String],
    ) -> Result<(), HostError> {
        if !enabled {
            return Ok(());
        }
        let address = absolute(url.unwrap_or_default(), bases, Some(scheme))?;
        self.add(PagePlace { address, wsdl: true, help: false });
        Ok(())
    }

    /// Help pages: where `<serviceDebug>` is written and does not forbid them, and beside WSDL. WCF has them at every base address.
    fn help(&mut self, behavior: &ServiceBehavior, bases: &[String]) -> Result<(), HostError> {
        let written = behavior.service_debug.as_ref();
        let debug = written.cloned().unwrap_or_default();
        let ServiceDebug {
            http_help_page_enabled,
            http_help_page_url,
            https_help_page_enabled,
            https_help_page_url,
            ..
        } = debug;
        let pages = [
            (http_help_page_enabled, "http", http_help_page_url),
            (https_help_page_enabled, "https", https_help_page_url),
        ];
        for (enabled, scheme, url) in pages {
            let beside =
                self.places.iter().any(|place| Address::of(&place.address).has_scheme(scheme));
            if !enabled || !(beside || written.is_some()) {
                continue;
            }
            match (absolute(url.as_deref().unwrap_or_default(), bases, Some(scheme)), url) {
                (Ok(address), _) => self.add(PagePlace { address, wsdl: false, help: true }),
                // Nobody asked for it by name.
                (Err(_), None) => {}
                (Err(error), Some(_)) => return Err(error),
            }
        }
        Ok(())
    }

    fn add(&mut self, place: PagePlace) {
        let same = |known: &&mut PagePlace| {
            Address::of(&known.address).is_same(&Address::of(&place.address))
        };
        match self.places.iter_mut().find(same) {
            Some(known) => {
                known.wsdl |= place.wsdl;
                known.help |= place.help;
            }
            None => self.places.push(place),
        }
    }

    /// Where pages are.
    pub(in crate::service) fn places(&self) -> &[PagePlace] {
        &self.places
    }

    /// Where anybody can read WSDL by GET.
    pub(in crate::service) fn wsdl_at(&self) -> Option<&str> {
        self.places.iter().find(|place| place.wsdl).map(|place| place.address.as_str())
    }
}

/// # Errors
/// The address is relative, and there is no base address of the scheme. In WCF's words.
fn absolute(address: &str, bases: &[String], scheme: Option<&str>) -> Result<String, HostError> {
    let address = Address::of(address.trim());
    if address.is_absolute() {
        return Ok(address.as_str().to_owned());
    }
    let schemes = scheme.map_or(vec!["http", "https"], |scheme| vec![scheme]);
    let base = schemes.into_iter().find_map(|scheme| {
        bases.iter().map(|base| Address::of(base)).find(|base| base.has_scheme(scheme))
    });
    base.map(|base| address.below(&base)).ok_or_else(|| {
        let scheme = scheme.unwrap_or("http");
        let word = if scheme == "https" { "Https" } else { "Http" };
        let text = format!(
            "The {word}GetEnabled property of ServiceMetadataBehavior is set to true and the {word}GetUrl property is a relative address, \
             but there is no {scheme} base address.  Either supply an {scheme} base address or set {word}GetUrl to an absolute address."
        );
        incomplete("", text)
    })
}
