"""What axe-core finds wrong with a page."""

from __future__ import annotations

from playwright.sync_api import Page
from support.served import WEB

_AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with where.

    Marks on a map may be smaller and nearer to each other than the rule has it: where they lie is what they tell
    (WCAG 2.2, understanding of 2.5.8, names pins on a map as essential). Lists beside each map hold the same.
    """
    # As a value, not a script element: the page's own policy allows no foreign script.
    page.evaluate(_AXE.read_text())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", _TAGS)
    broken = [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found["violations"]]
    return [rule for rule in broken if not (rule.startswith("target-size") and "map-mark" in rule)]
