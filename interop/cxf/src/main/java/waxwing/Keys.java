package waxwing;

import java.util.Map;
import java.util.Properties;
import org.apache.cxf.rt.security.SecurityConstants;

/** Gives CXF the keys of the test PKI, for the messages and for the bootstrap of a secure conversation (".sct"). */
final class Keys {
    private Keys() {}

    static void client(Scenario s, String user, Map<String, Object> context) {
        if (!s.secure()) return;
        both(context, SecurityConstants.SIGNATURE_PROPERTIES, store(user + ".p12", user));
        both(context, SecurityConstants.SIGNATURE_USERNAME, user);
        both(context, SecurityConstants.ENCRYPT_PROPERTIES, store("client-trust.p12", "service"));
        both(context, SecurityConstants.ENCRYPT_USERNAME, "service");
        both(context, SecurityConstants.CALLBACK_HANDLER, new Password());
        if (s.username()) both(context, SecurityConstants.USERNAME, "alice");
    }

    static void service(Scenario s, Map<String, Object> context) {
        if (!s.secure()) return;
        both(context, SecurityConstants.SIGNATURE_PROPERTIES, store("server-trust.p12", "ca"));
        // Over TLS CXF verifies signatures with what it would encrypt with.
        both(context, SecurityConstants.ENCRYPT_PROPERTIES, s.https ? store("server-trust.p12", "ca") : store("service.p12", "service"));
        both(context, SecurityConstants.ENCRYPT_USERNAME, "useReqSigCert");
        both(context, SecurityConstants.CALLBACK_HANDLER, new Password());
    }

    private static void both(Map<String, Object> context, String name, Object value) {
        context.put(name, value);
        context.put(name + ".sct", value);
    }

    private static Properties store(String file, String alias) {
        Properties p = new Properties();
        p.setProperty("org.apache.wss4j.crypto.provider", "org.apache.wss4j.common.crypto.Merlin");
        p.setProperty("org.apache.wss4j.crypto.merlin.keystore.type", "PKCS12");
        p.setProperty("org.apache.wss4j.crypto.merlin.keystore.password", "changeit");
        p.setProperty("org.apache.wss4j.crypto.merlin.keystore.alias", alias);
        p.setProperty("org.apache.wss4j.crypto.merlin.keystore.file", Stores.dir() + "/" + file);
        return p;
    }
}
