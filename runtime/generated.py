"""`python -m runtime.generated FOLDER`: writes the files that are made from this room's code.

`scripts/generate` calls it; `scripts/check` has it write elsewhere and compares.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from runtime import migrate, postgres
from runtime.settings import describe


def settings_page() -> str:
    """docs/settings.md."""
    rows = "\n".join(
        f"| `{row.variable}` | {f'`{row.default}`' if row.default else ''} | {row.description} |"
        for row in describe()
    )
    return f"""\
# Settings

Every role reads its settings from environment variables, and from a file `.env` in the folder it
is started in; a variable wins over the file. `cbutton settings` prints this table.
`cbutton up` fills in what is left empty: addresses of the servers it starts, and secrets that
it makes once and keeps in the state folder.

Made by `scripts/generate` from `runtime/settings.py`.

| Variable | Default | Meaning |
|---|---|---|
{rows}
"""


def schema_dump() -> str:
    """schemas/sql/schema.sql: all migrations, applied to an empty database and dumped."""
    # A short path for the socket, open to the database's user.
    with tempfile.TemporaryDirectory(prefix="cb-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        with postgres.temporary(Path(folder)) as server:
            migrate.apply(server.url())
            return migrate.dump_schema(server.url())


def main() -> None:
    """Write both below the folder named on the command line."""
    folder = Path(sys.argv[1])
    for name, text in (("docs/settings.md", settings_page()), ("schemas/sql/schema.sql", schema_dump())):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
