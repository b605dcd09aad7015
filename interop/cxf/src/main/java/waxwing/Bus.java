package waxwing;

import org.apache.cxf.BusFactory;
import org.apache.cxf.ws.rm.RMManager;
import org.apache.cxf.ws.rm.manager.AcksPolicyType;
import org.apache.cxf.ws.rm.manager.DestinationPolicyType;
import org.apache.cxf.ws.rm.manager.SourcePolicyType;

/** What CXF keeps for the whole process: the version and the timers of reliable messaging. */
final class Bus {
    private Bus() {}

    static void reliability(Scenario s) {
        if (!s.reliable()) return;
        RMManager manager = BusFactory.getDefaultBus().getExtension(RMManager.class);
        manager.getConfiguration().setRMNamespace(s.rm.equals("10")
                ? "http://schemas.xmlsoap.org/ws/2005/02/rm" : "http://docs.oasis-open.org/ws-rx/wsrm/200702");
        manager.getConfiguration().setRM10AddressingNamespace("http://www.w3.org/2005/08/addressing");
        manager.getConfiguration().setBaseRetransmissionInterval(3000L);
        manager.getConfiguration().setAcknowledgementInterval(0L);
        SourcePolicyType source = new SourcePolicyType();
        source.setIncludeOffer(true);
        manager.setSourcePolicy(source);
        DestinationPolicyType destination = new DestinationPolicyType();
        AcksPolicyType acks = new AcksPolicyType();
        acks.setImmediaAcksTimeout(0L);
        destination.setAcksPolicy(acks);
        manager.setDestinationPolicy(destination);
    }
}
