"""Prints each text it is given as soon as the file of that number exists in its first argument, a folder."""
import os
import sys
import time

for number, text in enumerate(sys.argv[2:]):
    while not os.path.exists(os.path.join(sys.argv[1], str(number))):
        time.sleep(0.005)
    print(text)
