"""What the benchmark and the soak share: the built jar as a process, and the ways of talking to it."""
