async def test_a_label_takes_its_time(server):
    """A label is right."""
