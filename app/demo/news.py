"""What the portal of the demonstration has to read: written as offices write, about nobody real."""

from __future__ import annotations

from dataclasses import dataclass

from models.content import NoticeKind, NoticeState

POLICY, NEWS, ANNOUNCEMENT = NoticeKind.POLICY, NoticeKind.NEWS, NoticeKind.ANNOUNCEMENT
_CLOSING = "<p>请各有关单位按要求认真组织,如有疑问请联系本省项目联系人。</p>"


@dataclass(frozen=True)
class Written:
    """`days` before now (negative: to come)."""

    kind: NoticeKind
    title: str
    body: str
    days: int
    source: str = ""
    pinned: bool = False
    state: NoticeState = NoticeState.PUBLISHED


def _body(*paragraphs: str) -> str:
    return "".join(part if part.startswith("<") else f"<p>{part}</p>" for part in paragraphs)


NOTICES = (
    Written(
        POLICY,
        "关于做好本年度职业技能等级证书试点工作的通知",
        _body(
            "各省级教育行政部门、各试点院校、各培训评价组织:",
            "为做好本年度职业技能等级证书试点工作,现将有关事项通知如下。",
            "<h3>一、申报范围</h3>",
            "高等职业学校、应用型本科高校和中等职业学校均可申报。首次申报的院校先注册账号并完善基础信息。",
            "<h3>二、时间安排</h3>",
            "<table><tr><th>事项</th><th>时间</th></tr><tr><td>院校申报</td><td>以本省公布的批次为准</td></tr>"
            "<tr><td>省级审核</td><td>申报截止后15个工作日内</td></tr><tr><td>考核发证</td><td>全年</td></tr></table>",
            "<h3>三、工作要求</h3>",
            "<ol><li>院校如实填写师资和场地情况,并上传佐证材料。</li><li>省级教育行政部门核定培训指标,并在平台公布结果。</li>"
            "<li>培训评价组织按标准组织考核,成绩公示期不少于规定时间。</li></ol>",
            _CLOSING,
        ),
        1,
        "试点工作办公室",
        pinned=True,
    ),
    Written(
        POLICY,
        "职业技能等级证书考核站点建设要求",
        _body(
            "考核站点由院校申报,培训评价组织审核。站点应具备以下条件:",
            "<ul><li>机房、实训车间等考场固定,地址写到门牌号;</li><li>每个考场的座位数与设备数一致;</li>"
            "<li>有专人负责考务,网络和电力有保障。</li></ul>",
            _CLOSING,
        ),
        7,
        "试点工作办公室",
    ),
    Written(
        POLICY, "电子证书管理与查验办法", _body(
            "电子证书带有数字签名,与纸质证书具有同等效力。任何人都可以凭证书编号和证件号码在门户查验。",
            "证书信息有误的,由院校提出更正申请;更正后编号不变,查验显示最新内容。",
        ), 20, "试点工作办公室",
    ),
    Written(POLICY, "考核成绩公示与复核规定", _body(
        "成绩登记结束后进入公示期,考生可在个人空间查看并申请复核。", _CLOSING,
    ), 41, "试点工作办公室"),
    Written(NEWS, "多地开展证书考核师资培训", _body(
        "近日,多个省份组织开展了考核师资培训,内容包括证书标准解读、考场设置、考务流程和成绩登记。",
        "参训教师表示,统一的平台让报考、排考和发证有章可循。",
    ), 3),
    Written(NEWS, "平台完成本季度考核发证工作", _body("本季度的考核、成绩公示和电子证书签发工作已全部完成。", _CLOSING), 10),
    Written(NEWS, "试点院校交流证书与课程融合经验", _body("来自十余所院校的教师围绕课证融通、实训条件建设进行了交流。"), 18),
    Written(NEWS, "首批养老服务类证书考核顺利结束", _body("考核设理论和实操两个科目,各考核站点秩序良好。"), 33),
    Written(ANNOUNCEMENT, "关于本年度补报批次开放的公告", _body(
        "部分省份将开放补报批次,未完成申报的院校请关注本省通知,在批次时间内登录试点申报系统填报。", _CLOSING,
    ), 2),
    Written(ANNOUNCEMENT, "考试期间系统值守安排", _body("考试期间平台安排专人值守,遇到问题请通过本省项目联系人反馈。"), 9),
    Written(ANNOUNCEMENT, "准考证打印须知", _body(
        "排考发布后,考生可在个人空间查看并打印准考证,考试时与有效身份证件一并携带。",
    ), 25),
    Written(
        ANNOUNCEMENT, "平台例行维护公告", _body("平台将进行例行维护,期间暂停服务。"), -3,
        state=NoticeState.SCHEDULED,
    ),
    Written(NEWS, "证书考核工作研讨会侧记", _body("(供稿待核实)"), 0, state=NoticeState.DRAFT),
)  # fmt: skip
