package pysmurf.controller.access;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.Collections;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A file with certificates, and perhaps the key to one of them: PKCS12, JKS, or for certificates alone PEM; which of them it is,
 * its content tells. Read each time it is used.
 */
public final class KeyStoreFile {

    private static final String PEM = "-----BEGIN CERTIFICATE-----";

    private final Path file;
    private final String password;

    /** @param password of the file and of its key; empty for none */
    public KeyStoreFile(Path file, String password) {
        this.file = file;
        this.password = password;
    }

    /**
     * Reads the file, which must hold a key.
     *
     * @throws IOException that says what is wrong, never the password
     */
    public KeyStore withKey() throws IOException {
        KeyStore store = read();
        try {
            for (String alias : Collections.list(store.aliases())) {
                Key key = store.isKeyEntry(alias) ? store.getKey(alias, password.toCharArray()) : null;
                if (key != null) {
                    return store;
                }
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": the key in it has another password", e);
        }
        throw new IOException(file + " holds no key");
    }

    /**
     * A context that trusts the certificates in the file and no others.
     *
     * @throws IOException that says what is wrong, never the password
     */
    public SSLContext trusting() throws IOException {
        KeyStore store = read();
        try {
            if (store.size() == 0) {
                throw new IOException(file + " holds no certificate");
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private KeyStore read() throws IOException {
        try {
            byte[] content = Files.readAllBytes(file);
            int begin = new String(content, StandardCharsets.ISO_8859_1).indexOf(PEM);
            // before that there may be a byte order mark, which Java's own reader takes for a certificate
            return begin >= 0
                    ? ofCertificates(Arrays.copyOfRange(content, begin, content.length))
                    : KeyStore.getInstance(file.toFile(), password.toCharArray());
        } catch (NoSuchFileException e) {
            throw new IOException(file + " is not there", e);
        } catch (GeneralSecurityException | EOFException e) {
            throw new IOException(file + " is no key store that can be read (PKCS12 or JKS)", e);
        } catch (IOException e) {
            boolean wrong = e.getCause() instanceof GeneralSecurityException;
            throw new IOException(wrong ? file + " has another password" : file + " cannot be read", e);
        }
    }

    private static KeyStore ofCertificates(byte[] pem) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        int number = 0;
        for (Certificate certificate :
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem))) {
            store.setCertificateEntry("certificate-" + number++, certificate);
        }
        return store;
    }
}
