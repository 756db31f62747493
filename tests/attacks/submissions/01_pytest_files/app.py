"""Ships files by which pytest could be steered: conftest, settings, a plugin, checks of its own."""

from base import app
