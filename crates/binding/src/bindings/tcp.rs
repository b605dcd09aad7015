//! `netTcpBinding`.

use crate::bindings::common::{
    ExtendedProtectionPolicy, OptionalReliableSession, ReaderQuotas, Timeouts,
};
use crate::settings::settings;
use crate::values::Range;
use crate::{
    AlgorithmSuite, HostNameComparisonMode, MessageCredentialType, ProtectionLevel, SecurityMode,
    SslProtocols, TcpClientCredentialType, TransactionProtocol, TransferMode,
};

settings! {
    /// `<security><transport>` of `netTcpBinding`.
    pub struct TcpTransportSecurity {
        attributes {
            /// How the client authenticates on the connection.
            client_credential_type: TcpClientCredentialType = TcpClientCredentialType::Windows,
                "clientCredentialType";
            /// What the connection protects; TLS allows only EncryptAndSign.
            protection_level: ProtectionLevel = ProtectionLevel::EncryptAndSign, "protectionLevel";
            /// TLS versions.
            ssl_protocols: SslProtocols = SslProtocols::TCP_DEFAULT, "sslProtocols";
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
                "clientCredentialType";
            /// The algorithms; absent means Basic256.
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite";
        }
    }
}

settings! {
    /// `<security>` of `netTcpBinding`.
    pub struct NetTcpSecurity {
        attributes {
            /// Where messages are secured.
            mode: SecurityMode = SecurityMode::Transport, "mode";
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
            transaction_flow: bool = false, "transactionFlow";
            /// Whether messages are buffered.
            transfer_mode: TransferMode = TransferMode::Buffered, "transferMode";
            /// The dialect of transaction flow.
            transaction_protocol: TransactionProtocol = TransactionProtocol::OleTransactions,
                "transactionProtocol";
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode";
            /// Connections waiting to be accepted; 0 is automatic (12 × processors).
            listen_backlog: u32 = 0, "listenBacklog";
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize";
            /// Bytes of a buffer; absent follows maxReceivedMessageSize.
            max_buffer_size: Option<u32> = None, "maxBufferSize", range Range::new(1, i32::MAX as i64);
            /// Connections kept in the pool or waiting; 0 is automatic (12 × processors).
            max_connections: u32 = 0, "maxConnections";
            /// Bytes of the largest message that is accepted.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize",
                range Range::new(1, i64::MAX);
            /// Whether several processes may listen on the port.
            port_sharing_enabled: bool = false, "portSharingEnabled";
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
