package waxwing;

import com.sun.xml.ws.api.fastinfoset.FastInfosetFeature;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Service;
import java.io.Closeable;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import javax.net.ssl.HttpsURLConnection;
import javax.xml.namespace.QName;

/** Makes client ports for a scenario; each port has its own reliable and secure session. */
final class Peer {
    private final Service service;
    private final String url;

    Peer(Scenario s, String url) throws Exception {
        // Metro takes the JDK's client. HttpsURLConnection checks the host name.
        if (s.https) HttpsURLConnection.setDefaultSSLSocketFactory(Stores.tls(null, "client-trust.p12").getSocketFactory());
        String user = System.getProperty("user", s.security.equals("none") ? "-" : "alice");
        Path dir = Path.of("target", "run", s.name + "-client-" + ProcessHandle.current().pid()).toAbsolutePath();
        Wsdl.write(dir, "wsit-client.xml", Local.clientConfig(s, Stores.dir(), user));
        Path wsdl = Wsdl.write(dir, "service.wsdl", Wsdl.of(s, url, Local.ordered(s)));
        Thread.currentThread().setContextClassLoader(
                new URLClassLoader(new URL[] {dir.toUri().toURL()}, Peer.class.getClassLoader()));
        for (String f : new String[] {"wsit-client.xml", "service.wsdl"}) dir.resolve(f).toFile().deleteOnExit();
        dir.toFile().deleteOnExit();
        this.url = url;
        this.service = Service.create(wsdl.toUri().toURL(), new QName(Calculator.NS, "CalculatorService"));
    }

    synchronized Calculator open() {
        Calculator port = service.getPort(new QName(Calculator.NS, "CalculatorPort"), Calculator.class, new FastInfosetFeature(false));
        ((BindingProvider) port).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
        return port;
    }

    static void close(Calculator port) {
        try {
            ((Closeable) port).close();
        } catch (IOException e) {
            throw new RuntimeException(e);
        }
    }
}
