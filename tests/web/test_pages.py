"""The pages' files, as a browser fetches them."""

from __future__ import annotations

import re

from support.served import Served

# What the console's first paint waits for, in kB of compressed scripts.
FIRST_KB = 150


def test_files_come_compressed_and_are_kept_for_ever(served: Served) -> None:
    page = served.client.get("/console")
    assert page.headers["cache-control"] == "no-cache"
    scripts = re.findall(r"/assets/[\w.-]+\.js", page.text)
    assert scripts
    size = 0
    for address in scripts:
        with served.client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as file:
            assert file.headers["content-encoding"] == "gzip"
            assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert file.headers["content-type"].startswith("text/javascript")
            size += sum(len(chunk) for chunk in file.iter_raw())
    assert size / 1000 < FIRST_KB
    plain = served.client.get(scripts[0], headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
