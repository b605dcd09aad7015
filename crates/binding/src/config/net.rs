//! `<system.net><defaultProxy>`: the proxy of everything in a .NET program that names none of its own.
//!
//! The section stands beside `<system.serviceModel>`; a binding with `useDefaultWebProxy="true"` goes by it.

use crate::settings::settings;
use crate::values::names;
use crate::word::Support::{InCode, Runs};
use crate::word::{NO_PROXY_SCRIPT, NO_WINDOWS, note_as, warn};

names! {
    /// A setting of `<proxy>` that may be left open.
    pub enum ProxySetting;
    /// As if it were not written.
    Unspecified,
    /// No.
    False,
    /// Yes.
    True,
    "false" => False;
    "true" => True;
}

settings! {
    /// `<bypasslist><add>`: addresses that are reached without the proxy.
    pub struct ProxyBypass {
        attributes {
            /// A regular expression that is looked for, in capitals or small letters, in `scheme://host`, or
            /// `scheme://host:port` where the port is not the scheme's own.
            address: String = String::new(), "address" => Runs;
        }
    }
}

settings! {
    /// `<bypasslist>`.
    pub struct ProxyBypassList {
        children {
            /// Addresses that are reached without the proxy.
            add: Vec<ProxyBypass>, "add";
        }
    }
}

settings! {
    /// `<proxy>`.
    pub struct ProxyElement {
        attributes {
            /// Whether a proxy is looked for in the network.
            auto_detect: ProxySetting = ProxySetting::Unspecified, "autoDetect"
                => note_as("False", NO_PROXY_SCRIPT);
            /// Whether hosts without a dot, loopback and the machine's own addresses are reached without the proxy.
            bypass_on_local: ProxySetting = ProxySetting::Unspecified, "bypassonlocal" => Runs;
            /// Address of the proxy.
            proxy_address: Option<String> = None, "proxyaddress" as Uri => Runs;
            /// Address of a script that names the proxy of each address.
            script_location: Option<String> = None, "scriptLocation" as Uri => warn(NO_PROXY_SCRIPT);
            /// Whether the system's settings hold where this element says nothing: here the variables HTTPS_PROXY,
            /// HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment.
            use_system_default: ProxySetting = ProxySetting::Unspecified, "usesystemdefault" => Runs;
        }
    }
}

settings! {
    /// `<module>`.
    pub struct ProxyModule {
        attributes {
            /// A .NET class that decides about proxies.
            class: String = String::new(), "type"
                => InCode("it names a .NET class, which cannot run here: a client that goes by the default proxy does not open unless the program names the proxy (ChannelFactory::proxy_address, ChannelFactory::no_proxy)");
        }
    }
}

settings! {
    /// `<defaultProxy>`: what clients with `useDefaultWebProxy="true"` go by. Without the element the variables HTTPS_PROXY,
    /// HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment hold.
    pub struct DefaultProxy {
        attributes {
            /// Whether there is a default proxy at all.
            enabled: bool = true, "enabled" => Runs;
            /// Whether the user's Windows account is shown to the proxy.
            use_default_credentials: bool = false, "useDefaultCredentials"
                => note_as("false", NO_WINDOWS);
        }
        children {
            /// Addresses that are reached without the proxy.
            bypass_list: ProxyBypassList, "bypasslist";
            /// A class that decides.
            module: Option<ProxyModule>, "module";
            /// The proxy.
            proxy: ProxyElement, "proxy";
        }
    }
}

settings! {
    /// `<system.net>`: of its elements this one concerns messages.
    pub struct SystemNet {
        children {
            /// The proxy of clients that name none.
            default_proxy: Option<DefaultProxy>, "defaultProxy";
        }
    }
}
