//! What WCF refuses because no channel of the needed shape comes out of the binding elements.

use crate::TransferMode;
use crate::bindings::Binding;
use crate::refusal::{Refusal, refusal};
use crate::stack::{BindingElement, SecurityKind, Stack};

impl Binding {
    /// The combinations that build no channels, of its stack.
    pub(crate) fn refusals_of_shape(&self, stack: &Stack) -> Vec<Refusal> {
        let (name, mut found) = (self.type_name(), Vec::new());
        streamed_message_security(name, stack, &mut found);
        one_shot_over_tcp(name, stack, &mut found);
        composite_duplex(name, stack, &mut found);
        found
    }
}

fn no_channel_types(name: &str) -> String {
    format!(
        "Binding '{name}' doesn't support creating any channel types. This often indicates that the BindingElements in a \
         CustomBinding have been stacked incorrectly or in the wrong order. A Transport is required at the bottom of the \
         stack. The recommended order for BindingElements is: TransactionFlow, ReliableSession, Security, CompositeDuplex, \
         OneWay, StreamSecurity, MessageEncoding, Transport."
    )
}

/// Whether messages are signed and encrypted themselves.
fn secures_messages(stack: &Stack) -> bool {
    stack.security().is_some_and(|element| !matches!(element.kind, SecurityKind::Transport))
}

fn streamed_message_security(name: &str, stack: &Stack, found: &mut Vec<Refusal>) {
    let mode = match (stack.http(), stack.tcp()) {
        (Some(http), _) => http.transfer_mode,
        (_, Some(tcp)) => tcp.transfer_mode,
        _ => return,
    };
    if mode != TransferMode::Buffered && secures_messages(stack) {
        found.push(refusal(
            "streamed-message-security",
            "@transferMode",
            "message security needs whole messages, but transferMode streams them",
            format!(
                "The binding ('{name}','http://tempuri.org/') supports streaming which cannot be configured together with \
                 message level security.  Consider choosing a different transfer mode or choosing the transport level \
                 security."
            ),
            "remove transferMode, or write security mode=\"Transport\"",
        ));
    }
}

/// Over a session of the transport, keys that both sides have belong to a session of their own, or nothing is built; certificates
/// on both sides need none (`SymmetricSecurityBindingElement.SupportsDuplex`, and the asymmetric one's).
fn one_shot_over_tcp(name: &str, stack: &Stack, found: &mut Vec<Refusal>) {
    let Some(security) = stack.security() else { return };
    let buffered = |tcp: &crate::TcpTransport| tcp.transfer_mode == TransferMode::Buffered;
    if stack.tcp().is_some_and(buffered)
        && matches!(security.kind, SecurityKind::Symmetric { .. })
        && security.bootstrap().is_none()
    {
        found.push(refusal(
            "one-shot-over-tcp",
            "security/@authenticationMode",
            "over net.tcp messages are secured inside a secure conversation, and here each is secured by itself",
            no_channel_types(name),
            "write authenticationMode=\"SecureConversation\" with this mode in <secureConversationBootstrap>",
        ));
    }
}

/// The two directions are made of one-way channels, which HTTP has with `<oneWay>` only.
fn composite_duplex(name: &str, stack: &Stack, found: &mut Vec<Refusal>) {
    let has_one_way = stack.elements.iter().any(|e| matches!(e, BindingElement::OneWay(_)));
    if stack.composite_duplex().is_some() && stack.http().is_some() && !has_one_way {
        found.push(refusal(
            "composite-duplex-without-one-way",
            "compositeDuplex",
            "<compositeDuplex> joins two one-way directions, and HTTP answers every request without <oneWay>",
            no_channel_types(name),
            "add <oneWay /> below <compositeDuplex>",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::Configuration;

    fn refused(section: &str, inside: &str) -> Vec<(&'static str, String)> {
        let text = format!(
            "<configuration><system.serviceModel><bindings><{section}><binding {inside}</binding></{section}></bindings>\
             </system.serviceModel></configuration>"
        );
        let binding = Configuration::load(&text).configuration.bindings.remove(0);
        binding.refusals().into_iter().map(|r| (r.code, r.wcf_text)).collect()
    }

    const STACKED: &str = "Binding 'CustomBinding' doesn't support creating any channel types. This often indicates that the \
        BindingElements in a CustomBinding have been stacked incorrectly or in the wrong order. A Transport is required at \
        the bottom of the stack. The recommended order for BindingElements is: TransactionFlow, ReliableSession, Security, \
        CompositeDuplex, OneWay, StreamSecurity, MessageEncoding, Transport.";

    #[test]
    fn what_builds_no_channels_is_refused_in_the_words_of_wcf() {
        let one_shot = "><security authenticationMode=\"MutualCertificate\"/><tcpTransport/>";
        assert_eq!(refused("customBinding", one_shot), [("one-shot-over-tcp", STACKED.to_owned())]);
        let joined = "><compositeDuplex/><textMessageEncoding/><httpTransport/>";
        assert_eq!(
            refused("customBinding", joined),
            [("composite-duplex-without-one-way", STACKED.to_owned())]
        );
        let streamed = |name: &str| {
            format!(
                "The binding ('{name}','http://tempuri.org/') supports streaming which cannot be configured together with \
                 message level security.  Consider choosing a different transfer mode or choosing the transport level \
                 security."
            )
        };
        let custom = "><security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
                      authenticationMode=\"MutualCertificate\"/></security><tcpTransport transferMode=\"Streamed\"/>";
        assert_eq!(
            refused("customBinding", custom),
            [("streamed-message-security", streamed("CustomBinding"))]
        );
        let tcp = "transferMode=\"StreamedResponse\"><security mode=\"Message\"/>";
        assert_eq!(
            refused("netTcpBinding", tcp),
            [("streamed-message-security", streamed("NetTcpBinding"))]
        );
        let reliable = "transferMode=\"Streamed\"><reliableSession enabled=\"true\"/><security mode=\"None\"/>";
        let text = "Transfer mode Streamed is not supported by ReliableSessionBindingElement.";
        assert_eq!(refused("netTcpBinding", reliable), [("reliable-streamed", text.to_owned())]);
    }

    #[test]
    fn what_builds_channels_is_not_refused() {
        for inside in [
            "><security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
             authenticationMode=\"MutualCertificate\"/></security><tcpTransport/>",
            "><security authenticationMode=\"UserNameOverTransport\"/><sslStreamSecurity/>\
             <tcpTransport transferMode=\"Streamed\"/>",
            "><reliableSession reliableMessagingVersion=\"WSReliableMessaging11\"/><compositeDuplex/><oneWay/>\
             <textMessageEncoding/><httpTransport/>",
            "><reliableSession/><binaryMessageEncoding/><tcpTransport/>",
            "><security authenticationMode=\"MutualCertificateDuplex\"/><tcpTransport/>",
            "><reliableSession/><security authenticationMode=\"UserNameOverTransport\"/><sslStreamSecurity/><tcpTransport/>",
        ] {
            assert_eq!(refused("customBinding", inside), [], "{inside}");
        }
    }
}
