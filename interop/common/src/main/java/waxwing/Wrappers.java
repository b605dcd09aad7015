package waxwing;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlElement;
import jakarta.xml.bind.annotation.XmlRootElement;
import jakarta.xml.bind.annotation.XmlType;

/** Hand-written wrapper beans, so that the runtime need not generate (and inject) classes on JDK 17. */
public final class Wrappers {
    private Wrappers() {}

    static final String NS = Calculator.NS;

    @XmlRootElement(name = "Add", namespace = NS)
    @XmlType(name = "Add", namespace = NS, propOrder = {"n1", "n2"})
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class Add {
        private double n1, n2;
        @XmlElement(namespace = NS) public double getN1() { return n1; }
        public void setN1(double v) { n1 = v; }
        @XmlElement(namespace = NS) public double getN2() { return n2; }
        public void setN2(double v) { n2 = v; }
    }

    @XmlRootElement(name = "AddResponse", namespace = NS)
    @XmlType(name = "AddResponse", namespace = NS)
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class AddResponse {
        private double r;
        @XmlElement(name = "AddResult", namespace = NS) public double getAddResult() { return r; }
        public void setAddResult(double v) { r = v; }
    }

    @XmlRootElement(name = "Subtract", namespace = NS)
    @XmlType(name = "Subtract", namespace = NS, propOrder = {"n1", "n2"})
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class Subtract {
        private double n1, n2;
        @XmlElement(namespace = NS) public double getN1() { return n1; }
        public void setN1(double v) { n1 = v; }
        @XmlElement(namespace = NS) public double getN2() { return n2; }
        public void setN2(double v) { n2 = v; }
    }

    @XmlRootElement(name = "SubtractResponse", namespace = NS)
    @XmlType(name = "SubtractResponse", namespace = NS)
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class SubtractResponse {
        private double r;
        @XmlElement(name = "SubtractResult", namespace = NS) public double getSubtractResult() { return r; }
        public void setSubtractResult(double v) { r = v; }
    }

    @XmlRootElement(name = "Multiply", namespace = NS)
    @XmlType(name = "Multiply", namespace = NS, propOrder = {"n1", "n2"})
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class Multiply {
        private double n1, n2;
        @XmlElement(namespace = NS) public double getN1() { return n1; }
        public void setN1(double v) { n1 = v; }
        @XmlElement(namespace = NS) public double getN2() { return n2; }
        public void setN2(double v) { n2 = v; }
    }

    @XmlRootElement(name = "MultiplyResponse", namespace = NS)
    @XmlType(name = "MultiplyResponse", namespace = NS)
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class MultiplyResponse {
        private double r;
        @XmlElement(name = "MultiplyResult", namespace = NS) public double getMultiplyResult() { return r; }
        public void setMultiplyResult(double v) { r = v; }
    }

    @XmlRootElement(name = "Divide", namespace = NS)
    @XmlType(name = "Divide", namespace = NS, propOrder = {"n1", "n2"})
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class Divide {
        private double n1, n2;
        @XmlElement(namespace = NS) public double getN1() { return n1; }
        public void setN1(double v) { n1 = v; }
        @XmlElement(namespace = NS) public double getN2() { return n2; }
        public void setN2(double v) { n2 = v; }
    }

    @XmlRootElement(name = "DivideResponse", namespace = NS)
    @XmlType(name = "DivideResponse", namespace = NS)
    @XmlAccessorType(XmlAccessType.PROPERTY)
    public static class DivideResponse {
        private double r;
        @XmlElement(name = "DivideResult", namespace = NS) public double getDivideResult() { return r; }
        public void setDivideResult(double v) { r = v; }
    }
}
