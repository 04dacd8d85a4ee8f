package pysmurf.controller.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.Setup;

/** The page of all controllers in a real browser: three of this process, and 57 of other hosts. */
@Tag("chromium")
class ControllersPageIT {

    private static final int OTHERS = 57;

    @TempDir
    Path folder;

    private Browser browser;

    private void until(Callable<Boolean> condition) {
        await().atMost(PATIENCE).ignoreExceptions().until(condition);
    }

    private boolean isSaid(String css, String text) throws Exception {
        return String.join(" ", browser.texts(css)).contains(text);
    }

    private static void tellOfOthers(ControllerUnderTest process) throws Exception {
        MqttClient client = new MqttClient(process.brokerUrl(), "others", new MemoryPersistence());
        client.connect();
        try {
            for (int i = 1; i <= OTHERS; i++) {
                String status = "{\"online\": %s, \"busy\": false, \"session_id\": null, \"op_name\": null,"
                        + " \"since\": 1796040000, \"slot\": \"%d\", \"host\": \"daq%d\","
                        + " \"url\": \"http://daq%d:8080/controllers/crate%ds2/\", \"stage\": null,"
                        + " \"last_outcome\": \"failed\"}";
                String payload = status.formatted(i != 1, i % 7 + 1, i, i, i);
                client.publish("pysmurf/crate" + i + "s2/status", payload.getBytes(StandardCharsets.UTF_8), 1, true);
            }
        } finally {
            client.disconnect();
            client.close();
        }
    }

    @Test
    void showsAllStartsAndAbortsThoseThatAreSelected() throws Exception {
        Setup setup = Setup.in(folder.resolve("process")).withBrokerToCome();
        Path slots = Files.createDirectories(setup.folder().resolve("config/slots"));
        for (String id : List.of("a1", "a2", "a3")) {
            Files.writeString(slots.resolve(id + ".properties"), "controller.slot=" + id.charAt(1) + "\n");
        }
        try (ControllerUnderTest process = ControllerOfClasses.start(setup)) {
            // a broker may lose a state that is told just while somebody subscribes
            until(() -> {
                tellOfOthers(process);
                return process.http().get("/controllers").json().size() == OTHERS + 3;
            });
            browser = new Browser(Browser.folder(folder, "profile"));
            try {
                use("http://127.0.0.1:" + setup.get("http.port") + "/");
            } finally {
                browser.close();
            }
        }
    }

    private void use(String url) throws Exception {
        browser.look(1280, 900, false);
        browser.open(url);
        until(() -> browser.texts(".controllers tbody tr").size() == OTHERS + 3);
        assertThat(isSaid("#state", "1 offline")).isTrue();

        browser.click("input[aria-label='Select a1']");
        browser.type("#search", "a2");
        until(() -> browser.texts(".controllers tbody tr").size() == 1);
        assertThat(isSaid("#start-button", "Select controllers")).isTrue();
        browser.click("input[aria-label='Select a2']");
        browser.type("#search", "");
        until(() -> browser.texts(".controllers tbody tr").size() == OTHERS + 3);
        browser.click("input[aria-label='Select a1']");
        browser.click("input[aria-label='Select a3']");
        browser.run("document.querySelector('#operation').value = 'run'");
        browser.type("#params", "{\"script\": ");
        browser.click("#start-button");
        until(() -> isSaid(".field-fault", "Parameters:"));
        browser.type("#params", "{\"script\": \"stubborn.py\"}");
        assertThat(isSaid("#start-button", "Start on 2 selected")).isTrue();
        browser.click("#start-button");
        until(() -> isSaid("#start-question", "on a2, a3?"));
        browser.click("#start-confirm");
        until(() -> isSaid("#state", "2 running"));
        until(() -> isSaid(".fleet", "run: 0 of 2 have ended"));

        isAccessible(1280);
        browser.look(390, 844, true);
        isAccessible(390);

        browser.click("#abort-button");
        until(() -> isSaid("#abort-panel", "Abort these 2?"));
        until(() -> isSaid("#abort-panel", "They run for fleet"));
        browser.click("#abort-fleet");
        until(() -> isSaid("#state", "0 running"));
        until(() -> isSaid(".fleet", "aborted"));
        assertThat(browser.run("return document.querySelector('.controllers tbody a').getAttribute('href')")
                        .asText())
                .isEqualTo("a1/");
    }

    private void isAccessible(int width) throws Exception {
        browser.load(Browser.resource(PageIT.AXE));
        JsonNode result = browser.run("return axe.run({resultTypes: ['violations']})");
        assertThat(PageIT.serious(result)).isEmpty();
        assertThat(browser.run("return document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(width);
    }
}
