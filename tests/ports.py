"""A port for a server of the tests."""

import random
import socket


def free_port() -> int:
    """Below those that systems give to whoever asks for any, so that nobody is given it before the
    server has it."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
