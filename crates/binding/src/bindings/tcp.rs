//! `netTcpBinding`.

use crate::bindings::common::{
    ExtendedProtectionPolicy, OptionalReliableSession, ReaderQuotas, Timeouts,
};
use crate::built::{Part, except_unless};
use crate::settings::settings;
use crate::values::Range;
use crate::word::Support::{self, Partly, Runs, RunsExcept};
use crate::word::{NO_TRANSACTIONS, POOLS, SHARED_PORT, TLS_VERSIONS, note, warn};
use crate::{
    AlgorithmSuite, HostNameComparisonMode, MessageCredentialType, ProtectionLevel, SecurityMode,
    SslProtocols, TcpClientCredentialType, TransactionProtocol, TransferMode,
};

/// The modes that run.
const fn modes() -> Support {
    let (tls, messages) = (Part::TlsOverTcp.runs(), Part::ConversationOverTcp.runs());
    match (tls, messages, Part::MixedOverTcp.runs()) {
        (true, true, true) => Runs,
        (true, true, false) => RunsExcept(&["TransportWithMessageCredential"]),
        (true, false, true) => RunsExcept(&["Message"]),
        (true, false, false) => RunsExcept(&["Message", "TransportWithMessageCredential"]),
        (false, true, _) => RunsExcept(&["Transport", "TransportWithMessageCredential"]),
        (false, false, _) => {
            RunsExcept(&["Transport", "Message", "TransportWithMessageCredential"])
        }
    }
}

settings! {
    /// `<security><transport>` of `netTcpBinding`.
    pub struct TcpTransportSecurity {
        attributes {
            /// How the client authenticates on the connection.
            client_credential_type: TcpClientCredentialType = TcpClientCredentialType::Windows,
                "clientCredentialType" => RunsExcept(&["Windows"]);
            /// What the connection protects; TLS allows only EncryptAndSign.
            protection_level: ProtectionLevel = ProtectionLevel::EncryptAndSign, "protectionLevel"
                => Runs;
            /// TLS versions.
            ssl_protocols: SslProtocols = SslProtocols::TCP_DEFAULT, "sslProtocols"
                => Partly(TLS_VERSIONS);
        }
        children {
            /// Channel binding tokens.
            extended_protection_policy: Option<ExtendedProtectionPolicy>, "extendedProtectionPolicy";
        }
    }
}

settings! {
    /// `<security><message>` of `netTcpBinding`: always negotiated, always with a security
    /// context.
    pub struct TcpMessageSecurity {
        attributes {
            /// What the client proves itself with.
            client_credential_type: MessageCredentialType = MessageCredentialType::Windows,
                "clientCredentialType" => RunsExcept(&["Windows", "IssuedToken"]);
            /// The algorithms; absent means Basic256.
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite" => Runs;
        }
    }
}

settings! {
    /// `<security>` of `netTcpBinding`.
    pub struct NetTcpSecurity {
        attributes {
            /// Where messages are secured.
            mode: SecurityMode = SecurityMode::Transport, "mode" => modes();
        }
        children {
            /// Security of the connection.
            transport: TcpTransportSecurity, "transport";
            /// Security of the messages.
            message: TcpMessageSecurity, "message";
        }
    }
}

settings! {
    /// `<netTcpBinding>`: binary messages over a TCP connection.
    pub struct NetTcpBinding {
        flatten {
            /// Name and timeouts.
            timeouts: Timeouts,
        }
        attributes {
            /// Whether transactions flow to the service.
            transaction_flow: bool = false, "transactionFlow" => warn(NO_TRANSACTIONS);
            /// Whether messages are buffered.
            transfer_mode: TransferMode = TransferMode::Buffered, "transferMode"
                => except_unless(Part::StreamedTcp, &["Streamed", "StreamedRequest", "StreamedResponse"]);
            /// The dialect of transaction flow.
            transaction_protocol: TransactionProtocol = TransactionProtocol::OleTransactions,
                "transactionProtocol" => warn(NO_TRANSACTIONS);
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode" => Runs;
            /// Connections waiting to be accepted; 0 is automatic (12 × processors).
            listen_backlog: u32 = 0, "listenBacklog" => Runs;
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize" => note(POOLS);
            /// Bytes of a buffer; absent follows maxReceivedMessageSize.
            max_buffer_size: Option<u32> = None, "maxBufferSize", range Range::new(1, i32::MAX as i64)
                => Runs;
            /// Connections kept in the pool or waiting; 0 is automatic (12 × processors).
            max_connections: u32 = 0, "maxConnections" => Runs;
            /// Bytes of the largest message that is accepted.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize",
                range Range::new(1, i64::MAX) => Runs;
            /// Whether several processes may listen on the port.
            port_sharing_enabled: bool = false, "portSharingEnabled" => Partly(SHARED_PORT);
        }
        children {
            /// Limits of the XML reader.
            reader_quotas: ReaderQuotas, "readerQuotas";
            /// The reliable session.
            reliable_session: OptionalReliableSession, "reliableSession";
            /// Security.
            security: NetTcpSecurity, "security";
        }
    }
}

impl NetTcpBinding {
    /// A binding with this security mode, with or without a reliable session; all else as WCF's
    /// defaults.
    pub fn new(mode: SecurityMode, reliable_session_enabled: bool) -> NetTcpBinding {
        let session = OptionalReliableSession::default().enabled(reliable_session_enabled);
        NetTcpBinding::default()
            .reliable_session(session)
            .security(NetTcpSecurity::default().mode(mode))
    }

    /// Message security with this client credential.
    #[must_use]
    pub fn message_credential(mut self, credential: MessageCredentialType) -> NetTcpBinding {
        self.security.mode = SecurityMode::Message;
        self.security.message.client_credential_type = credential;
        self
    }
}
