"""The command line as an operator uses it: one workbook, exports, jobs, backup, the doctor."""

import base64
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import delete, func, select

from bot.cli import main
from bot.cli.demo import is_free
from models.project import Project, ProjectStep
from models.push import Push
from models.store.engine import Store
from tests.world import World

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.cli.set_up_logs", lambda **_: None)
    for name, value in {
        "ZBT_DATABASE_URL": database_url,
        "ZBT_SECRET_KEY": "key",
        "ZBT_DATA_KEYS": base64.urlsafe_b64encode(bytes(32)).decode(),
        "ZBT_AIBOT_TOKEN": "kat_token",
        "ZBT_AIBOT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    }.items():
        monkeypatch.setenv(name, value)

    def run(*args: str) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            code = main(args)
        except SystemExit as error:
            code = int(error.code or 0)
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return run


def workbook(path: Path) -> str:
    """A small company as an operator would write it."""
    book = Workbook()
    units = book.active
    assert units is not None
    units.title = "单位"
    for row in (
        ("编码", "名称", "类别", "支部类型", "上级编码", "别名"),
        ("GS", "青禾供电公司", "公司", None, None, None),
        ("B1", "城南供电所党支部", "党支部", "生产服务型", "GS", "城南、南所"),
        ("B2", "办公室党支部", "党支部", "管理型", "GS", None),
    ):
        units.append(row)
    for title, rows in {
        "人员": (
            ("userid", "姓名", "单位编码", "政治面貌"),
            ("zhang", "张三", "B1", "党员"),
            ("li", "李四", "B2", "群众"),
            ("zhou", "小周", "GS", "党员"),
        ),
        "角色": (("userid", "角色", "单位编码"), ("zhang", "书记", "B1"), ("zhou", "党建部", "GS")),
        "项目": (
            ("支部编码", "年度", "项目名称", "业务", "负责人", "等级", "阶段"),
            ("B1", 2026, "降低台区线损", "营销", "zhang", "A", "实施"),
        ),
        "群": (("chatid", "群名", "单位编码"), ("wrA", "城南群", "B1")),
    }.items():
        sheet = book.create_sheet(title)
        for cells in rows:
            sheet.append(cells)
    book.save(path)
    return str(path)


def rows_of(path: Path) -> list[dict[str, Any]]:
    head, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_import_export_and_again(cli: Cli, tmp_path: Path) -> None:
    file = workbook(tmp_path / "组织.xlsx")
    assert cli("import", file)[0] == 0
    assert cli("import", file)[0] == 0
    code, out, _ = cli("export", "--list")
    assert code == 0
    assert {"单位", "人员", "项目分布明细表", "进展", "排名", "推送", "审计"} <= set(out.split())
    assert cli("export", "项目分布明细表", "-o", "a.xlsx")[0] == 0
    rows = rows_of(tmp_path / "a.xlsx")
    assert {r["支部"]: r["项目名称"] for r in rows} == {
        "城南供电所党支部": "降低台区线损",
        "办公室党支部": "未立项",
    }
    assert cli("export", "人员", "-o", "b.xlsx", "--as", "zhang")[0] == 0
    assert {r["userid"] for r in rows_of(tmp_path / "b.xlsx")} == {"zhang"}
    code, _, err = cli("export", "人员", "-o", "c.xlsx", "--as", "li")
    assert code == 1
    assert "不能看" in err
    assert not (tmp_path / "c.xlsx").exists()
    code, _, err = cli("export", "没有的台账")
    assert code == 1
    assert "项目分布明细表" in err


def test_an_import_with_a_mistake_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    path = Path(workbook(tmp_path / "组织.xlsx"))
    book = load_workbook(path)
    book["人员"].append(("wang", "王五", "没有的单位", "党员"))
    book["角色"].append(("wang", "皇帝", "B1"))
    book.save(path)
    code, _, err = cli("import", str(path))
    assert code == 1
    assert "人员" in err
    assert "第5行" in err
    assert "皇帝" in err
    assert cli("export", "人员", "-o", "a.xlsx")[0] == 0
    assert rows_of(tmp_path / "a.xlsx") == []


def test_what_is_no_workbook_is_said_so(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"nothing of the kind")
    code, _, err = cli("import", "x.xlsx")
    assert code == 1
    assert err.strip()
    assert "Traceback" not in err
    assert cli("import", "missing.xlsx")[0] == 1


def test_jobs_are_listed_and_unknown_ones_refused(cli: Cli, tmp_path: Path) -> None:
    cli("import", workbook(tmp_path / "组织.xlsx"))
    code, out, _ = cli("jobs")
    assert code == 0
    assert "weekly-ranking" in out
    assert cli("jobs", "run", "no-such-job")[0] == 1
    assert cli("jobs", "run", "weekly-ranking", "--at", "gestern")[0] == 1


def test_backup_and_restore(cli: Cli, database_url: str, tmp_path: Path) -> None:
    cli("import", workbook(tmp_path / "组织.xlsx"))
    cli("export", "单位", "-o", "before.xlsx")
    assert cli("backup", "b.zip")[0] == 0
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert "unit.jsonl" in archive.namelist()
    code, _, err = cli("restore", "b.zip")
    assert code == 1
    assert "--force" in err
    store = Store(database_url)
    with store.writing() as session:
        session.execute(delete(ProjectStep))
        session.execute(delete(Project))
    assert cli("restore", "b.zip", "--force")[0] == 0
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Project)) == 1
    cli("export", "单位", "-o", "after.xlsx")
    assert rows_of(tmp_path / "after.xlsx") == rows_of(tmp_path / "before.xlsx")
    assert cli("import", workbook(tmp_path / "组织.xlsx"))[0] == 0
    store.close()
    assert cli("restore", "组织.xlsx")[0] == 1


