package waxwing;

/**
 * What a scenario name means. A name is SECURITY, RM, or SECURITY-RM:
 * none, mutual, mutual12, asym, username, sc, sc13 (security); rm10, rm11 (reliable messaging).
 * "sc-rm11" uses the ws2007 profile (200512/200702 versions) as ws2007HttpBinding does.
 */
final class Scenario {
    final String name;
    final String security;
    final String rm;
    /** WS-SecurityPolicy 1.2, WS-Trust 1.3, WS-SecureConversation 1.3 (ws2007HttpBinding) rather than the 2005 set. */
    final boolean v2007;

    private Scenario(String name, String security, String rm, boolean v2007) {
        this.name = name;
        this.security = security;
        this.rm = rm;
        this.v2007 = v2007;
    }

    static Scenario of(String name) {
        String security = "none", rm = "none";
        boolean v2007 = false;
        for (String part : name.split("-")) {
            switch (part) {
                case "rm10": rm = "10"; break;
                case "rm11": rm = "11"; v2007 = true; break;
                case "none": break;
                case "sc": case "mutual": case "asym": case "username": security = part; break;
                case "sc13": security = "sc"; v2007 = true; break;
                case "mutual12": security = "mutual"; v2007 = true; break;
                case "asym12": security = "asym"; v2007 = true; break;
                default: throw new IllegalArgumentException("unknown scenario " + name);
            }
        }
        return new Scenario(name, security, rm, v2007);
    }

    boolean secure() { return !security.equals("none"); }
    boolean reliable() { return !rm.equals("none"); }
}
