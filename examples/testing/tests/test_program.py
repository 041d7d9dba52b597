"""What the program declares, without an engine and without a service: a few milliseconds each."""

import runpy
from pathlib import Path

import pulumi
import pytest

PROGRAM = Path(__file__).parents[1] / "__main__.py"


class Declared(pulumi.runtime.Mocks):
    """In the engine's place: writes down what is declared."""

    def __init__(self):
        self.sources = {}

    def new_resource(self, args):
        self.sources[args.name] = args.inputs
        return f"id of {args.name}", args.inputs

    def call(self, args):
        return {}


@pytest.fixture
def declare():
    """Runs the program with these settings of the stack; the sources by their names."""

    def run(**config):
        declared = Declared()
        pulumi.runtime.set_mocks(declared, project="tested-knowledge", stack="test")
        pulumi.runtime.set_all_config({f"tested-knowledge:{name}": value for name, value in config.items()})
        pulumi.runtime.test(lambda: runpy.run_path(str(PROGRAM)) and None)()
        return declared.sources

    return run


def test_every_crawl_has_a_limit_that_we_would_pay_for(declare):
    sites = [source["web_scrape"] for source in declare().values() if "web_scrape" in source]
    assert sites
    assert all(0 < site["page_limit"] <= 1000 for site in sites)


def test_the_limit_is_a_setting_of_the_stack(declare):
    assert declare(pages="20")["guides"]["web_scrape"]["page_limit"] == 20


def test_repositories_are_ours_and_markdown_alone(declare):
    for source in declare().values():
        if "github" in source:
            assert source["github"]["repository"].startswith("acme/")
            assert source["github"]["include_globs"] == ["**/*.md"]
