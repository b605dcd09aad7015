package waxwing;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import javax.xml.namespace.QName;
import org.apache.cxf.jaxws.JaxWsServerFactoryBean;

/** serve SCENARIO PORT: hosts the calculator on http(s)://localhost:PORT/ServiceModelSamples/service, on the loopback only. */
public final class Serve {
    public static void main(String[] args) throws Exception {
        Scenario s = Scenario.of(args[0]);
        int port = Integer.parseInt(args[1]);
        String url = s.url(port, "/ServiceModelSamples/service");
        Path wsdl = Wsdl.write(Path.of("target", "run", s.name), "service.wsdl", Wsdl.signedByBinding(s, url));
        Bus.reliability(s);
        Bus.certificate(s, port);
        JaxWsServerFactoryBean factory = new JaxWsServerFactoryBean();
        factory.setServiceBean(new CalculatorImpl());
        factory.setWsdlLocation(wsdl.toUri().toString());
        factory.setServiceName(new QName(Calculator.NS, "CalculatorService"));
        factory.setEndpointName(new QName(Calculator.NS, "CalculatorPort"));
        factory.setAddress(url);
        Map<String, Object> properties = new HashMap<>();
        Keys.service(s, properties);
        factory.setProperties(properties);
        factory.getInInterceptors().add(new SequenceStr());
        if (s.https && s.session) factory.getInInterceptors().add(new HttpsTokenLate());
        factory.create();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("executed " + CalculatorImpl.CALLS.get())));
        System.out.println("READY " + s.name + " " + url + " pid " + ProcessHandle.current().pid());
        Thread.currentThread().join();
    }
}
