"""Debian's Mosquitto, which comes and goes."""

import getpass
import shutil
import signal
import socket
import subprocess
import time

from driver.controller import free_port

PLACES = ("/usr/sbin/mosquitto", "/usr/bin/mosquitto")
LONGEST_START_S = 10


def program():
    """Where Mosquitto is; None if nowhere."""
    return next(filter(None, map(shutil.which, ("mosquitto", *PLACES))), None)


class Mosquitto:
    """A broker that keeps nothing, on one port for all of its lives. To be used in a with statement."""

    def __init__(self, folder):
        self.port = free_port(socket.SOCK_STREAM)
        self._log_file = folder / "mosquitto.log"
        self._settings = folder / "mosquitto.conf"
        # run as root it would become a user who cannot read what is in here
        user = getpass.getuser()
        # its log tells what it has passed on before it was killed
        self._settings.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser {user}\nlog_type all\n")
        self._process = None

    def start(self):
        with open(self._log_file, "ab") as log:
            self._process = subprocess.Popen(
                [program(), "-c", str(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + LONGEST_START_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"Mosquitto did not start, see {self._log_file}")

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.kill()
