"""Sets a document, as a program: a sheet's data as JSON on standard input, the PDF on standard output.

It is a process of its own because one that takes too long can be ended, and a thread cannot.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib import resources

import typst

from api.dossier.glyphs import FONT, font_folder

# For archives: every font embedded, nothing from outside, and files may be attached.
STANDARD = "a-3b"


def main() -> int:
    """Exit code 0 and the PDF, or 1 and why there is none."""
    data = sys.stdin.buffer.read().decode()
    template = resources.files("api.dossier").joinpath("dossier.typ").read_bytes()
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())]
    )
    pdf = typst.compile(
        template,
        font_paths=fonts,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": data},
        pdf_standards=STANDARD,
        timestamp=datetime.now(UTC).replace(microsecond=0),
    )
    if FONT.encode() not in pdf:
        print(f"the font {FONT} is not in the document", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
