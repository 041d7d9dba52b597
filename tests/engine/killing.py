"""`kill -9` of a run of the engine, as a whole or in part.

A started command leads a session of its own. The plugins have process groups of their own, but stay in that
session, and they outlive an engine that is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time

__all__ = ["kill_all", "kill_engine", "kill_plugin", "still_there"]

_PLUGIN = "-m pulumi.dynamic"


def still_there(run: subprocess.Popen[str]) -> dict[int, str]:
    """The living processes of a run, engine and plugins: process id -> command line."""
    shown = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,sid=,stat=,args="], capture_output=True, text=True, check=True
    )
    found = {}
    for line in shown.stdout.splitlines():
        pid, session, state, command = line.split(None, 3)
        if int(session) == run.pid and not state.startswith("Z"):
            found[int(pid)] = command
    return found


def kill_engine(run: subprocess.Popen[str]) -> None:
    """Kill the engine alone; its plugins live on."""
    run.kill()
    run.wait()


def kill_plugin(run: subprocess.Popen[str]) -> None:
    """Kill the process of the dynamic providers alone."""
    [plugin] = [pid for pid, command in still_there(run).items() if _PLUGIN in command]
    os.kill(plugin, signal.SIGKILL)


def kill_all(run: subprocess.Popen[str]) -> None:
    """Kill every process of a run that is left, and wait until they are gone."""
    while left := still_there(run):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        run.poll()
        time.sleep(0.02)
    run.wait()
    if run.stdout is not None:
        run.stdout.close()
