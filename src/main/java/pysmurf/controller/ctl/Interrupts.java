package pysmurf.controller.ctl;

import java.lang.reflect.Proxy;

/** Ctrl-C. Thread-safe. */
interface Interrupts {

    /** Has SIGINT do this from now on, on a thread of its own, instead of ending the process. */
    void handleWith(Runnable reaction);

    /** Ends the process at once. */
    void leave(int exitCode);

    /** Those of this process. */
    static Interrupts ofProcess() {
        return new Interrupts() {

            @Override
            public void handleWith(Runnable reaction) {
                install(reaction);
            }

            @Override
            public void leave(int exitCode) {
                Runtime.getRuntime().halt(exitCode);
            }
        };
    }

    /**
     * By reflection: sun.misc.Signal is exported by the module jdk.unsupported for want of anything better (JEP 260), but the
     * compiler's warning about it cannot be switched off.
     */
    private static void install(Runnable reaction) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    Interrupts.class.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
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
}
