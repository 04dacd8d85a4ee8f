package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each of these would wait for ever where a FIFO is opened. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RegularFileTest {

    @TempDir
    Path folder;

    private Path fifo(String name) throws Exception {
        Path fifo = folder.resolve(name);
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        return fifo;
    }

    private static void assertRefused(Path path) {
        assertThatThrownBy(() -> RegularFile.at(path))
                .isInstanceOf(FileSystemException.class)
                .hasMessage(path + ": is no regular file");
        assertThatThrownBy(() -> RegularFile.toAppendTo(path)).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> ProcessGroup.start(List.of("true"), Map.of(), path))
                .isInstanceOf(FileSystemException.class);
        assertThatThrownBy(
                        () -> new OutputFollower(path, 0, OutputFollower.Limits.of(0), batch -> {}, () -> {}, () -> {}))
                .isInstanceOf(FileSystemException.class);
    }

    @Test
    void opensNothingElse() throws Exception {
        Path fifo = fifo("fifo");
        Path socket = folder.resolve("socket");
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(socket));
            for (Path path : List.of(
                    fifo,
                    Files.createSymbolicLink(folder.resolve("to-fifo"), fifo),
                    Files.createSymbolicLink(folder.resolve("to-device"), Path.of("/dev/zero")),
                    socket,
                    folder)) {
                assertRefused(path);
            }
        }
        assertThatThrownBy(() -> RegularFile.at(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void leadsToTheSameFileWhateverTakesItsPlace() throws Exception {
        Path path = Files.writeString(folder.resolve("file"), "as it was");
        try (RegularFile file = RegularFile.at(path)) {
            Files.move(fifo("fifo"), path, StandardCopyOption.REPLACE_EXISTING);

            assertThat(file.path()).hasContent("as it was");
        }
    }

    /** A FIFO may come and go at any moment between the look and the start. */
    @Test
    void isNotOutrunByWhoeverSwapsFiles() throws Exception {
        Path path = Files.createFile(folder.resolve("output"));
        Path fifo = fifo("fifo");
        AtomicBoolean over = new AtomicBoolean();
        Thread swapping = new Thread(() -> {
            while (!over.get()) {
                try {
                    Files.copy(path, folder.resolve("file"), StandardCopyOption.REPLACE_EXISTING);
                    Files.createLink(folder.resolve("again"), fifo);
                    Files.move(folder.resolve("again"), path, StandardCopyOption.ATOMIC_MOVE);
                    Files.move(folder.resolve("file"), path, StandardCopyOption.ATOMIC_MOVE);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        });
        swapping.start();
        try {
            for (int i = 0; i < 200; i++) {
                try {
                    ProcessGroup process = ProcessGroup.start(List.of("/bin/true"), Map.of(), path);
                    assertThat(process.exit().get(20, TimeUnit.SECONDS)).isZero();
                } catch (FileSystemException e) {
                    assertThat(e).hasMessageContaining("is no regular file");
                }
            }
        } finally {
            over.set(true);
            swapping.join();
        }
    }
}
