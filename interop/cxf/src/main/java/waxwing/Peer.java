package waxwing;

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Service;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import javax.xml.namespace.QName;
import org.apache.cxf.BusFactory;
import org.apache.cxf.ws.rm.RMManager;

/** Makes client ports for a scenario; each port has its own reliable and secure session. */
final class Peer {
    private final Service service;
    private final Scenario scenario;
    private final String url;

    Peer(Scenario s, String url) throws Exception {
        Path dir = Path.of("target", "run", s.name + "-client-" + ProcessHandle.current().pid()).toAbsolutePath();
        Path wsdl = Wsdl.write(dir, "service.wsdl", Wsdl.signedByBinding(s, url));
        Bus.reliability(s);
        Bus.trust(s);
        this.scenario = s;
        this.url = url;
        this.service = Service.create(wsdl.toUri().toURL(), new QName(Calculator.NS, "CalculatorService"));
    }

    synchronized Calculator open() {
        Calculator port = service.getPort(new QName(Calculator.NS, "CalculatorPort"), Calculator.class);
        var context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
        Keys.client(scenario, System.getProperty("user", "alice"), context);
        return port;
    }

    /** Ends the reliable session, then the secure one. */
    static void close(Calculator port) {
        try {
            ((Closeable) port).close();
        } catch (IOException e) {
            throw new RuntimeException(e);
        }
        BusFactory.getDefaultBus().getExtension(RMManager.class).shutdown();
    }
}
