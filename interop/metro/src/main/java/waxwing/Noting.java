package waxwing;

import jakarta.jws.Oneway;
import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebService;
import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlElement;
import jakarta.xml.bind.annotation.XmlRootElement;
import jakarta.xml.bind.annotation.XmlType;
import jakarta.xml.ws.Action;
import jakarta.xml.ws.RequestWrapper;

/** The calculator with an operation that has no answer. */
@WebService(name = "ICalculator", targetNamespace = Calculator.NS)
public interface Noting extends Calculator {
    @Oneway
    @WebMethod(operationName = "Note", action = A + "Note")
    @Action(input = A + "Note")
    @RequestWrapper(localName = "Note", targetNamespace = NS, className = "waxwing.Noting$Note")
    void note(@WebParam(name = "n1", targetNamespace = NS) double n1);

    /** The message of it. */
    @XmlRootElement(name = "Note", namespace = Calculator.NS)
    @XmlType(name = "Note", namespace = Calculator.NS)
    @XmlAccessorType(XmlAccessType.PROPERTY)
    class Note {
        private double n1;
        @XmlElement(namespace = Calculator.NS) public double getN1() { return n1; }
        public void setN1(double v) { n1 = v; }
    }
}
