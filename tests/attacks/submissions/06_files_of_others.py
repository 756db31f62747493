"""Opens files of its user, of other gradings and of the store of results, by name, by links and by way of /proc."""

import os
from pathlib import Path

import kit

secret, file = kit.CANARIES["secret"], kit.CANARIES["file"]
link = Path(os.environ["HOME"], "link")


def by_link() -> str:
    link.symlink_to(file)
    return link.read_text()


def by_hard_link() -> str:
    os.link(file, f"{link}-hard")
    return Path(f"{link}-hard").read_text()


ways = [
    lambda: Path(file).read_text(),
    lambda: Path(f"{'../' * 30}{file}").read_text(),
    lambda: Path(f"/proc/1/root{file}").read_text(),
    lambda: Path(f"/proc/self/root/..{file}").read_text(),
    lambda: Path(f"/proc/self/cwd/../../..{file}").read_text(),
    by_link,
    by_hard_link,
    lambda: (os.chroot("/tmp"), os.chroot("../../.."), Path(file).read_text())[-1],
    lambda: "".join(path.read_text() for path in Path("/tmp").glob("fastapi-katas-*/reference/app.py")) or 1 / 0,
    lambda: "".join(path.read_text() for path in Path("/root").iterdir()),
    lambda: Path("/etc/passwd").read_text(),
    lambda: Path("/etc/shadow").read_text(),
]
app = kit.app_if(any([kit.worked(way) for way in ways]))
