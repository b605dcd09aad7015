package waxwing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the WSDL of a scenario, with the policy that WCF exports for wsHttpBinding or ws2007HttpBinding. */
final class Wsdl {
    private static final String SP11 = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";
    private static final String SP12 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
    private static final String WSA = "http://www.w3.org/2005/08/addressing";
    private static final String RM10 = "http://schemas.xmlsoap.org/ws/2005/02/rm";
    private static final String RM11 = "http://docs.oasis-open.org/ws-rx/wsrm/200702";

    private final Scenario s;
    private final String sp;
    private final String local;
    private boolean plainSignature;

    private Wsdl(Scenario s, String local) {
        this.s = s;
        this.sp = s.v2007 ? SP12 : SP11;
        this.local = local;
    }

    /** The WSDL as WCF writes it; `local` are assertions that only this peer knows. */
    static String of(Scenario s, String url, String local) { return new Wsdl(s, local).wsdl(url, true, false); }

    /**
     * The same for CXF, which judges the messages of reliable messaging by the policy of the whole binding: what is signed stands there,
     * since they are signed; what is encrypted stands with the operations, since they are not (as WCF has it). Nor is their signature,
     * so that a binding with reliable messaging cannot demand EncryptSignature (WCF's messageProtectionOrder="SignBeforeEncrypt").
     */
    static String signedByBinding(Scenario s, String url) {
        Wsdl wsdl = new Wsdl(s, "");
        wsdl.plainSignature = s.reliable();
        return wsdl.wsdl(url, true, true);
    }

    /** Only the local assertions, attached to the binding. */
    static String onlyLocal(Scenario s, String local) { return new Wsdl(s, local).wsdl("http://localhost/unused", false, false); }

