"""A simulated SMuRF slot with a known truth: registers in one file, resonators drawn from a seed."""
