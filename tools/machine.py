"""Checks that the machine has what the browser and document tests use, or says which command brings it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")


def missing() -> list[str]:
    """Debian's names of the packages that are not there."""
    packages = []
    if not any(shutil.which(name) for name in BROWSERS):
        packages.append("chromium")
    if not any(path for folder in FONT_FOLDERS for path in folder.rglob("*CJK*")):
        packages.append("fonts-noto-cjk")
    if not all(shutil.which(name) for name in ("pdftoppm", "pdftotext")):
        packages.append("poppler-utils")
    return packages


def main() -> None:
    if packages := missing():
        sys.exit(f"测试还需要系统软件,请执行:apt-get update && apt-get install -y {' '.join(packages)}")


if __name__ == "__main__":
    main()
