//! Where in the file the parts of an endpoint stand: its binding, its behavior, its certificates.

use crate::diagnostic::Span;
use crate::file::node::Node;

/// The elements that make up an endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places<'n> {
    /// The `<endpoint>`; the `<service>` for endpoints that are made by default.
    pub(crate) endpoint: &'n Node,
    /// Its `<binding>`, if the file has it.
    pub(crate) binding: Option<&'n Node>,
    /// The behavior with its credentials, if the file has it.
    pub(crate) behavior: Option<&'n Node>,
}

impl<'n> Places<'n> {
    /// Of a client's `<endpoint>`; `model` is `<system.serviceModel>`.
    pub(crate) fn of_client(model: &'n Node, endpoint: &'n Node) -> Places<'n> {
        let behavior = behavior(model, "endpointBehaviors", endpoint);
        Places { endpoint, binding: binding(model, endpoint), behavior }
    }

    /// Of an `<endpoint>` of a `<service>`.
    pub(crate) fn of_service(model: &'n Node, service: &'n Node, endpoint: &'n Node) -> Places<'n> {
        let behavior = behavior(model, "serviceBehaviors", service);
        Places { endpoint, binding: binding(model, endpoint), behavior }
    }

    /// The element at `path` in the behavior, or the nearest around it that exists; the endpoint
    /// when the behavior has nothing of it.
    pub(crate) fn in_behavior(&self, path: &str) -> Span {
        let first = path.split('/').next().unwrap_or_default();
        let behavior = self.behavior.filter(|behavior| behavior.child(first).is_some());
        behavior.map_or(self.endpoint.name_span, |behavior| behavior.locate(path))
    }
}

fn binding<'n>(model: &'n Node, endpoint: &Node) -> Option<&'n Node> {
    let group = model.child("bindings")?.child(endpoint.value("binding"))?;
    named(group, "binding", endpoint.value("bindingConfiguration"))
}

fn behavior<'n>(model: &'n Node, kind: &str, owner: &Node) -> Option<&'n Node> {
    let behaviors = model.child("behaviors")?.child(kind)?;
    named(behaviors, "behavior", owner.value("behaviorConfiguration"))
}

/// An element of a collection by its name; the unnamed one without a name.
fn named<'n>(collection: &'n Node, element: &str, name: &str) -> Option<&'n Node> {
    let mut all = collection.children.iter().filter(|child| child.name == element);
    all.find(|child| child.value("name") == name)
}
