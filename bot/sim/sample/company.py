"""Who and what there is: 305 branches below a provincial company, their people, roles and groups.

It depends on the seed alone, so that a desk with kept data meets the same people again.
"""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any, Final

from bot.sim.sample.vocabulary import vocabulary, word
from models.person import Role
from models.unit import BranchType, UnitKind

SIZES: Final = {
    BranchType.MANAGEMENT: (6, 10),
    BranchType.SERVICE: (8, 13),
    BranchType.BUSINESS: (7, 11),
}
"""How many people a branch has."""
TEAMS: Final = {BranchType.MANAGEMENT: 0, BranchType.SERVICE: 3, BranchType.BUSINESS: 2}
CHATID: Final = 30
SPECIALISTS: Final = ("customer", "equipment", "safety", "construct", "digital", "material", "plan")
"""Fields of the provincial departments that judge projects."""
PROVINCE: Final = "JY"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the sample. ``field`` is its work (branches only), ``place`` begins its names."""

    code: str
    name: str
    kind: UnitKind
    parent: str
    place: str = ""
    branch_type: BranchType | None = None
    field: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class Person:
    """Somebody of the sample; ``branch`` and ``unit`` are codes."""

    userid: str
    name: str
    unit: str
    branch: str
    standing: str
    position: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the sample with the userids of its members."""

    chatid: str
    name: str
    unit: str
    members: tuple[str, ...]


