//! `<behaviors>`: service and endpoint behaviors.

use crate::config::credentials::{ClientCredentials, ServiceCredentials};
use crate::extensions::{self, MAX_ELEMENTS, OTHER_ENDPOINT_BEHAVIORS, OTHER_SERVICE_BEHAVIORS};
use crate::file::node::{Attribute, Node};
use crate::file::problem::Problem;
use crate::file::raw::OtherElement;
use crate::file::reader::Reader;
use crate::file::writer::OutNode;
use crate::settings::{ChildField, ChildRead, Description, Settings, settings};
use crate::values::{Range, Rule, Value};
use crate::word::Support::{InCode, Runs};
use crate::word::{
    AUTHORIZATION, MANAGER, NO_HEALTH, NO_TRANSACTIONS, NO_WINDOWS, PAGE_BINDING, note, note_as,
    warn,
};
use crate::{PolicyVersion, PrincipalPermissionMode, TimeSpan};

const AT_LEAST_ONE: Range = Range::new(1, i32::MAX as i64);
const NOT_EMPTY: Range = Range::new(1, i64::MAX);

settings! {
    /// `<serviceMetadata>`: WSDL and MEX.
    pub struct ServiceMetadata {
        attributes {
            /// Whether `?wsdl` is answered over HTTP.
            http_get_enabled: bool = false, "httpGetEnabled" => Runs;
            /// Where, if not at the base address.
            http_get_url: Option<String> = None, "httpGetUrl" as Uri => Runs;
            /// Whether `?wsdl` is answered over HTTPS.
            https_get_enabled: bool = false, "httpsGetEnabled" => Runs;
            /// Where, if not at the base address.
            https_get_url: Option<String> = None, "httpsGetUrl" as Uri => Runs;
            /// Binding type of the HTTP page.
            http_get_binding: String = String::new(), "httpGetBinding" => note(PAGE_BINDING);
            /// Its name.
            http_get_binding_configuration: String = String::new(), "httpGetBindingConfiguration"
                => note(PAGE_BINDING);
            /// Binding type of the HTTPS page.
            https_get_binding: String = String::new(), "httpsGetBinding" => note(PAGE_BINDING);
            /// Its name.
            https_get_binding_configuration: String = String::new(), "httpsGetBindingConfiguration"
                => note(PAGE_BINDING);
            /// A WSDL file that stands in for the generated one.
            external_metadata_location: Option<String> = None, "externalMetadataLocation" as Uri
                => Runs;
            /// The version of WS-Policy.
            policy_version: PolicyVersion = PolicyVersion::Policy12, "policyVersion"
                => Runs;
        }
    }
}

settings! {
    /// One `<add>` of `<defaultPorts>`.
    pub struct DefaultPort {
        attributes {
            /// The scheme.
            scheme: String = String::new(), "scheme", range NOT_EMPTY => Runs;
            /// The port of addresses of that scheme.
            port: u32 = 0, "port", range Range::new(0, 65_535) => Runs;
        }
    }
}

settings! {
    /// `<defaultPorts>`.
    pub struct DefaultPorts {
        children {
            /// A port.
            add: Vec<DefaultPort>, "add";
        }
    }
}

settings! {
    /// `<useRequestHeadersForMetadataAddress>`: addresses in metadata have the host that the caller asked for.
    pub struct UseRequestHeadersForMetadataAddress {
        children {
            /// Ports of addresses of other schemes than the caller's.
            default_ports: DefaultPorts, "defaultPorts";
        }
    }
}

