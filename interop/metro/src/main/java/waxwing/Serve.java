package waxwing;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import jakarta.xml.ws.Endpoint;
import jakarta.xml.ws.soap.SOAPBinding;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.xml.namespace.QName;
import javax.xml.transform.stream.StreamSource;

/**
 * serve SCENARIO PORT: hosts the calculator on http(s)://localhost:PORT/ServiceModelSamples/service, on the loopback only. With -Dnotes=true
 * it has an operation without an answer, and remembers the operands of all calls: GET /operands tells them, DELETE forgets them.
 */
public final class Serve {
    public static void main(String[] args) throws Exception {
        Scenario s = Scenario.of(args[0]);
        int port = Integer.parseInt(args[1]);
        String keys = Stores.dir();
        String path = "/ServiceModelSamples/service";
        // Several services of a scenario may run side by side.
        Path dir = Path.of("target", "run", s.name + "-service-" + ProcessHandle.current().pid());
        Path wsdl = Wsdl.write(dir, "service.wsdl", Wsdl.of(s, s.url(port, path), Local.serverKeys(s, keys)));
        dir.toFile().deleteOnExit();
        wsdl.toFile().deleteOnExit();

        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port);
        HttpServer http;
        if (s.https) {
            HttpsServer https = HttpsServer.create(address, 128);
            https.setHttpsConfigurator(new HttpsConfigurator(Stores.tls("service.p12", null)));
            http = https;
        } else {
            http = HttpServer.create(address, 128);
        }
        ExecutorService pool = Executors.newFixedThreadPool(64);
        http.setExecutor(pool);
        HttpContext context = http.createContext(path);

        Endpoint endpoint = Endpoint.create(SOAPBinding.SOAP12HTTP_BINDING, Boolean.getBoolean("notes") ? new NotingImpl() : new CalculatorImpl());
        StreamSource source = new StreamSource(wsdl.toUri().toString());
        endpoint.setMetadata(List.of(source));
        Map<String, Object> props = new HashMap<>();
        props.put(Endpoint.WSDL_SERVICE, new QName(Calculator.NS, "CalculatorService"));
        props.put(Endpoint.WSDL_PORT, new QName(Calculator.NS, "CalculatorPort"));
        endpoint.setProperties(props);
        endpoint.setExecutor(pool);
        endpoint.publish(context);
        // GET /calls tells how many calls reached the implementation.
        http.createContext("/calls", x -> {
            byte[] body = (CalculatorImpl.CALLS.get() + "\n").getBytes(StandardCharsets.US_ASCII);
            x.sendResponseHeaders(200, body.length);
            x.getResponseBody().write(body);
            x.close();
        });
        http.createContext("/operands", x -> {
            if (x.getRequestMethod().equals("DELETE")) NotingImpl.forget();
            byte[] body = NotingImpl.operands().getBytes(StandardCharsets.US_ASCII);
            x.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            if (body.length > 0) x.getResponseBody().write(body);
            x.close();
        });
        http.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("executed " + CalculatorImpl.CALLS.get())));
        System.out.println("READY " + s.name + " " + s.url(port, path) + " pid " + ProcessHandle.current().pid());
        Thread.currentThread().join();
    }
}
