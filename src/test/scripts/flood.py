"""Writes lines as fast as it can until it is ended."""
line = "x" * 99
print("ready", flush=True)
while True:
    print(line)
