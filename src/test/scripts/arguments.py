"""Prints its arguments, one JSON text a line."""
import json
import sys

for argument in sys.argv[1:]:
    print(json.dumps(argument))
