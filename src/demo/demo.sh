#!/bin/sh
# Starts a controller of its own, has it tune one simulated band over MQTT, and stops it again; with KEEP=1 it stays up. With SLOTS=7
# these are seven controllers in one process, tuned by one command.
# HTTP_PORT, MQTT_EMBEDDED_PORT and PUBLISHER_LISTEN_PORT say which ports it takes. Arguments go to demo.py, e.g.
# --params '{"bands": [0, 1]}'.
set -u

cd "$(dirname "$0")/../.." || exit 1

readonly JAR=target/pysmurf-controller.jar
readonly HOST=127.0.0.1
readonly ID=pysmurf-controller
readonly STOP_SECONDS=15
controller=
demo=
slots=${SLOTS:-}

fail() {
    echo "demo: $*" >&2
    exit 1
}

is_alive() {
    # one that has ended and was not waited for yet still has a process id
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:blank:]]*Z' "/proc/$1/status" 2>/dev/null
}

# The port for $1, tcp or udp: $3 where that is given, which is in the variable $2, else the first from $4 on that is free.
free_port() {
    python3 - "$HOST" "$@" <<'PYTHON'
import socket
import sys

host, kind, variable, given, usual = sys.argv[1:]
given = given.strip()
if given and not (given.isdecimal() and int(given) < 65536):
    sys.exit(f"demo: {variable}: '{given}' is not a whole number from 0 to 65535")
first = int(given or usual)
for port in range(first, first + (1 if given else 100)):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as probe:
        if kind == "tcp":
            # as servers do: a connection that has just ended does not keep its port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            continue
        print(probe.getsockname()[1])
        sys.exit()
sys.exit(f"demo: {variable}: port {first} is in use" if given else f"demo: no free {kind} port from {first} on")
PYTHON
}

# Sets http_port, mqtt_port and udp_port, and says so where one is neither the usual one nor the one asked for.
choose_ports() {
    http_port=$(free_port tcp HTTP_PORT "${HTTP_PORT:-}" 8080) &&
        mqtt_port=$(free_port tcp MQTT_EMBEDDED_PORT "${MQTT_EMBEDDED_PORT:-}" 1883) &&
        udp_port=$(free_port udp PUBLISHER_LISTEN_PORT "${PUBLISHER_LISTEN_PORT:-}" 8200) || exit 1
    [ "$http_port" = 8080 ] || [ -n "${HTTP_PORT:-}" ] || echo "Port 8080 is in use: HTTP is on $http_port."
    [ "$mqtt_port" = 1883 ] || [ -n "${MQTT_EMBEDDED_PORT:-}" ] || echo "Port 1883 is in use: MQTT is on $mqtt_port."
    [ "$udp_port" = 8200 ] || [ -n "${PUBLISHER_LISTEN_PORT:-}" ] ||
        echo "Port 8200 is in use: Publisher messages are received on $udp_port."
}

