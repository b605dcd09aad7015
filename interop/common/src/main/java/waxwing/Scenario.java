package waxwing;

/**
 * What a scenario name means. A name is SECURITY, RM, or SECURITY-RM:
 * none, mutual, mutual12, asym, username, sc, sc13 (security); rm10, rm11 (reliable messaging).
 * "sc-rm11" uses the ws2007 profile (200512/200702 versions) as ws2007HttpBinding does.
 * "https" before them is TLS: the credential stands alone in the message (WCF's TransportWithMessageCredential), which is username or
 * cert, and sc makes it the bootstrap of a secure conversation: https-username, https-cert-sc, https-username-sc-rm11, https (no credential).
 */
final class Scenario {
    final String name;
    final String security;
    final String rm;
    /** WS-SecurityPolicy 1.2, WS-Trust 1.3, WS-SecureConversation 1.3 (ws2007HttpBinding) rather than the 2005 set. */
    final boolean v2007;
    /** Over TLS; `security` is then the credential in the messages. */
    final boolean https;
    /** A secure conversation. */
    final boolean session;

    private Scenario(String name, String security, String rm, boolean v2007, boolean https, boolean session) {
        this.name = name;
        this.security = security;
        this.rm = rm;
        this.v2007 = v2007;
        this.https = https;
        this.session = session;
    }

    static Scenario of(String name) {
        String security = "none", rm = "none";
        boolean v2007 = false, https = false, session = false;
        for (String part : name.split("-")) {
            switch (part) {
                case "rm10": rm = "10"; break;
                case "rm11": rm = "11"; v2007 = true; break;
                // How the other end is set: it renews its key.
                case "none": case "renewed": break;
                case "https": https = true; break;
                case "mutual": case "asym": case "username": case "cert": security = part; break;
                case "sc": session = true; break;
                case "sc13": session = true; v2007 = true; break;
                case "mutual12": security = "mutual"; v2007 = true; break;
                case "asym12": security = "asym"; v2007 = true; break;
                default: throw new IllegalArgumentException("unknown scenario " + name);
            }
        }
        // Over http a secure conversation begins with mutual certificates.
        if (session && !https) security = "sc";
        return new Scenario(name, security, rm, v2007, https, session);
    }

    boolean secure() { return !security.equals("none"); }
    boolean username() { return security.equals("username"); }
    String url(int port, String path) { return (https ? "https" : "http") + "://localhost:" + port + path; }
    boolean reliable() { return !rm.equals("none"); }
}
