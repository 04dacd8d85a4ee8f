"""What the benchmark, the soak and the demo share: the controller as a process, and the ways of talking to it."""
