package waxwing;

import java.util.Set;
import javax.xml.namespace.QName;
import org.apache.cxf.binding.soap.SoapMessage;
import org.apache.cxf.binding.soap.interceptor.AbstractSoapInterceptor;
import org.apache.cxf.phase.Phase;

/**
 * Says that the header UsesSequenceSTR is understood, which WCF sends (mustUnderstand) with a CreateSequence of WS-ReliableMessaging 1.1
 * inside a secure conversation, and which CXF does not know. CXF checks the security of every message of the sequence by its policy anyway.
 */
final class SequenceStr extends AbstractSoapInterceptor {
    private static final QName HEADER = new QName("http://docs.oasis-open.org/ws-rx/wsrm/200702", "UsesSequenceSTR");

    SequenceStr() { super(Phase.PRE_PROTOCOL); }

    @Override
    public Set<QName> getUnderstoodHeaders() { return Set.of(HEADER); }

    @Override
    public void handleMessage(SoapMessage message) {}
}
