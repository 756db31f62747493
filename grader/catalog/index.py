"""The slugs of the built-in katas, or of those in another folder, in the order in which they are handed out."""

import difflib
from dataclasses import dataclass, field
from pathlib import Path

import katas
from grader.catalog.card import MANIFEST, Card, read_card
from grader.catalog.table import parsed_toml
from grader.errors import KataPackageError, UnknownKata, UsageError

ORDER_FILE = "catalog.toml"


@dataclass(frozen=True)
class Index:
    """The katas of one folder by slug, in the order in which they are handed out.

    Attributes:
        folder: contains the katas.
        slugs: all slugs, in order.
        tiers: titles of the tiers by number.
        renamed: current slug by former slug, so that progress survives a rename.
        placed: tier by slug, for the katas that `catalog.toml` lists.
    """

    folder: Path
    slugs: tuple[str, ...]
    tiers: dict[int, str]
    renamed: dict[str, str]
    placed: dict[str, int] = field(default_factory=dict)

    def resolve(self, slug: str) -> str:
        """The current slug of a kata, given a current or former one.

        Raises:
            UnknownKata: there is no kata with this slug.
        """
        slug = self.renamed.get(slug, slug)
        if slug not in self.slugs:
            near = difflib.get_close_matches(slug, self.slugs, 3)
            hint = f"Did you mean {', '.join(near)}?" if near else "`kata list` shows all katas."
            raise UnknownKata(f"There is no kata `{slug}`.", hint)
        return slug

    def tier_of(self, slug: str) -> int:
        """The tier of a kata, from `catalog.toml` or else from its manifest.

        Raises:
            KataPackageError: the kata's manifest is invalid.
        """
        return self.placed[slug] if slug in self.placed else read_card(self.folder / slug).tier

    def cards(self) -> list[Card]:
        """The summaries of all katas, in order.

        Raises:
            KataPackageError: one of the manifests is invalid.
        """
        return [read_card(self.folder / slug) for slug in self.slugs]


def shipped_folder() -> Path:
    """The folder of the built-in katas."""
    return Path(katas.__path__[0])


def find_index(folder: Path | None = None) -> Index:
    """The index of a folder of katas; None means the built-in ones.

    `catalog.toml` sets the order; katas that it does not list come last. If the folder is itself a kata, the index has
    only that kata.

    Raises:
        UsageError: the folder does not exist or contains no kata.
        KataPackageError: `catalog.toml` is invalid.
    """
    folder = (folder or shipped_folder()).resolve()
    if not folder.is_dir():
        raise UsageError(
            f"The folder of katas {folder} does not exist.",
            "Name another one with --katas or KATA_PATH.",
        )
    if (folder / MANIFEST).is_file():
        return Index(folder.parent, (folder.name,), {}, {})
    present = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    placed, tiers, renamed = _read_order(folder / ORDER_FILE)
    missing = [slug for slug in placed if slug not in present]
    if missing:
        raise KataPackageError(
            f"{folder / ORDER_FILE} names {missing[0]}, which has no kata.toml.",
            "Add the kata, or remove the name.",
        )
    slugs = tuple(placed) + tuple(slug for slug in present if slug not in placed)
    if not slugs:
        raise UsageError(
            f"There is no kata in {folder}.",
            "A kata is a folder with a kata.toml; name another with --katas or KATA_PATH.",
        )
    return Index(folder, slugs, tiers, renamed, placed)


def _read_order(path: Path) -> tuple[dict[str, int], dict[int, str], dict[str, str]]:
    """The tier of each kata, in order; the title of each tier; the current slug by former slug."""
    if not path.is_file():
        return {}, {}, {}
    try:
        table = parsed_toml(path.read_text(encoding="utf-8"))
        tiers = table.get("tier", [])
        if not all(type(tier["number"]) is int for tier in tiers):
            raise TypeError("the number of a tier must be an integer")
        placed = {slug: tier["number"] for tier in tiers for slug in tier["katas"]}
        return (
            placed,
            {tier["number"]: tier["title"] for tier in tiers},
            dict(table.get("renamed", {})),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KataPackageError(
            f"{path} cannot be read: {error}.",
            "It needs [[tier]] tables with number, title and katas.",
        ) from error
