"""`python -m bench [area]`: run the areas and print their figures; exit code 1 when one misses its bound or fails."""

from __future__ import annotations

import importlib
import sys

from bench.figures import Figure

AREAS = ("engine", "declaration")


def main() -> int:
    wanted = sys.argv[1:] or list(AREAS)
    figures: list[Figure] = []
    for area in wanted:
        if area not in AREAS:
            print(f"no such area: {area}; there are {', '.join(AREAS)}", file=sys.stderr)
            return 2
        for measure in importlib.import_module(f"bench.{area}").MEASURES:
            for figure in measure():
                print(figure.as_json(), flush=True)
                figures.append(figure)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
