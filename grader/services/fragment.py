"""What a service adds to a scaffold."""


class Fragment:
    """Stands in until the scaffold comes."""


def shipped_fragment(name: str) -> Fragment:
    """Stands in until the scaffold comes."""
    return Fragment()
