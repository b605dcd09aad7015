package waxwing;

/** The assertions that only Metro knows: key stores, timers, and that a sequence is ordered. */
final class Local {
    private Local() {}

    /** WCF's policy of February 2005 has no way to say "ordered"; Metro has its own assertion for it. */
    static String ordered(Scenario s) {
        return s.rm.equals("10") ? "<m:Ordered xmlns:m='http://sun.com/2006/03/rm'/>\n" : "";
    }

    /** The client's wsit-client.xml: only the local keystore assertions, attached to the binding. */
    static String clientConfig(Scenario s, String keys, String user) {
        String sc = "http://schemas.sun.com/2006/03/wss/client";
        StringBuilder b = new StringBuilder();
        if (s.secure()) {
            if (!s.username()) {
                b.append("<sc:KeyStore xmlns:sc='").append(sc).append("' wspp:visibility='private' type='PKCS12' location='")
                        .append(keys).append('/').append(user).append(".p12' storepass='changeit' alias='").append(user).append("'/>");
            } else {
                b.append("<sc:CallbackHandlerConfiguration xmlns:sc='").append(sc).append("' wspp:visibility='private'>"
                        + "<sc:CallbackHandler name='usernameHandler' default='").append(user)
                        .append("'/><sc:CallbackHandler name='passwordHandler' default='secret'/></sc:CallbackHandlerConfiguration>");
            }
            b.append("<sc:TrustStore xmlns:sc='").append(sc).append("' wspp:visibility='private' type='PKCS12' location='")
                    .append(keys).append("/client-trust.p12' storepass='changeit' peeralias='service'/>");
        }
        String resend = System.getProperty("rm.resend");
        if (resend != null && s.rm.equals("10")) {
            b.append("<c:ResendInterval xmlns:c='http://sun.com/2006/03/rm/client' Milliseconds='").append(resend).append("'/>");
        }
        if (resend != null && s.rm.equals("11")) {
            b.append("<m:RetransmissionConfig xmlns:m='http://java.sun.com/xml/ns/metro/ws-rx/wsrmp/200702'><m:Interval Milliseconds='")
                    .append(resend).append("'/></m:RetransmissionConfig>");
        }
        String ack = System.getProperty("rm.ackrequest");
        if (ack != null && s.reliable()) {
            b.append("<c:AckRequestInterval xmlns:c='").append(s.rm.equals("10") ? "http://sun.com/2006/03/rm/client"
                    : "http://java.sun.com/xml/ns/metro/ws-rx/wsrmp/200702").append("' Milliseconds='").append(ack).append("'/>");
        }
        String close = System.getProperty("rm.close");
        if (close != null && s.reliable()) {
            b.append(s.rm.equals("10") ? "<c:CloseTimeout xmlns:c='http://sun.com/2006/03/rm/client' Milliseconds='"
                    : "<c:CloseSequenceTimeout xmlns:c='http://java.sun.com/xml/ns/metro/ws-rx/wsrmp/200702' Milliseconds='").append(close).append("'/>");
        }
        // Once its context is over, Metro renews it only if it is told to.
        if (Boolean.getBoolean("sc.renew") && s.session) {
            b.append("<r:SCClientConfiguration xmlns:r='http://schemas.sun.com/ws/2006/05/sc/client' wspp:visibility='private' "
                    + "renewExpiredSCT='true'/>");
        }
        return Wsdl.onlyLocal(s, b.toString());
    }

    /** The server's private assertions. */
    static String serverKeys(Scenario s, String keys) {
        if (!s.secure()) return ordered(s);
        String sc = "http://schemas.sun.com/2006/03/wss/server";
        String validator = !s.username() ? "" : "<sc:ValidatorConfiguration xmlns:sc='" + sc
                + "' wspp:visibility='private'><sc:Validator name='usernameValidator' classname='waxwing.Passwords'/></sc:ValidatorConfiguration>";
        String life = System.getProperty("sc.lifetime");
        if (life != null && s.session) {
            validator += "<l:SCConfiguration xmlns:l='http://schemas.sun.com/ws/2006/05/sc/server' wspp:visibility='private'><l:LifeTime>"
                    + life + "</l:LifeTime></l:SCConfiguration>";
        }
        return ordered(s) + "<sc:KeyStore xmlns:sc='" + sc + "' wspp:visibility='private' type='PKCS12' location='" + keys
                + "/service.p12' storepass='changeit' alias='service'/>"
                + "<sc:TrustStore xmlns:sc='" + sc + "' wspp:visibility='private' type='PKCS12' location='" + keys
                + "/server-trust.p12' storepass='changeit'/>" + validator;
    }
}
