package pysmurf.controller.access;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** A command: reads a token, one line of standard input, and prints what stands for it in a tokens file. */
public final class HashToken {

    private HashToken() {}

    public static void main(String[] args) throws IOException {
        String token = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        if (token == null || token.isBlank() || token.matches(".*\\s.*")) {
            System.err.println("A token is one word, without blanks: give it on standard input");
            System.exit(2);
        } else {
            System.out.println(TokenHash.write(token));
        }
    }
}
