package waxwing;

import com.sun.xml.ws.api.fastinfoset.FastInfosetFeature;
import jakarta.xml.ws.Service;
import java.net.URI;
import java.net.URLClassLoader;
import java.net.URL;
import java.nio.file.Path;
import javax.xml.namespace.QName;

/**
 * FromWsdl SCENARIO WSDL-URL PORT N: N additions with the WSDL that a service serves, as it is. Only key stores come from here: no
 * WSDL has them.
 */
public final class FromWsdl {
    public static void main(String[] args) throws Exception {
        Scenario s = Scenario.of(args[0]);
        int n = Integer.parseInt(args[3]), right = 0;
        Path dir = Path.of("target", "run", "from-wsdl-" + ProcessHandle.current().pid()).toAbsolutePath();
        // What a client keeps to itself is found by the names of service and port.
        String own = Local.clientConfig(s, Stores.dir(), "alice").replace("name='CalculatorPort'", "name='" + args[2] + "'");
        Wsdl.write(dir, "wsit-client.xml", own);
        dir.resolve("wsit-client.xml").toFile().deleteOnExit();
        dir.toFile().deleteOnExit();
        Thread.currentThread().setContextClassLoader(
                new URLClassLoader(new URL[] {dir.toUri().toURL()}, FromWsdl.class.getClassLoader()));
        Service service = Service.create(URI.create(args[1]).toURL(), new QName(Calculator.NS, "CalculatorService"));
        Calculator port = service.getPort(new QName(Calculator.NS, args[2]), Calculator.class, new FastInfosetFeature(false));
        for (int i = 0; i < n; i++) {
            if (port.add(i, 15.99) == i + 15.99) right++;
        }
        Peer.close(port);
        System.out.println("DONE ok " + right + " of " + n);
        System.exit(right == n ? 0 : 1);
    }
}