settings! {
    /// `<serviceDebug>`.
    pub struct ServiceDebug {
        attributes {
            /// Whether a page explains the service over HTTP.
            http_help_page_enabled: bool = true, "httpHelpPageEnabled" => Runs;
            /// Where.
            http_help_page_url: Option<String> = None, "httpHelpPageUrl" as Uri => Runs;
            /// Whether a page explains the service over HTTPS.
            https_help_page_enabled: bool = true, "httpsHelpPageEnabled"
                => Runs;
            /// Where.
            https_help_page_url: Option<String> = None, "httpsHelpPageUrl" as Uri => Runs;
            /// Binding type of the HTTP page.
            http_help_page_binding: String = String::new(), "httpHelpPageBinding" => note(PAGE_BINDING);
            /// Its name.
            http_help_page_binding_configuration: String = String::new(), "httpHelpPageBindingConfiguration"
                => note(PAGE_BINDING);
            /// Binding type of the HTTPS page.
            https_help_page_binding: String = String::new(), "httpsHelpPageBinding"
                => note(PAGE_BINDING);
            /// Its name.
            https_help_page_binding_configuration: String = String::new(), "httpsHelpPageBindingConfiguration"
                => note(PAGE_BINDING);
            /// Whether faults tell exceptions to the caller.
            include_exception_detail_in_faults: bool = false, "includeExceptionDetailInFaults"
                => Runs;
        }
    }
}

settings! {
    /// `<serviceThrottling>`: an absent limit is 16 calls, 100 sessions, 116 instances per
    /// processor.
    pub struct ServiceThrottling {
        attributes {
            /// Calls at once in the whole host; further ones wait. Absent: 16 for each processor.
            max_concurrent_calls: Option<u32> = None, "maxConcurrentCalls", range AT_LEAST_ONE
                => Runs;
            /// Sessions at once in the whole host; further ones wait to be accepted. Absent: 100 for each processor.
            max_concurrent_sessions: Option<u32> = None, "maxConcurrentSessions", range AT_LEAST_ONE
                => Runs;
            /// Instances at once in the whole host; calls that need a new one wait. Absent: 116 for each processor.
            max_concurrent_instances: Option<u32> = None, "maxConcurrentInstances", range AT_LEAST_ONE
                => Runs;
        }
    }
}

/// The limits of a service in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveThrottling {
    /// Calls at once.
    pub max_concurrent_calls: u32,
    /// Sessions at once.
    pub max_concurrent_sessions: u32,
    /// Instances at once.
    pub max_concurrent_instances: u32,
}

impl ServiceBehavior {
    /// The limits in force on a machine with so many processors: 16 calls, 100 sessions and 116
    /// instances per processor where the behavior sets none.
    pub fn throttling(&self, processors: u32) -> EffectiveThrottling {
        let set = self.service_throttling.clone().unwrap_or_default();
        let automatic = |per_processor: u32| per_processor.saturating_mul(processors.max(1));
        EffectiveThrottling {
            max_concurrent_calls: set.max_concurrent_calls.unwrap_or_else(|| automatic(16)),
            max_concurrent_sessions: set.max_concurrent_sessions.unwrap_or_else(|| automatic(100)),
            max_concurrent_instances: set
                .max_concurrent_instances
                .unwrap_or_else(|| automatic(116)),
        }
    }
}

settings! {
    /// `<serviceTimeouts>` and `<callbackTimeouts>`.
    pub struct TransactionTimeouts {
        attributes {
            /// Time for a transaction; 00:00:00 is the system's.
            transaction_timeout: TimeSpan = TimeSpan::ZERO, "transactionTimeout"
                => warn(NO_TRANSACTIONS);
        }
    }
}

settings! {
    /// One `<add>` of `authorizationPolicies`.
    pub struct AuthorizationPolicy {
        attributes {
            /// Type name of the policy.
            policy_type: String = String::new(), "policyType", range NOT_EMPTY
                => InCode(MANAGER);
        }
    }
}

settings! {
    /// `<authorizationPolicies>`.
    pub struct AuthorizationPolicies {
        children {
            /// A policy.
            add: Vec<AuthorizationPolicy>, "add";
        }
    }
}

