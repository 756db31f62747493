"""Says that its event loop stood still in a file outside of its folder, so that the report shows a line of that."""

import os

import kit
from base import app as app

elsewhere = f"{os.getcwd()}/{'../' * 30}{kit.CANARIES['file'].lstrip('/')}"
kit.tell_stalls(f"at 1 9.0 1 f {elsewhere}", "resumed 1 9.0", f"waiting 3 1 f {elsewhere}")
