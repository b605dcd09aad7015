//! Namespaces and the modules that hold their types.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_datacontract::namespaces::DATA_CONTRACT_BASE;

use super::case::module;
use super::scope::{Scope, Style};
use super::words::words;

/// What a contract without a namespace of its own has: its types stand in the root module.
const TEMPURI: &str = "http://tempuri.org";

/// The module of a namespace, from outside in; empty for the root module.
///
/// * `http://schemas.datacontract.org/2004/07/Contoso.Orders`: the CLR namespace, `contoso::orders`.
/// * `http://tempuri.org/`, and none: the root.
/// * another URL: the words of its path, `exchange_services_2006_types`; without a path, or where that begins with a digit,
///   with those of its host before them.
/// * a URN: its words.
pub fn module_path(namespace: &str) -> Vec<String> {
    candidates(namespace).swap_remove(0)
}

/// The paths that a namespace would take, the shortest first.
fn candidates(namespace: &str) -> Vec<Vec<String>> {
    if namespace.trim_end_matches('/') == TEMPURI || namespace.is_empty() {
        return vec![Vec::new()];
    }
    if let Some(clr) = namespace.strip_prefix(DATA_CONTRACT_BASE) {
        return vec![parts(clr, &['.', '/']).map(module).collect()];
    }
    let (scheme, rest) = namespace.split_once(':').unwrap_or(("", namespace));
    let Some(url) = rest.strip_prefix("//") else {
        let rest = if scheme.eq_ignore_ascii_case("urn") { rest } else { namespace };
        return vec![vec![module(rest)]];
    };
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let host = host.strip_prefix("www.").unwrap_or(host);
    let long = vec![module(&format!("{host}/{path}"))];
    let short = words(path).first().is_some_and(|word| !word.starts_with(|c: char| c.is_numeric()));
    match short {
        true => vec![vec![module(path)], long],
        false => vec![long],
    }
}

fn parts<'n>(text: &'n str, at: &'n [char]) -> impl Iterator<Item = &'n str> {
    text.split(at).filter(|part| !part.is_empty())
}

/// The modules of a set of namespaces, each its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    paths: BTreeMap<String, Vec<String>>,
}

impl Modules {
    /// The modules of these namespaces. One namespace alone is the root module; `given` says otherwise for some
    /// (`urn:orders` → `orders`, `shop::orders`, or nothing for the root).
    pub fn of<'n>(
        namespaces: impl IntoIterator<Item = &'n str>,
        given: &BTreeMap<String, String>,
    ) -> Self {
        let namespaces: BTreeSet<&str> = namespaces.into_iter().collect();
        let mut paths = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for &namespace in &namespaces {
            if let Some(path) = given.get(namespace) {
                let path: Vec<String> =
                    path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
                taken.insert(path.clone());
                paths.insert(namespace.to_owned(), path);
            }
        }
        for &namespace in &namespaces {
            if paths.contains_key(namespace) {
                continue;
            }
            let path = match namespaces.len() {
                1 => Vec::new(),
                _ => free(namespace, &taken),
            };
            taken.insert(path.clone());
            paths.insert(namespace.to_owned(), path);
        }
        Self { paths }
    }

    /// The module of a namespace, from outside in; empty for the root.
    pub fn path(&self, namespace: &str) -> &[String] {
        self.paths.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// All of them, by namespace.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.paths.iter().map(|(namespace, path)| (namespace.as_str(), path.as_slice()))
    }
}

/// The first path of a namespace that is free. The root is for all that want it.
fn free(namespace: &str, taken: &BTreeSet<Vec<String>>) -> Vec<String> {
    let candidates = candidates(namespace);
    for path in &candidates {
        if path.is_empty() || !taken.contains(path) {
            return path.clone();
        }
    }
    let mut path = candidates.into_iter().next_back().unwrap_or_default();
    let last = path.pop().unwrap_or_default();
    let siblings =
        taken.iter().filter(|other| other.len() == path.len() + 1 && other.starts_with(&path));
    let siblings = siblings.filter_map(|other| other.last()).map(String::as_str);
    path.push(Scope::with_reserved(Style::Snake, siblings).give(&last));
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_a_module() {
        let path = |namespace: &str| module_path(namespace).join("::");
        assert_eq!(
            path("http://schemas.datacontract.org/2004/07/Contoso.Orders"),
            "contoso::orders"
        );
        assert_eq!(path("http://schemas.datacontract.org/2004/07/"), "");
        assert_eq!(path("http://tempuri.org/"), "");
        assert_eq!(path("http://tempuri.org/Service/Request"), "service_request");
        assert_eq!(
            path("http://Microsoft.ServiceModel.Samples"),
            "microsoft_service_model_samples"
        );
        assert_eq!(
            path("http://schemas.microsoft.com/exchange/services/2006/types"),
            "exchange_services_2006_types"
        );
        assert_eq!(path("http://www.w3.org/2005/08/addressing"), "w3_org_2005_08_addressing");
        assert_eq!(path("urn:ebay:apis:eBLBaseComponents"), "ebay_apis_e_bl_base_components");
        assert_eq!(path("orders"), "orders");
        assert_eq!(path("urn:type"), "r#type");
    }

    #[test]
    fn each_namespace_has_its_own_module() {
        let set = [
            "http://a.org/orders",
            "http://b.org/orders",
            "http://b.org/orders/",
            "http://tempuri.org/",
            "urn:x",
        ];
        let given = BTreeMap::from([("urn:x".to_owned(), "deep::inside".to_owned())]);
        let modules = Modules::of(set, &given);
        let paths: Vec<String> =
            set.iter().map(|namespace| modules.path(namespace).join("::")).collect();
        assert_eq!(paths, ["orders", "b_org_orders", "b_org_orders_2", "", "deep::inside"]);
        assert_eq!(Modules::of(["urn:x"], &BTreeMap::new()).path("urn:x"), [""; 0]);
        assert_eq!(modules.path("urn:unknown"), [""; 0]);
        assert_eq!(modules.iter().count(), 5);
    }
}
