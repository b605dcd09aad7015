//! Rows of everything but security: reliable messaging, addressing, encodings, transports, transactions, vendors.

use waxwing_binding::AuthenticationSchemes as Schemes;

use super::class::Class;
use super::effect::Effect;
use super::row::Row;
use super::row::Rule::{self, AsBinding, Blocked, Ignored, OptionalOnly, Supported};
use crate::name::namespaces::{WSAM, WSAW};

const RM10: &[&str] = &["http://schemas.xmlsoap.org/ws/2005/02/rm/policy"];
const RM11: &[&str] = &["http://docs.oasis-open.org/ws-rx/wsrmp/200702"];
const RM11_NET: &[&str] = &["http://schemas.microsoft.com/ws-rx/wsrmp/200702"];
const HTTP: &[&str] = &["http://schemas.microsoft.com/ws/06/2004/policy/http"];
const WSAM_BOTH: &[&str] = &[WSAM, "http://www.w3.org/2007/02/addressing/metadata"];

const fn row(
    namespaces: &'static [&'static str],
    name: &'static str,
    rule: Rule,
    effect: Effect,
    word: &'static str,
    fix: &'static str,
) -> Row {
    Row { namespaces, name, rule, effect, word, fix }
}

const fn ignored(namespaces: &'static [&'static str], word: &'static str) -> Row {
    Row { namespaces, name: "*", rule: Ignored, effect: Effect::Nothing, word, fix: "" }
}

const AT_LEAST: &str = "delivered at least once, and here exactly once";
const HINT: &str = "a hint to the sender, which adapts itself here";
const LISTENS: &str = "answers go to an address where the client listens; Waxwing's clients listen for wsDualHttpBinding only";
const LISTENS_FIX: &str = "add an endpoint with binding=\"wsHttpBinding\", or one with binding=\"netTcpBinding\" for callbacks";
const DUAL: &str = "the service answers and calls back by opening a connection to the client, which listens on an address of its own";
const DUAL_FIX: &str = "add an endpoint with binding=\"netTcpBinding\" (callbacks go over the client's own connection), or one with \
     binding=\"wsHttpBinding\" and a contract without callbacks";
const ACCOUNTS: &str = "the client logs in with a Windows account";
const ACCOUNTS_FIX: &str = "<transport clientCredentialType=\"Basic\" /> over HTTPS (or \"Certificate\", \"Digest\", \"None\"), or a credential of \
     messages: <security mode=\"TransportWithMessageCredential\">";
const FLOW: &str = "the operation takes part in the client's transaction";
const FLOW_FIX: &str = "[TransactionFlow(TransactionFlowOption.Allowed)] on the operation, or transactionFlow=\"false\" in the binding";
const QUEUES: &str = "messages go through queues of MSMQ";
const QUEUES_FIX: &str =
    "add an endpoint with binding=\"wsHttpBinding\" and <reliableSession enabled=\"true\" />";
const STREAMED: &str = "messages are streamed through WebSockets";
const SAP_FIX: &str = "switch the feature off where the service's endpoint is set up (WCF has nothing of the kind: use a binding=\"basicHttpBinding\" profile)";