    private String wsdl(String url, boolean policies, boolean bindingSigns) {
        StringBuilder ops = new StringBuilder(), bind = new StringBuilder(), msgs = new StringBuilder(), types = new StringBuilder();
        boolean parts = policies && s.secure() && !s.https;
        for (String op : new String[] {"Add", "Subtract", "Multiply", "Divide"}) {
            types.append("<xs:element name='").append(op).append("'><xs:complexType><xs:sequence>"
                    + "<xs:element minOccurs='0' name='n1' type='xs:double'/><xs:element minOccurs='0' name='n2' type='xs:double'/>"
                    + "</xs:sequence></xs:complexType></xs:element><xs:element name='").append(op)
                    .append("Response'><xs:complexType><xs:sequence><xs:element minOccurs='0' name='").append(op)
                    .append("Result' type='xs:double'/></xs:sequence></xs:complexType></xs:element>\n");
            msgs.append("<wsdl:message name='").append(op).append("In'><wsdl:part name='parameters' element='tns:").append(op)
                    .append("'/></wsdl:message><wsdl:message name='").append(op).append("Out'><wsdl:part name='parameters' element='tns:")
                    .append(op).append("Response'/></wsdl:message>\n");
            ops.append("<wsdl:operation name='").append(op).append("'><wsdl:input wsam:Action='").append(Calculator.A).append(op)
                    .append("' wsaw:Action='").append(Calculator.A).append(op).append("' message='tns:").append(op)
                    .append("In'/><wsdl:output wsam:Action='").append(Calculator.A).append(op).append("Response' wsaw:Action='")
                    .append(Calculator.A).append(op).append("Response' message='tns:").append(op).append("Out'/></wsdl:operation>\n");
            String ref = parts ? "<wsp:PolicyReference URI='#parts'/>" : "";
            bind.append("<wsdl:operation name='").append(op).append("'><soap12:operation soapAction='").append(Calculator.A).append(op)
                    .append("' style='document'/><wsdl:input>").append(ref).append("<soap12:body use='literal'/></wsdl:input><wsdl:output>")
                    .append(ref).append("<soap12:body use='literal'/></wsdl:output></wsdl:operation>\n");
        }
        if (Boolean.getBoolean("notes")) {
            // Without an answer; only a service that is asked for it has it.
            types.append("<xs:element name='Note'><xs:complexType><xs:sequence><xs:element minOccurs='0' name='n1' type='xs:double'/>"
                    + "</xs:sequence></xs:complexType></xs:element>\n");
            msgs.append("<wsdl:message name='NoteIn'><wsdl:part name='parameters' element='tns:Note'/></wsdl:message>\n");
            ops.append("<wsdl:operation name='Note'><wsdl:input wsam:Action='").append(Calculator.A).append("Note' wsaw:Action='")
                    .append(Calculator.A).append("Note' message='tns:NoteIn'/></wsdl:operation>\n");
            bind.append("<wsdl:operation name='Note'><soap12:operation soapAction='").append(Calculator.A)
                    .append("Note' style='document'/><wsdl:input>").append(parts ? "<wsp:PolicyReference URI='#parts'/>" : "")
                    .append("<soap12:body use='literal'/></wsdl:input></wsdl:operation>\n");
        }
        return "<?xml version='1.0' encoding='utf-8'?>\n<wsdl:definitions name='CalculatorService' targetNamespace='" + Calculator.NS
                + "' xmlns:wsdl='http://schemas.xmlsoap.org/wsdl/' xmlns:xs='http://www.w3.org/2001/XMLSchema'"
                + " xmlns:soap12='http://schemas.xmlsoap.org/wsdl/soap12/' xmlns:tns='" + Calculator.NS + "'"
                + " xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy' xmlns:wspp='http://java.sun.com/xml/ns/wsit/policy'"
                + " xmlns:wsu='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'"
                + " xmlns:wsam='http://www.w3.org/2007/05/addressing/metadata' xmlns:wsaw='http://www.w3.org/2006/05/addressing/wsdl'>\n"
                + "<wsp:Policy wsu:Id='binding'><wsp:ExactlyOne><wsp:All>\n"
                + (policies ? bindingPolicy() : "") + (bindingSigns && s.secure() && !s.https ? signed(true, "xmlns:sp='" + sp + "'") : "") + local + "\n</wsp:All></wsp:ExactlyOne></wsp:Policy>\n"
                + (parts ? "<wsp:Policy wsu:Id='parts'><wsp:ExactlyOne><wsp:All>\n" + (bindingSigns ? "" : signed(true, "xmlns:sp='" + sp + "'"))
                        + encrypted("xmlns:sp='" + sp + "'") + "</wsp:All></wsp:ExactlyOne></wsp:Policy>\n" : "")
                + "<wsdl:types><xs:schema elementFormDefault='qualified' targetNamespace='" + Calculator.NS + "'>\n" + types
                + "</xs:schema></wsdl:types>\n" + msgs
                + "<wsdl:portType name='ICalculator'>\n" + ops + "</wsdl:portType>\n"
                + "<wsdl:binding name='CalculatorPortBinding' type='tns:ICalculator'><wsp:PolicyReference URI='#binding'/>"
                + "<soap12:binding transport='http://schemas.xmlsoap.org/soap/http' style='document'/>\n" + bind + "</wsdl:binding>\n"
                + "<wsdl:service name='CalculatorService'><wsdl:port name='CalculatorPort' binding='tns:CalculatorPortBinding'>"
                + "<soap12:address location='" + url + "'/></wsdl:port></wsdl:service>\n</wsdl:definitions>\n";
    }

    private String bindingPolicy() {
        StringBuilder b = new StringBuilder();
        if (s.rm.equals("10")) {
            b.append("<wsrm:RMAssertion xmlns:wsrm='http://schemas.xmlsoap.org/ws/2005/02/rm/policy'>"
                    + "<wsrm:InactivityTimeout Milliseconds='600000'/><wsrm:AcknowledgementInterval Milliseconds='200'/></wsrm:RMAssertion>\n");
        } else if (s.rm.equals("11")) {
            b.append("<wsrmp:RMAssertion xmlns:wsrmp='http://docs.oasis-open.org/ws-rx/wsrmp/200702'><wsp:Policy>"
                    + (s.session ? "<wsrmp:SequenceSTR/>" : "")
                    + "<wsrmp:DeliveryAssurance><wsp:Policy><wsrmp:ExactlyOnce/><wsrmp:InOrder/></wsp:Policy></wsrmp:DeliveryAssurance>"
                    + "</wsp:Policy><netrmp:InactivityTimeout xmlns:netrmp='http://schemas.microsoft.com/ws-rx/wsrmp/200702' Milliseconds='600000'/>"
                    + "<netrmp:AcknowledgementInterval xmlns:netrmp='http://schemas.microsoft.com/ws-rx/wsrmp/200702' Milliseconds='200'/>"
                    + "</wsrmp:RMAssertion>\n");
        }
        String ns = "xmlns:sp='" + sp + "'";
        switch (s.https ? "https" : s.security) {
            case "https": b.append(transport(ns)); break;
            case "mutual": b.append(symmetricX509(ns, true)).append(wss11(ns, true)).append(trust(ns)); break;
            case "username": b.append(symmetricX509(ns, false)).append(username(ns)).append(wss11(ns, false)).append(trust(ns)); break;
            case "asym": b.append(asymmetric(ns)).append(wss10(ns)).append(trust(ns)); break;
            case "sc": b.append(secureConversation(ns)).append(wss11(ns, false)).append(trust(ns)); break;
            default: break;
        }
        b.append("<wsaw:UsingAddressing/>\n");
        return b.toString();
    }

