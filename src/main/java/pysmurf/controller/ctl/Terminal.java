package pysmurf.controller.ctl;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Where a command line was typed.
 *
 * @param out         for what was asked for
 * @param err         for everything else
 * @param columns     width of the terminal that {@code err} is; 0 if it is none
 * @param onInterrupt has Ctrl-C do something else than end the process
 * @param leave       ends the process at once, with this exit code
 */
record Terminal(
        PrintStream out,
        PrintStream err,
        int columns,
        Map<String, String> environment,
        Consumer<Runnable> onInterrupt,
        IntConsumer leave) {

    /** Takes away the line that a progress bar is, so that another can be written in its place. */
    static final String CLEAR_LINE = "\r\033[K";

    static Terminal ofProcess() {
        return new Terminal(
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                Integer.getInteger("ctl.columns", 0),
                System.getenv(),
                Terminal::handleInterrupt,
                Runtime.getRuntime()::halt);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        // The terminal's locale counts; from Java 18 on it is not the default charset.
        String charset = System.getProperty("sun.stdout.encoding", System.getProperty("native.encoding"));
        return new PrintStream(
                new FileOutputStream(descriptor),
                true,
                charset == null ? StandardCharsets.UTF_8 : Charset.forName(charset));
    }

    /** By reflection: the module jdk.unsupported exports sun.misc.Signal, but javac warns of it and cannot be told not to. */
    private static void handleInterrupt(Runnable reaction) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    Terminal.class.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            reaction.run();
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("INT"), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Ctrl-C cannot be handled in this Java runtime", e);
        }
    }

    /** Says something beside what was asked for. */
    void note(String text) {
        err.println((columns > 0 ? CLEAR_LINE : "") + text);
        err.flush();
    }

    /** Text from scripts without the control characters that a terminal would obey. */
    static String plain(String text) {
        return text.replaceAll("[\\p{Cntrl}&&[^\\t]]", "?");
    }
}
