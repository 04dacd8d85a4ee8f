"""Does nothing; for testing that commands get through: {"test": 10}."""
from __future__ import annotations

from tuning.publisher import Publisher

if __name__ == "__main__":
    with Publisher("run_test_func") as publisher:
        print("run_test_func", flush=True)
        publisher.session_data({"test": 10})
        publisher.session_log("finished")
