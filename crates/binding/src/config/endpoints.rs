//! `<services>`, `<client>`, `<protocolMapping>`.

use waxwing_soap::Address;

use crate::ListenUriMode;
use crate::TimeSpan;
use crate::config::identity::EndpointIdentity;
use crate::file::raw::RawXml;
use crate::settings::settings;
use crate::values::Range;
use crate::word::Feature::StandardEndpoints;
use crate::word::Support::{Refused, Runs, RunsExcept};
use crate::word::note;

const NOT_EMPTY: Range = Range::new(1, i64::MAX);

settings! {
    /// `<service><endpoint>`.
    pub struct ServiceEndpoint {
        attributes {
            /// Its address: absolute, or relative to the base address of the binding's scheme
            ///.
            address: String = String::new(), "address" as Uri => Runs;
            /// Type of its binding: `wsHttpBinding`…
            binding: String = String::new(), "binding" => Runs;
            /// Name of its binding; empty means the unnamed one, or the defaults.
            binding_configuration: String = String::new(), "bindingConfiguration" => Runs;
            /// Name of the binding in metadata.
            binding_name: String = String::new(), "bindingName" => Runs;
            /// Namespace of the binding in metadata (URI).
            binding_namespace: String = String::new(), "bindingNamespace" => Runs;
            /// The contract; `IMetadataExchange` is the built-in one of metadata.
            contract: String = String::new(), "contract" => Runs;
            /// Name of an endpoint behavior; empty means the unnamed one.
            behavior_configuration: String = String::new(), "behaviorConfiguration" => Runs;
            /// Name of the endpoint.
            name: String = String::new(), "name" => Runs;
            /// Where to listen, if not at the address.
            listen_uri: Option<String> = None, "listenUri" as Uri => Runs;
            /// How the listen address is made.
            listen_uri_mode: ListenUriMode = ListenUriMode::Explicit, "listenUriMode"
                => RunsExcept(&["Unique"]);
            /// Whether metadata leaves it out.
            is_system_endpoint: bool = false, "isSystemEndpoint" => Runs;
            /// A standard endpoint instead of a binding: `mexEndpoint`…
            kind: String = String::new(), "kind" => Refused(StandardEndpoints);
            /// Name of its configuration.
            endpoint_configuration: String = String::new(), "endpointConfiguration"
                => Refused(StandardEndpoints);
        }
        children {
            /// Headers that belong to the address (reference parameters): a message that lacks one of them is refused.
            headers: RawXml, "headers" => Runs;
            /// Its identity, for metadata.
            identity: Option<EndpointIdentity>, "identity", inside Runs;
        }
    }
}

settings! {
    /// `<baseAddresses><add>`.
    pub struct BaseAddress {
        attributes {
            /// An absolute address; one per scheme (URI).
            base_address: String = String::new(), "baseAddress", range NOT_EMPTY => Runs;
        }
    }
}

settings! {
    /// `<remove>` of `<protocolMapping>`.
    pub struct Remove {
        attributes {
            /// Scheme of the entry.
            scheme: String = String::new(), "scheme", range NOT_EMPTY => Runs;
        }
    }
}

settings! {
    /// `<clear/>`.
    pub struct Clear {}
}

settings! {
    /// `<baseAddresses>`. This is no map: it has neither `<clear/>` nor `<remove/>`.
    pub struct BaseAddresses {
        children {
            /// An address.
            add: Vec<BaseAddress>, "add";
        }
    }
}

settings! {
    /// `<host><timeouts>`.
    pub struct HostTimeouts {
        attributes {
            /// Time to open the host.
            open_timeout: TimeSpan = TimeSpan::minutes(1), "openTimeout"
                => note("a host opens at once, or says why not");
            /// Time to close it.
            close_timeout: TimeSpan = TimeSpan::seconds(10), "closeTimeout" => Runs;
        }
    }
}

settings! {
    /// `<host>`.
    pub struct Host {
        children {
            /// Base addresses.
            base_addresses: BaseAddresses, "baseAddresses";
            /// The host's timeouts.
            timeouts: HostTimeouts, "timeouts";
        }
    }
}

