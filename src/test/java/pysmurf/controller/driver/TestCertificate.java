package pysmurf.controller.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import pysmurf.controller.access.KeyStoreFile;

/** A certificate that vouches for itself, and its key, in the forms that servers and clients want. */
public final class TestCertificate {

    public static final String PASSWORD = "keystore-secret-7f3a";

    private static final String ALIAS = "test";

    private final Path folder;

    private TestCertificate(Path folder) {
        this.folder = folder;
    }

    /** @param names e.g. {@code dns:localhost,ip:127.0.0.1} */
    public static TestCertificate of(Path folder, String names) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        TestCertificate made = new TestCertificate(folder);
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        int exitCode = new ProcessBuilder(
                        keytool,
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        made.keyStore().toString(),
                        "-storepass",
                        PASSWORD,
                        "-dname",
                        "CN=test",
                        "-ext",
                        "san=" + names)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.log").toFile())
                .start()
                .waitFor();
        if (exitCode != 0) {
            throw new IllegalStateException(Files.readString(folder.resolve("keytool.log")));
        }
        try {
            KeyStore store = KeyStore.getInstance(made.keyStore().toFile(), PASSWORD.toCharArray());
            Files.writeString(
                    made.certificate(),
                    pem("CERTIFICATE", store.getCertificate(ALIAS).getEncoded()));
            Files.writeString(
                    made.key(),
                    pem(
                            "PRIVATE KEY",
                            store.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return made;
    }

    private static String pem(String what, byte[] content) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + what
                + "-----\n";
    }

    /** PKCS12, with {@link #PASSWORD}. */
    public Path keyStore() {
        return folder.resolve("server.p12");
    }

    /** PEM. */
    public Path certificate() {
        return folder.resolve("certificate.pem");
    }

    /** PEM, not encrypted. */
    public Path key() {
        return folder.resolve("key.pem");
    }

    /** What trusts it. */
    public SSLContext trusting() {
        try {
            return new KeyStoreFile(certificate(), "").trusting();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