def test_sqlite_can_be_restored_into_postgres(
    cli: Cli,
    postgres_server: str,
    database_url: str,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("the other direction is the interesting one")
    world = World(sqlite_url)
    world.settle()
    world.store.close()
    monkeypatch.setenv("ZBT_DATABASE_URL", sqlite_url)
    assert cli("backup", "s.zip")[0] == 0
    monkeypatch.setenv("ZBT_DATABASE_URL", database_url)
    assert cli("restore", "s.zip")[0] == 0
    store = Store(database_url)
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Project)) == 7
        assert session.scalar(select(func.count()).select_from(Push)) == 0
    store.close()
    assert postgres_server


def test_the_doctor(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = cli("check")
    assert code == 0, out
    assert "数据库可用" in out
    assert "kat_token" not in out
    for name in ("ZBT_AIBOT_TOKEN", "ZBT_AIBOT_AES_KEY"):
        monkeypatch.delenv(name)
    code, out, _ = cli("check")
    assert code == 1
    assert "一个收发渠道都没有" in out
    monkeypatch.setenv("ZBT_LISTEN", "überall")
    monkeypatch.setenv("ZBT_DATA_KEYS", "short")
    code, _, err = cli("check")
    assert code == 1
    assert "ZBT_LISTEN" in err
    assert "ZBT_DATA_KEYS" in err
    assert "short" not in err


def test_run_without_a_door_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ZBT_AIBOT_TOKEN", "ZBT_AIBOT_AES_KEY"):
        monkeypatch.delenv(name)
    code, _, err = cli("run")
    assert code == 1
    assert "一个收发渠道都没有" in err


def test_the_schema_is_brought_to_head_once(cli: Cli) -> None:
    assert "已是最新" in cli("migrate")[1]


@pytest.mark.postgres
def test_a_postgresql_that_was_not_prepared_is_named(
    cli: Cli, postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZBT_DATABASE_URL", postgres_server)
    book = workbook(tmp_path / "a.xlsx")
    for command in (("run",), ("import", book), ("export", "进展"), ("jobs",)):
        code, _, err = cli(*command)
        assert (code, err.strip()) == (1, "请先运行 python -m bot migrate。"), command


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nothing", "sqlite:////proc/nowhere/x.db"]
)
def test_a_database_that_is_away_is_named(
    cli: Cli, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZBT_DATABASE_URL", url)
    for command in (("run",), ("migrate",), ("import", workbook(tmp_path / "a.xlsx")), ("jobs",)):
        code, _, err = cli(*command)
        assert code == 1
        # The key that lies beside a SQLite file cannot be read there either, and is wanted first.
        assert "连不上数据库" in err or "读写不了 /proc/nowhere" in err, command
        assert len(err.splitlines()) == 1


def test_what_cannot_be_written_or_listened_on_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("import", workbook(tmp_path / "a.xlsx"))[0] == 0
    for command in (("export", "单位", "-o", "none/x.xlsx"), ("backup", "none/x.zip")):
        code, _, err = cli(*command)
        assert code == 1
        assert "读写不了 none/x" in err
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setenv("ZBT_LISTEN", f"127.0.0.1:{taken}")
        code, _, err = cli("run")
        assert code == 1
        assert "换一个端口" in err
        assert not is_free(taken)
    assert cli("demo", "--port", "99999")[0] == 2
    assert cli("demo", "--port", "x")[0] == 2
