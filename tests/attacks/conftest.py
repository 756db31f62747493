"""Keeps pytest from collecting the submissions, some of which look like tests."""

collect_ignore = ["submissions"]
