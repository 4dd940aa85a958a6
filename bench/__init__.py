"""Side-by-side measurements: `make bench [ONLY=area]` prints one JSON line a figure (design.md section 5)."""
