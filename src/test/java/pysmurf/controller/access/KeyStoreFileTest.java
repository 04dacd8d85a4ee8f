package pysmurf.controller.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.TestCertificate;

class KeyStoreFileTest {

    @Test
    void skipsAByteOrderMarkBeforeCertificates(@TempDir Path folder) throws Exception {
        Path certificate = TestCertificate.of(folder, "dns:localhost").certificate();
        Files.writeString(certificate, "\uFEFF" + Files.readString(certificate));

        assertThat(new KeyStoreFile(certificate, "").trusting()).isNotNull();
    }
}
