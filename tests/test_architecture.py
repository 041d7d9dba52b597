"""The map in the code: who imports whom, what is public, and what is state format."""

from __future__ import annotations

import ast
import graphlib
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pulumi_chroma_sync

ROOT = Path(__file__).parents[1]
PROVIDER = ROOT / "provider" / "pulumi_chroma_sync"
EMULATOR = ROOT / "emulator" / "chroma_sync_emulator"
PACKAGE, FAKE = "pulumi_chroma_sync", "chroma_sync_emulator"

FLOORS = {
    "errors": set(),
    "args": {"errors"},
    "settings": {"errors"},
    "api": {"errors", "settings"},
    "core": {"api", "errors", "settings"},
    "results": set(),
    "kinds": {"core", "api", "errors", "settings", "results"},
    "database": {"kinds", "core", "api", "args", "errors", "settings"},
    "source": {"kinds", "core", "api", "args", "errors", "settings"},
    "source_set": {"kinds", "core", "api", "args", "errors", "settings"},
    "invocation": {"kinds", "core", "api", "args", "errors", "settings"},
    "invocations": {"kinds", "core", "api", "args", "errors", "settings"},
    "file_upload": {"kinds", "core", "api", "args", "errors", "settings"},
    "synced_repository": {"source", "invocation", "args"},
    "lookups": {"kinds", "core", "api", "errors", "settings", "results"},
    "__init__": {
        *("source", "source_set", "invocation", "invocations", "file_upload", "synced_repository", "lookups"),
        *("database", "args", "results", "errors"),
    },
    "cli": {"source", "source_set", "database", "kinds", "core", "api", "args", "errors", "settings"},
}
"""The house, from the ground up: on what each module or package may stand."""

LOADED = {
    *("", "args", "errors", "source"),
    *("core", "core.answer", "core.border", "core.provider", "core.terminal"),
    *("kinds", "kinds.source", "kinds.source.effective", "kinds.source.outputs"),
}
"""What a program with a source pays for."""

LIGHT = LOADED | {
    *("source_set", "invocation", "invocations", "file_upload", "synced_repository", "lookups", "database"),
    *("core.asking", "kinds.invocation", "kinds.invocation.provider"),
}
"""What all names together load."""

MADE_OF = {
    "collection": {"database", "source"},
    "database": {"source"},
    "source_set": {"source"},
    "invocation": {"source"},
    "invocations": {"invocation", "source"},
    "file_upload": {"invocation", "source"},
}
"""Kinds that are about objects of another kind."""


def sources(*folders: Path) -> list[Path]:
    """Every Python file of ours in these folders."""
    found = (path for folder in folders for path in folder.rglob("*.py"))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


