-- Sessions of one controller or of many; read by SQLite and PostgreSQL alike. Times are microseconds of unix time, truth
-- values 0 and 1, and what is JSON in the session object is JSON text here.

CREATE TABLE controller (
    name       VARCHAR(200) NOT NULL PRIMARY KEY,
    next_id    INTEGER      NOT NULL
);

CREATE TABLE session (
    controller       VARCHAR(200) NOT NULL REFERENCES controller (name),
    id               INTEGER      NOT NULL,
    op_name          VARCHAR(200) NOT NULL,
    status           VARCHAR(20)  NOT NULL,
    outcome          VARCHAR(20),
    command_id       VARCHAR(200),
    exclusive        SMALLINT     NOT NULL,
    transport        VARCHAR(20)  NOT NULL,
    client           VARCHAR(500) NOT NULL,
    start_time       BIGINT       NOT NULL,
    end_time         BIGINT,
    params           TEXT         NOT NULL,
    data             TEXT         NOT NULL,
    exit_code        INTEGER,
    pid              BIGINT,
    abort            TEXT,
    log              TEXT,
    -- by what the script's processes are found again after a crash; null while none runs
    script           TEXT,
    PRIMARY KEY (controller, id)
);

-- A command id opens one session, and one session at a time holds the lock, whatever the controller believes.
CREATE UNIQUE INDEX session_command ON session (controller, command_id) WHERE command_id IS NOT NULL;
CREATE UNIQUE INDEX session_lock ON session (controller) WHERE exclusive = 1 AND status <> 'done';
CREATE INDEX session_operation ON session (controller, op_name, id);
CREATE INDEX session_end ON session (controller, end_time);

CREATE TABLE message (
    controller VARCHAR(200) NOT NULL,
    session_id INTEGER      NOT NULL,
    n          INTEGER      NOT NULL,
    time       BIGINT       NOT NULL,
    text       TEXT         NOT NULL,
    PRIMARY KEY (controller, session_id, n),
    FOREIGN KEY (controller, session_id) REFERENCES session (controller, id) ON DELETE CASCADE
);

CREATE TABLE stage (
    controller VARCHAR(200) NOT NULL,
    session_id INTEGER      NOT NULL,
    n          INTEGER      NOT NULL,
    name       VARCHAR(200) NOT NULL,
    status     VARCHAR(20)  NOT NULL,
    start_time BIGINT,
    end_time   BIGINT,
    numbers    TEXT         NOT NULL,
    detail     TEXT,
    PRIMARY KEY (controller, session_id, n),
    FOREIGN KEY (controller, session_id) REFERENCES session (controller, id) ON DELETE CASCADE
);

CREATE TABLE file (
    controller VARCHAR(200) NOT NULL,
    session_id INTEGER      NOT NULL,
    n          INTEGER      NOT NULL,
    path       TEXT         NOT NULL,
    type       TEXT         NOT NULL,
    format     TEXT         NOT NULL,
    plot       SMALLINT     NOT NULL,
    size       BIGINT,
    sha256     VARCHAR(64),
    PRIMARY KEY (controller, session_id, n),
    FOREIGN KEY (controller, session_id) REFERENCES session (controller, id) ON DELETE CASCADE
);
