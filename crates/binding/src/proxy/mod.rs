//! Which proxy the messages to an address go through, and why.
//!
//! WCF's rules: `proxyAddress` of the binding, which needs `useDefaultWebProxy="false"`; with `useDefaultWebProxy="true"`
//! `<system.net><defaultProxy>` of the file, and where that says nothing what the system has: here the variables of the
//! environment. Nothing is read here: the environment and the machine's own addresses come in.

mod address;
mod bypass;
mod environment;
mod no_proxy;
mod refused;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

pub use address::{ProxyAddress, ProxyCredentials};
pub(crate) use bypass::{expression, instead_of_expression, net_with_expression};
pub use environment::ProxyEnvironment;

use crate::AuthenticationSchemes;
use crate::config::net::{DefaultProxy, ProxySetting};
use bypass::{Expressions, Target, is_local, is_loopback};
use environment::Named;

/// What an endpoint says of proxies.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxySettings {
    /// `proxyAddress` of the binding (URI).
    pub address: Option<String>,
    /// `useDefaultWebProxy` of the binding.
    pub use_default: bool,
    /// `bypassProxyOnLocal` of the binding; it goes with `address`.
    pub bypass_on_local: bool,
    /// How the client authenticates to a proxy (`proxyCredentialType`); `ANONYMOUS`: not by the binding.
    pub authentication: AuthenticationSchemes,
    /// `<system.net><defaultProxy>` of the file; it goes with `use_default`.
    pub default: Option<DefaultProxy>,
}

impl Default for ProxySettings {
    /// WCF's: whatever the system has.
    fn default() -> ProxySettings {
        ProxySettings {
            address: None,
            use_default: true,
            bypass_on_local: false,
            authentication: AuthenticationSchemes::ANONYMOUS,
            default: None,
        }
    }
}

impl ProxySettings {
    /// The first expression of the `<bypasslist>` by which these settings go that cannot be used, and why.
    pub(crate) fn unusable_expression(&self) -> Option<(&str, String)> {
        let default =
            self.default.as_ref().filter(|default| self.use_default && default.enabled)?;
        let has_class = default.module.as_ref().is_some_and(|module| !module.class.is_empty());
        let texts = default.bypass_list.add.iter().map(|add| add.address.as_str());
        texts.filter(|_| !has_class).find_map(|text| Some((text, bypass::expression(text).err()?)))
    }
}

/// The settings of an endpoint and of the environment, ready to be asked.
#[derive(Debug, Clone)]
pub struct ProxyRules {
    named: Option<(ProxyAddress, &'static str)>,
    /// Where nothing is named.
    system: Option<ProxyEnvironment>,
    /// Why nothing is asked.
    direct: &'static str,
    on_local: Option<&'static str>,
    bypass: Expressions,
}

/// How messages to an address go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyRoute {
    /// To the address itself.
    Direct {
        /// Why.
        why: String,
    },
    /// Through a proxy.
    Through {
        /// Which.
        proxy: ProxyAddress,
        /// What names it.
        why: String,
    },
}

const BINDING: &str = "proxyAddress of the binding";
const FILE: &str = "<defaultProxy> of the configuration file";