pub(super) const ROWS: &[Row] = &[
    row(
        RM10,
        "RMAssertion",
        Supported,
        Effect::Reliable10,
        "a reliable session of February 2005",
        "",
    ),
    row(
        RM10,
        "InactivityTimeout",
        Supported,
        Effect::InactivityTimeout,
        "how long either end may stay silent",
        "",
    ),
    row(
        RM10,
        "AcknowledgementInterval",
        Supported,
        Effect::AcknowledgementInterval,
        "how long acknowledgements are held back",
        "",
    ),
    row(RM10, "BaseRetransmissionInterval", Ignored, Effect::Nothing, HINT, ""),
    row(RM10, "ExponentialBackoff", Ignored, Effect::Nothing, HINT, ""),
    row(
        &["http://schemas.microsoft.com/net/2005/02/rm/policy"],
        "RmFlowControl",
        Ignored,
        Effect::Nothing,
        HINT,
        "",
    ),
    row(
        &["http://schemas.microsoft.com/net/2005/02/rm/policy"],
        "MaxReceiveBufferSize",
        Ignored,
        Effect::Nothing,
        HINT,
        "",
    ),
    row(
        RM11,
        "RMAssertion",
        Supported,
        Effect::Reliable11,
        "a reliable session of version 1.1",
        "",
    ),
    row(
        RM11,
        "SequenceSTR",
        Supported,
        Effect::SequenceStr,
        "the session belongs to the security context",
        "",
    ),
    row(
        RM11,
        "SequenceTransportSecurity",
        Blocked(Class::Reliable),
        Effect::Nothing,
        "the session belongs to the connection's TLS session",
        "<security mode=\"TransportWithMessageCredential\"> with establishSecurityContext=\"true\" (WCF cannot meet it either)",
    ),
    row(
        RM11,
        "DeliveryAssurance",
        Supported,
        Effect::DeliveryAssurance,
        "what is promised of delivery",
        "",
    ),
    row(RM11, "ExactlyOnce", Supported, Effect::Nothing, "delivered exactly once", ""),
    row(RM11, "AtLeastOnce", Supported, Effect::Nothing, AT_LEAST, ""),
    row(
        RM11,
        "AtMostOnce",
        Supported,
        Effect::Nothing,
        "delivered at most once, and here exactly once",
        "",
    ),
    row(RM11, "InOrder", Supported, Effect::InOrder, "delivered in order", ""),
    row(
        RM11_NET,
        "InactivityTimeout",
        Supported,
        Effect::InactivityTimeout,
        "how long either end may stay silent",
        "",
    ),
    row(
        RM11_NET,
        "AcknowledgementInterval",
        Supported,
        Effect::AcknowledgementInterval,
        "how long acknowledgements are held back",
        "",
    ),
    // Metro's hints, in the namespaces that its versions have.
    ignored(
        &[
            "http://sun.com/2006/03/rm",
            "http://sun.com/2006/03/rm/client",
            "http://sun.com/2006/03/rm/server",
            "http://java.sun.com/xml/ns/metro/ws-rx/wsrmp/200702",
            "http://java.sun.com/xml/ns/metro/ws/rm/policy",
        ],
        HINT,
    ),
    row(
        &["http://docs.oasis-open.org/ws-rx/wsmc/200702"],
        "MCSupported",
        OptionalOnly(Class::Reliable),
        Effect::Nothing,
        "the client fetches its answers (WS-MakeConnection)",
        "mark it wsp:Optional=\"true\", or add an endpoint of ws2007HttpBinding, which has none",
    ),
    row(&[WSAW], "UsingAddressing", Supported, Effect::Addressing10, "WS-Addressing 1.0", ""),
    row(WSAM_BOTH, "Addressing", Supported, Effect::Addressing10, "WS-Addressing 1.0", ""),
    row(
        WSAM_BOTH,
        "AnonymousResponses",
        Supported,
        Effect::AnonymousResponses,
        "answers come over the client's own connection",
        "",
    ),
    row(
        WSAM_BOTH,
        "NonAnonymousResponses",
        Blocked(Class::Addressing),
        Effect::NonAnonymousResponses,
        LISTENS,
        LISTENS_FIX,
    ),
    row(
        &[
            "http://schemas.xmlsoap.org/ws/2004/08/addressing/policy",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        ],
        "UsingAddressing",
        Supported,
        Effect::Addressing2004,
        "WS-Addressing of August 2004",
        "",
    ),
    row(
        &["http://schemas.microsoft.com/ws/06/2004/mspolicy/netbinary1"],
        "BinaryEncoding",
        AsBinding(Class::Binary),
        Effect::Binary,
        ".NET binary XML",
        "<textMessageEncoding /> in a customBinding, or an endpoint with wsHttpBinding",
    ),
    row(
        &["http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization"],
        "OptimizedMimeSerialization",
        Supported,
        Effect::Mtom,
        "MTOM",
        "",
    ),
    row(
        &["http://www.w3.org/2007/08/soap12-mtom-policy"],
        "MTOM",
        Supported,
        Effect::Mtom,
        "MTOM",
        "",
    ),
    row(
        &["http://schemas.xmlsoap.org/ws/2004/09/policy/encoding"],
        "Utf816FFFECharacterEncoding",
        Ignored,
        Effect::Nothing,
        "UTF-8 is one of the encodings that are taken",
        "",
    ),
    row(
        &["http://schemas.xmlsoap.org/soap/http"],
        "HttpUseCookie",
        Supported,
        Effect::Cookies,
        "the context of the conversation goes in a cookie",
        "",
    ),
    row(
        HTTP,
        "BasicAuthentication",
        Supported,
        Effect::HttpAuthentication(Schemes::BASIC),
        "a user name and a password by HTTP Basic",
        "",
    ),
    row(
        HTTP,
        "DigestAuthentication",
        Supported,
        Effect::HttpAuthentication(Schemes::DIGEST),
        "a user name and a password by HTTP Digest",
        "",
    ),
    row(
        HTTP,
        "NegotiateAuthentication",
        AsBinding(Class::Windows),
        Effect::HttpAuthentication(Schemes::NEGOTIATE),
        ACCOUNTS,
        ACCOUNTS_FIX,
    ),
    row(
        HTTP,
        "NtlmAuthentication",
        AsBinding(Class::Windows),
        Effect::HttpAuthentication(Schemes::NTLM),
        ACCOUNTS,
        ACCOUNTS_FIX,
    ),
    row(
        &["http://schemas.microsoft.com/net/2006/06/duplex"],
        "CompositeDuplex",
        AsBinding(Class::HttpCallbacks),
        Effect::CompositeDuplex,
        DUAL,
        DUAL_FIX,
    ),
    row(
        &["http://schemas.microsoft.com/ws/2005/05/routing/policy"],
        "OneWay",
        AsBinding(Class::HttpCallbacks),
        Effect::OneWay,
        "each message goes one way, and answers come over another connection",
        DUAL_FIX,
    ),
    row(
        &["http://schemas.microsoft.com/ws/2005/05/routing/policy"],
        "PacketRoutable",
        Ignored,
        Effect::Nothing,
        "messages carry a header of packet routing",
        "",
    ),
    row(
        &[
            "http://schemas.xmlsoap.org/ws/2004/10/wsat",
            "http://docs.oasis-open.org/ws-tx/wsat/2006/06",
        ],
        "ATAssertion",
        OptionalOnly(Class::Transactions),
        Effect::TransactionFlow,
        FLOW,
        FLOW_FIX,
    ),
    row(
        &["http://schemas.microsoft.com/ws/2006/02/tx/oletx"],
        "OleTxAssertion",
        OptionalOnly(Class::Transactions),
        Effect::TransactionFlow,
        FLOW,
        FLOW_FIX,
    ),
    Row {
        namespaces: &["http://schemas.microsoft.com/ws/06/2004/mspolicy/msmq"],
        name: "*",
        rule: Blocked(Class::Transport),
        effect: Effect::Nothing,
        word: QUEUES,
        fix: QUEUES_FIX,
    },
    Row {
        namespaces: &["http://schemas.microsoft.com/soap/websocket/policy"],
        name: "*",
        rule: AsBinding(Class::WebSockets),
        effect: Effect::Streamed,
        word: STREAMED,
        fix: "transferMode=\"Buffered\", or an endpoint with wsHttpBinding",
    },
    row(
        &["http://schemas.microsoft.com/ws/2006/05/context"],
        "IncludeContext",
        Blocked(Class::Unknown),
        Effect::Nothing,
        "the context of the conversation goes in a header of its own (wsHttpContextBinding)",
        "binding=\"basicHttpContextBinding\" or \"wsHttpBinding\" in place of wsHttpContextBinding",
    ),
    // How Metro is deployed: nothing of it concerns a client that is not Metro.
    ignored(
        &[
            "http://schemas.sun.com/2006/03/wss/server",
            "http://schemas.sun.com/2006/03/wss/client",
            "http://schemas.sun.com/ws/2006/05/sc/server",
            "http://schemas.sun.com/ws/2006/05/sc/client",
            "http://schemas.sun.com/ws/2006/05/trust/server",
            "http://schemas.sun.com/ws/2006/05/trust/client",
            "http://java.sun.com/xml/ns/wsit/2006/09/policy/encoding/client",
            "http://java.sun.com/xml/ns/wsit/2006/09/policy/transport/client",
            "http://java.sun.com/xml/ns/wsit/2006/09/policy/soaptcp/service",
            "http://java.sun.com/xml/ns/wsit/policy",
            "http://java.sun.com/xml/ns/wsit/2006/09/policy/fastinfoset/service",
            "http://java.sun.com/xml/ns/metro/management",
        ],
        "how the other end is set up (Metro)",
    ),
    // How Rampart and CXF are deployed.
    ignored(
        &[
            "http://ws.apache.org/rampart/policy",
            "http://ws.apache.org/sandesha2/policy",
            "http://cxf.apache.org/transports/http/configuration",
            "http://www.wso2.org/products/carbon/security",
        ],
        "how the other end is set up (Axis2, CXF)",
    ),
    row(
        &["http://www.sap.com/710/features/attachment/"],
        "Enabled",
        Blocked(Class::Attachments),
        Effect::HarmlessIfFalse,
        "attachments of SAP",
        SAP_FIX,
    ),
    row(
        &["http://www.sap.com/NW05/soap/features/transaction/"],
        "required",
        Blocked(Class::Transactions),
        Effect::HarmlessIfFalse,
        "transactions of SAP",
        SAP_FIX,
    ),
    row(
        &[
            "http://www.sap.com/NW05/soap/features/session/",
            "http://www.sap.com/webas/630/soap/features/session/",
        ],
        "enableSession",
        Blocked(Class::Reliable),
        Effect::HarmlessIfFalse,
        "sessions of SAP",
        SAP_FIX,
    ),
    row(
        &["http://www.sap.com/webas/640/soap/features/session/"],
        "Session",
        Blocked(Class::Reliable),
        Effect::HarmlessIfFalse,
        "sessions of SAP",
        SAP_FIX,
    ),
    row(
        &[
            "http://www.sap.com/webas/712/soap/features/runtime/metadata/",
            "http://www.sap.com/webas/710/soap/features/wsaddressing/",
        ],
        "*",
        Ignored,
        Effect::Nothing,
        "a marker of SAP",
        "",
    ),
];