OURS = [
    *sources(*(ROOT / name for name in ("provider", "emulator", "examples", "scripts", "tests", "bench"))),
    ROOT / "__main__.py",
]
MODULES = {
    ".".join(path.relative_to(PROVIDER).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sources(PROVIDER)
}
"""By their names within the package, such as ``api.client``; a folder's own is the folder's name."""


def shown(path: Path) -> str:
    """A path as a test's id."""
    return str(path.relative_to(ROOT))


def imports(path: Path, *, at_start: bool = False) -> set[str]:
    """The full names that a file imports, relative ones resolved; ``a.b`` for ``from a import b`` too.

    Args:
        path: the file.
        at_start: leave out what a function imports when it is called, and what only a type checker reads.
    """
    package = ".".join(path.relative_to(ROOT).parent.parts[1:])
    found: set[str] = set()
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8")), at_start):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package if node.level else "", node.module or ""]))
            found.add(base)
            found.update(f"{base}.{name.name}" for name in node.names)
    return found


def _nodes(tree: ast.AST, at_start: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if at_start and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if at_start and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _nodes(node, at_start)


def stands_on(module: str) -> set[str]:
    """The modules of the package that this one imports, at any time."""
    names = {name.partition(".")[2] for name in imports(MODULES[module]) if name.startswith(f"{PACKAGE}.")}
    return names & {*MODULES} - {module}


def floor(module: str) -> str:
    """The module or folder of the top level in which it is."""
    return module.partition(".")[0]


def top_levels(path: Path) -> set[str]:
    """The distributions' import names that a file imports, at any time."""
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", sources(EMULATOR), ids=shown)
def test_the_emulator_knows_neither_pulumi_nor_the_package(path: Path) -> None:
    """It is the service's stand-in: code shared with the client would hide the client's mistakes."""
    assert not top_levels(path) & {"pulumi", PACKAGE}


@pytest.mark.parametrize("path", [*sources(PROVIDER, ROOT / "examples"), ROOT / "__main__.py"], ids=shown)
def test_the_package_and_programs_do_not_know_the_emulator(path: Path) -> None:
    """They work on the real service, and meet the emulator over HTTP alone."""
    assert FAKE not in top_levels(path)


@pytest.mark.parametrize("path", sources(ROOT / "bench", ROOT / "scripts"), ids=shown)
def test_the_benchmark_and_the_scripts_do_without_the_tests(path: Path) -> None:
    """What tests and benchmark both need stands where both may import it."""
    assert "tests" not in top_levels(path)


def test_no_module_stands_on_one_that_stands_on_it() -> None:
    """The package's imports, those inside functions too, have no circle."""
    graph = {name: stands_on(name) for name in MODULES}
    assert sum(map(len, graph.values())) > 50
    list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("folder", ["engine", "quickstart"])
def test_no_script_stands_on_one_that_stands_on_it(folder: str) -> None:
    """The same for what gets the engine and what runs the quickstart."""
    modules = {path.stem: path for path in (ROOT / "scripts" / folder).glob("*.py")}
    graph = {
        name: {imported.split(".")[1] for imported in imports(path) if imported.startswith(f"{folder}.")}
        & {*modules}
        for name, path in modules.items()
    }
    assert any(graph.values())
    list(graphlib.TopologicalSorter(graph).static_order())


def test_every_module_is_on_a_floor() -> None:
    """A new one has to say on what it stands."""
    assert {floor(module) for module in MODULES} == FLOORS.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_stands_on_what_is_below_it(module: str) -> None:
    """Resources on top, one core, one door to HTTP; nothing points back up."""
    assert {floor(name) for name in stands_on(module)} <= FLOORS[floor(module)] | {floor(module)}


@pytest.mark.parametrize("module", [name for name in MODULES if floor(name) in ("core", "api")])
def test_the_core_knows_no_kind_of_resource(module: str) -> None:
    """What the next resource needs as well isn't written for one of them; nor is how HTTP is done."""
    if floor(module) == "core":
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        for node in ast.walk(tree):  # an example in a docstring may be of a source
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                node.value = ast.Constant(...)
        text = ast.unparse(tree)
        assert not re.findall(r"\b(github|web_scrape|s3|Sources?|SourceReply|source_id)\b", text)
    assert not {name for name in imports(MODULES[module]) if name.startswith(f"{PACKAGE}.kinds")}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("kinds.")])
def test_one_kind_does_not_know_another(module: str) -> None:
    """What two share is the core's. A set is made of sources, and a run is one of a source."""
    own = module.split(".")[1]
    others = {name.split(".")[1] for name in stands_on(module) if name.startswith("kinds.")}
    assert others <= {own} | MADE_OF.get(own, set())


@pytest.mark.parametrize("module", [name for name in MODULES if floor(name) != "api"])
def test_only_api_speaks_http(module: str) -> None:
    """One client, one retry policy, one place where secrets are kept out of errors."""
    # What the client can't take is no setting; a wait is made of many requests.
    allowed = {"settings": {"httpx"}, "core.starting": {"httpx"}, "core.waiting": {"tenacity"}}
    assert {"httpx", "tenacity", "requests", "urllib3"} & top_levels(MODULES[module]) <= allowed.get(
        module, set()
    )


@pytest.mark.parametrize("module", [name for name in MODULES if name != "core.validation"])
def test_only_validation_knows_values_that_are_not_known_yet(module: str) -> None:
    """Everything behind check works with plain values."""
    assert not [name for name in imports(MODULES[module]) if name.endswith(".Unknown")]


@pytest.mark.parametrize("module", sorted(LIGHT - {""}))
def test_what_a_program_loads_needs_no_client_at_its_start(module: str) -> None:
    """httpx and pydantic are imported where the engine calls, never with the module."""
    loaded = imports(MODULES[module], at_start=True)
    heavy = {"httpx", "pydantic", "tenacity", "click", "rich"}
    assert not {name.partition(".")[0] for name in loaded} & heavy


