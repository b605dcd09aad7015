package waxwing;

import jakarta.jws.WebService;
import jakarta.xml.ws.BindingType;
import jakarta.xml.ws.soap.SOAPBinding;
import java.util.concurrent.atomic.AtomicLong;

/** The service. Counts the calls that reach it, so that a test can tell duplicates delivered under loss. */
@WebService(serviceName = "CalculatorService", portName = "CalculatorPort", targetNamespace = Calculator.NS,
        endpointInterface = "waxwing.Calculator")
@BindingType(SOAPBinding.SOAP12HTTP_BINDING)
public class CalculatorImpl implements Calculator {
    static final AtomicLong CALLS = new AtomicLong();

    private static double done(double r) { CALLS.incrementAndGet(); return r; }

    @Override public double add(double n1, double n2) { return done(n1 + n2); }
    @Override public double subtract(double n1, double n2) { return done(n1 - n2); }
    @Override public double multiply(double n1, double n2) { return done(n1 * n2); }
    @Override public double divide(double n1, double n2) { return done(n1 / n2); }
}