impl ProxyRules {
    /// The rules that `settings` and the environment make.
    ///
    /// # Errors
    /// What names a proxy cannot be used: its address, an expression of `<bypasslist>`, a .NET class.
    pub fn of(
        settings: &ProxySettings,
        environment: &ProxyEnvironment,
    ) -> Result<ProxyRules, String> {
        let direct = |direct| ProxyRules {
            named: None,
            system: None,
            direct,
            on_local: None,
            bypass: Expressions::default(),
        };
        if let Some(address) = settings.address.as_deref().filter(|_| !settings.use_default) {
            let proxy = proxy_of(address, BINDING)?;
            let on_local = settings.bypass_on_local.then_some("bypassProxyOnLocal of the binding");
            return Ok(ProxyRules { named: Some((proxy, BINDING)), on_local, ..direct("") });
        }
        if !settings.use_default {
            return Ok(direct("useDefaultWebProxy is false, and the binding names no proxy"));
        }
        let system = || Some(environment.clone());
        let nothing = "no variable of the environment names a proxy";
        let Some(default) = &settings.default else {
            return Ok(ProxyRules { system: system(), ..direct(nothing) });
        };
        if !default.enabled {
            return Ok(direct("<defaultProxy> of the configuration file is not enabled"));
        }
        if let Some(module) = default.module.as_ref().filter(|module| !module.class.is_empty()) {
            return Err(format!(
                "<defaultProxy> leaves the choice to the .NET class {}, which cannot run here: name the proxy in code \
                 (ChannelFactory::proxy_address, ChannelFactory::no_proxy)",
                module.class
            ));
        }
        let proxy = &default.proxy;
        let on_local = proxy.bypass_on_local == ProxySetting::True;
        let bypass =
            Expressions::new(default.bypass_list.add.iter().map(|add| add.address.as_str()))?;
        let named = proxy.proxy_address.as_deref().map(|address| proxy_of(address, FILE));
        // As .NET: what says nothing leaves it to the system, unless it says that it does not.
        let says_nothing = proxy.proxy_address.is_none()
            && proxy.bypass_on_local == ProxySetting::Unspecified
            && default.bypass_list.add.is_empty()
            && proxy.use_system_default != ProxySetting::False;
        let by_system = says_nothing || proxy.use_system_default == ProxySetting::True;
        Ok(ProxyRules {
            named: named.transpose()?.map(|proxy| (proxy, FILE)),
            system: if by_system { system() } else { None },
            direct: if by_system {
                nothing
            } else {
                "<defaultProxy> of the configuration file names no proxy"
            },
            on_local: on_local.then_some("bypassonlocal of <defaultProxy>"),
            bypass,
        })
    }

    /// Whether the environment decides.
    pub fn asks_environment(&self) -> bool {
        self.named.is_none() && self.system.is_some()
    }

    /// How messages to `address` (an absolute URI) go. `is_own` says whether an address is one of this machine's.
    ///
    /// # Errors
    /// A variable of the environment names what is no proxy.
    pub fn route(
        &self,
        address: &str,
        is_own: &dyn Fn(IpAddr) -> bool,
    ) -> Result<ProxyRoute, String> {
        let direct = |why: &str| Ok(ProxyRoute::Direct { why: why.to_owned() });
        let Some(target) = Target::of(address) else { return direct("the address has no host") };
        let (proxy, why) = match (&self.named, &self.system) {
            (Some((proxy, why)), _) => (proxy.clone(), (*why).to_owned()),
            (None, None) => return direct(self.direct),
            (None, Some(system)) => match system.find(&target)? {
                // As other programs have it: a proxy elsewhere would take this machine for its own.
                Named::Proxy(..) if is_loopback(&target) => {
                    return direct(
                        "the host is this machine, which the environment's proxies do not know",
                    );
                }
                Named::Proxy(proxy, name) => (proxy, format!("{name} of the environment")),
                Named::Excepted(name) => {
                    return direct(&format!("{name} of the environment names the host"));
                }
                Named::Nothing => return direct(self.direct),
            },
        };
        if let Some(why) = self.on_local.filter(|_| is_local(&target, is_own)) {
            return direct(&format!("the host is local, and {why} is true"));
        }
        if self.bypass.matches(&target) {
            return direct("<bypasslist> of <defaultProxy> names the host");
        }
        Ok(ProxyRoute::Through { proxy, why })
    }
}

fn proxy_of(address: &str, what: &str) -> Result<ProxyAddress, String> {
    ProxyAddress::parse(address).map_err(|why| format!("{what} names no proxy: {why}"))
}

impl fmt::Display for ProxyRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyRoute::Direct { why } => write!(f, "through no proxy: {why}"),
            ProxyRoute::Through { proxy, why } => write!(f, "through the proxy {proxy}: {why}"),
        }
    }
}
