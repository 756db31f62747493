"""The submissions are no tests, although some of them look like it."""

collect_ignore = ["submissions"]
