package waxwing;

import jakarta.jws.WebService;
import jakarta.xml.ws.BindingType;
import jakarta.xml.ws.soap.SOAPBinding;
import java.util.ArrayList;
import java.util.List;

/** The calculator that remembers the first operands of the calls that reach it, in their order. */
@WebService(serviceName = "CalculatorService", portName = "CalculatorPort", targetNamespace = Calculator.NS,
        endpointInterface = "waxwing.Noting")
@BindingType(SOAPBinding.SOAP12HTTP_BINDING)
public final class NotingImpl extends CalculatorImpl implements Noting {
    private static final List<Double> OPERANDS = new ArrayList<>();

    private static double noted(double n1) {
        synchronized (OPERANDS) { OPERANDS.add(n1); }
        return n1;
    }

    /** What was remembered, one operand a line. */
    static String operands() {
        StringBuilder lines = new StringBuilder();
        synchronized (OPERANDS) { for (double n1 : OPERANDS) lines.append(n1).append('\n'); }
        return lines.toString();
    }

    static void forget() {
        synchronized (OPERANDS) { OPERANDS.clear(); }
    }

    @Override public double add(double n1, double n2) { return super.add(noted(n1), n2); }
    @Override public double subtract(double n1, double n2) { return super.subtract(noted(n1), n2); }
    @Override public double multiply(double n1, double n2) { return super.multiply(noted(n1), n2); }
    @Override public double divide(double n1, double n2) { return super.divide(noted(n1), n2); }
    @Override public void note(double n1) { noted(n1); }
}
