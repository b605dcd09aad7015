//! The variables of the environment that name proxies.

use std::fmt;

use super::address::ProxyAddress;
use super::bypass::Target;
use super::no_proxy::NoProxy;

/// What the variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say. Small letters count where capitals say
/// nothing.
///
/// As other programs have it: loopback goes through none of them, and `HTTP_PROXY` does not count where `REQUEST_METHOD` is set, since the client of a CGI program
/// sets it with a header of its request (CVE-2016-5385).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    https: Option<Variable>,
    http: Option<Variable>,
    all: Option<Variable>,
    no: Option<Variable>,
}

#[derive(Clone, PartialEq, Eq)]
struct Variable {
    name: &'static str,
    value: String,
}

/// What the environment says of a target.
pub(super) enum Named {
    Proxy(ProxyAddress, &'static str),
    /// The variable that takes the target out.
    Excepted(&'static str),
    Nothing,
}

impl ProxyEnvironment {
    /// Asks for the variables by name; an empty one is none.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> ProxyEnvironment {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let value = variable(name).filter(|value| !value.trim().is_empty())?;
                Some(Variable { name, value })
            })
        };
        let is_cgi = variable("REQUEST_METHOD").is_some();
        ProxyEnvironment {
            https: first(["HTTPS_PROXY", "https_proxy"]),
            http: first(["HTTP_PROXY", "http_proxy"]).filter(|_| !is_cgi),
            all: first(["ALL_PROXY", "all_proxy"]),
            no: first(["NO_PROXY", "no_proxy"]),
        }
    }

    /// # Errors
    /// The variable that counts is no proxy.
    pub(super) fn find(&self, target: &Target) -> Result<Named, String> {
        let own = match target.scheme.as_str() {
            "https" => &self.https,
            "http" => &self.http,
            _ => return Ok(Named::Nothing),
        };
        let Some(variable) = own.as_ref().or(self.all.as_ref()) else { return Ok(Named::Nothing) };
        if let Some(no) = &self.no
            && NoProxy::parse(&no.value).matches(target)
        {
            return Ok(Named::Excepted(no.name));
        }
        let proxy = ProxyAddress::parse(&variable.value);
        let proxy = proxy.map_err(|why| {
            format!("the variable {} of the environment names no proxy: {why}", variable.name)
        })?;
        Ok(Named::Proxy(proxy, variable.name))
    }
}

impl fmt::Debug for ProxyEnvironment {
    /// Names only: a value may have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [&self.https, &self.http, &self.all, &self.no];
        f.debug_set().entries(all.into_iter().flatten().map(|variable| variable.name)).finish()
    }
}