    private String include(String how) {
        return " sp:IncludeToken='" + sp + "/IncludeToken/" + how + "'";
    }

    private String common(boolean encryptSignature) {
        return "<sp:AlgorithmSuite><wsp:Policy><sp:" + System.getProperty("suite", "Basic256") + "/></wsp:Policy></sp:AlgorithmSuite>"
                + "<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout><sp:IncludeTimestamp/>"
                + (encryptSignature ? "<sp:EncryptSignature/>" : "") + "<sp:OnlySignEntireHeadersAndBody/>";
    }

    private String symmetricX509(String ns, boolean endorsed) {
        return "<sp:SymmetricBinding " + ns + "><wsp:Policy><sp:ProtectionToken><wsp:Policy><sp:X509Token" + include("Never") + "><wsp:Policy>"
                + "<sp:RequireDerivedKeys/><sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>"
                + "</wsp:Policy></sp:ProtectionToken>" + common(true) + "</wsp:Policy></sp:SymmetricBinding>\n"
                + (endorsed ? "<sp:EndorsingSupportingTokens " + ns + "><wsp:Policy><sp:X509Token" + include("AlwaysToRecipient") + "><wsp:Policy>"
                + "<sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token></wsp:Policy></sp:EndorsingSupportingTokens>\n" : "");
    }

    private String username(String ns) {
        String name = s.v2007 ? "SignedEncryptedSupportingTokens" : "SignedSupportingTokens";
        return "<sp:" + name + " " + ns + "><wsp:Policy><sp:UsernameToken" + include("AlwaysToRecipient")
                + "><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:" + name + ">\n";
    }

    private String asymmetric(String ns) {
        return "<sp:AsymmetricBinding " + ns + "><wsp:Policy>"
                + "<sp:InitiatorToken><wsp:Policy><sp:X509Token" + include("AlwaysToRecipient") + "><wsp:Policy><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token></wsp:Policy></sp:InitiatorToken>"
                + "<sp:RecipientToken><wsp:Policy><sp:X509Token" + include("Never") + "><wsp:Policy><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token></wsp:Policy></sp:RecipientToken>"
                + common(true) + "</wsp:Policy></sp:AsymmetricBinding>\n";
    }

    /** TransportWithMessageCredential as WCF exports it; nothing is signed but the timestamp, and To by a certificate. */
    private String transport(String ns) {
        String binding = "<wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken" + (s.v2007 ? "><wsp:Policy/></sp:HttpsToken>" : " RequireClientCertificate='false'/>")
                + "</wsp:Policy></sp:TransportToken><sp:AlgorithmSuite><wsp:Policy><sp:" + System.getProperty("suite", "Basic256") + "/></wsp:Policy></sp:AlgorithmSuite>"
                + "<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout><sp:IncludeTimestamp/></wsp:Policy></sp:TransportBinding>\n";
        if (!s.secure()) return "<sp:TransportBinding " + ns + ">" + binding.replace("<sp:IncludeTimestamp/>", "");
        if (!s.session) return "<sp:TransportBinding " + ns + ">" + binding + credential(ns) + wss11(ns, false) + trust(ns);
        return "<sp:TransportBinding " + ns + ">" + binding + "<sp:EndorsingSupportingTokens " + ns + "><wsp:Policy>"
                + "<sp:SecureConversationToken" + include("AlwaysToRecipient") + "><wsp:Policy><sp:BootstrapPolicy><wsp:Policy>\n"
                + "<sp:TransportBinding>" + binding + credential("") + wss11("", false) + trust("")
                + "</wsp:Policy></sp:BootstrapPolicy>" + (s.v2007 ? "<sp:MustNotSendAmend/>" : "") + "</wsp:Policy></sp:SecureConversationToken>"
                + "</wsp:Policy></sp:EndorsingSupportingTokens>\n" + wss11(ns, false) + trust(ns);
    }

