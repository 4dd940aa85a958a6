"""axe-core on a page of a browser: what somebody who cannot see or cannot use a mouse would stumble over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[1] / "views" / "static" / "dist" / "axe.min.js"
_RUN = "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.target.join(' '))]))"


def findings(page: Page) -> list[Any]:
    """The serious and critical ones; the debugger evaluates axe-core, past the page's policy."""
    if not page.evaluate("'axe' in window"):
        page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
    return [found for found in page.evaluate(_RUN) if found[0] in ("serious", "critical")]
