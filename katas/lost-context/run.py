"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Call, Upstream

LIST_CENTS, CUSTOMER_CENTS = 1000, 800


def price(call: Call) -> dict[str, int]:
    return {"cents": LIST_CENTS if call.headers.get("x-customer") == "guest" else CUSTOMER_CENTS}


async def prepare(upstream: Upstream) -> None:
    """Customers, who have the keys k1, k2, …, pay 800 cents, guests 1000. The office takes 0.05 s for each question."""
    upstream.on("/keys/*", status=404)
    upstream.on("/keys/k*", delay_s=0.05, json=lambda call: {"customer": f"customer-{call.path.rpartition('/k')[2]}"})
    upstream.on("/stock/*", delay_s=0.05, json=lambda call: {"pieces": call.value})
    upstream.on("/prices/*", delay_s=0.05, json=price)
