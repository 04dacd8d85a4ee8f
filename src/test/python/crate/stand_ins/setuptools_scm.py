"""Answers which version a source folder is of, which was not installed: as ``CRATE_VERSION`` has pysmurf's."""
import os


def get_version(relative_to="", **_):
    return os.environ["CRATE_VERSION"] if "pysmurf" in os.path.basename(os.path.dirname(relative_to)) else "0+source"
