package waxwing;

import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.security.transport.TLSSessionInfo;
import org.apache.cxf.ws.policy.AssertionInfo;
import org.apache.cxf.ws.policy.AssertionInfoMap;
import org.apache.cxf.ws.security.policy.PolicyUtils;
import org.apache.wss4j.policy.SPConstants;
import org.apache.wss4j.policy.model.HttpsToken;

/**
 * Says that a request for a security context came over TLS, when CXF has forgotten it. Its SecureConversationInInterceptor puts the
 * bootstrap policy in force before HttpsTokenInInterceptor looks at the connection, but only where the Content-Type names the action.
 * WCF names none with WS-Addressing, and nor do we. Then CXF waits for the addressing headers, the bootstrap policy comes after that
 * look, and its HttpsToken stays unsatisfied whatever the connection is.
 */
final class HttpsTokenLate extends AbstractPhaseInterceptor<Message> {
    HttpsTokenLate() { super(Phase.POST_PROTOCOL); }

    @Override
    public void handleMessage(Message message) {
        AssertionInfoMap policy = message.get(AssertionInfoMap.class);
        if (policy == null || message.get(TLSSessionInfo.class) == null) return;
        for (AssertionInfo info : PolicyUtils.getAllAssertionsByLocalname(policy, SPConstants.HTTPS_TOKEN)) {
            // What wants a certificate or a password of the transport is CXF's to judge.
            if (((HttpsToken) info.getAssertion()).getAuthenticationType() == null) info.setAsserted(true);
        }
    }
}
