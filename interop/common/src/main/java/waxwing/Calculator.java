package waxwing;

import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;
import jakarta.xml.bind.annotation.XmlSeeAlso;
import jakarta.xml.ws.Action;
import jakarta.xml.ws.RequestWrapper;
import jakarta.xml.ws.ResponseWrapper;

/** The calculator contract of the WCF samples: document/literal wrapped, n1 and n2 of xs:double. */
@WebService(name = "ICalculator", targetNamespace = Calculator.NS)
@XmlSeeAlso({Wrappers.Add.class, Wrappers.AddResponse.class, Wrappers.Subtract.class, Wrappers.SubtractResponse.class,
        Wrappers.Multiply.class, Wrappers.MultiplyResponse.class, Wrappers.Divide.class, Wrappers.DivideResponse.class})
public interface Calculator {
    String NS = "http://Microsoft.ServiceModel.Samples";
    String A = NS + "/ICalculator/";

    @WebMethod(operationName = "Add", action = A + "Add")
    @Action(input = A + "Add", output = A + "AddResponse")
    @RequestWrapper(localName = "Add", targetNamespace = NS, className = "waxwing.Wrappers$Add")
    @ResponseWrapper(localName = "AddResponse", targetNamespace = NS, className = "waxwing.Wrappers$AddResponse")
    @WebResult(name = "AddResult", targetNamespace = NS)
    double add(@WebParam(name = "n1", targetNamespace = NS) double n1, @WebParam(name = "n2", targetNamespace = NS) double n2);

    @WebMethod(operationName = "Subtract", action = A + "Subtract")
    @Action(input = A + "Subtract", output = A + "SubtractResponse")
    @RequestWrapper(localName = "Subtract", targetNamespace = NS, className = "waxwing.Wrappers$Subtract")
    @ResponseWrapper(localName = "SubtractResponse", targetNamespace = NS, className = "waxwing.Wrappers$SubtractResponse")
    @WebResult(name = "SubtractResult", targetNamespace = NS)
    double subtract(@WebParam(name = "n1", targetNamespace = NS) double n1, @WebParam(name = "n2", targetNamespace = NS) double n2);

    @WebMethod(operationName = "Multiply", action = A + "Multiply")
    @Action(input = A + "Multiply", output = A + "MultiplyResponse")
    @RequestWrapper(localName = "Multiply", targetNamespace = NS, className = "waxwing.Wrappers$Multiply")
    @ResponseWrapper(localName = "MultiplyResponse", targetNamespace = NS, className = "waxwing.Wrappers$MultiplyResponse")
    @WebResult(name = "MultiplyResult", targetNamespace = NS)
    double multiply(@WebParam(name = "n1", targetNamespace = NS) double n1, @WebParam(name = "n2", targetNamespace = NS) double n2);

    @WebMethod(operationName = "Divide", action = A + "Divide")
    @Action(input = A + "Divide", output = A + "DivideResponse")
    @RequestWrapper(localName = "Divide", targetNamespace = NS, className = "waxwing.Wrappers$Divide")
    @ResponseWrapper(localName = "DivideResponse", targetNamespace = NS, className = "waxwing.Wrappers$DivideResponse")
    @WebResult(name = "DivideResult", targetNamespace = NS)
    double divide(@WebParam(name = "n1", targetNamespace = NS) double n1, @WebParam(name = "n2", targetNamespace = NS) double n2);
}