settings! {
    /// `<serviceAuthorization>`.
    pub struct ServiceAuthorization {
        attributes {
            /// What roles a caller has.
            principal_permission_mode: PrincipalPermissionMode =
                PrincipalPermissionMode::UseWindowsGroups, "principalPermissionMode"
                    => warn(AUTHORIZATION);
            /// Name of the role provider.
            role_provider_name: String = String::new(), "roleProviderName" => warn(AUTHORIZATION);
            /// Whether every operation runs as the caller.
            impersonate_caller_for_all_operations: bool = false, "impersonateCallerForAllOperations"
                => warn(NO_WINDOWS);
            /// Whether replies are written as the caller.
            impersonate_on_serializing_reply: bool = false, "impersonateOnSerializingReply"
                => warn(NO_WINDOWS);
            /// Type name of the manager.
            service_authorization_manager_type: String = String::new(),
                "serviceAuthorizationManagerType" => InCode(MANAGER);
        }
        children {
            /// Policies.
            authorization_policies: AuthorizationPolicies, "authorizationPolicies";
        }
    }
}

settings! {
    /// `<dataContractSerializer>`.
    pub struct DataContractSerializer {
        attributes {
            /// Values in one parameter or result, read or written; an endpoint's own goes before its
            /// service's.
            max_items_in_object_graph: u32 = i32::MAX as u32, "maxItemsInObjectGraph"
                => Runs;
            /// Whether unknown elements are dropped instead of kept.
            ignore_extension_data_object: bool = false, "ignoreExtensionDataObject"
                => note_as("true", "what a data contract does not know is dropped");
        }
    }
}

settings! {
    /// `<callbackDebug>`.
    pub struct CallbackDebug {
        attributes {
            /// Whether the faults of callbacks tell exceptions to the service.
            include_exception_detail_in_faults: bool = false, "includeExceptionDetailInFaults"
                => Runs;
        }
    }
}

settings! {
    /// `<clientVia>`.
    pub struct ClientVia {
        attributes {
            /// Where messages are really sent.
            via_uri: String = String::new(), "viaUri" as Uri => Runs;
        }
    }
}

settings! {
    /// `<dispatcherSynchronization>`.
    pub struct DispatcherSynchronization {
        attributes {
            /// Whether replies are sent asynchronously.
            asynchronous_send_enabled: bool = false, "asynchronousSendEnabled"
                => note("replies are always sent without waiting for one another");
            /// Receives under way at once.
            max_pending_receives: u32 = 1, "maxPendingReceives", range AT_LEAST_ONE
                => note("replies are always sent without waiting for one another");
        }
    }
}

settings! {
    /// `<serviceHealth>` (.NET Framework 4.8).
    pub struct ServiceHealth {
        attributes {
            /// Whether details are told.
            health_details_enabled: bool = true, "healthDetailsEnabled"
                => note_as("false", NO_HEALTH);
            /// Whether the page is answered over HTTP.
            http_get_enabled: bool = true, "httpGetEnabled" => note_as("false", NO_HEALTH);
            /// Where.
            http_get_url: Option<String> = None, "httpGetUrl" as Uri => note(NO_HEALTH);
            /// Whether the page is answered over HTTPS.
            https_get_enabled: bool = true, "httpsGetEnabled" => note_as("false", NO_HEALTH);
            /// Where.
            https_get_url: Option<String> = None, "httpsGetUrl" as Uri => note(NO_HEALTH);
        }
    }
}

