"""What import-linter cannot hold: names, sizes, settings, locks, vendored files and templates."""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

import pytest

from connectors.registry import PLATFORMS

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [p for room in ("webcare", "inbox", "connectors") for p in sorted((ROOT / room).rglob("*.py"))]
CODE = [p for p in PYTHON if "migrations" not in p.parts]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MAY_NAME = {  # the demo lives on both platforms; the logs quieten their SDKs by name
    "inbox/management/demo.py", "inbox/management/morning.py", "inbox/management/stories.py",
    "inbox/management/commands/load_demo.py", "webcare/logs.py",
}  # fmt: skip
MAX_FILE, MAX_FUNCTION = 400, 60


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_no_signals():
    wrong = [name(p) for p in CODE if re.search(r"db\.models\.signals|django\.dispatch|@receiver", p.read_text())]
    assert wrong == []


def test_platforms_are_named_only_by_their_connectors():
    words = "|".join([*(kind for kind in PLATFORMS if len(kind) > 1), "twitter"])
    quoted = "|".join(f"[\"']{kind}[\"']" for kind in PLATFORMS if len(kind) == 1)
    pattern = re.compile(rf"(?i)\b({words})\b|{quoted}")
    own = [p for p in CODE if p.parts[len(ROOT.parts)] != "connectors" and name(p) not in MAY_NAME]
    pages = [p for p in (ROOT / "static").rglob("*") if p.suffix in {".js", ".css"} and "vendor" not in p.parts]
    wrong = [f"{name(p)}: {m[0]}" for p in own if (m := pattern.search(p.read_text()))]
    long = re.compile(rf"(?i)\b({words})\b")  # on a page "x" is also a key of the keyboard
    wrong += [f"{name(p)}: {m[0]}" for p in [*pages, *TEMPLATES] if (m := long.search(p.read_text()))]
    assert wrong == []


def test_every_setting_is_in_the_readme():
    source = (ROOT / "webcare/settings.py").read_text() + (ROOT / "webcare/programs.py").read_text()
    read = r"(?:env\.\w+|secret|environ\.get)\(\s*[\"']([A-Z_]+)[\"']"
    documented = set(re.findall(r"`([A-Z_]+)`", (ROOT / "README.md").read_text()))
    assert set(re.findall(read, source)) - documented == set()


def test_the_locks_hold_hashes_and_no_address():
    for lock in ("run", "dev"):
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_no_file_is_too_long():
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert [name(p) for p in [*CODE, *tests] if len(p.read_text().splitlines()) > MAX_FILE] == []


def test_no_function_is_too_long():
    wrong = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION:
                    wrong.append(f"{name(path)}: {node.name} {length}")
    assert wrong == []


def test_no_text_for_translation_hides_in_an_f_string():
    """Whoever collects texts does not look inside them."""
    found = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                calls = (call.func for call in ast.walk(node) if isinstance(call, ast.Call))
                hidden = [f for f in calls if isinstance(f, ast.Name) and f.id in {"_", "gettext", "ngettext"}]
                found += [f"{name(path)}:{node.lineno}"] * bool(hidden)
    assert found == []


def test_only_the_guarded_session_calls_other_servers():
    """No address that a customer can choose is ever called: what calls out is counted here, and aims where we say."""
    out = {"requests", "httpx", "urllib.request", "urllib3", "http.client", "aiohttp", "socket", "ftplib"}
    may = {
        "connectors/http.py",  # the platforms' own hosts, or SANDBOX_URL; follows no redirect
        "connectors/x/calls.py", "connectors/x/recorded.py",  # name tweepy's errors and answers; call nothing
        "webcare/run.py", "webcare/sandbox_pages.py",  # this machine: `make run` and its sandbox
        "webcare/logs.py",  # quietens
    }  # fmt: skip
    callers = set()
    for path in CODE:
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            if any(module == one or module.startswith(f"{one}.") for module in modules for one in out):
                callers.add(name(path))
    assert callers <= may
    forms = [p for p in CODE if p.name.startswith("forms")]
    assert [m[0] for p in forms for m in re.finditer(r"\w*url\w* = forms\.|URLField", p.read_text())] == []


@pytest.mark.parametrize("room", ["static", "tests"])
def test_vendored_files_are_what_their_manifest_says(room):
    manifest = ROOT / room / "vendor" / "MANIFEST"
    lines = [line for line in manifest.read_text().splitlines() if line and not line.startswith("#")]
    listed = {}
    for line in lines:
        _name, _version, _licence, where, checksum = re.split(r" {2,}", line)
        listed[where] = checksum
    vendored = {name(p) for p in manifest.parent.rglob("*") if p.is_file() and p != manifest}
    assert vendored <= set(listed)
    assert {where: hashlib.sha256((ROOT / where).read_bytes()).hexdigest() for where in listed} == listed


def test_templates_hold_no_script_no_style_and_trust_nothing():
    forbidden = re.compile(r"<style|\sstyle\s*=|\son[a-z]+=[\"']|\|\s*safe\b|<script(?![^>]*\bsrc=)|hx-on|javascript:")
    wrong = [f"{name(p)}: {m[0].strip()}" for p in TEMPLATES if (m := forbidden.search(p.read_text()))]
    assert wrong == []
