"""Ends with the exit code it is given."""
import sys

print("ending")
sys.exit(int(sys.argv[1]))
