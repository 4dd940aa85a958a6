"""The words invented names are made of. None of them names a real institution or person."""

from __future__ import annotations

from random import Random

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
GIVEN = (
    "子涵雨桐浩然嘉怡俊杰欣怡思远明轩梓萱宇航诗琪天佑佳琪博文若曦志强晓雯文静建国丽华"
    "海涛雪梅振宇秀英家豪淑芬泽楷静怡永康美玲立诚春燕国栋慧敏云飞玉兰景行知微予安清和"
    "一鸣望舒"
)
LEARNED = ("明德", "致远", "启航", "求实", "弘毅", "厚朴", "博雅", "知行", "崇文", "立信", "同济湾", "新程")
SCHOOLS = {
    "41": ("工程学院", "理工学院", "应用技术大学"),
    "42": ("职业技术学院", "信息职业技术学院", "交通职业学院", "工业职业技术学院"),
    "43": ("中等职业学校", "职业教育中心", "信息工程学校"),
}
MINORITY = ("阿卜杜拉·买买提", "古丽娜尔·艾山", "迪丽拜尔·吐尔逊", "巴特尔·苏和")


def person_name(random: Random) -> str:
    """An invented name of two or three characters; now and then a longer one with a middle dot (R58)."""
    if random.random() < 0.01:
        return random.choice(MINORITY)
    surname = random.choice(SURNAMES)
    given = random.sample(GIVEN, 1 if random.random() < 0.15 else 2)
    return surname + "".join(given)