macro_rules! behavior {
    (
        $(#[$meta:meta])* $T:ident, $owner:literal, $others:expr;
        $( $(#[$fmeta:meta])* $field:ident : $F:ty = $name:literal $( , inside $inside:expr )?; )+
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $T {
            /// Key of the behavior; empty for the unnamed one, which applies wherever no other is
            /// named.
            pub name: String,
            $( $(#[$fmeta])* pub $field: Option<$F>, )+
            /// Extensions of which only the name is known.
            pub others: Vec<OtherElement>,
        }

        impl $T {
            /// A behavior of this name.
            pub fn named(name: impl Into<String>) -> $T {
                $T { name: name.into(), ..$T::default() }
            }

            $(
                #[doc = concat!("Sets `<", $name, ">`.")]
                #[must_use]
                pub fn $field(mut self, value: $F) -> $T {
                    self.$field = Some(value);
                    self
                }
            )+

            const MODELLED: &'static [&'static str] = &[ $( $name, )+ ];

            fn accepts(name: &str) -> bool {
                Self::MODELLED.contains(&name) || $others.iter().any(|(other, _)| *other == name)
            }
        }

        impl Settings for $T {
            const LENIENT: bool = true;
            const HOLDS_SETTINGS: bool = true;

            fn read_attribute(&mut self, attribute: &Attribute, cx: &mut Reader) -> bool {
                if attribute.name == "name" {
                    cx.value(attribute, Rule::Any, &mut self.name);
                }
                attribute.name == "name"
            }

            fn multiplicity(&self, _: &str) -> ChildRead {
                ChildRead::Many
            }

            fn read_child(&mut self, child: &Node, cx: &mut Reader) {
                // What stands above them counts no more.
                match child.name.as_str() {
                    "clear" => return *self = $T::named(std::mem::take(&mut self.name)),
                    "remove" => {
                        let removed = child.value("name");
                        self.others.retain(|other| other.name != removed);
                        $( if removed == $name { self.$field = None; } )+
                        return;
                    }
                    _ => {}
                }
                if self.others.len() >= MAX_ELEMENTS {
                    return cx.report(extensions::too_many(child));
                }
                if cx.extensions.behaviors.contains(&child.name) {
                    cx.report(foreign(child));
                    return self.others.push(OtherElement::read(child, cx));
                }
                let mut registered = extensions::behaviors();
                if !registered.any(|name| name == child.name) {
                    let names = extensions::behaviors();
                    return extensions::unknown(child, "behaviorExtensions", names, cx);
                }
                if !Self::accepts(&child.name) {
                    return wrong_kind(child, &self.name, $owner, cx);
                }
                let name = child.name.as_str();
                let seen = self.others.iter().any(|o| o.name == name)
                    $( || (name == $name && self.$field.is_some()) )+;
                if seen {
                    return cx.report(extensions::duplicate(child, concat!($owner, "Element")));
                }
                match name {
                    $( $name => ChildField::read_field(&mut self.$field, child, cx), )+
                    _ => self.others.push(OtherElement::read(child, cx)),
                }
            }

            fn write(&self, base: &Self, out: &mut OutNode) {
                crate::settings::write_attribute(&self.name, &base.name, "name", out);
                $( ChildField::write_field(&self.$field, &base.$field, $name, out); )+
                self.others.iter().for_each(|other| other.write(out));
            }

            fn describe(&self, out: &mut Description) {
                out.attributes.push(crate::settings::AttributeDescription {
                    name: "name",
                    kind: <String as Value>::KIND,
                    rule: Rule::Any,
                    default: Some(String::new()),
                    doc: " Key of the behavior; the unnamed one applies wherever no other is named.",
                    word: Runs,
                });
                $( out.children.push(crate::settings::ChildDescription {
                    name: $name,
                    many: false,
                    doc: "",
                    word: None,
                    inner: ChildField::describe_field(&self.$field).all_inside(crate::settings::inside!($( $inside )?)),
                }); )+
            }
        }
    };
}

behavior! {
    /// `<serviceBehaviors><behavior>`.
    ServiceBehavior, "ServiceBehavior", OTHER_SERVICE_BEHAVIORS;
    /// The service's certificate, and how clients are checked.
    service_credentials: ServiceCredentials = "serviceCredentials";
    /// WSDL and MEX.
    service_metadata: ServiceMetadata = "serviceMetadata";
    /// Addresses in metadata as the caller sees them.
    use_request_headers_for_metadata_address: UseRequestHeadersForMetadataAddress =
        "useRequestHeadersForMetadataAddress";
    /// Help page and exceptions in faults.
    service_debug: ServiceDebug = "serviceDebug";
    /// Limits.
    service_throttling: ServiceThrottling = "serviceThrottling";
    /// Transaction timeout.
    service_timeouts: TransactionTimeouts = "serviceTimeouts";
    /// Roles.
    service_authorization: ServiceAuthorization = "serviceAuthorization";
    /// Health page.
    service_health: ServiceHealth = "serviceHealth";
    /// Serializer.
    data_contract_serializer: DataContractSerializer = "dataContractSerializer";
}

behavior! {
    /// `<endpointBehaviors><behavior>`.
    EndpointBehavior, "EndpointBehavior", OTHER_ENDPOINT_BEHAVIORS;
    /// The client's certificate, and how the service is checked.
    client_credentials: ClientCredentials = "clientCredentials";
    /// Exceptions in callback faults.
    callback_debug: CallbackDebug = "callbackDebug";
    /// Transaction timeout of callbacks.
    callback_timeouts: TransactionTimeouts = "callbackTimeouts";
    /// Where messages are really sent.
    client_via: ClientVia = "clientVia";
    /// Receiving.
    dispatcher_synchronization: DispatcherSynchronization = "dispatcherSynchronization";
    /// Serializer.
    data_contract_serializer: DataContractSerializer = "dataContractSerializer";
}

/// A behavior of the program's own: what it did in .NET must be done in code.
fn foreign(child: &Node) -> Problem {
    let name = &child.name;
    let fix = match name.as_str() {
        "signCustomHeaders" => {
            "sign the headers that it lists in code, on both sides: ChannelFactory::sign_header and \
             ServiceHostBuilder::sign_header, or headers of the contract with the protection level Sign"
        }
        _ => "do in code what it did, or remove it if the other side does without",
    };
    let message = format!("<{name}> does nothing here: it is a .NET class of the program's own");
    Problem::warning("foreign-behavior", child.name_span, message).behavior("runs it").fix(fix)
}

fn wrong_kind(child: &Node, behavior: &str, owner: &str, cx: &mut Reader) {
    let name = &child.name;
    let (message, wcf, fix) = if owner == "EndpointBehavior" {
        (
            format!("{name} is a service behavior, but stands in an endpoint behavior"),
            format!(
                "Cannot add the '{name}' behavior extension to '{behavior}' endpoint behavior \
                 because the underlying behavior type does not implement the IEndpointBehavior \
                 interface."
            ),
            format!("move <{name}> into a <behavior> of <serviceBehaviors>"),
        )
    } else {
        (
            format!("{name} is an endpoint behavior, but stands in a service behavior"),
            format!(
                "Cannot add the behavior extension '{name}' to the service behavior named \
                 '{behavior}' because the underlying behavior type does not implement the \
                 IServiceBehavior interface."
            ),
            format!("move <{name}> into a <behavior> of <endpointBehaviors>"),
        )
    };
    cx.report(Problem::error("wrong-behavior-kind", child.name_span, message).wcf(wcf).fix(fix));
}

settings! {
    /// `<serviceBehaviors>`.
    pub struct ServiceBehaviors {
        children {
            /// A behavior.
            behaviors: Vec<ServiceBehavior>, "behavior";
        }
    }
}

settings! {
    /// `<endpointBehaviors>`.
    pub struct EndpointBehaviors {
        children {
            /// A behavior.
            behaviors: Vec<EndpointBehavior>, "behavior";
        }
    }
}

settings! {
    /// `<behaviors>`.
    pub struct Behaviors {
        children {
            /// Behaviors of services.
            service_behaviors: ServiceBehaviors, "serviceBehaviors";
            /// Behaviors of endpoints.
            endpoint_behaviors: EndpointBehaviors, "endpointBehaviors";
        }
    }
}
