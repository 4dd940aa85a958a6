"""`make docs`: what is generated under docs/ — the pictures of the guide, and the data dictionary.

The pictures are those the browser tests take (var/screenshots); they are run first where pictures are missing or
`--anew` is given. They are reduced to a palette, so that the repository stays small. The chapters of
docs/guide are written by people; this checks that every picture they show exists and that none is left over.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tools import data_dictionary

ROOT = Path(__file__).resolve().parent.parent
TAKEN, KEPT, CHAPTERS = ROOT / "var" / "screenshots", ROOT / "docs" / "pictures", ROOT / "docs" / "guide"
TESTS = (
    "tests/browser/test_main_path.py",
    "tests/browser/test_registration.py",
    "tests/browser/test_declaring.py",
    "tests/browser/test_review.py",
    "tests/browser/test_publishing.py",
    "tests/browser/test_directory.py",
)
LARGEST, MOST = 120 * 1024, 30
SIZES = ((1280, 128), (1280, 64), (1000, 128), (800, 64), (700, 32))  # (width, colours): the first that fits

# The picture in docs/pictures, and the step of a test that shows it.
PICTURES = {
    "certificate-form": "certificate-form",
    "batch": "batch",
    "declaring": "declaration-form",
    "candidates": "candidates-confirmed",
    "import-checked": "candidates-checked",
    "plan": "plan-ready",
    "board": "board-draft",
    "attendance": "attendance",
    "scores": "scores",
    "sign-desk": "sign-school-code",
    "sign-phone": "sign-school-phone",
    "space": "space-scores",
    "certificate": "certificate",
    "verify": "verify-found",
    "register": "register",
    "registered": "registered",
    "basics": "basics",
    "declaring-approved": "declaring-approved",
    "declaring-refused": "declaring-refused",
    "pilot": "pilot",
    "outbox": "outbox",
    "notice-writing": "notice-writing",
    "notice-preview": "notice-preview",
    "city-review": "city-review",
    "review-desk": "review-desk",
    "review-many": "review-many",
    "review-report": "review-report",
    "batch-progress": "batch-progress",
    "directory": "directory",
    "review-sheet": "review-sheet",
}


def main(anew: bool = False) -> None:
    if anew or any(source(step) is None for step in PICTURES.values()):
        command = [sys.executable, "-m", "pytest", "-q", *TESTS]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            sys.exit(f"{' or '.join(TESTS)} fails: mend it first, the guide shows what it sees")
    KEPT.mkdir(parents=True, exist_ok=True)
    for name, step in PICTURES.items():
        found = source(step)
        if found is None:
            sys.exit(f"no test takes a picture of {step}")
        size = reduce(found, KEPT / f"{name}.png")
        print(f"docs/pictures/{name}.png {size // 1024} KB")
    for problem in problems():
        sys.exit(problem)
    data_dictionary.FILE.write_text(data_dictionary.text(), encoding="utf-8")


def source(step: str) -> Path | None:
    """The picture of a step, the latest where several tests took it; those of the main path are numbered."""
    named = [path for path in TAKEN.rglob("*.png") if re.sub(r"^\d+-", "", path.stem) == step]
    return max(named, key=lambda path: path.stat().st_mtime, default=None)


def reduce(taken: Path, kept: Path) -> int:
    """Narrower where it is wide, in as many colours as fit; returns the bytes."""
    with Image.open(taken) as picture:
        shown = picture.convert("RGB")
    for width, colours in SIZES:
        small = shown
        if shown.width > width:
            small = shown.resize((width, round(shown.height * width / shown.width)), Image.Resampling.LANCZOS)
        palette = small.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        palette.save(kept, optimize=True)
        if kept.stat().st_size <= LARGEST:
            break
    return kept.stat().st_size


def problems() -> list[str]:
    """What the guide shows that is not there, and what is there but not shown."""
    shown = {
        found
        for page in [*CHAPTERS.glob("*.md"), ROOT / "README.md"]
        for found in re.findall(r"pictures/([a-z-]+)\.png", page.read_text("utf-8"))
    }
    kept = {path.stem for path in KEPT.glob("*.png")}
    found = [f"docs/pictures/{name}.png is shown but missing" for name in sorted(shown - kept)]
    found += [f"docs/pictures/{name}.png is shown nowhere" for name in sorted(kept - shown)]
    found += [f"more than {MOST} pictures"] if len(kept) > MOST else []
    return found


if __name__ == "__main__":
    main("--anew" in sys.argv[1:])
