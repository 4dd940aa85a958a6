"""Formats: rules R12-R16, R20-R22, R41-R45, R58, R59, R65, R75, R116 and their edge cases."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.kit import formats
from models.kit.formats import FormatError

TODAY = date(2026, 6, 1)
ID_BODIES = st.builds(
    formats.fictitious_id_number,
    st.sampled_from(sorted(formats.PROVINCE_CODES)).flatmap(
        lambda province: st.integers(0, 9999).map(lambda rest: f"{province}{rest:04d}")
    ),
    st.dates(date(1930, 1, 1), date(2015, 1, 1)),
    st.integers(0, 999),
)


def refusal(call: object, *args: object) -> str:
    with pytest.raises(FormatError) as caught:
        call(*args)  # type: ignore[operator]
    return caught.value.message


class TestIdNumber:
    @pytest.mark.parametrize(
        "typed",
        [
            "34052419800101001X",
            "34052419800101001x",
            "34052419800101001Ｘ",
            "３４０５２４１９８００１０１００１Ｘ",
        ],
    )
    def test_E41_the_last_character_is_stored_as_a_half_width_capital_X(self, typed: str) -> None:
        assert formats.id_number(typed, TODAY) == "34052419800101001X"

    def test_E42_a_wrong_check_digit_is_refused(self) -> None:
        assert refusal(formats.id_number, "340524198001010010", TODAY) == "身份证号校验位错误"

    def test_E43_29_february_exists_in_leap_years_only(self) -> None:
        assert refusal(formats.id_number, "513023199502290019", TODAY) == "身份证号出生日期无效"
        assert formats.id_number("513023199602290016", TODAY) == "513023199602290016"

    def test_E44_a_birth_date_in_the_future_is_refused(self) -> None:
        assert "晚于今天" in refusal(formats.id_number, "110101209912310015", TODAY)

    def test_E44_the_present_day_bounds_the_birth_date_when_no_day_is_given(self) -> None:
        assert "晚于今天" in refusal(formats.id_number, "110101209912310015")

    @pytest.mark.parametrize("number", ["132431197905050037", "512222198810100044"])
    def test_E45_abolished_county_prefixes_pass(self, number: str) -> None:
        assert formats.id_number(number, TODAY) == number

    @pytest.mark.parametrize("region", ["000101", "000000", "160101", "840101"])
    def test_E46_a_province_that_never_was_is_refused(self, region: str) -> None:
        number = formats.fictitious_id_number(region, date(1990, 1, 1), 1)
        assert refusal(formats.id_number, number, TODAY) == "身份证号地区码无效"

    @pytest.mark.parametrize("number", ["830000199001010012", "810000199506150025", "820000199811200035"])
    def test_E47_residence_permits_of_hong_kong_macao_and_taiwan_pass(self, number: str) -> None:
        assert formats.id_number(number, TODAY) == number

    def test_E48_foreigners_cards_pass_with_a_real_province(self) -> None:
        assert formats.id_number("911124198108030024", TODAY) == "911124198108030024"
        assert refusal(formats.id_number, "999156198504120075", TODAY) == "身份证号地区码无效"

    def test_E49_old_numbers_of_15_digits_are_refused(self) -> None:
        assert "须为18位" in refusal(formats.id_number, "340524800101001", TODAY)

    @pytest.mark.parametrize(
        "cell", ["3.40524E+17", "3.40524198001010E+17", "3E17", 3.40524e17, 340524198001010016]
    )
    def test_E50_a_number_as_excel_stores_it_is_refused_with_the_text_format_hint(self, cell: object) -> None:
        assert "设为“文本”格式" in refusal(formats.id_number, cell, TODAY)

    def test_E51_white_space_and_invisible_characters_are_cleaned_away(self) -> None:
        typed = "\ufeff 340524\u00a019800101\t001\u200bX\u3000"
        assert formats.id_number(typed, TODAY) == "34052419800101001X"

    @pytest.mark.parametrize("typed", ["", "34052419800101001A", "X40524198001010010", "34052419800101001٣"])
    def test_R41_seventeen_digits_and_a_digit_or_X(self, typed: str) -> None:
        assert refusal(formats.id_number, typed, TODAY).startswith("身份证号须为")

    @pytest.mark.parametrize(
        ("birth", "good"),
        [
            (date(2016, 6, 1), True),
            (date(2016, 6, 2), False),
            (date(1925, 6, 2), True),
            (date(1925, 6, 1), False),
        ],
    )
    def test_R42_age_is_10_to_100_on_the_day(self, birth: date, good: bool) -> None:
        number = formats.fictitious_id_number("110101", birth, 1)
        if good:
            assert formats.id_number(number, TODAY) == number
        else:
            assert "应为10–100岁" in refusal(formats.id_number, number, TODAY)

    @given(ID_BODIES)
    @settings(deadline=None)
    def test_R41_every_constructed_number_passes(self, number: str) -> None:
        assert formats.id_number(number, TODAY) == number

    @given(ID_BODIES, st.integers(0, 17), st.integers(1, 9))
    @settings(deadline=None)
    def test_R41_any_one_changed_digit_fails_the_check_digit(
        self, number: str, place: int, step: int
    ) -> None:
        alphabet = "0123456789X" if place == 17 else "0123456789"
        other = alphabet[(alphabet.index(number[place]) + step) % len(alphabet)]
        changed = number[:place] + other + number[place + 1 :]
        assert refusal(formats.id_number, changed, TODAY) == "身份证号校验位错误"

    @given(ID_BODIES, st.integers(0, 16))
    @settings(deadline=None)
    def test_R41_two_swapped_neighbours_fail_the_check_digit(self, number: str, place: int) -> None:
        if number[place] != number[place + 1] and number[place + 1] != "X":
            changed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            assert refusal(formats.id_number, changed, TODAY) == "身份证号校验位错误"

    @given(ID_BODIES)
    @settings(deadline=None)
    def test_facts_are_read_back_from_the_number(self, number: str) -> None:
        facts = formats.id_facts(number)
        assert f"{facts.birth_date:%Y%m%d}" == number[6:14]
        assert facts.region2 == number[:2] and facts.last4 == number[14:]
        assert facts.sex == ("男" if number[16] in "13579" else "女")

    def test_R45_the_province_of_a_foreigners_card_follows_the_nine(self) -> None:
        assert formats.id_facts("911124198108030024").region2 == "11"


class TestMobile:
    def test_E5_full_width_digits_are_converted(self) -> None:
        assert formats.mobile("１３８００１３８０００") == "13800138000"

    @pytest.mark.parametrize("typed", ["1234567890", "+14155550100", "138001380001", "", "１３８"])
    def test_E5_anything_but_eleven_digits_is_refused(self, typed: str) -> None:
        assert refusal(formats.mobile, typed) == "手机号应为11位"

    @pytest.mark.parametrize("typed", ["12345678901", "23800138000", "10800138000"])
    def test_E5_eleven_digits_that_are_no_mobile_are_refused(self, typed: str) -> None:
        assert refusal(formats.mobile, typed).startswith("手机号应为11位")

    @pytest.mark.parametrize("typed", ["+86 138 0013 8000", "0086-13800138000", "138-0013-8000"])
    def test_R12_the_one_country_code_and_separators_are_taken_off(self, typed: str) -> None:
        assert formats.mobile(typed) == "13800138000"

    def test_a_mobile_stored_as_a_number_by_excel_is_refused(self) -> None:
        assert "设为“文本”格式" in refusal(formats.mobile, "1.38E+10")


class TestCodes:
    def test_R13_the_sample_school_code_passes(self) -> None:
        assert formats.school_code(" 4111010028 ", "11") == "4111010028"

    def test_E3_a_code_of_another_province_is_refused(self) -> None:
        assert refusal(formats.school_code, "4137010028", "11").startswith("代码与省份不符")

    @pytest.mark.parametrize("typed", ["411101002", "41110100281", "411101002A", ""])
    def test_R13_a_school_code_has_ten_digits(self, typed: str) -> None:
        assert refusal(formats.school_code, typed) == "院校代码应为10位"

    def test_R14_organisation_codes_run_from_600001_to_699999(self) -> None:
        assert [formats.organisation_code(code) for code in ("600001", "699999")] == ["600001", "699999"]
        for code in ("600000", "500001", "60000", "6000001"):
            refusal(formats.organisation_code, code)

    def test_R15_platform_numbers_name_a_province_and_start_at_001(self) -> None:
        assert [formats.platform_number(number) for number in ("537004", "561001")] == ["537004", "561001"]
        for number in ("537000", "599001", "637004", "53704"):
            refusal(formats.platform_number, number)

    @pytest.mark.parametrize("code", ["K202005229994", "K202005220515", "k202005220515"])
    def test_R65_sample_plan_codes_pass(self, code: str) -> None:
        assert formats.plan_code(code) == code.upper()

    @pytest.mark.parametrize("code", ["202005229994", "K20200522999", "K202002309994", "K20200522999A"])
    def test_R65_a_plan_code_is_K_a_real_date_and_four_digits(self, code: str) -> None:
        assert refusal(formats.plan_code, code).startswith("计划编号")

    @pytest.mark.parametrize("code", ["098694", "043194", "609371"])
    def test_R59_subject_codes_keep_their_leading_zero(self, code: str) -> None:
        assert formats.subject_code(code) == code

    def test_E73_a_subject_code_that_lost_its_zero_is_refused(self) -> None:
        assert refusal(formats.subject_code, "98694") == "科目编号应为6位文本"

    def test_sample_site_codes_pass(self) -> None:
        assert [formats.site_code(code) for code in ("15003", "15102")] == ["15003", "15102"]

    def test_ticket_and_certificate_numbers_have_20_and_23_digits(self) -> None:
        assert formats.ticket_number("2060 0002 2537 0040 0057") == "20600002253700400057"
        assert formats.certificate_number("15600031015610012000045") == "15600031015610012000045"
        assert "20位" in refusal(formats.ticket_number, "2060000225370040005")
        assert "23位" in refusal(formats.certificate_number, "1560003101561001200004")


class TestUscc:
    def test_R16_a_right_code_passes_in_any_case_and_width(self) -> None:
        assert (
            formats.uscc("91350100m000100y43") == formats.uscc("９１350100M000100Y43") == "91350100M000100Y43"
        )

    @given(
        st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17),
        st.integers(0, 17),
        st.integers(1, 30),
    )
    @settings(deadline=None)
    def test_R16_the_check_character_catches_any_one_change(
        self, first17: str, place: int, step: int
    ) -> None:
        alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        code = first17 + formats.uscc_check_character(first17)
        assert formats.uscc(f"{code}") == code
        other = alphabet[(alphabet.index(code[place]) + step) % 31]
        assert refusal(formats.uscc, code[:place] + other + code[place + 1 :]) == "统一社会信用代码校验位错误"

    @pytest.mark.parametrize("letter", "IOSVZ")
    def test_R16_five_letters_are_not_in_the_alphabet(self, letter: str) -> None:
        assert "不含I、O、S、V、Z" in refusal(formats.uscc, f"9135010{letter}M000100Y43")

    def test_R16_eighteen_characters(self) -> None:
        assert "须为18位" in refusal(formats.uscc, "91350100M000100Y4")


class TestNames:
    @pytest.mark.parametrize("dot", ["·", "•", "・", ".", "．", " · "])
    def test_E57_variants_of_the_dot_between_chinese_characters_become_one(self, dot: str) -> None:
        assert formats.person_name(f"阿卜杜拉{dot}买买提") == "阿卜杜拉·买买提"

    @pytest.mark.parametrize("typed", ["张3", "张３", "李四2"])
    def test_E57_digits_are_refused(self, typed: str) -> None:
        assert refusal(formats.person_name, typed) == "姓名不能含数字"

    def test_E58_a_character_outside_the_bmp_is_kept(self) -> None:
        assert formats.person_name("𠮷野") == "𠮷野"

    @pytest.mark.parametrize("typed", ["Maria Garcia", "José Núñez", "欧阳小明", "王 Anna"])
    def test_R58_chinese_and_latin_letters_and_spaces_pass(self, typed: str) -> None:
        assert formats.person_name(typed) == typed

    def test_R58_spaces_that_only_line_up_a_chinese_name_go(self) -> None:
        assert formats.person_name(" 张　三\u200b ") == "张三"

    @pytest.mark.parametrize("typed", ["张", "", "张" * 51])
    def test_R58_two_to_fifty_characters(self, typed: str) -> None:
        assert refusal(formats.person_name, typed).startswith("姓名应为2–50个字符")

    @pytest.mark.parametrize(
        "typed", ["张三<b>", "张三;", "张三😀", "张_三", "J. Smith", "·张三", "张··三", "…—"]
    )
    def test_R58_other_characters_are_refused(self, typed: str) -> None:
        assert refusal(formats.person_name, typed).startswith("姓名")

    @pytest.mark.parametrize("typed", ["ZHANG SAN", "Li Xi'an", "Lü Bu", "Li Xi’an", "ＺＨＡＮＧ　ＳＡＮ"])
    def test_R58_pinyin_is_latin_letters_spaces_and_apostrophes(self, typed: str) -> None:
        assert formats.name_pinyin(typed) in ("ZHANG SAN", "Li Xi'an", "Lü Bu")

    @pytest.mark.parametrize("typed", ["张三", "Zhang3", "Z", "''", "a" * 101, "Zhang-San"])
    def test_R58_other_pinyin_is_refused(self, typed: str) -> None:
        assert refusal(formats.name_pinyin, typed).startswith("姓名拼音")

    @pytest.mark.parametrize(
        ("name", "pinyin"),
        [
            ("张三丰", "Zhang Sanfeng"),
            ("单雄信", "Shan Xiongxin"),
            ("仇英", "Qiu Ying"),
            ("曾国藩", "Zeng Guofan"),
            ("尉迟恭", "Yuchi Gong"),
            ("吕布", "Lyu Bu"),
            ("李西安", "Li Xi'an"),
            ("阿依古丽·买买提", "Ayiguli Maimaiti"),
            ("Anna", "Anna"),
            ("王Anna", ""),
        ],
    )
    def test_suggested_pinyin_reads_surnames_as_surnames(self, name: str, pinyin: str) -> None:
        assert formats.suggest_pinyin(name) == pinyin

    @given(st.text("张单仇查欧阳尉迟王李西安玥女吕𠮷·a", min_size=1, max_size=8))
    @settings(deadline=None)
    def test_a_suggestion_is_empty_or_a_valid_pinyin(self, name: str) -> None:
        suggestion = formats.suggest_pinyin(name)
        assert suggestion == "" or len(suggestion) < 2 or formats.name_pinyin(suggestion) == suggestion


class TestMadeNumbers:
    def test_E90_the_57th_ticket(self) -> None:
        assert formats.make_ticket_number(2020, "600002", 2, "537004", 57) == "20600002253700400057"

    def test_E130_the_45th_certificate(self) -> None:
        number = formats.make_certificate_number(2020, "600031", 1, "561001", 45)
        assert number == "15600031015610012000045"

    def test_E92_the_100000th_number_is_refused_with_the_operator_named(self) -> None:
        assert formats.make_ticket_number(2020, "600002", 2, "537004", 99_999)[-5:] == "99999"
        assert "平台运营" in refusal(formats.make_ticket_number, 2020, "600002", 2, "537004", 100_000)
        assert "平台运营" in refusal(formats.make_certificate_number, 2020, "600031", 1, "561001", 100_000)

    def test_E92_the_1000th_school_of_a_province_is_refused(self) -> None:
        assert formats.make_platform_number("37", 4) == "537004"
        assert "平台运营" in refusal(formats.make_platform_number, "37", 1000)

    def test_R65_a_made_plan_code_is_the_sample(self) -> None:
        assert formats.make_plan_code(date(2020, 5, 22), 515) == "K202005220515"
        assert "平台运营" in refusal(formats.make_plan_code, date(2020, 5, 22), 10_000)

    @pytest.mark.parametrize("level", [0, 4, 12])
    def test_levels_are_one_two_or_three(self, level: int) -> None:
        assert "证书等级" in refusal(formats.make_ticket_number, 2020, "600002", level, "537004", 1)

    @given(st.integers(2000, 2099), st.integers(1, 3), st.integers(1, 99_999), st.integers(1, 99_999))
    @settings(deadline=None)
    def test_every_made_number_has_its_form_and_differs_by_its_serial(
        self, year: int, level: int, one: int, other: int
    ) -> None:
        numbers = [
            formats.make_ticket_number(year, "600002", level, "537004", serial) for serial in (one, other)
        ]
        assert [formats.ticket_number(number) for number in numbers] == numbers
        assert (numbers[0] == numbers[1]) == (one == other)
        certificate = formats.make_certificate_number(year, "600031", level, "561001", one)
        assert formats.certificate_number(certificate) == certificate


class TestAddresses:
    def test_an_email_keeps_its_local_part_and_lowers_its_domain(self) -> None:
        assert formats.email(" Zhang.San＠Example.EDU.cn ") == "Zhang.San@example.edu.cn"

    @pytest.mark.parametrize(
        "typed",
        ["", "a", "a@b", "a@@b.cn", "a b@c.cn", ".a@b.cn", "a@-b.cn", "张@b.cn", "a@b.cn\nBcc: c@d.cn"],
    )
    def test_what_is_no_email_is_refused(self, typed: str) -> None:
        assert refusal(formats.email, typed).startswith("邮箱格式不正确")

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("www.example.edu.cn", "http://www.example.edu.cn"),
            ("https://example.cn/a?b=1", "https://example.cn/a?b=1"),
            ("example.cn:8080/a", "http://example.cn:8080/a"),
            ("http://中国.cn", "http://中国.cn"),
        ],
    )
    def test_a_web_address_gets_its_scheme(self, typed: str, stored: str) -> None:
        assert formats.url(typed) == stored

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "localhost",
            "javascript:alert(1)",
            "ftp://a.cn",
            "http://a b.cn",
            "http://a.cn@b.cn",
            "http://a.cn:99999",
            'http://a.cn/"><script>',
            "http://a..cn",
            "http://[::1",
        ],
    )
    def test_what_is_no_web_address_is_refused(self, typed: str) -> None:
        assert refusal(formats.url, typed).startswith("网址格式不正确")

    def test_a_web_address_has_at_most_200_characters(self) -> None:
        assert "200" in refusal(formats.url, "http://a.cn/" + "a" * 189)


class TestTexts:
    def test_R17_half_width_narrows_all_and_drops_the_invisible(self) -> None:
        assert formats.half_width("\ufeff１２，Ａ（ｂ）\u00a0\u200b　c ") == "12,A(b) c"

    def test_R17_ordinary_text_keeps_chinese_punctuation_and_narrows_letters_and_digits(self) -> None:
        assert formats.clean_text("  １０７室，\tＡ座（东）\u200b ") == "107室， A座（东）"

    def test_line_breaks_are_kept_only_where_asked(self) -> None:
        assert formats.clean_text("第一行 \r\n  第二行") == "第一行 第二行"
        assert formats.clean_text("第一行 \r\n  第二行", lines=True) == "第一行\n第二行"

    @given(st.text())
    @settings(deadline=None)
    def test_cleaning_twice_changes_nothing_and_leaves_nothing_invisible(self, text: str) -> None:
        clean = formats.clean_text(text)
        assert formats.clean_text(clean) == clean
        assert clean == clean.strip() and "\x00" not in clean and "\u200b" not in clean

    @given(st.text())
    @settings(deadline=None)
    def test_any_text_is_normalised_or_refused_never_a_crash(self, text: str) -> None:
        for check in (
            formats.id_number, formats.mobile, formats.school_code, formats.uscc, formats.person_name,
            formats.name_pinyin, formats.email, formats.url, formats.plan_code, formats.ticket_number,
        ):  # fmt: skip
            try:
                normalised = check(text)
            except FormatError:
                continue
            assert check(normalised) == normalised


class TestMasks:
    def test_R20_an_id_number_shows_six_and_four(self) -> None:
        assert formats.mask_id("34052419800101001X") == "340524********001X"

    def test_R21_a_mobile_shows_three_and_four(self) -> None:
        assert formats.mask_mobile("13800138000") == "138****8000"

    def test_R22_an_email_shows_one_character_and_the_domain(self) -> None:
        assert formats.mask_email("zhangsan@example.com") == "z***@example.com"

    def test_what_has_not_the_usual_length_shows_nothing(self) -> None:
        assert formats.mask_id("1234567890") == "*" * 10
        assert formats.mask_mobile("12345678") == "*" * 8
        assert formats.mask_email("nobody") == "******"


@pytest.mark.parametrize("text", ["7", 7, "9" * 17])
def test_an_id_is_read_from_what_names_one(text: object) -> None:
    assert formats.row_id(text) == int(str(text))


@pytest.mark.parametrize("text", [None, "", "0x7", "-1", " 7", "٣", "²", "9" * 18, "9" * 5000])
def test_what_names_no_row_is_no_id(text: object) -> None:
    assert formats.row_id(text) is None
