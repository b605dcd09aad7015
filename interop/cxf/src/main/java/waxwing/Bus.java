package waxwing;

import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.transport.http.HTTPConduitConfigurer;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;
import org.apache.cxf.ws.rm.RMManager;
import org.apache.cxf.ws.rm.manager.AcksPolicyType;
import org.apache.cxf.ws.rm.manager.DestinationPolicyType;
import org.apache.cxf.ws.rm.manager.SourcePolicyType;

/** What CXF keeps for the whole process: TLS, the version and the timers of reliable messaging. */
final class Bus {
    private Bus() {}

    /** Trusts the test PKI in every connection, also in those that ask for a security context. */
    static void trust(Scenario s) throws Exception {
        if (!s.https) return;
        TLSClientParameters tls = new TLSClientParameters();
        tls.setSSLSocketFactory(Stores.tls(null, "client-trust.p12").getSocketFactory());
        HTTPConduitConfigurer configurer = (name, address, conduit) -> conduit.setTlsClientParameters(tls);
        BusFactory.getDefaultBus().setExtension(configurer, HTTPConduitConfigurer.class);
    }

    /** Shows the service's certificate at a port. */
    static void certificate(Scenario s, int port) throws Exception {
        if (!s.https) return;
        TLSServerParameters tls = new TLSServerParameters();
        tls.setKeyManagers(Stores.keyManagers("service.p12"));
        BusFactory.getDefaultBus().getExtension(JettyHTTPServerEngineFactory.class).setTLSServerParametersForPort("localhost", port, tls);
    }

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