# With the project's scripts and pipelines, but whatever application.properties says, with the defaults; in a session of its own,
# so that Ctrl-C does not reach it and closing the terminal does not end it.
start_controller() {
    data=target/demo/$http_port
    rm -rf "$data"
    mkdir -p "$data/config" || exit 1
    for file in config/*; do
        [ "$file" = config/application.properties ] || [ "$file" = config/slots ] || ln -s "$PWD/$file" "$data/config/" || exit 1
    done
    [ -z "$slots" ] || mkdir "$data/config/slots" || exit 1
    for slot in $(seq ${slots:-0}); do
        echo "controller.slot=$slot" >"$data/config/slots/$(name_of "$slot").properties" || exit 1
    done
    log=$data/controller.log
    env -u SMURFPUB_BACKEND -u SMURFPUB_ID -u OCS_CONFIG_DIR -u AUTH_TOKENS_FILE -u MQTT_BROKER_URL -u PUBLISHER_DESTINATIONS \
        CONTROLLER_CONFIG_DIR="$data/config" CONTROLLER_ROUTES_DIR=routes CONTROLLER_ID="$ID" DATA_DIR="$data" \
        HTTP_HOST="$HOST" HTTP_PORT="$http_port" \
        MQTT_VERSION=5 MQTT_EMBEDDED_HOST="$HOST" MQTT_EMBEDDED_PORT="$mqtt_port" \
        PUBLISHER_LISTEN_HOST="$HOST" PUBLISHER_LISTEN_PORT="$udp_port" \
        setsid bin/pysmurf-controller </dev/null >"$log" 2>&1 &
    controller=$!
    echo "Controller started: HTTP http://$HOST:$http_port/, MQTT tcp://$HOST:$mqtt_port, process $controller"
}

name_of() {
    printf 'crate1slot%d' "$1"
}

# One fleet command to all slots; the table that lives is that of the command line.
tune_slots() {
    until bin/pysmurf-ctl --url "http://$HOST:$http_port" --controller "$(name_of 1)" status >/dev/null 2>&1; do
        is_alive "$controller" || return 1
        sleep 0.2
    done
    echo "The page of all: http://$HOST:$http_port/"
    bin/pysmurf-ctl --url "http://$HOST:$http_port" --controller "$(name_of 1)" \
        fleet tune_squids bands=0 simulate=true --members 'crate1slot*'
}

# Ends what it runs, itself and then, if it must be, the hard way.
stop_controller() {
    is_alive "$controller" || return 0
    kill "$controller" 2>/dev/null
    tenths=0
    while is_alive "$controller"; do
        if [ "$tenths" -ge $((STOP_SECONDS * 10)) ]; then
            echo "demo: the controller did not end within $STOP_SECONDS s and is killed" >&2
            kill -KILL "$controller" 2>/dev/null
            break
        fi
        sleep 0.1
        tenths=$((tenths + 1))
    done
    wait "$controller" 2>/dev/null
}

interrupted() {
    trap '' INT TERM HUP PIPE
    if is_alive "$demo"; then
        kill "$demo" 2>/dev/null
        wait "$demo" 2>/dev/null
    fi
    printf '\nInterrupted: stopping what was started ...\n' 2>/dev/null
    stop_controller
    exit "$1"
}

case $slots in
*[!0-9]* | 0*) fail "SLOTS: '$slots' is not a whole number from 1 on" ;;
esac
[ -f "$JAR" ] || fail "$JAR is not there: make build"
command -v python3 >/dev/null || fail "python3 is not there"
command -v setsid >/dev/null || fail "setsid is not there (package util-linux)"

trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
# The reader of this output is gone: make demo | head
trap 'interrupted 141' PIPE

choose_ports
start_controller

# In the background, because a shell answers to signals only while it waits itself.
if [ -n "$slots" ]; then
    tune_slots &
else
    PYTHONDONTWRITEBYTECODE=1 python3 src/demo/demo.py "$http_port" "$mqtt_port" "$ID" "$controller" "$log" "$@" &
fi
demo=$!
wait "$demo"
code=$?

if ! is_alive "$controller"; then
    echo "demo: the controller has ended; the end of its log, $log:" >&2
    tail -n 20 "$log" >&2
    exit 1
fi

case ${KEEP:-} in
'' | 0 | no)
    echo "The controller is stopped now, and its addresses go with it; make demo KEEP=1 leaves it up."
    stop_controller
    ;;
*)
    cat <<END
The controller is still up. It is stopped by
  kill $controller
END
    [ -n "$slots" ] || cat <<END
Next, e.g.:
  curl -X POST 'http://$HOST:$http_port/api/v1/operations/tune_squids?wait=60' -d '{"bands": [0, 1], "simulate": true}'
  mosquitto_pub -p $mqtt_port -t pysmurf/$ID/command/tune_squids -m '{"bands": [2], "simulate": true}'
END
    ;;
esac
exit "$code"
