//! `netTcpBinding`.

use crate::bindings::common::{
    ExtendedProtectionPolicy, OptionalReliableSession, ReaderQuotas, Timeouts,
};
use crate::settings::settings;
use crate::values::Range;
use crate::word::Feature::Tcp;
use crate::word::Support::Refused;
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
                "clientCredentialType" => Refused(Tcp);
            /// What the connection protects; TLS allows only EncryptAndSign.
            protection_level: ProtectionLevel = ProtectionLevel::EncryptAndSign, "protectionLevel"
                => Refused(Tcp);
            /// TLS versions.
            ssl_protocols: SslProtocols = SslProtocols::TCP_DEFAULT, "sslProtocols" => Refused(Tcp);
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
                "clientCredentialType" => Refused(Tcp);
            /// The algorithms; absent means Basic256.
            algorithm_suite: Option<AlgorithmSuite> = None, "algorithmSuite" => Refused(Tcp);
        }
    }
}

settings! {
    /// `<security>` of `netTcpBinding`.
    pub struct NetTcpSecurity {
        attributes {
            /// Where messages are secured.
            mode: SecurityMode = SecurityMode::Transport, "mode" => Refused(Tcp);
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
            transaction_flow: bool = false, "transactionFlow" => Refused(Tcp);
            /// Whether messages are buffered.
            transfer_mode: TransferMode = TransferMode::Buffered, "transferMode" => Refused(Tcp);
            /// The dialect of transaction flow.
            transaction_protocol: TransactionProtocol = TransactionProtocol::OleTransactions,
                "transactionProtocol" => Refused(Tcp);
            /// How the host name takes part in finding the service.
            host_name_comparison_mode: HostNameComparisonMode =
                HostNameComparisonMode::StrongWildcard, "hostNameComparisonMode" => Refused(Tcp);
            /// Connections waiting to be accepted; 0 is automatic (12 × processors).
            listen_backlog: u32 = 0, "listenBacklog" => Refused(Tcp);
            /// Bytes of the buffer pool.
            max_buffer_pool_size: u64 = 524_288, "maxBufferPoolSize" => Refused(Tcp);
            /// Bytes of a buffer; absent follows maxReceivedMessageSize.
            max_buffer_size: Option<u32> = None, "maxBufferSize", range Range::new(1, i32::MAX as i64)
                => Refused(Tcp);
            /// Connections kept in the pool or waiting; 0 is automatic (12 × processors).
            max_connections: u32 = 0, "maxConnections" => Refused(Tcp);
            /// Bytes of the largest message that is accepted.
            max_received_message_size: u64 = 65_536, "maxReceivedMessageSize",
                range Range::new(1, i64::MAX) => Refused(Tcp);
            /// Whether several processes may listen on the port.
            port_sharing_enabled: bool = false, "portSharingEnabled" => Refused(Tcp);
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
