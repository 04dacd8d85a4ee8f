"""Where scripts note that they were run."""

import os


def note():
    """One write to a file opened for append: however many scripts note something, no line is lost or cut."""
    descriptor = os.open(os.environ["SOAK_RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{os.environ['PYSMURF_SESSION_ID']} {os.getpid()}\n".encode())
    os.close(descriptor)
