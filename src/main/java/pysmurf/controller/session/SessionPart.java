package pysmurf.controller.session;

import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Settings;

/** The sessions and their files. */
public final class SessionPart {

    private final Sessions sessions;
    private final RegisteredFiles files;

    /**
     * @param machine the name of the machine
     * @param url     where the controller's page is
     */
    public SessionPart(Assembly assembly, SessionStore store, SessionEvents events, String machine, String url)
            throws Exception {
        String slot = assembly.configuration().get(Settings.SLOT);
        sessions = assembly.bind(
                "sessions",
                new Sessions(
                        store,
                        events,
                        assembly.clock(),
                        assembly.configuration().get(Settings.SESSIONS_MAX_DATA),
                        assembly.metrics().registry(),
                        Json.object()
                                .put("slot", slot.isEmpty() ? null : slot)
                                .put("host", machine)
                                .put("url", url)));
        files = assembly.closing(
                new RegisteredFiles(sessions, assembly.configuration().get(Settings.FILES_DIGEST_UP_TO)));
        assembly.metrics()
                .gauge("pysmurf.lock.held", "1 while a session holds the lock.", () -> sessions.holder()
                        .map(holder -> 1)
                        .orElse(0))
                .gauge(
                        "pysmurf.lock.held.seconds",
                        "How long the lock has been held; 0 if it is not.",
                        () -> sessions.holder()
                                .map(holder -> sessions.lasted(holder).toNanos() / 1e9)
                                .orElse(0.0));
    }

    public Sessions sessions() {
        return sessions;
    }

    public RegisteredFiles files() {
        return files;
    }
}
