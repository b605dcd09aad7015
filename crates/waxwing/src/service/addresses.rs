//! Where endpoints are: base addresses given in code.

use waxwing_soap::Address;

use super::error::{HostError, incomplete};

/// Base addresses given in code, at most one of each scheme: what endpoints with relative addresses are below.
#[derive(Debug, Clone, Default)]
pub(super) struct BaseAddresses(Vec<String>);

impl BaseAddresses {
    /// # Errors
    /// WCF would refuse the address, or there is one of its scheme.
    pub(super) fn add(&mut self, address: &str) -> Result<(), HostError> {
        let address = Address::of(address);
        let (Some(scheme), Some(authority)) = (address.scheme(), address.authority()) else {
            let text = "Only an absolute Uri can be used as a base address.";
            return Err(incomplete(address.as_str(), text));
        };
        let wrong = match () {
            () if address.fragment().is_some() => Some("fragment"),
            () if address.query().is_some() => Some("query string"),
            () if authority.contains('@') => Some("user info section"),
            () => None,
        };
        let address = address.as_str();
        if let Some(part) = wrong {
            return Err(incomplete(
                address,
                format!("A base address cannot contain a Uri {part}."),
            ));
        }
        if self.of_scheme(scheme).is_some() {
            let text = format!(
                "This collection already contains an address with scheme {scheme}.  There can be at most one address per \
                 scheme in this collection."
            );
            return Err(incomplete(address, text));
        }
        self.0.push(address.to_owned());
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn addresses(&self) -> impl Iterator<Item = Address<'_>> {
        self.iter().map(Address::of)
    }

    fn of_scheme(&self, wanted: &str) -> Option<Address<'_>> {
        self.addresses().find(|base| base.has_scheme(wanted))
    }

    /// The absolute address of an endpoint: as it is written, or below the base address of its binding's scheme.
    ///
    /// # Errors
    /// It is relative, and there is no such base address.
    pub(super) fn absolute(
        &self,
        address: &str,
        scheme: &str,
        binding: &str,
    ) -> Result<String, HostError> {
        let address = Address::of(address);
        if address.is_absolute() {
            return Ok(address.as_str().to_owned());
        }
        let Some(base) = self.of_scheme(scheme) else {
            let schemes: Vec<_> = self.addresses().filter_map(|base| base.scheme()).collect();
            let text = format!(
                "Could not find a base address that matches scheme {scheme} for the endpoint with binding {binding}. \
                 Registered base address schemes are [{}]. Give one (ServiceHostBuilder::base_address), or write the \
                 whole address",
                schemes.join(", ")
            );
            return Err(incomplete(address.as_str(), text));
        };
        Ok(address.below(&base))
    }
}

#[cfg(test)]
mod tests {
    use super::BaseAddresses;

    #[test]
    fn base_addresses_are_one_for_each_scheme() {
        let mut bases = BaseAddresses::default();
        bases.add("http://localhost:8000/calc/").unwrap();
        bases.add("net.tcp://localhost:808/calc").unwrap();
        let twice = bases.add("HTTP://other").unwrap_err().to_string();
        assert!(
            twice.contains(
                "This collection already contains an address with scheme HTTP.  \
                 There can be at most one address per scheme in this collection."
            ),
            "{twice}"
        );
        for (bad, text) in [
            ("localhost/calc", "Only an absolute Uri can be used as a base address."),
            ("http://h/?wsdl", "query"),
            ("http://h/#top", "fragment"),
            ("http://me@h/", "user info"),
        ] {
            let error = bases.clone().add(bad).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let below = |address| bases.absolute(address, "http", "WSHttpBinding").unwrap();
        assert_eq!(below("add"), "http://localhost:8000/calc/add");
        assert_eq!(below("/add"), "http://localhost:8000/calc/add");
        assert_eq!(below(""), "http://localhost:8000/calc/");
        assert_eq!(below("http://h/x"), "http://h/x");
        assert_eq!(below("urn:x"), "urn:x");
        let error = bases.absolute("add", "https", "WSHttpBinding").unwrap_err().to_string();
        assert!(
            error.contains(
                "Could not find a base address that matches scheme https for the endpoint with binding \
                 WSHttpBinding. Registered base address schemes are [http, net.tcp]."
            ),
            "{error}"
        );
    }
}
