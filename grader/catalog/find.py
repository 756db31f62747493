"""Finds katas and reads their manifests."""

from pathlib import Path

from grader.catalog.index import Index, find_index
from grader.catalog.manifest import Kata, read_manifest


class Catalog(Index):
    """The katas of one folder, in the order in which they are handed out."""

    def kata(self, slug: str) -> Kata:
        """Read one kata.

        Raises:
            UnknownKata: there is no kata with this slug.
            KataPackageError: the kata's manifest is invalid.
        """
        return read_manifest(self.folder / self.resolve(slug))

    def katas(self) -> list[Kata]:
        """Read all katas.

        Raises:
            KataPackageError: one of the manifests is invalid.
        """
        return [read_manifest(self.folder / slug) for slug in self.slugs]


def find_catalog(folder: Path | None = None) -> Catalog:
    """The catalog of a folder of katas. Arguments and errors: see `find_index`."""
    index = find_index(folder)
    return Catalog(index.folder, index.slugs, index.tiers, index.renamed, index.placed)
