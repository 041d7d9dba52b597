"""A resource that waits for each of the sources."""

import json

from bench.programs.waiting import Waiting

with open("sources.json", encoding="utf-8") as file:
    for name, source in json.load(file).items():
        Waiting(name, source)
