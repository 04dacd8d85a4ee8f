package pysmurf.controller.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * What is known of a secret: enough to tell whether somebody has it. Immutable.
 *
 * <p>
 * Three forms are read: {@code $pbkdf2-sha256$ROUNDS$SALT$HASH} as Python's passlib writes it (base64 without padding and with
 * a dot for the plus sign), {@code sha256:HEX}, and anything else as the secret itself.
 */
final class TokenHash {

    private static final String SHA256 = "sha256:";
    private static final String PBKDF2 = "$pbkdf2-sha256$";
    /** OWASP Password Storage Cheat Sheet for PBKDF2-HMAC-SHA256. */
    private static final int ROUNDS = 600_000;

    private static final int MOST_ROUNDS = 10_000_000;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;

    private final byte[] hash;
    /** Null for a plain SHA-256. */
    private final byte[] salt;

    private final int rounds;

    private TokenHash(byte[] hash, byte[] salt, int rounds) {
        this.hash = hash;
        this.salt = salt;
        this.rounds = rounds;
    }

    /**
     * Reads one of the three forms.
     *
     * @throws IllegalArgumentException saying what is wrong, without the text
     */
    static TokenHash of(String text) {
        if (text.startsWith(PBKDF2)) {
            return ofPbkdf2(text.substring(PBKDF2.length()).split("\\$", -1));
        }
        if (!text.startsWith(SHA256)) {
            return new TokenHash(sha256(text), null, 0);
        }
        String digits = text.substring(SHA256.length());
        if (!digits.matches("[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException("the hash is not 64 hexadecimal digits");
        }
        return new TokenHash(HexFormat.of().parseHex(digits), null, 0);
    }

    private static TokenHash ofPbkdf2(String[] parts) {
        try {
            int rounds = parts.length == 3 ? Integer.parseInt(parts[0]) : 0;
            if (rounds >= 1 && rounds <= MOST_ROUNDS) {
                byte[] salt = decoded(parts[1]);
                byte[] hash = decoded(parts[2]);
                if (salt.length > 0 && hash.length == HASH_BYTES) {
                    return new TokenHash(hash, salt, rounds);
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the hash is not $pbkdf2-sha256$ROUNDS$SALT$HASH", e);
        }
        throw new IllegalArgumentException("the hash is not $pbkdf2-sha256$ROUNDS$SALT$HASH");
    }

    /** The slow hash of a secret with a salt of its own, as it is written into a file. */
    static String write(String secret) {
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        return PBKDF2 + ROUNDS + "$" + encoded(salt) + "$" + encoded(pbkdf2(secret, salt, ROUNDS));
    }

    /** Whether {@link #matches} takes its time, which is what makes guessing slow. */
    boolean isSlow() {
        return salt != null;
    }

    /** Whether this is the secret; in constant time. */
    boolean matches(String secret) {
        return MessageDigest.isEqual(hash, salt == null ? sha256(secret) : pbkdf2(secret, salt, rounds));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static byte[] pbkdf2(String secret, byte[] salt, int rounds) {
        PBEKeySpec spec = new PBEKeySpec(secret.toCharArray(), salt, rounds, HASH_BYTES * 8);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has PBKDF2WithHmacSHA256", e);
        } finally {
            spec.clearPassword();
        }
    }

    private static byte[] decoded(String text) {
        return Base64.getDecoder().decode(text.replace('.', '+'));
    }

    private static String encoded(byte[] bytes) {
        return Base64.getEncoder().withoutPadding().encodeToString(bytes).replace('+', '.');
    }
}
