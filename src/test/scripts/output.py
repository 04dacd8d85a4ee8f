"""Writes output of the kind it is asked for."""
import os
import sys


def many_lines():
    for number in range(300_000):
        print(f"line {number}")


def one_long_line():
    print("before")
    print("0123456789" * 100_000)
    print("after")


def invalid_utf8():
    os.write(1, b"good\n\xff\xfe\x80 bad \xc3\n\xe2\x82 cut\nnul \x00 here\r\nlast\n")


def stderr_first():
    sys.stderr.write("e" * 200_000 + "\n")
    print("then standard output")


def mixed():
    for number in range(1000):
        os.write(1 + number % 2, f"{number}\n".encode())


def no_newline():
    os.write(1, b"first\nno end")


def nothing():
    pass


globals()[sys.argv[1]]()
