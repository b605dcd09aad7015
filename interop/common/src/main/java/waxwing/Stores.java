package waxwing;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Makes the key stores the runtime wants out of the test PKI's PEM and PKCS#12 files. */
public final class Stores {
    private static final char[] PASSWORD = "changeit".toCharArray();

    static String dir() { return Path.of(System.getProperty("keys", "target/keys")).toAbsolutePath().toString(); }

    public static void main(String[] args) throws Exception {
        Path pki = Path.of(args[0]), out = Path.of(args[1]);
        Files.createDirectories(out);
        for (String n : new String[] {"service", "alice", "bob", "mallory", "expired"})
            Files.copy(pki.resolve(n + ".p12"), out.resolve(n + ".p12"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        trust(pki, out.resolve("client-trust.p12"), "ca", "service");
        trust(pki, out.resolve("server-trust.p12"), "ca");
    }

    /** TLS with a key store of the test PKI, and with what a trust store holds; either may be null. */
    static SSLContext tls(String keys, String trust) throws Exception {
        TrustManagerFactory others = TrustManagerFactory.getInstance("PKIX");
        if (trust != null) others.init(open(trust));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys == null ? null : keyManagers(keys), trust == null ? null : others.getTrustManagers(), null);
        return context;
    }

    static KeyManager[] keyManagers(String keys) throws Exception {
        KeyManagerFactory mine = KeyManagerFactory.getInstance("PKIX");
        mine.init(open(keys), PASSWORD);
        return mine.getKeyManagers();
    }

    private static KeyStore open(String name) throws Exception {
        return KeyStore.getInstance(Path.of(dir(), name).toFile(), PASSWORD);
    }

    private static void trust(Path pki, Path out, String... names) throws Exception {
        KeyStore ks = KeyStore.getInstance("PKCS12");
        ks.load(null, null);
        for (String n : names) {
            try (InputStream in = Files.newInputStream(pki.resolve(n + ".cert.pem"))) {
                ks.setCertificateEntry(n, CertificateFactory.getInstance("X.509").generateCertificate(in));
            }
        }
        try (OutputStream o = Files.newOutputStream(out)) {
            ks.store(o, PASSWORD);
        }
    }
}
