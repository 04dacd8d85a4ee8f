"""Appends a text to a file: a trace that it ran."""
import sys

with open(sys.argv[1], "a") as file:
    file.write(sys.argv[2] + "\n")
print("appended", sys.argv[2])
