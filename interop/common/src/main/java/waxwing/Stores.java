package waxwing;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

/** Makes the key stores the runtime wants out of the test PKI's PEM and PKCS#12 files. */
public final class Stores {
    static String dir() { return Path.of(System.getProperty("keys", "target/keys")).toAbsolutePath().toString(); }

    public static void main(String[] args) throws Exception {
        Path pki = Path.of(args[0]), out = Path.of(args[1]);
        Files.createDirectories(out);
        for (String n : new String[] {"service", "alice", "bob", "mallory", "expired"})
            Files.copy(pki.resolve(n + ".p12"), out.resolve(n + ".p12"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        trust(pki, out.resolve("client-trust.p12"), "ca", "service");
        trust(pki, out.resolve("server-trust.p12"), "ca");
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
            ks.store(o, "changeit".toCharArray());
        }
    }
}
