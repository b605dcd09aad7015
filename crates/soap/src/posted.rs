//! Endpoint references that messages are posted to because a peer named them: `ReplyTo` of composite duplex, where the peer
//! listens itself.
//!
//! Whoever names an address has somebody else send messages there, with reference parameters of his choice among the headers
//! (WS-Addressing 1.0 Core §6, SOAP Binding §6). What the layers would read as their own headers is no parameter here, and
//! what is echoed is small.

use crate::address::Address;
use crate::address_headers::AddressHeaders;
use crate::addressing::EndpointReference;
use crate::version::AddressingVersion;

/// The most reference parameters that are echoed: WCF's clients have one.
const MOST_PARAMETERS: usize = 8;

/// The most octets of all of them.
const MOST_OCTETS: usize = 4096;

/// The longest address.
const LONGEST: usize = 2048;

/// Where headers of the layers come from: SOAP, addressing, security, reliable messaging.
const OF_THE_LAYERS: &[&str] = &[
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
    "http://www.w3.org/2005/08/addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd",
    "http://schemas.xmlsoap.org/ws/2005/02/rm",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702",
    "http://schemas.microsoft.com/ws/2005/05/routing",
    "http://schemas.microsoft.com/ws/2005/05/addressing/none",
];

impl EndpointReference {
    /// The headers that every message to it carries.
    pub fn headers(&self) -> AddressHeaders {
        match self.reference_parameters.is_empty() {
            true => AddressHeaders::default(),
            // Each was written as an element that stands alone.
            false => AddressHeaders::parse(&self.reference_parameters.concat()).unwrap_or_default(),
        }
    }

    /// Whether both are the same place: the same URI, and the same reference parameters however they are spelled.
    pub fn is_same_place(&self, other: &Self) -> bool {
        let same = Address::of(&self.address).is_same(&Address::of(&other.address));
        same && self.headers().are_alike(&other.headers())
    }

    /// Whether messages can be posted there that a peer wants: to an absolute `http` address of a host, with few and small
    /// reference parameters, none of which is a header of SOAP, WS-Addressing, WS-Security or WS-ReliableMessaging.
    pub fn can_be_posted_to(&self) -> bool {
        let address = Address::of(&self.address);
        let host = address.host().unwrap_or_default();
        let is_special = [AddressingVersion::Addressing10, AddressingVersion::August2004]
            .into_iter()
            .any(|version| {
                self.is_anonymous(version) || version.none() == Some(self.address.as_str())
            });
        let octets: usize = self.reference_parameters.iter().map(String::len).sum();
        let is_small = self.address.len() <= LONGEST
            && octets <= MOST_OCTETS
            && self.reference_parameters.len() <= MOST_PARAMETERS;
        let is_place = address.has_scheme("http")
            && address.port().is_some_and(|port| port != 0)
            && !matches!(host, "" | "+" | "*");
        is_place && is_small && !is_special && self.has_own_headers_only()
    }

    /// Whether each parameter can be read, and is a header of the peer's own.
    fn has_own_headers_only(&self) -> bool {
        let Ok(headers) = AddressHeaders::parse(&self.reference_parameters.concat()) else {
            return false;
        };
        let own = headers.names().filter(|(namespace, _)| !OF_THE_LAYERS.contains(namespace));
        own.count() == self.reference_parameters.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Envelope;
    use crate::version::MessageVersion;

    const INSTANCE: &str = "<ChannelInstance xmlns=\"http://schemas.microsoft.com/ws/2005/02/duplex\">2</ChannelInstance>";

    fn at(address: &str, parameters: &[&str]) -> EndpointReference {
        EndpointReference {
            address: address.to_owned(),
            reference_parameters: parameters.iter().map(|own| (*own).to_owned()).collect(),
        }
    }

    #[test]
    fn what_wcf_names_can_be_posted_to() {
        let client = at("http://client:54721/callback/ae822a83", &[INSTANCE]);
        assert!(client.can_be_posted_to());
        let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
        client.headers().write(&mut envelope);
        let text = String::from_utf8(envelope.to_bytes()).unwrap();
        assert!(text.contains("a:IsReferenceParameter=\"true\""), "{text}");
        assert!(at("http://client/Temporary_Listen_Addresses/p/l", &[]).can_be_posted_to());
        assert!(at("HTTP://[::1]:8001/x", &[]).can_be_posted_to());
    }

    #[test]
    fn places_are_the_same_with_their_parameters() {
        let client = at("http://client:54721/callback/ae822a83", &[INSTANCE]);
        assert!(client.is_same_place(&at("HTTP://CLIENT:54721/callback/ae822a83", &[INSTANCE])));
        let three = INSTANCE.replace(">2<", ">3<");
        for other in [
            at("http://client:54721/callback/ae822a83", &[]),
            at("http://client:54721/callback/ae822a83", &[&three]),
            at("http://client:54721/callback/other", &[INSTANCE]),
            at("http://other:54721/callback/ae822a83", &[INSTANCE]),
            at("http://client:54722/callback/ae822a83", &[INSTANCE]),
        ] {
            assert!(!client.is_same_place(&other), "{other:?}");
        }
    }

    #[test]
    fn what_is_no_place_of_a_peer_cannot() {
        for address in [
            "http://www.w3.org/2005/08/addressing/anonymous",
            "http://www.w3.org/2005/08/addressing/none",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous",
            "https://client/x",
            "net.tcp://client/x",
            "file:///etc/passwd",
            "urn:client",
            "/x",
            "http://",
            "http:///x",
            "http://+:80/x",
            "http://client:0/x",
            "http://client:99999/x",
            "",
        ] {
            assert!(!at(address, &[]).can_be_posted_to(), "{address}");
        }
        assert!(!at(&format!("http://client/{}", "x".repeat(2048)), &[]).can_be_posted_to());
    }

    /// Whoever names the address does not write the headers of the layers.
    #[test]
    fn parameters_are_few_and_no_headers_of_the_layers() {
        let client = "http://client/x";
        for parameter in [
            "<a:To xmlns:a=\"http://www.w3.org/2005/08/addressing\">http://other</a:To>",
            "<Sequence xmlns=\"http://schemas.xmlsoap.org/ws/2005/02/rm\"/>",
            "<Security xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"/>",
            "<no xml",
            "<a/><b/>",
        ] {
            assert!(!at(client, &[parameter]).can_be_posted_to(), "{parameter}");
        }
        assert!(!at(client, &["<x/>"; 9]).can_be_posted_to());
        let large = format!("<x>{}</x>", "y".repeat(5000));
        assert!(!at(client, &[&large]).can_be_posted_to());
    }
}
