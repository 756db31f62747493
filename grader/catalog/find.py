"""Finds katas, and reads them whole."""

from pathlib import Path

from grader.catalog.index import Index, find_index
from grader.catalog.manifest import Kata, read_manifest


class Catalog(Index):
    """The katas of one folder, in the order in which they teach."""

    def kata(self, slug: str) -> Kata:
        """Read one kata.

        Raises:
            UnknownKata: there is none with this slug.
            KataPackageError: its package is wrong.
        """
        return read_manifest(self.folder / self.resolve(slug))

    def katas(self) -> list[Kata]:
        """Read all katas.

        Raises:
            KataPackageError: the package of one of them is wrong.
        """
        return [read_manifest(self.folder / slug) for slug in self.slugs]


def find_catalog(folder: Path | None = None) -> Catalog:
    """The catalog of a folder of katas; arguments and errors are those of `find_index`."""
    index = find_index(folder)
    return Catalog(index.folder, index.slugs, index.tiers, index.renamed, index.placed)
