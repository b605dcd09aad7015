//! What to tell people whose service tells nothing of itself.

use waxwing_soap::Address;

/// What lets a WCF service that is reached at this address tell of itself, as the end of a sentence ("WCF does …"). Pages are over
/// HTTP alone: over net.tcp metadata are exchanged.
pub fn how_wcf_publishes(address: &str) -> &'static str {
    let address = Address::of(address);
    if address.has_scheme("net.tcp") {
        "with <serviceMetadata/> in the service's behavior and <endpoint address=\"mex\" binding=\"mexTcpBinding\" \
         contract=\"IMetadataExchange\"/> beside its endpoints, or at another address, of HTTP, where <serviceMetadata \
         httpGetEnabled=\"true\" httpGetUrl=\"http://…\"/> names one"
    } else if address.has_scheme("https") {
        "where the service's behavior has <serviceMetadata httpsGetEnabled=\"true\"/>, or with an endpoint of contract \
         IMetadataExchange (mexHttpsBinding)"
    } else {
        "where the service's behavior has <serviceMetadata httpGetEnabled=\"true\"/>, or with an endpoint of contract \
         IMetadataExchange (mexHttpBinding)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transport_has_its_own_way() {
        let net_tcp = how_wcf_publishes("net.tcp://localhost:808/calc");
        assert!(net_tcp.contains("mexTcpBinding") && net_tcp.contains("<serviceMetadata/>"));
        assert!(how_wcf_publishes("HTTPS://localhost/calc").contains("httpsGetEnabled"));
        assert!(how_wcf_publishes("http://localhost/calc").contains("mexHttpBinding"));
    }
}
