package pysmurf.controller.observe;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.JoranException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** By the configuration that the controller logs by. */
class EscapedLogTest {

    private static final String HOSTILE =
            "\u001b[31mred\u001b[0m \r\n\0\u0007\b\u007f\u0085\u009b1m \u202eright to left\u2066 \u2028\u2029 \u00fc\tend";
    private static final String SHOWN =
            "\\u001b[31mred\\u001b[0m \\u000d\\u000a\\u0000\\u0007\\u0008\\u007f\\u0085\\u009b1m"
                    + " \\u202eright to left\\u2066 \\u2028\\u2029 \u00fc\tend";

    private static String logged(String format, String appender, Throwable fault) throws JoranException {
        LoggerContext context = new LoggerContext();
        context.setMDCAdapter(new ch.qos.logback.classic.util.LogbackMDCAdapter());
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(new ByteArrayInputStream(("<configuration><include resource=\"logging/" + format
                        + ".xml\"/><root><appender-ref ref=\"" + appender + "\"/></root></configuration>")
                .getBytes(StandardCharsets.UTF_8)));
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        LoggingEvent event = new LoggingEvent("", root, Level.INFO, "{} here", fault, new Object[] {HOSTILE});
        event.setMDCPropertyMap(Map.of("op_name", HOSTILE));
        ConsoleAppender<ILoggingEvent> console = (ConsoleAppender<ILoggingEvent>) root.getAppender(appender);
        String logged = new String(console.getEncoder().encode(event), StandardCharsets.UTF_8);
        context.stop();
        return logged;
    }

    private static void assertHarmless(String logged) {
        assertThat(logged.chars().filter(c -> c != '\n' && c != '\t'))
                .allMatch(c -> Character.getType(c) != Character.CONTROL
                        && Character.getType(c) != Character.FORMAT
                        && Character.getType(c) != Character.LINE_SEPARATOR
                        && Character.getType(c) != Character.PARAGRAPH_SEPARATOR);
    }

    @ParameterizedTest
    @CsvSource({"text, STDERR", "text, SCRIPT"})
    void showsInsteadOfObeying(String format, String appender) throws Exception {
        String logged = logged(format, appender, null);

        assertHarmless(logged);
        assertThat(logged).endsWith(SHOWN + " here\n").containsOnlyOnce("\n");
    }

    @Test
    void addsNoLineByTheMessageOfAFault() throws Exception {
        Throwable fault = new IllegalStateException(HOSTILE, new IllegalArgumentException(HOSTILE));
        fault.addSuppressed(new IllegalStateException(HOSTILE));

        String logged = logged("text", "STDERR", fault);

        assertHarmless(logged);
        assertThat(logged.lines().filter(line -> line.contains("right to left")))
                .hasSize(4)
                .allMatch(line -> line.contains(SHOWN));
        assertThat(logged.lines().skip(1))
                .allMatch(
                        line -> line.matches("\\s*(at |Caused by: |Suppressed: |java\\.lang\\.|\\.\\.\\. |Wrapped).*"));
    }

    @ParameterizedTest
    @CsvSource({"STDERR", "SCRIPT"})
    void writesJsonThatReadsTheSame(String appender) throws Exception {
        String logged = logged("json", appender, new IllegalStateException(HOSTILE));

        assertHarmless(logged);
        assertThat(logged).endsWith("\n").containsOnlyOnce("\n");
        JsonNode line = new ObjectMapper().readTree(logged);
        assertThat(line.path("formattedMessage").asText()).isEqualTo(HOSTILE + " here");
        assertThat(line.at("/mdc/op_name").asText()).isEqualTo(HOSTILE);
        assertThat(line.at("/throwable/message").asText()).isEqualTo(HOSTILE);
    }
}
