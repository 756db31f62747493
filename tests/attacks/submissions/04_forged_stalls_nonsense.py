"""Writes nonsense about stalls: numbers that are none, names with zeros and escapes, a stall that never ends."""

import os

import kit
from base import app as app

here = os.getcwd()
numbers = ("nan", "inf", "-inf", "1e308", "-1", "1" * 400, "9" * 3000, "0x1", "")
for number in numbers:
    for said in (f"{number} 1.0 1", f"1 {number} 1", f"1 1.0 {number}"):
        kit.tell_stalls(f"at {said} f {here}/app.py")
    kit.tell_stalls(f"resumed {number} 1.0", f"resumed 1 {number}")
    kit.tell_stalls(f"waiting {number} 1 f {here}/app.py", f"waiting 1 {number} f {here}/app.py")
for beat, name in enumerate(("\0", "a\0b", "\x1b[2J", "[red]", "\udcff", "x" * 5000, ".", "..", ""), start=2):
    kit.tell_stalls(f"at {beat} 1.0 1 {name} {here}/{name}", f"resumed {beat} 1.0", f"waiting 1 1 {name} {here}/{name}")
kit.tell_stalls(f"at 100 1.0 1 f {here}/a\0b")
