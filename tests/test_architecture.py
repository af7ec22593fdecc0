"""The arrows, as a test: who may import whom, and what nobody may do."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "practice": set(),
    "tradingpartners": {"practice"},
    "coverage": {"practice", "tradingpartners"},
    "eligibility": {"practice", "tradingpartners", "coverage"},
    "sweeps": {"practice", "tradingpartners", "coverage", "eligibility"},
    "config": {"practice", "tradingpartners", "coverage", "eligibility", "sweeps"},
}
APPS = set(MAY_IMPORT)
# models ← messages ← services ← edges: whatever is not listed here is an edge.
CORE = {
    *("models", "messages", "services", "states", "signals", "errors", "rows", "tenancy", "sealing"),
    *("history", "isolation", "partitions", "database", "bulk", "access", "x12", "transports", "alerts"),
    *("admission",),
    *("contents", "retries", "attempts", "badges", "benefits", "cases", "followups", "verdict"),
    *("roster", "schedules", "outbound"),
}
SIMULATOR = "tradingpartners/simulator"
CODEC = "tradingpartners/x12"


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("app", sorted(APPS))
def test_no_app_imports_upward(app: str) -> None:
    wrong = [
        f"{place(path)}: {name}"
        for path in sources(app)
        if SIMULATOR not in place(path)
        for name in imports(path)
        if name.split(".")[0] in APPS - MAY_IMPORT[app] - {app}
    ]
    assert wrong == []


def test_settings_import_no_app() -> None:
    assert not {name.split(".")[0] for name in imports(ROOT / "config/settings.py")} & APPS


def test_only_settings_read_the_environment() -> None:
    allowed = {
        "config/settings.py",
        "config/embedded.py",
        "config/programs.py",
        "config/celery.py",
        "config/wsgi.py",
    }
    readers = [
        place(path)
        for path in sources(*APPS)
        if SIMULATOR not in place(path) and re.search(r"os\.(environ|getenv)", path.read_text())
    ]
    assert set(readers) <= allowed


def test_the_codec_is_standard_library_only() -> None:
    wrong = [
        f"{place(path)}: {name}"
        for path in sources(CODEC)
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("tradingpartners.x12")
    ]
    assert wrong == []


def test_the_codec_has_no_clock_files_dice_or_logging() -> None:
    forbidden = {"random", "logging", "time", "os", "pathlib", "secrets", "socket", "io"}
    wrong = [
        f"{place(path)}: {name}"
        for path in sources(CODEC)
        for name in imports(path)
        if name.split(".")[0] in forbidden
    ]
    assert wrong == []


def test_code_outside_the_codec_imports_its_public_names_only() -> None:
    wrong = [
        f"{place(path)}: {name}"
        for path in sources(*APPS)
        if CODEC not in place(path)
        for name in imports(path)
        if re.match(r"tradingpartners\.x12\.[a-z0-9]+\.", name)
    ]
    assert wrong == []


def test_simulator_and_product_share_nothing() -> None:
    into = [
        f"{place(path)}: {name}"
        for path in sources(SIMULATOR)
        for name in imports(path)
        if name.split(".")[0] in APPS and not name.startswith("tradingpartners.simulator")
    ]
    out = [
        f"{place(path)}: {name}"
        for path in sources(*APPS)
        if SIMULATOR not in place(path)
        for name in imports(path)
        if name.startswith("tradingpartners.simulator")
    ]
    assert into + out == []


def test_models_and_services_never_import_an_edge() -> None:
    wrong = [
        f"{place(path)}: {name}"
        for path in sources(*(APPS - {"config"}))
        if SIMULATOR not in place(path) and path.relative_to(ROOT).with_suffix("").parts[1] in CORE
        for name in imports(path)
        if name.split(".")[0] in APPS and is_module(name) and name.split(".")[1] not in CORE
    ]
    assert wrong == []


def is_module(name: str) -> bool:
    app, _, rest = name.partition(".")
    inside = ROOT / app / rest.split(".")[0]
    return bool(rest) and (inside.with_suffix(".py").exists() or inside.is_dir())


def test_no_task_is_delayed_by_the_broker() -> None:
    """A unit that may not go now gets a later due_at; Celery's own delays live in memory."""
    delayed = re.compile(r"\b(countdown|eta|autoretry_for)\s*=|\.retry\(|delay_on_commit")
    wrong = [
        place(path)
        for path in sources(*APPS)
        if SIMULATOR not in place(path) and delayed.search(path.read_text())
    ]
    assert wrong == []


def test_certificates_are_always_checked() -> None:
    wrong = [place(path) for path in sources(*APPS) if "verify=False" in path.read_text()]
    assert wrong == []


# Inside the codec: each may import those that stand before it.
LAYERS = [
    *("errors", "characters", "segments", "limits", "remembering", "elements", "code_tables"),
    *("envelope", "parties", "set_reader", "hierarchy", "ts999", "ts271", "ts270", "ts278"),
    *("meaning", "conformance", "acknowledgements", "reports"),
]


def test_the_rooms_of_the_codec_are_built_on_each_other_in_one_order() -> None:
    wrong = []
    for path in sources(CODEC):
        here = path.relative_to(ROOT / CODEC).parts[0].removesuffix(".py")
        for name in imports(path):
            parts = name.split(".")
            if here == "__init__" or parts[:2] != ["tradingpartners", "x12"] or len(parts) < 3:
                continue
            if parts[2] in LAYERS and LAYERS.index(parts[2]) > LAYERS.index(here):
                wrong.append(f"{place(path)}: {name}")
    assert wrong == []
