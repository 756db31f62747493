"""Draws the pictures of the event loop from the recorded scenes: `python -m docs.pictures`."""

from docs.pictures.record import FOLDER, RUN_FILE
from docs.pictures.scenes import pictures
from grader.evidence.files import load_run

if __name__ == "__main__":
    for name, svg in pictures(load_run(RUN_FILE)):
        (FOLDER / name).write_text(svg, encoding="utf-8")