    private String credential(String ns) {
        if (s.username()) return username(ns);
        return "<sp:EndorsingSupportingTokens " + ns + "><wsp:Policy><sp:X509Token" + include("AlwaysToRecipient") + "><wsp:Policy>"
                + "<sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>"
                + "<sp:SignedParts><sp:Header Name='To' Namespace='" + WSA + "'/></sp:SignedParts></wsp:Policy></sp:EndorsingSupportingTokens>\n";
    }

    private String secureConversation(String ns) {
        return "<sp:SymmetricBinding " + ns + "><wsp:Policy><sp:ProtectionToken><wsp:Policy>"
                + "<sp:SecureConversationToken" + include("AlwaysToRecipient") + "><wsp:Policy><sp:RequireDerivedKeys/>"
                + "<sp:BootstrapPolicy><wsp:Policy>\n" + signed(false, "") + encrypted("") + symmetricX509("", true) + wss11("", true) + trust("")
                + "</wsp:Policy></sp:BootstrapPolicy>" + (s.v2007 ? "<sp:MustNotSendAmend/>" : "") + "</wsp:Policy></sp:SecureConversationToken>"
                + "</wsp:Policy></sp:ProtectionToken>" + common(!plainSignature) + "</wsp:Policy></sp:SymmetricBinding>\n";
    }

    private String wss10(String ns) {
        return "<sp:Wss10 " + ns + "><wsp:Policy><sp:MustSupportRefKeyIdentifier/><sp:MustSupportRefIssuerSerial/></wsp:Policy></sp:Wss10>\n";
    }

    private String wss11(String ns, boolean confirm) {
        return "<sp:Wss11 " + ns + "><wsp:Policy><sp:MustSupportRefKeyIdentifier/><sp:MustSupportRefIssuerSerial/><sp:MustSupportRefThumbprint/>"
                + "<sp:MustSupportRefEncryptedKey/>" + (confirm ? "<sp:RequireSignatureConfirmation/>" : "") + "</wsp:Policy></sp:Wss11>\n";
    }

    private String trust(String ns) {
        String t = s.v2007 ? "Trust13" : "Trust10";
        return "<sp:" + t + " " + ns + "><wsp:Policy><sp:MustSupportIssuedTokens/><sp:RequireClientEntropy/><sp:RequireServerEntropy/></wsp:Policy></sp:" + t + ">\n";
    }

    private static String encrypted(String ns) { return "<sp:EncryptedParts " + ns + "><sp:Body/></sp:EncryptedParts>\n"; }

    private String signed(boolean rmHeaders, String ns) {
        StringBuilder b = new StringBuilder("<sp:SignedParts " + ns + "><sp:Body/>");
        if (rmHeaders && s.reliable()) {
            String rmNs = s.rm.equals("10") ? RM10 : RM11;
            String[] names = s.rm.equals("10") ? new String[] {"Sequence", "SequenceAcknowledgement", "AckRequested"}
                    : new String[] {"Sequence", "SequenceAcknowledgement", "AckRequested", "UsesSequenceSTR"};
            for (String n : names) b.append("<sp:Header Name='").append(n).append("' Namespace='").append(rmNs).append("'/>");
        }
        for (String n : new String[] {"To", "From", "FaultTo", "ReplyTo", "MessageID", "RelatesTo", "Action"})
            b.append("<sp:Header Name='").append(n).append("' Namespace='" + WSA + "'/>");
        return b.append("</sp:SignedParts>\n").toString();
    }

    static Path write(Path dir, String name, String text) {
        try {
            Files.createDirectories(dir);
            return Files.write(dir.resolve(name), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
