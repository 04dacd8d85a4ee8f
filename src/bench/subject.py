"""What is measured: the built controller with the scripts of the benchmark, and the same scripts without it."""

import shutil
from pathlib import Path

from driver import controller
from driver.controller import PROJECT, scripts_python

WORK = PROJECT / "target" / "bench"
SCRIPTS = Path(__file__).resolve().parent / "scripts"
ID = "bench"


class Controller(controller.Controller):
    """A controller whose data and configuration are removed with it, and its log, unless something went wrong."""

    def __init__(self, java_home, **environment):
        super().__init__(WORK, ID, SCRIPTS, JAVA_HOME=java_home, **environment)

    def __exit__(self, *exception):
        super().__exit__(*exception)
        for folder in (self.data, self.config):
            shutil.rmtree(folder, ignore_errors=True)
        if exception[0] is None:
            self.log_file.unlink()

    def first_command(self, script="empty.py"):
        return super().first_command(script)


def bare(script, *args, python=None):
    """The command line by which the controller starts a script, for a floor without the controller."""
    return ["setsid", "env", "--default-signal=INT", python or scripts_python(), "-u", str(SCRIPTS / script), *args]