settings! {
    /// `<service>`.
    pub struct Service {
        attributes {
            /// Name of the service class, or its ConfigurationName.
            name: String = String::new(), "name", range NOT_EMPTY => Runs;
            /// Name of a service behavior; empty means the unnamed one.
            behavior_configuration: String = String::new(), "behaviorConfiguration" => Runs;
        }
        children {
            /// Base addresses and timeouts.
            host: Host, "host";
            /// Endpoints.
            endpoints: Vec<ServiceEndpoint>, "endpoint";
        }
    }
}

settings! {
    /// `<services>`.
    pub struct Services {
        children {
            /// The services.
            services: Vec<Service>, "service";
        }
    }
}

settings! {
    /// `<client><endpoint>`.
    pub struct ClientEndpoint {
        attributes {
            /// Key of the endpoint, together with the contract.
            name: String = String::new(), "name" => Runs;
            /// Address of the service, absolute.
            address: Option<String> = None, "address" as Uri => Runs;
            /// Type of the binding: `wsHttpBinding`…
            binding: String = String::new(), "binding" => Runs;
            /// Name of the binding; empty means the unnamed one, or the defaults.
            binding_configuration: String = String::new(), "bindingConfiguration" => Runs;
            /// The contract.
            contract: String = String::new(), "contract" => Runs;
            /// Name of an endpoint behavior; empty means the unnamed one.
            behavior_configuration: String = String::new(), "behaviorConfiguration" => Runs;
            /// A standard endpoint instead of a binding.
            kind: String = String::new(), "kind" => Refused(StandardEndpoints);
            /// Name of its configuration.
            endpoint_configuration: String = String::new(), "endpointConfiguration"
                => Refused(StandardEndpoints);
        }
        children {
            /// Headers that belong to the address (reference parameters): every message carries them, signed.
            headers: RawXml, "headers" => Runs;
            /// Who the service must be.
            identity: Option<EndpointIdentity>, "identity";
        }
    }
}

settings! {
    /// `<client>`.
    pub struct Client {
        children {
            /// The endpoints.
            endpoints: Vec<ClientEndpoint>, "endpoint";
            /// Metadata importers; not used.
            metadata: RawXml, "metadata" => note("it is for programs that read metadata");
        }
    }
}

settings! {
    /// `<protocolMapping><add>`.
    pub struct ProtocolMapping {
        attributes {
            /// Scheme of base addresses.
            scheme: String = String::new(), "scheme", range NOT_EMPTY => Runs;
            /// Type of the binding of default endpoints.
            binding: String = String::new(), "binding", range NOT_EMPTY => Runs;
            /// Name of that binding.
            binding_configuration: String = String::new(), "bindingConfiguration" => Runs;
        }
    }
}

settings! {
    /// `<protocolMapping>`: bindings of default endpoints.
    pub struct ProtocolMappings {
        children {
            /// Forgets the built-in mappings.
            clear: Vec<Clear>, "clear" => Runs;
            /// Removes a built-in mapping.
            remove: Vec<Remove>, "remove";
            /// A mapping.
            add: Vec<ProtocolMapping>, "add";
        }
    }
}

/// WCF's own mappings, https as of .NET Framework 4.5.
pub(crate) const BUILT_IN_MAPPINGS: &[(&str, &str)] = &[
    ("http", "basicHttpBinding"),
    ("https", "basicHttpsBinding"),
    ("net.tcp", "netTcpBinding"),
    ("net.pipe", "netNamedPipeBinding"),
    ("net.msmq", "netMsmqBinding"),
];

impl ProtocolMappings {
    /// Type and name of the binding of default endpoints for a scheme.
    pub fn binding_of(&self, scheme: &str) -> Option<(String, String)> {
        if let Some(added) = self.add.iter().find(|m| m.scheme == scheme) {
            return Some((added.binding.clone(), added.binding_configuration.clone()));
        }
        let removed = !self.clear.is_empty() || self.remove.iter().any(|r| r.scheme == scheme);
        let built_in = BUILT_IN_MAPPINGS.iter().find(|(s, _)| *s == scheme && !removed);
        built_in.map(|(_, binding)| ((*binding).to_owned(), String::new()))
    }
}

impl Service {
    /// Gives the service a base address from outside, in place of one of the same scheme.
    pub fn give_base_address(&mut self, address: &str) {
        let of = |address: &str| Address::of(address).scheme().map(str::to_ascii_lowercase);
        let all = &mut self.host.base_addresses.add;
        all.retain(|base| of(&base.base_address) != of(address));
        all.push(BaseAddress::default().base_address(address));
    }
}
