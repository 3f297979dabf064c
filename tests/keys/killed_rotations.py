"""Rotations in processes of their own, each killed at a random moment: `killed_rotations.py KILLS BATCH SEED`.

Prints how many were killed in the middle and how many had ended by then, as JSON.
"""

import json
import os
import random
import signal
import sys
import time

from connector import config, wiring
from connector.domain import keys
from connector.domain.ledger import SYSTEM


def rotate(batch: int) -> None:
    svc = wiring.services(config.load())
    keys.rotate(svc, SYSTEM, batch=batch)
    svc.store.close()


def child(batch: int) -> int:
    number = os.fork()
    if number == 0:
        status = 1
        try:
            rotate(batch)
            status = 0
        finally:
            os._exit(status)
    return number


def main() -> None:
    kills, batch, chance = int(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))  # noqa: S311
    began = time.monotonic()
    rotated = child(batch)
    _, status = os.waitpid(rotated, 0)
    assert status == 0, status
    longest = time.monotonic() - began  # a whole rotation
    done = {"killed": 0, "ended": 0, "whole": longest}
    while done["killed"] < kills:
        running = child(batch)
        time.sleep(chance.uniform(0, longest))
        os.kill(running, signal.SIGKILL)
        _, status = os.waitpid(running, 0)
        assert os.WIFSIGNALED(status) or status == 0, status
        done["killed" if os.WIFSIGNALED(status) else "ended"] += 1
    print(json.dumps(done))


main()
