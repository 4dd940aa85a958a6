"""The ground: divisions, schools of the official list, organisations with their certificates, accounts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.demo import words
from app.services import logins, notify, regions
from models.accounts import Account, Credential, Kind, Role
from models.certificates import (
    Certificate,
    CertificateMajor,
    CertificateState,
    EducationLevel,
    ExamMode,
    Level,
    Major,
    Subject,
)
from models.directory import FeeChannel, Organisation, School, SchoolDirectory, SchoolKind
from models.kit import formats
from models.regions import City, County, Province

SCHOOL_PROVINCES = (
    "330000",
    "320000",
    "370000",
    "440000",
    "110000",
    "510000",
    "420000",
    "650000",
    "610000",
    "350000",
)
SCHOOLS = 60
KINDS = {"41": SchoolKind.UNDERGRADUATE, "42": SchoolKind.VOCATIONAL, "43": SchoolKind.SECONDARY}

# (organisation, [(certificate, short name, [levels], [(subject, mode)], weights)])
ORGANISATIONS = (
    (
        "600031",
        "华信智能软件评价中心",
        (
            (
                "Python程序开发",
                "Python",
                (Level.JUNIOR, Level.MIDDLE, Level.SENIOR),
                (("程序设计基础", ExamMode.COMPUTER), ("项目实操", ExamMode.COMPUTER)),
            ),
            (
                "Web前端开发",
                "Web前端",
                (Level.JUNIOR, Level.MIDDLE),
                (("前端理论", ExamMode.COMPUTER), ("前端实操", ExamMode.COMPUTER)),
            ),
        ),
    ),
    (
        "600002",
        "中联物流职业教育评价有限公司",
        (
            (
                "物流管理",
                "物流",
                (Level.JUNIOR, Level.MIDDLE, Level.SENIOR),
                (
                    ("物流管理职业道德与基础知识", ExamMode.COMPUTER),
                    ("物流管理专业知识", ExamMode.COMPUTER),
                    ("物流管理综合实务", ExamMode.PRACTICAL),
                ),
            ),
            (
                "供应链运营",
                "供应链",
                (Level.MIDDLE,),
                (("供应链理论", ExamMode.WRITTEN), ("供应链沙盘", ExamMode.PRACTICAL)),
            ),
        ),
    ),
    (
        "600057",
        "康颐养老服务评价协会",
        (
            (
                "老年照护",
                "照护",
                (Level.JUNIOR, Level.MIDDLE),
                (("照护理论", ExamMode.WRITTEN), ("照护技能", ExamMode.PRACTICAL)),
            ),
            (
                "失智老年人照护",
                "失智照护",
                (Level.JUNIOR,),
                (("失智照护理论", ExamMode.WRITTEN), ("失智照护技能", ExamMode.PRACTICAL)),
            ),
        ),
    ),
)
MAJORS = (
    ("510201", "计算机应用技术", EducationLevel.VOCATIONAL),
    ("510203", "软件技术", EducationLevel.VOCATIONAL),
    ("510205", "大数据技术", EducationLevel.VOCATIONAL),
    ("530802", "现代物流管理", EducationLevel.VOCATIONAL),
    ("530809", "供应链运营", EducationLevel.VOCATIONAL),
    ("590302", "智慧健康养老服务与管理", EducationLevel.VOCATIONAL),
    ("520201", "护理", EducationLevel.VOCATIONAL),
    ("080901", "计算机科学与技术", EducationLevel.UNDERGRADUATE),
    ("080902", "软件工程", EducationLevel.UNDERGRADUATE),
    ("120601", "物流管理", EducationLevel.UNDERGRADUATE),
    ("710201", "计算机应用", EducationLevel.SECONDARY),
    ("730801", "物流服务与管理", EducationLevel.SECONDARY),
)
# The majors whose students a certificate is meant for, by its short name.
MEANT_FOR = {
    "Python": ("510201", "510203", "510205", "080901", "080902", "710201"),
    "Web前端": ("510201", "510203", "080902", "710201"),
    "物流": ("530802", "120601", "730801"),
    "供应链": ("530802", "530809", "120601"),
    "照护": ("590302", "520201"),
    "失智照护": ("590302", "520201"),
}


@dataclass
class Ground:
    """What the business is carried out on."""

    random: Random
    password: str
    provinces: list[Province] = field(default_factory=list)
    schools: list[SchoolDirectory] = field(default_factory=list)
    organisations: list[Organisation] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)  # role → the one to try it with


def lay(session: Session, seed: int, password: str) -> Ground:
    """Lay the ground, as the job actor; the caller commits."""
    ground = Ground(Random(seed), password)  # noqa: S311 (invented data, not secrets)
    _divisions(session, ground)
    _majors(session)
    _directory(session, ground)
    _organisations(session, ground)
    _accounts(session, ground)
    _unregistered(session, ground)
    notify.lay_templates(session)
    return ground


def _divisions(session: Session, ground: Ground) -> None:
    for code, name in regions.provinces():
        session.add(
            Province(
                code=code,
                name=name,
                authority=f"{name}教育厅",
                contact_name="项目联系人",
                contact_phone="010-00000000",
            )
        )
    session.flush()
    ground.provinces = list(session.scalars(sa.select(Province).order_by(Province.code)))
    cities = [
        {"province_id": province.id, "code": code, "name": name, "authority": f"{name}教育局"}
        for province in ground.provinces
        for code, name in regions.cities(province.code)
    ]
    session.execute(sa.insert(City), cities)
    found = session.execute(sa.select(City.id, City.code, City.province_id)).all()
    counties = [
        {"province_id": province, "city_id": city, "code": code, "name": name}
        for city, city_code, province in found
        for code, name in regions.counties(city_code)
    ]
    session.execute(sa.insert(County), counties)


def _majors(session: Session) -> None:
    session.execute(sa.insert(Major), [{"code": c, "name": n, "level": e} for c, n, e in MAJORS])


def _directory(session: Session, ground: Ground) -> None:
    """Schools with codes of the official form (R13): kind, province, a digit, five digits."""
    random, rows, names = ground.random, [], set()
    provinces = {p.code: p for p in ground.provinces}
    for number in range(SCHOOLS):
        province = provinces[SCHOOL_PROVINCES[number % len(SCHOOL_PROVINCES)]]
        cities = session.scalars(
            sa.select(City).where(City.province_id == province.id).order_by(City.code)
        ).all()
        city = cities[number // len(SCHOOL_PROVINCES) % len(cities)]
        kind = ("42", "42", "41", "43")[number % 4]
        name = (
            city.name.removesuffix("市")[:4]
            + random.choice(words.LEARNED)
            + random.choice(words.SCHOOLS[kind])
        )
        if name in names:
            name = name.replace(name[2:4], name[2:4] + "新", 1)
        names.add(name)
        rows.append(
            {
                "school_code": f"{kind}{province.code[:2]}0{10001 + number * 7:05d}",
                "name": name,
                "kind": KINDS[kind],
                "province_id": province.id,
                "city_id": city.id,
            }
        )
    session.execute(sa.insert(SchoolDirectory), rows)
    ground.schools = list(session.scalars(sa.select(SchoolDirectory).order_by(SchoolDirectory.id)))


def _organisations(session: Session, ground: Ground) -> None:
    code = iter(range(98_694, 999_999, 4_567))
    majors = {major.code: major.id for major in session.scalars(sa.select(Major))}
    for number, (organisation_code, name, certificates) in enumerate(ORGANISATIONS):
        organisation = Organisation(
            code=organisation_code,
            name=name,
            contact_name=words.person_name(ground.random),
            contact_mobile=f"1390000{number:04d}",
            contact_email=f"office{number}@example.cn",
            fee_channel=FeeChannel.ON_PLATFORM,
            bank_details="演示银行 户名同组织名称 账号0000000000000000",
        )
        session.add(organisation)
        session.flush()
        ground.organisations.append(organisation)
        for title, short, levels, subjects in certificates:
            for level in levels:
                certificate = Certificate(
                    organisation_id=organisation.id,
                    code=f"{organisation_code}{len(ground.certificates) + 1:03d}",
                    name=title,
                    short_name=short,
                    level=level,
                    fee_per_certificate=Decimal("180.00"),
                    fee_per_subject=Decimal("80.00"),
                    intro=f"<p>{title}职业技能等级证书({level.label}),面向相关专业学生和社会人员。</p>",
                )
                session.add(certificate)
                session.flush()
                for subject, mode in subjects:
                    session.add(
                        Subject(
                            subject_code=f"{next(code):06d}",
                            name=f"{subject}({level.label})",
                            mode=mode,
                            certificate_id=certificate.id,
                        )
                    )
                session.add_all(
                    CertificateMajor(certificate_id=certificate.id, major_id=majors[major])
                    for major in MEANT_FOR[short]
                )
                session.flush()
                for state in (CertificateState.PENDING, CertificateState.ENABLED):
                    certificate.state = state
                    session.flush()
                ground.certificates.append(certificate)


def _unregistered(session: Session, ground: Ground) -> None:
    """A school in each province that has yet to register, so that registering can be tried."""
    for province in (p for p in ground.provinces if p.code in SCHOOL_PROVINCES):
        city = session.scalars(
            sa.select(City).where(City.province_id == province.id).order_by(City.code).limit(1)
        ).one()
        session.add(
            SchoolDirectory(
                school_code=f"42{province.code[:2]}020001",
                name=f"{city.name.removesuffix('市')}新苗职业技术学院",
                kind=SchoolKind.VOCATIONAL,
                province_id=province.id,
                city_id=city.id,
            )
        )
    session.flush()


def add_account(
    session: Session, ground: Ground, role: Role, username: str, name: str, hashed: str, **tenant: int
) -> Account:
    account = Account(
        username=username,
        name=name,
        kind=Kind(role.kind),
        role=role,
        is_principal=role.value.endswith(".principal"),
        mobile=f"1370{ground.random.randrange(10**7):07d}",
        **tenant,
    )
    session.add(account)
    session.flush()
    session.add(Credential(account_id=account.id, password_hash=hashed, must_change=False))
    session.flush()
    ground.accounts.setdefault(role.value, account)
    return account


def _accounts(session: Session, ground: Ground) -> None:
    hashed, random = logins.hash_password(ground.password), ground.random
    for role, username, name in (
        (Role.PLATFORM_OPERATOR, "operator", "平台运营"),
        (Role.PLATFORM_AUDITOR, "auditor", "平台审计"),
        (Role.PLATFORM_EDITOR, "editor", "平台编辑"),
    ):
        add_account(session, ground, role, username, name, hashed)
    for province in (p for p in ground.provinces if p.code in SCHOOL_PROVINCES):
        key = province.code[:2]
        add_account(
            session,
            ground,
            Role.PROVINCE_PRINCIPAL,
            f"province{key}",
            words.person_name(random),
            hashed,
            province_id=province.id,
        )
        add_account(
            session,
            ground,
            Role.PROVINCE_STAFF,
            f"province{key}b",
            words.person_name(random),
            hashed,
            province_id=province.id,
        )
    for city_id in dict.fromkeys(school.city_id for school in ground.schools):
        city = session.get_one(City, city_id)
        add_account(
            session,
            ground,
            Role.CITY_PRINCIPAL,
            f"city{city.code}",
            words.person_name(random),
            hashed,
            city_id=city.id,
        )
    for number, organisation in enumerate(ground.organisations, 1):
        for role, suffix in (
            (Role.ORGANISATION_PRINCIPAL, ""),
            (Role.ORGANISATION_MANAGER, "m"),
            (Role.ORGANISATION_CLERK, "c"),
        ):
            add_account(
                session,
                ground,
                role,
                f"org{number}{suffix}",
                words.person_name(random),
                hashed,
                organisation_id=organisation.id,
            )
    for number, entry in enumerate(ground.schools, 1):
        _register(session, ground, entry, number)
        roles = [(Role.SCHOOL_PRINCIPAL, "")]
        if number <= 6:
            roles += [(Role.SCHOOL_MANAGER, "m"), (Role.SCHOOL_STAFF, "s")]
        for role, suffix in roles:
            account = add_account(
                session,
                ground,
                role,
                f"school{number:02d}{suffix}",
                words.person_name(random),
                hashed,
                school_id=entry.id,
            )
            if role is Role.SCHOOL_STAFF:
                account.menus = ["考试管理/考生管理", "考试管理/报考管理"]
    _city_staff(session, replace(ground, random=Random(SCHOOLS)), hashed)  # noqa: S311 (dice of their own)


def _city_staff(session: Session, ground: Ground, hashed: str) -> None:
    """Beside each city's principal one who prepares (1.2)."""
    principals = sa.select(Account).where(Account.role == Role.CITY_PRINCIPAL).order_by(Account.id)
    for principal in session.scalars(principals).all():
        add_account(
            session,
            ground,
            Role.CITY_STAFF,
            f"{principal.username}b",
            words.person_name(ground.random),
            hashed,
            city_id=principal.city_id or 0,
        )


def _register(session: Session, ground: Ground, entry: SchoolDirectory, number: int) -> None:
    digits = f"12{entry.school_code[2:4]}0000{entry.school_code[-9:]}"[:17].ljust(17, "0")
    session.add(
        School(
            directory_id=entry.id,
            city_id=entry.city_id,
            uscc=digits + formats.uscc_check_character(digits),
            address=f"职教大道{number}号",
            contact_name=words.person_name(ground.random),
            contact_mobile=f"1380000{number:04d}",
            contact_email=f"school{number:02d}@example.cn",
            basics_completed=True,
        )
    )
    session.flush()
