"""Whatever happens to a file on its way, the answer is rows or a Chinese refusal, never another error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.errors import DomainError
from app.sheets.reader import read_rows
from tests.sheets import forge


def test_a_directory_that_points_before_the_file_is_refused(tmp_path: Path) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["张三", "410101199001010011"]])
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 16 : end + 20] = (0x7FFFFFFF).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DomainError, match="文件损坏"):
        read_rows(path, forge.CANDIDATES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.floats(0, 1, exclude_max=True),
    patch=st.binary(min_size=1, max_size=8),
    cut=st.sampled_from([0, 0, 0, 1, 40]),
)
def test_a_damaged_upload_reads_or_is_refused(tmp_path: Path, place: float, patch: bytes, cut: int) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["张三", f"41010119900101{n:04d}"] for n in range(30)])
    content = path.read_bytes()
    at = int(len(content) * place)
    path.write_bytes(content[:at] + patch + content[at + len(patch) : len(content) - cut])
    try:
        rows = [row for part in read_rows(path, forge.CANDIDATES) for row in part]
    except DomainError as error:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in error.message)
    else:
        assert len(rows) <= 30
