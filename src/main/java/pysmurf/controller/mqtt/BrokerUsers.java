package pysmurf.controller.mqtt;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Pattern;
import javax.security.auth.Subject;
import org.apache.activemq.artemis.core.security.CheckType;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.spi.core.protocol.RemotingConnection;
import org.apache.activemq.artemis.spi.core.security.ActiveMQSecurityManager5;
import org.apache.activemq.artemis.spi.core.security.jaas.UserPrincipal;
import pysmurf.controller.access.TokenOwner;
import pysmurf.controller.access.Tokens;

/**
 * Who may do what at the embedded broker. A viewer may subscribe, an operator may also publish on the command topics, an admin may
 * publish on any topic. The controllers of this process have a name and a password that are made up at each start and told to no one.
 */
public final class BrokerUsers implements ActiveMQSecurityManager5 {

    private static final int PASSWORD_BYTES = 32;

    /** In the broker's words: the command topics of any controller, e.g. {@code pysmurf/crate1/command/run}. */
    private static final Pattern COMMANDS = Pattern.compile("pysmurf\\.[^.]+\\.command\\..*");

    private final Tokens users;
    private final String ownName = "controller-" + random();
    private final String ownPassword = random();

    public BrokerUsers(Tokens users) {
        this.users = users;
    }

    private static String random() {
        byte[] bytes = new byte[PASSWORD_BYTES];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    String ownName() {
        return ownName;
    }

    String ownPassword() {
        return ownPassword;
    }

    @Override
    public Subject authenticate(String name, String password, RemotingConnection connection, String domain) {
        boolean known = isOwn(name, password) || users.ownerOf(name, password).isPresent();
        // the broker logs who was refused, and from where
        return known ? new Subject(true, Set.of(new UserPrincipal(name)), Set.of(), Set.of()) : null;
    }

    private boolean isOwn(String name, String password) {
        return ownName.equals(name)
                && password != null
                && MessageDigest.isEqual(
                        ownPassword.getBytes(StandardCharsets.UTF_8), password.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public boolean authorize(Subject subject, Set<Role> roles, CheckType type, String address) {
        String name = subject == null ? null : getUserFromSubject(subject);
        // by the file as it is now: a user who was taken out of it may do nothing more
        return ownName.equals(name)
                || users.named(name)
                        .filter(owner -> isAllowed(owner, type, address))
                        .isPresent();
    }

    private boolean isAllowed(TokenOwner owner, CheckType type, String address) {
        return switch (type) {
            case SEND ->
                switch (owner.role()) {
                    case VIEWER -> false;
                    case OPERATOR -> COMMANDS.matcher(address).matches();
                    case ADMIN -> true;
                };
            // what the broker itself creates for each subscriber and publisher
            case CONSUME,
                    CREATE_ADDRESS,
                    DELETE_ADDRESS,
                    CREATE_DURABLE_QUEUE,
                    DELETE_DURABLE_QUEUE,
                    CREATE_NON_DURABLE_QUEUE,
                    DELETE_NON_DURABLE_QUEUE -> true;
            case MANAGE, BROWSE, VIEW, EDIT -> false;
        };
    }

    @Override
    public boolean validateUser(String name, String password) {
        return authenticate(name, password, null, null) != null;
    }

    @Override
    public boolean validateUserAndRole(String name, String password, Set<Role> roles, CheckType type) {
        throw new UnsupportedOperationException("the broker asks authorize");
    }
}
