//! Names of elements that .NET classes stand for: in behaviors, in custom bindings, as standard
//! endpoints. .NET registers some itself and some in its `machine.config`; a file may register more.

use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::{Extensions, Reader};
use crate::suggest;
use crate::word::{AUTHORIZATION, NO_TRANSACTIONS, NO_WORKFLOWS, Support, note, warn};

/// More extensions than this in one collection are refused.
pub(crate) const MAX_ELEMENTS: usize = 64;

/// Service behaviors of which only the name is known, and what becomes of them.
pub(crate) const OTHER_SERVICE_BEHAVIORS: &[(&str, Support)] = &[
    ("serviceAuthenticationManager", warn(AUTHORIZATION)),
    (
        "serviceSecurityAudit",
        warn("nothing is written to the event log; `tracing` has what happens"),
    ),
    ("workflowRuntime", warn(NO_WORKFLOWS)),
    ("persistenceProvider", warn(NO_WORKFLOWS)),
    ("serviceDiscovery", warn("services are not announced here")),
    ("etwTracking", warn(NO_WORKFLOWS)),
    ("routing", warn("messages are not passed on to other services here")),
    ("workflowIdle", warn(NO_WORKFLOWS)),
    ("workflowUnhandledException", warn(NO_WORKFLOWS)),
    ("workflowInstanceManagement", warn(NO_WORKFLOWS)),
    ("bufferedReceive", warn(NO_WORKFLOWS)),
    ("sendMessageChannelCache", warn(NO_WORKFLOWS)),
    ("sqlWorkflowInstanceStore", warn(NO_WORKFLOWS)),
];
/// Endpoint behaviors of which only the name is known, and what becomes of them.
pub(crate) const OTHER_ENDPOINT_BEHAVIORS: &[(&str, Support)] = &[
    ("synchronousReceive", note("messages are received as they come")),
    ("transactedBatching", note(NO_TRANSACTIONS)),
    ("webHttp", warn("it is for webHttpBinding, which is refused")),
    ("enableWebScript", warn("it is for webHttpBinding, which is refused")),
    ("endpointDiscovery", warn("services are not announced here")),
    ("soapProcessing", warn("messages are not passed on to other services here")),
];
/// Behaviors that are modelled.
const MODELLED_BEHAVIORS: &[&str] = &[
    "serviceCredentials",
    "serviceMetadata",
    "useRequestHeadersForMetadataAddress",
    "serviceDebug",
    "serviceThrottling",
    "serviceTimeouts",
    "serviceAuthorization",
    "serviceHealth",
    "clientCredentials",
    "callbackDebug",
    "callbackTimeouts",
    "clientVia",
    "dispatcherSynchronization",
    "dataContractSerializer",
];

/// Elements of a custom binding of which only the name is known: transports, encoders, markers.
pub(crate) const OTHER_ELEMENTS: &[&str] = &[
    "namedPipeTransport",
    "msmqTransport",
    "msmqIntegration",
    "peerTransport",
    "pnrpPeerResolver",
    "udpTransport",
    "privacyNoticeAt",
    "unrecognizedPolicyAssertions",
    "useManagedPresentation",
    "context",
    "byteStreamMessageEncoding",
    "webMessageEncoding",
    "discoveryClient",
];

/// Ready-made endpoints.
pub(crate) const STANDARD_ENDPOINTS: &[&str] = &[
    "mexEndpoint",
    "dynamicEndpoint",
    "discoveryEndpoint",
    "udpDiscoveryEndpoint",
    "announcementEndpoint",
    "udpAnnouncementEndpoint",
    "workflowControlEndpoint",
    "webHttpEndpoint",
    "webScriptEndpoint",
];

/// What the section `<extensions>` registers.
pub(crate) fn registered(node: &Node) -> Extensions {
    let names = |collection: &str| -> Vec<String> {
        let nodes = node.child(collection).into_iter().flat_map(|c| c.children_named("add"));
        nodes.map(|add| add.value("name").to_owned()).filter(|n| !n.is_empty()).collect()
    };
    Extensions {
        behaviors: names("behaviorExtensions"),
        binding_elements: names("bindingElementExtensions"),
        bindings: names("bindingExtensions"),
        endpoints: names("endpointExtensions"),
    }
}

/// All behaviors that .NET knows.
pub(crate) fn behaviors() -> impl Iterator<Item = &'static str> + Clone {
    let others = OTHER_SERVICE_BEHAVIORS.iter().chain(OTHER_ENDPOINT_BEHAVIORS);
    MODELLED_BEHAVIORS.iter().copied().chain(others.map(|(name, _)| *name))
}

/// An extension too many.
pub(crate) fn too_many(child: &Node) -> Problem {
    let message = format!("more than {MAX_ELEMENTS} elements stand here");
    Problem::error("limit-exceeded", child.name_span, message)
        .behavior("has no such limit")
        .fix("remove what is not needed")
}

/// A child of a behavior or custom binding whose name is not registered in the collection; `names`
/// are those that are.
pub(crate) fn unknown(
    child: &Node,
    collection: &str,
    names: impl Iterator<Item = &'static str> + Clone,
    cx: &mut Reader,
) {
    let guess = suggest::nearest(&child.name, names);
    let suggestion =
        guess.or_else(|| (child.name == "reliableMessaging").then(|| "reliableSession".to_owned()));
    let fix = match &suggestion {
        Some(name) => format!("write <{name}>"),
        None => {
            "remove it, or write one of the elements listed in docs/configuration.md".to_owned()
        }
    };
    let message = format!("there is no extension called {}", child.name);
    cx.report(
        Problem::error("unknown-extension", child.name_span, message)
            .wcf(format!(
                "Invalid element in configuration. The extension name '{}' is not registered in \
                 the collection at system.serviceModel/extensions/{collection}.",
                child.name
            ))
            .suggest(suggestion)
            .fix(fix),
    );
}

/// An extension that stands in its collection a second time.
pub(crate) fn duplicate(child: &Node, owner: &str) -> Problem {
    let name = &child.name;
    Problem::error(
        "repeated-element",
        child.name_span,
        format!("<{name}> stands here a second time"),
    )
    .wcf(format!(
        "An extension named {name} already appears in the {owner}. Extension names must be unique."
    ))
    .fix("put everything into one element")
}
