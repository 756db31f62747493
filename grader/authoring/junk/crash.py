"""An app that crashes on import."""

raise RuntimeError("this app cannot be imported")
