"""``python -m scripts.engine get|path``; the scripts ``get`` and ``path`` beside this file call it."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import NoReturn

from .engine import Engine, NoEngineError
from .process import say
from .ways import find, get


def main() -> int:
    """Carry out one command; its result alone goes to stdout, what it does meanwhile to stderr."""
    parser = argparse.ArgumentParser(prog="scripts/engine", description="The Pulumi engine of this checkout.")
    parser.add_argument("command", choices=("get", "path"), help="get it, or print the folder to put on PATH")
    command = parser.parse_args().command
    # A stop by `kill` cleans up like one by Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        if command == "get":
            print(f"engine     {get()}")
        else:
            print(_there().folder)
    except NoEngineError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing half-made is left, the next run starts over with what Go has cached")
        return 130
    return 0


def _there() -> Engine:
    engine = find()
    if engine is None:
        raise NoEngineError("there is no Pulumi engine yet: run `make engine` (or scripts/engine/get)")
    return engine


def _interrupted(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