@pytest.mark.parametrize(
    ("use", "loads"),
    [
        ("pulumi_chroma_sync.Source", LOADED),
        ("[getattr(pulumi_chroma_sync, n) for n in pulumi_chroma_sync.__all__ if 'Result' not in n]", LIGHT),
    ],
    ids=["a source", "everything"],
)
def test_a_program_loads_what_it_names(use: str, loads: set[str]) -> None:
    """Beside Pulumi a few small modules of ours: those of the resources that it has."""
    ask = (
        "import json, sys; import pulumi, pulumi.dynamic; before = set(sys.modules); "
        f"import pulumi_chroma_sync; {use}; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    loaded = json.loads(said.stdout)
    assert [name for name in loaded if name.partition(".")[0] != PACKAGE] == []
    assert {name.partition(".")[2] for name in loaded} == loads


@pytest.mark.parametrize(
    "path",
    [*sources(ROOT / "examples", ROOT / "templates", ROOT / "bench"), ROOT / "__main__.py"],
    ids=shown,
)
def test_programs_use_public_names_alone(path: Path) -> None:
    """What an example shows is what a user may rely on."""
    modules = {name for name in imports(path) if name.startswith(PACKAGE)}
    public = {PACKAGE, *(f"{PACKAGE}.{name}" for name in pulumi_chroma_sync.__all__)}
    assert modules <= public
    used = set(re.findall(r"\bchroma_sync\.(\w+)", path.read_text(encoding="utf-8")))
    assert used <= set(pulumi_chroma_sync.__all__)


@pytest.mark.parametrize(
    "path", [path for path in sources(PROVIDER, EMULATOR) if path.stem != "__main__"], ids=shown
)
def test_each_module_says_what_is_public(path: Path) -> None:
    """``__all__`` is there, sorted (constants, classes, functions); what it names exists and is explained."""
    parts = [*path.relative_to(ROOT).with_suffix("").parts[1:]]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    if path.stem == "__init__" and len(tree.body) <= 2:
        return
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
    names = module.__all__
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert [name for name in names if not hasattr(module, name)] == []
    explained = [
        node
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in names
    ]
    assert [node.name for node in explained if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", pulumi_chroma_sync.__all__)
def test_each_public_name_is_explained(name: str) -> None:
    """Class, methods, keys and outputs of what a program may use: an editor shows what each means."""
    public = getattr(pulumi_chroma_sync, name)
    path = MODULES[public.__module__.removeprefix(f"{PACKAGE}.")]
    (node,) = (
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == public.__name__
    )
    assert ast.get_docstring(node)
    bare = []
    for member, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            if not ast.get_docstring(member):
                bare.append(member.name)
        elif isinstance(member, ast.AnnAssign) and member.value is None:
            explained = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if not explained:
                bare.append(ast.unparse(member.target))
    assert bare == []


@pytest.mark.parametrize("path", OURS, ids=shown)
def test_no_file_leaves_work_behind(path: Path) -> None:
    """What is to be done is in an issue."""
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\b(TO[D]O|FIX[M]E|XX[X]|Not[I]mplementedError)\b", text) == []


def test_names_in_the_state_stay() -> None:
    """Every state ever written refers to the provider and to the type by these names."""
    of_a_source, of_a_set = pulumi_chroma_sync.SourceProvider, pulumi_chroma_sync.SourceSetProvider
    of_a_run, of_runs = pulumi_chroma_sync.InvocationProvider, pulumi_chroma_sync.InvocationsProvider
    assert (of_runs.__module__, of_runs.__qualname__) == (
        "pulumi_chroma_sync.invocations",
        "InvocationsProvider",
    )
    assert vars(pulumi_chroma_sync.Invocations)["_resource_type_name"] == "dynamic/chroma-sync:Invocations"
    of_a_file = pulumi_chroma_sync.FileUploadProvider
    assert (of_a_file.__module__, of_a_file.__qualname__) == (
        "pulumi_chroma_sync.file_upload",
        "FileUploadProvider",
    )
    assert vars(pulumi_chroma_sync.FileUpload)["_resource_type_name"] == "dynamic/chroma-sync:FileUpload"
    assert (of_a_run.__module__, of_a_run.__qualname__) == (
        "pulumi_chroma_sync.invocation",
        "InvocationProvider",
    )
    assert vars(pulumi_chroma_sync.Invocation)["_resource_type_name"] == "dynamic/chroma-sync:Invocation"
    assert (of_a_source.__module__, of_a_source.__qualname__) == (
        "pulumi_chroma_sync.source",
        "SourceProvider",
    )
    assert (of_a_set.__module__, of_a_set.__qualname__) == (
        "pulumi_chroma_sync.source_set",
        "SourceSetProvider",
    )
    assert vars(of_a_source()) == vars(of_a_set()) == vars(of_a_run()) == vars(of_runs()) == {}
    assert vars(of_a_file()) == {}
    of_a_database = pulumi_chroma_sync.DatabaseProvider
    assert (of_a_database.__module__, of_a_database.__qualname__) == (
        "pulumi_chroma_sync.database",
        "DatabaseProvider",
    )
    assert vars(of_a_database()) == {}
    assert vars(pulumi_chroma_sync.Database)["_resource_type_name"] == "dynamic/chroma-sync:Database"
    assert vars(pulumi_chroma_sync.Source)["_resource_type_name"] == "dynamic/chroma-sync:Source"
    assert vars(pulumi_chroma_sync.SourceSet)["_resource_type_name"] == "dynamic/chroma-sync:SourceSet"