@dataclass(slots=True)
class Company:
    """The whole. ``people`` by code of the branch, the secretary first."""

    units: list[Unit] = field(default_factory=list)
    people: dict[str, list[Person]] = field(default_factory=dict)
    grants: list[tuple[str, Role, str]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    @property
    def branches(self) -> list[Unit]:
        """All branches, in the order of the tree."""
        return [unit for unit in self.units if unit.kind is UnitKind.BRANCH]

    def holders(self, role: Role, unit: str) -> list[str]:
        """Userids of those who hold a role on exactly this unit."""
        return [who for who, held, where in self.grants if (held, where) == (role, unit)]


def build_company(seed: int) -> Company:
    """The company of a seed."""
    chance = Random(f"company {seed}")  # noqa: S311  (the same people every time)
    company = Company()
    company.units.append(Unit(PROVINCE, word("company", "name"), UnitKind.COMPANY, ""))
    company.units.extend(_head_office())
    company.units.extend(_direct_units())
    company.units.extend(_cities())
    company.units.extend(_teams(company.branches, chance))
    _fill(company, chance)
    _grant(company, chance)
    company.groups.extend(_groups(company, chance))
    return company


# Units


def _branch(code: str, parent: str, place: str, row: Sequence[str], shown: str) -> Unit:
    """A branch; ``place`` begins the names of its teams, ``shown`` its own name."""
    short, branch_type, work = row
    patterns: list[str] = vocabulary("company")["alias"]["branch" if shown else "hq"]
    return Unit(
        code,
        word("name", "branch", place=shown, short=short),
        UnitKind.BRANCH,
        parent,
        place=place,
        branch_type=BranchType(branch_type),
        field=work,
        aliases=tuple(pattern.format(place=shown, short=short) for pattern in patterns),
    )


def _head_office() -> Iterator[Unit]:
    office = vocabulary("company")["hq"]
    for number, row in enumerate(office["branches"], 1):
        code = f"D{number:02d}"
        yield Unit(code, row[0], UnitKind.DEPARTMENT, PROVINCE)
        yield _branch(f"{code}Z", code, office["short"], row, "")


def _direct_units() -> Iterator[Unit]:
    for number, direct in enumerate(vocabulary("company")["direct"], 1):
        code, short = f"ZS{number:02d}", direct["short"]
        yield Unit(code, direct["name"], UnitKind.COMPANY, PROVINCE, place=short)
        for at, row in enumerate(direct["branches"], 1):
            yield _branch(f"{code}Z{at:02d}", code, short, row, short)


def _cities() -> Iterator[Unit]:
    words = vocabulary("company")
    stations = iter(words["county"]["stations"])
    for number, (city, counties) in enumerate(
        zip(words["city"]["names"], words["county"]["places"], strict=True), 1
    ):
        code = f"C{number:02d}"
        name = word("name", "city", city=city)
        yield Unit(code, name, UnitKind.COMPANY, PROVINCE, place=city)
        for at, row in enumerate(words["city"]["branches"], 1):
            yield _branch(f"{code}Z{at:02d}", code, city, row, city)
        for at, county in enumerate(counties, 1):
            yield from _county(f"{code}X{at:02d}", code, county, next(stations))


def _county(code: str, city: str, county: str, stations: Sequence[str]) -> Iterator[Unit]:
    """A county company, its general branch, and the branches below that."""
    words = vocabulary("company")
    above = f"{code}ZZ"
    name = word("name", "county", county=county)
    yield Unit(code, name, UnitKind.COMPANY, city, place=county)
    yield Unit(above, word("name", "general", county=county), UnitKind.GENERAL_BRANCH, code)
    rows = words["county"]["branches"]
    for at, row in enumerate(rows, 1):
        yield _branch(f"{code}Z{at:02d}", above, county, row, county)
    for at, station in enumerate(stations, len(rows) + 1):
        short = word("name", "station", station=station)
        aliases = tuple(p.format(station=station) for p in words["alias"]["station"])
        yield Unit(
            f"{code}Z{at:02d}",
            word("name", "branch", place="", short=short),
            UnitKind.BRANCH,
            above,
            place=station,
            branch_type=BranchType.SERVICE,
            field="station",
            aliases=aliases,
        )


def _teams(branches: Sequence[Unit], chance: Random) -> Iterator[Unit]:
    names: Mapping[str, list[str]] = vocabulary("company")["teams"]
    for branch in branches:
        most = TEAMS[branch.branch_type] if branch.branch_type else 0
        known = names.get(branch.field, [])
        count = min(most, len(known)) - (chance.random() < 0.35 and most > 1)  # noqa: PLR2004
        for at, team in enumerate(known[:count], 1):
            name = word("name", "team", place=branch.place, team=team)
            yield Unit(f"{branch.code}B{at}", name, UnitKind.TEAM, branch.code)


# People


class _Names:
    """Deals out names; userids are unique."""

    def __init__(self, chance: Random) -> None:
        words = vocabulary("people")
        self._chance = chance
        self._surnames = [(c, p) for c, (p, _) in words["surnames"].items()]
        self._weights = [weight for _, weight in words["surnames"].values()]
        self._single, self._first, self._second = (
            list(words[part].items()) for part in ("single", "first", "second")
        )
        self._avoid = frozenset(words["avoid"])
        self._taken: dict[str, int] = {}

    def next(self) -> tuple[str, str]:
        """A userid and a name."""
        chance = self._chance
        pieces = chance.choices(self._surnames, self._weights)
        if chance.random() < 0.27:  # noqa: PLR2004  (the share of given names of one character)
            pieces.append(chance.choice(self._single))
        else:
            pieces += [chance.choice(self._first), chance.choice(self._second)]
        name = "".join(character for character, _ in pieces)
        if name in self._avoid:
            return self.next()
        userid = "".join(pinyin for _, pinyin in pieces)
        count = self._taken[userid] = self._taken.get(userid, 0) + 1
        return (userid if count == 1 else f"{userid}{count}"), name


def _fill(company: Company, chance: Random) -> None:
    """Every branch gets its secretary, the leaders of its teams, and the others."""
    names = _Names(chance)
    standing, position = vocabulary("company")["standing"], vocabulary("company")["position"]
    shares = {"member": 52, "probation": 3, "youth": 13, "other": 32}
    teams: dict[str, list[str]] = {}
    for unit in company.units:
        if unit.kind is UnitKind.TEAM:
            teams.setdefault(unit.parent, []).append(unit.code)
    for branch in company.branches:
        below = teams.get(branch.code, [])
        count = chance.randint(*SIZES[branch.branch_type or BranchType.SERVICE])
        crew: list[Person] = []
        for at in range(count):
            userid, name = names.next()
            where = branch.code
            job = "secretary" if at == 0 else "deputy" if at == count - 1 else "member"
            if below and 0 < at < count - 1:
                where = below[(at - 1) % len(below)]
                job = "team_leader" if at <= len(below) else "member"
            kind = chance.choices(list(shares), list(shares.values()))[0] if at else "member"
            crew.append(Person(userid, name, where, branch.code, standing[kind], position[job]))
            if job == "team_leader":
                company.grants.append((userid, Role.TEAM_LEADER, where))
        company.people[branch.code] = crew
        company.grants.append((crew[0].userid, Role.SECRETARY, branch.code))


def _grant(company: Company, chance: Random) -> None:
    """The offices: on the province, on each city and on each direct unit."""
    by_field: dict[str, list[Unit]] = {}
    for branch in company.branches:
        by_field.setdefault(f"{branch.code[:3]}{branch.field}", []).append(branch)
        if branch.code.startswith("D"):
            by_field.setdefault(branch.field, []).append(branch)

    def give(role: Role, where: str, branch: Unit, *places: int) -> None:
        company.grants.extend(
            (company.people[branch.code][at].userid, role, where) for at in places
        )

    def head(where: str, office: Unit, party: Unit) -> None:
        leader = company.people[office.code][1]
        leader.position = word("position", "leader")
        leader.standing = word("standing", "member")
        give(Role.COMMITTEE_SECRETARY, where, office, 1)
        give(Role.PARTY_OFFICE, where, party, *((1, 2) if party is not office else (2,)))

    head(PROVINCE, by_field["office"][0], by_field["party"][0])
    for work in SPECIALISTS:
        give(Role.SPECIALIST, PROVINCE, by_field[work][0], 1, 2)
    give(Role.ADMIN, PROVINCE, by_field["digital"][0], 3, 4)
    for work in ("safety", "audit", "party", "discipline", "legal"):
        seats = chance.sample(range(3, len(company.people[by_field[work][0].code])), 2)
        give(Role.INSPECTOR, PROVINCE, by_field[work][0], *seats)
    for unit in company.units:
        if unit.kind is UnitKind.COMPANY and unit.parent == PROVINCE:
            branches = [b for b in company.branches if b.parent == unit.code]
            office = next(b for b in branches if b.field == "office")
            head(unit.code, office, next((b for b in branches if b.field == "party"), office))


# Groups


def _groups(company: Company, chance: Random) -> Iterator[Group]:
    """One for each branch, one of all secretaries for each company, one of the party offices."""

    def chatid() -> str:
        letters = string.ascii_letters + string.digits
        return "wr" + "".join(chance.choices(letters, k=CHATID))

    homes = _homes(company)
    for branch in company.branches:
        crew = [person.userid for person in company.people[branch.code]]
        office = company.holders(Role.PARTY_OFFICE, homes[branch.code])
        name = word("name", "group", branch=branch.name)
        yield Group(chatid(), name, branch.code, tuple(dict.fromkeys([*crew, *office])))
    for unit in company.units:
        if unit.kind is not UnitKind.COMPANY or unit.parent not in ("", PROVINCE):
            continue
        below = [b for b in company.branches if unit.code in (PROVINCE, homes[b.code])]
        members = [company.people[b.code][0].userid for b in below]
        members += company.holders(Role.PARTY_OFFICE, unit.code)
        members += company.holders(Role.COMMITTEE_SECRETARY, unit.code)
        place = unit.place or word("company", "short")
        name = word("name", "group_secretaries", place=place)
        yield Group(chatid(), name, unit.code, tuple(dict.fromkeys(members)))
    offices = [who for who, role, _ in company.grants if role is Role.PARTY_OFFICE]
    name = word("name", "group_party", place=word("company", "short"))
    yield Group(chatid(), name, PROVINCE, tuple(dict.fromkeys(offices)))


def _homes(company: Company) -> dict[str, str]:
    """The city, direct unit or province that each branch belongs to."""
    units = {unit.code: unit for unit in company.units}
    homes = {}
    for branch in company.branches:
        chain = [branch]
        while chain[-1].parent:
            chain.append(units[chain[-1].parent])
        companies = [u for u, above in pairwise(chain) if above.code == PROVINCE]
        home = companies[0] if companies else chain[-1]
        homes[branch.code] = home.code if home.kind is UnitKind.COMPANY else PROVINCE
    return homes


def tables_of(company: Company) -> dict[str, list[dict[str, Any]]]:
    """The organisation as rows of the import workbook, by key of sheet and column."""
    return {
        "unit": [
            {
                "code": unit.code,
                "name": unit.name,
                "kind": unit.kind,
                "type": unit.branch_type,
                "parent": unit.parent,
                "aliases": "、".join(unit.aliases),
            }
            for unit in company.units
        ],
        "person": [
            {
                "userid": person.userid,
                "name": person.name,
                "unit": person.unit,
                "standing": person.standing,
            }
            for crew in company.people.values()
            for person in crew
        ],
        "role": [
            {"userid": userid, "role": role, "unit": unit} for userid, role, unit in company.grants
        ],
        "group": [
            {"chatid": group.chatid, "name": group.name, "unit": group.unit}
            for group in company.groups
        ],
    }
