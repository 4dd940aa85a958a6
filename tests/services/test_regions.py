"""Administrative divisions as the directory loads them."""

from __future__ import annotations

from app.services.regions import cities, counties, provinces
from models.kit.formats import PROVINCE_CODES


def test_there_are_31_provinces_and_hong_kong_macao_and_taiwan() -> None:
    codes = [code for code, _ in provinces()]
    assert len(codes) == len(set(codes)) == 34
    assert {"710000", "810000", "820000"} <= set(codes)
    assert ("110000", "北京市") in provinces() and ("710000", "台湾省") in provinces()


def test_R43_every_province_code_is_one_an_id_number_may_have() -> None:
    assert {code[:2] for code, _ in provinces()} == PROVINCE_CODES - {"83"}  # 83: residence permits only


def test_every_place_has_three_levels_with_six_digit_codes() -> None:
    for province, _ in provinces():
        assert province.endswith("0000") and cities(province)
        for city, _ in cities(province):
            assert counties(city)
            for code, name in counties(city):
                assert len(code) == 6 and code.isdigit() and code[:2] == city[:2] == province[:2] and name


def test_codes_and_names_are_unique_where_the_schema_asks_for_it() -> None:
    all_cities = [city for province, _ in provinces() for city in cities(province)]
    all_counties = [county for city, _ in all_cities for county in counties(city)]
    assert len({code for code, _ in all_cities}) == len(all_cities)
    assert len({code for code, _ in all_counties}) == len(all_counties) > 2800
    for city, _ in all_cities:
        assert len({name for _, name in counties(city)}) == len(counties(city))
    for province, _ in provinces():
        assert len({name for _, name in cities(province)}) == len(cities(province))


def test_a_municipality_is_its_own_one_city() -> None:
    assert cities("110000") == [("110100", "北京市")]
    assert ("110108", "海淀区") in counties("110100")
    assert ("500229", "城口县") in counties("500100")


def test_a_unit_without_lower_level_stands_in_for_it() -> None:
    assert counties("441900") == [("441900", "东莞市")]
    assert ("419001", "济源市") in cities("410000") and counties("419001") == [("419001", "济源市")]
    assert cities("810000") == [("810000", "香港特别行政区")] == counties("810000")


def test_ordinary_provinces_read_as_they_are() -> None:
    assert ("370200", "青岛市") in cities("370000") and ("370202", "市南区") in counties("370200")


def test_an_unknown_code_has_nothing_below() -> None:
    assert cities("000000") == [] and counties("990000") == []
