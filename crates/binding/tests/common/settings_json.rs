//! The effective settings of a model in the form in which WCF printed them.

use serde_json::{Value, json};
use waxwing_binding::*;

/// The machine on which WCF printed its settings: automatic limits count its processors.
const PROCESSORS: u32 = 2;

pub(crate) fn settings(configuration: &Configuration) -> Value {
    let services: Vec<Value> = configuration
        .services
        .services
        .iter()
        .flat_map(|s| configuration.resolve_service(s, &[]).expect("resolves").endpoints)
        .map(|e| service_endpoint(&e))
        .collect();
    let clients: Vec<Value> = configuration
        .client
        .endpoints
        .iter()
        .map(|e| client_endpoint(&configuration.resolve_client(e).expect("resolves")))
        .collect();
    json!({
        "bindings": configuration.bindings.iter().map(binding).collect::<Vec<_>>(),
        "serviceEndpoints": services,
        "clientEndpoints": clients,
    })
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn type_name(endpoint: &EffectiveEndpoint) -> &str {
    match endpoint.binding_section.as_str() {
        "wsHttpBinding" | "mexHttpBinding" => "WSHttpBinding",
        "ws2007HttpBinding" => "WS2007HttpBinding",
        "wsDualHttpBinding" => "WSDualHttpBinding",
        "netTcpBinding" => "NetTcpBinding",
        "netHttpBinding" => "NetHttpBinding",
        "basicHttpBinding" => "BasicHttpBinding",
        "customBinding" => "CustomBinding",
        other => panic!("{other}"),
    }
}

fn service_endpoint(endpoint: &EffectiveEndpoint) -> Value {
    json!({
        "address": endpoint.address,
        "binding": type_name(endpoint),
        "bindingName": endpoint.name.split('_').next(),
        "endpointName": endpoint.name,
        "contract": short(&endpoint.contract),
    })
}

/// WCF's program renamed client endpoints after binding and contract.
fn client_endpoint(endpoint: &EffectiveEndpoint) -> Value {
    let binding = type_name(endpoint);
    let identity = match &endpoint.identity {
        Some(Identity::Dns(name)) => {
            format!("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/dns = {name}")
        }
        other => panic!("{other:?}"),
    };
    json!({
        "name": format!("{binding}_{}", short(&endpoint.contract)),
        "address": endpoint.address,
        "binding": binding,
        "bindingName": binding,
        "identity": identity,
    })
}

fn span(span: TimeSpan) -> Value {
    Value::String(span.to_string())
}

fn version(version: MessageVersion) -> Value {
    let text = match version {
        MessageVersion::Soap12WsAddressing10 => {
            "Soap12 (http://www.w3.org/2003/05/soap-envelope) Addressing10 \
             (http://www.w3.org/2005/08/addressing)"
        }
        MessageVersion::Soap11 => {
            "Soap11 (http://schemas.xmlsoap.org/soap/envelope/) AddressingNone \
             (http://schemas.microsoft.com/ws/2005/05/addressing/none)"
        }
        other => panic!("{other}"),
    };
    Value::String(text.to_owned())
}

fn binding(binding: &Binding) -> Value {
    let stack = Stack::of(binding);
    let timeouts = binding.timeouts();
    json!({
        "section": binding.section(),
        "name": binding.name(),
        "bindingType": binding.type_name(),
        "scheme": stack.scheme(),
        "messageVersion": version(stack.message_version()),
        "openTimeout": span(timeouts.open_timeout),
        "closeTimeout": span(timeouts.close_timeout),
        "sendTimeout": span(timeouts.send_timeout),
        "receiveTimeout": span(timeouts.receive_timeout),
        "elements": stack.elements.iter().map(element).collect::<Vec<_>>(),
    })
}

fn element(element: &BindingElement) -> Value {
    match element {
        BindingElement::TransactionFlow(e) => json!({
            "type": "TransactionFlowBindingElement",
            "AllowWildcardAction": e.allow_wildcard_action,
            "TransactionProtocol": format!(
                "System.ServiceModel.{}Protocol", e.transaction_protocol.as_str()),
        }),
        BindingElement::ReliableSession(e) => json!({
            "type": "ReliableSessionBindingElement",
            "AcknowledgementInterval": span(e.acknowledgement_interval),
            "FlowControlEnabled": e.flow_control_enabled,
            "InactivityTimeout": span(e.inactivity_timeout),
            "MaxPendingChannels": e.max_pending_channels,
            "MaxRetryCount": e.max_retry_count,
            "MaxTransferWindowSize": e.max_transfer_window_size,
            "Ordered": e.ordered,
            "ReliableMessagingVersion": e.reliable_messaging_version.as_str(),
        }),
        BindingElement::Security(e) => security(e),
        BindingElement::CompositeDuplex(e) => {
            let mut value = json!({"type": "CompositeDuplexBindingElement"});
            if let Some(address) = &e.client_base_address {
                value["ClientBaseAddress"] = address.clone().into();
            }
            value
        }
        BindingElement::OneWay(e) => json!({
            "type": "OneWayBindingElement",
            "ChannelPoolSettings": {
                "type": "ChannelPoolSettings",
                "IdleTimeout": span(e.channel_pool_settings.idle_timeout),
                "LeaseTimeout": span(e.channel_pool_settings.lease_timeout),
                "MaxOutboundChannelsPerEndpoint":
                    e.channel_pool_settings.max_outbound_channels_per_endpoint,
            },
            "MaxAcceptedChannels": e.max_accepted_channels,
            "PacketRoutable": e.packet_routable,
        }),
        BindingElement::SslStreamSecurity(e) => json!({
            "type": "SslStreamSecurityBindingElement",
            "RequireClientCertificate": e.require_client_certificate,
            "SslProtocols": e.ssl_protocols.to_string(),
        }),
        BindingElement::WindowsStreamSecurity(e) => json!({
            "type": "WindowsStreamSecurityBindingElement",
            "ProtectionLevel": e.protection_level.as_str(),
        }),
        BindingElement::TextMessageEncoding(e) => json!({
            "type": "TextMessageEncodingBindingElement",
            "MaxReadPoolSize": e.max_read_pool_size,
            "MaxWritePoolSize": e.max_write_pool_size,
            "MessageVersion": version(e.message_version),
            "ReaderQuotas": quotas(&e.reader_quotas),
            "WriteEncoding": e.write_encoding.as_str(),
        }),
        BindingElement::BinaryMessageEncoding(e) => json!({
            "type": "BinaryMessageEncodingBindingElement",
            "CompressionFormat": e.compression_format.as_str(),
            "MaxReadPoolSize": e.max_read_pool_size,
            "MaxSessionSize": e.max_session_size,
            "MaxWritePoolSize": e.max_write_pool_size,
            "MessageVersion": version(MessageVersion::Soap12WsAddressing10),
            "ReaderQuotas": quotas(&e.reader_quotas),
        }),
        BindingElement::HttpTransport(e) => http(e, "HttpTransportBindingElement", "http"),
        BindingElement::HttpsTransport(e) => {
            let mut value = http(&e.http, "HttpsTransportBindingElement", "https");
            value["RequireClientCertificate"] = e.require_client_certificate.into();
            value
        }
        BindingElement::TcpTransport(e) => tcp(e),
        other => panic!("{other:?}"),
    }
}

fn quotas(quotas: &ReaderQuotas) -> Value {
    assert_eq!(*quotas, ReaderQuotas::default(), "no vector sets a quota");
    json!({
        "type": "XmlDictionaryReaderQuotas",
        "MaxArrayLength": 16384,
        "MaxBytesPerRead": 4096,
        "MaxDepth": 32,
        "MaxNameTableCharCount": 16384,
        "MaxStringContentLength": 8192,
        "ModifiedQuotas": "0",
    })
}

fn http(e: &HttpTransport, type_name: &str, scheme: &str) -> Value {
    let web_socket = &e.web_socket_settings;
    let mut value = json!({
        "type": type_name,
        "AllowCookies": e.allow_cookies,
        "AuthenticationScheme": e.authentication_scheme.to_string(),
        "BypassProxyOnLocal": e.bypass_proxy_on_local,
        "DecompressionEnabled": e.decompression_enabled,
        "HostNameComparisonMode": e.host_name_comparison_mode.as_str(),
        "KeepAliveEnabled": e.keep_alive_enabled,
        "ManualAddressing": e.manual_addressing,
        "MaxBufferPoolSize": e.max_buffer_pool_size,
        "MaxBufferSize": e.max_buffer_size.map_or(e.max_received_message_size, u64::from),
        "MaxPendingAccepts": e.max_pending_accepts,
        "MaxReceivedMessageSize": e.max_received_message_size,
        "ProxyAuthenticationScheme": e.proxy_authentication_scheme.to_string(),
        "Realm": e.realm,
        "RequestInitializationTimeout": span(e.request_initialization_timeout),
        "Scheme": scheme,
        "TransferMode": e.transfer_mode.as_str(),
        "UnsafeConnectionNtlmAuthentication": e.unsafe_connection_ntlm_authentication,
        "UseDefaultWebProxy": e.use_default_web_proxy,
        "WebSocketSettings": {
            "type": "WebSocketTransportSettings",
            "CreateNotificationOnConnection": web_socket.create_notification_on_connection,
            "DisablePayloadMasking": web_socket.disable_payload_masking,
            "KeepAliveInterval": span(web_socket.keep_alive_interval),
            "MaxPendingConnections": web_socket.max_pending_connections,
            "TransportUsage": web_socket.transport_usage.as_str(),
        },
    });
    if !web_socket.sub_protocol.is_empty() {
        value["WebSocketSettings"]["SubProtocol"] = web_socket.sub_protocol.clone().into();
    }
    if let Some(proxy) = &e.proxy_address {
        value["ProxyAddress"] = proxy.clone().into();
    }
    value
}

fn tcp(e: &TcpTransport) -> Value {
    let automatic = |value: u32, per_processor: u32| {
        if value == 0 { per_processor * PROCESSORS } else { value }
    };
    let pool = &e.connection_pool_settings;
    json!({
        "type": "TcpTransportBindingElement",
        "ChannelInitializationTimeout": span(e.channel_initialization_timeout),
        "ConnectionBufferSize": e.connection_buffer_size,
        "ConnectionPoolSettings": {
            "type": "TcpConnectionPoolSettings",
            "GroupName": pool.group_name,
            "IdleTimeout": span(pool.idle_timeout),
            "LeaseTimeout": span(pool.lease_timeout),
            "MaxOutboundConnectionsPerEndpoint": pool.max_outbound_connections_per_endpoint,
        },
        "HostNameComparisonMode": e.host_name_comparison_mode.as_str(),
        "ListenBacklog": automatic(e.listen_backlog, 12),
        "ManualAddressing": e.manual_addressing,
        "MaxBufferPoolSize": e.max_buffer_pool_size,
        "MaxBufferSize": e.max_buffer_size.map_or(e.max_received_message_size, u64::from),
        "MaxOutputDelay": span(e.max_output_delay),
        "MaxPendingAccepts": automatic(e.max_pending_accepts, 2),
        "MaxPendingConnections": automatic(e.max_pending_connections, 12),
        "MaxReceivedMessageSize": e.max_received_message_size,
        "PortSharingEnabled": e.port_sharing_enabled,
        "Scheme": "net.tcp",
        "TeredoEnabled": e.teredo_enabled,
        "TransferMode": e.transfer_mode.as_str(),
    })
}

fn security(e: &SecurityBindingElement) -> Value {
    let mut value = json!({
        "AllowInsecureTransport": e.allow_insecure_transport,
        "DefaultAlgorithmSuite": e.default_algorithm_suite.as_str(),
        "EnableUnsecuredResponse": e.enable_unsecured_response,
        "IncludeTimestamp": e.include_timestamp,
        "KeyEntropyMode": e.key_entropy_mode.as_str(),
        "LocalClientSettings": local_client(&e.local_client_settings),
        "LocalServiceSettings": local_service(&e.local_service_settings),
        "MessageSecurityVersion": e.message_security_version.as_str(),
        "SecurityHeaderLayout": e.security_header_layout.as_str(),
    });
    let object = value.as_object_mut().expect("object");
    let mut set = |key: &str, v: Value| {
        object.insert(key.to_owned(), v);
    };
    match &e.kind {
        SecurityKind::Symmetric { protection } => {
            set("type", "SymmetricSecurityBindingElement".into());
            set("ProtectionTokenParameters", token(protection));
        }
        SecurityKind::Asymmetric {
            initiator,
            recipient,
            allow_serialized_signing_token_on_reply,
        } => {
            set("type", "AsymmetricSecurityBindingElement".into());
            set("InitiatorTokenParameters", token(initiator));
            set("RecipientTokenParameters", token(recipient));
            set(
                "AllowSerializedSigningTokenOnReply",
                (*allow_serialized_signing_token_on_reply).into(),
            );
        }
        SecurityKind::Transport => set("type", "TransportSecurityBindingElement".into()),
    }
    if !matches!(e.kind, SecurityKind::Transport) {
        set("MessageProtectionOrder", e.message_protection_order.as_str().into());
        set("RequireSignatureConfirmation", e.require_signature_confirmation.into());
    }
    set("ProtectTokens", e.protect_tokens.into());
    let tokens = |list: &[TokenParameters]| list.iter().map(token).collect::<Vec<_>>();
    let mut supporting = json!({"type": "SupportingTokenParameters"});
    for (key, list) in [
        ("Endorsing", &e.supporting.endorsing),
        ("Signed", &e.supporting.signed),
        ("SignedEncrypted", &e.supporting.signed_encrypted),
        ("SignedEndorsing", &e.supporting.signed_endorsing),
    ] {
        if !list.is_empty() {
            supporting[key] = tokens(list).into();
        }
    }
    if supporting.as_object().is_some_and(|o| o.len() > 1) {
        set("EndpointSupportingTokenParameters", supporting);
    }
    value
}

fn token(token: &TokenParameters) -> Value {
    let inclusion = match token.inclusion {
        InclusionMode::AlwaysToRecipient => "AlwaysToRecipient",
        InclusionMode::AlwaysToInitiator => "AlwaysToInitiator",
        InclusionMode::Never => "Never",
        InclusionMode::Once => "Once",
    };
    let mut value = match &token.kind {
        TokenKind::X509 { reference } => json!({
            "type": "X509SecurityTokenParameters",
            "X509ReferenceStyle": match reference {
                X509ReferenceStyle::Any => "Any",
                X509ReferenceStyle::Thumbprint => "Thumbprint",
                X509ReferenceStyle::SubjectKeyIdentifier => "SubjectKeyIdentifier",
                X509ReferenceStyle::IssuerSerial => "IssuerSerial",
            },
        }),
        TokenKind::Ssl { require_client_certificate, require_cancellation } => json!({
            "type": "SslSecurityTokenParameters",
            "RequireClientCertificate": require_client_certificate,
            "RequireCancellation": require_cancellation,
        }),
        TokenKind::Sspi { require_cancellation } => json!({
            "type": "SspiSecurityTokenParameters",
            "RequireCancellation": require_cancellation,
        }),
        TokenKind::Kerberos => json!({"type": "KerberosSecurityTokenParameters"}),
        TokenKind::UserName => json!({"type": "UserNameSecurityTokenParameters"}),
        TokenKind::Issued(parameters) => json!({
            "type": "IssuedSecurityTokenParameters",
            "KeySize": parameters.key_size,
            "KeyType": parameters.key_type.as_str(),
            "TokenType": parameters.token_type,
            "UseStrTransform": parameters.use_str_transform,
        }),
        TokenKind::SecureConversation { bootstrap, require_cancellation, can_renew } => json!({
            "type": "SecureConversationSecurityTokenParameters",
            "BootstrapSecurityBindingElement": security(bootstrap),
            "CanRenewSession": can_renew,
            "RequireCancellation": require_cancellation,
        }),
    };
    value["InclusionMode"] = inclusion.into();
    value["ReferenceStyle"] = "Internal".into();
    value["RequireDerivedKeys"] = token.require_derived_keys.into();
    value
}

fn local_client(s: &LocalClientSettings) -> Value {
    json!({
        "type": "LocalClientSecuritySettings",
        "CacheCookies": s.cache_cookies,
        "CookieRenewalThresholdPercentage": s.cookie_renewal_threshold_percentage,
        "DetectReplays": s.detect_replays.expect("resolved"),
        "MaxClockSkew": span(s.max_clock_skew),
        "MaxCookieCachingTime": span(s.max_cookie_caching_time),
        "ReconnectTransportOnFailure": s.reconnect_transport_on_failure,
        "ReplayCacheSize": s.replay_cache_size,
        "ReplayWindow": span(s.replay_window),
        "SessionKeyRenewalInterval": span(s.session_key_renewal_interval),
        "SessionKeyRolloverInterval": span(s.session_key_rollover_interval),
        "TimestampValidityDuration": span(s.timestamp_validity_duration),
    })
}

fn local_service(s: &LocalServiceSettings) -> Value {
    json!({
        "type": "LocalServiceSecuritySettings",
        "DetectReplays": s.detect_replays.expect("resolved"),
        "InactivityTimeout": span(s.inactivity_timeout),
        "IssuedCookieLifetime": span(s.issued_cookie_lifetime),
        "MaxCachedCookies": s.max_cached_cookies,
        "MaxClockSkew": span(s.max_clock_skew),
        "MaxPendingSessions": s.max_pending_sessions,
        "MaxStatefulNegotiations": s.max_stateful_negotiations,
        "NegotiationTimeout": span(s.negotiation_timeout),
        "ReconnectTransportOnFailure": s.reconnect_transport_on_failure,
        "ReplayCacheSize": s.replay_cache_size,
        "ReplayWindow": span(s.replay_window),
        "SessionKeyRenewalInterval": span(s.session_key_renewal_interval),
        "SessionKeyRolloverInterval": span(s.session_key_rollover_interval),
        "TimestampValidityDuration": span(s.timestamp_validity_duration),
    })
}
