"""Importing from files, without Temporal."""

from pathlib import Path

import pytest

from tests.console.conftest import Operator

TEAMS = """id,name,type,region,owner,owner_manager
acme,Acme,resell,North,Ada Owner,Max Lead
globex,Globex,referral,South,Ada Owner,
"""
DEALS = """id,partner,created_on,closed_on,won,value
d-1,acme,2017-03-02,2017-03-20,true,1200.50
d-2,acme,2017-03-05,,,
d-3,globex,,,,
"""
COUNTS = ("read", "used", "undated", "rejected", "added", "changed", "known")


@pytest.fixture
def teams(tmp_path: Path) -> Path:
    path = tmp_path / "teams.csv"
    path.write_text(TEAMS)
    return path


def counted(operator: Operator, kind: str, path: Path, *options: str) -> tuple[int, ...]:
    said = operator.gets("import", kind, str(path), *options)
    return tuple(said[name] for name in COUNTS)


def test_importing_twice_changes_nothing_the_second_time(operator: Operator, teams: Path) -> None:
    assert counted(operator, "partners", teams) == (2, 2, 0, 0, 2, 0, 0)
    assert counted(operator, "partners", teams) == (2, 2, 0, 0, 0, 0, 2)

    teams.write_text(TEAMS.replace("Max Lead", "Eve Lead"))

    assert counted(operator, "partners", teams) == (2, 2, 0, 0, 0, 1, 1)


def test_a_dry_run_says_what_would_change_and_changes_nothing(operator: Operator, teams: Path) -> None:
    assert "2 would be added" in operator.sees("import", "partners", str(teams), "--dry-run")
    assert operator.gets("partner", "list") == []


def test_a_row_without_its_first_day_is_counted_and_left_out(operator: Operator, teams: Path, tmp_path: Path) -> None:
    operator.sees("import", "partners", str(teams))
    deals = tmp_path / "deals.csv"
    deals.write_text(DEALS)

    assert counted(operator, "opportunities", deals, "--dry-run") == (3, 2, 1, 0, 2, 0, 0)
    assert counted(operator, "opportunities", deals) == (3, 2, 1, 0, 2, 0, 0)
    assert counted(operator, "opportunities", deals) == (3, 2, 1, 0, 0, 0, 2)
    assert "1 undated and left out" in operator.sees("import", "opportunities", str(deals))


def test_accounts_are_mapped_once(operator: Operator, teams: Path, tmp_path: Path) -> None:
    operator.sees("import", "partners", str(teams))
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("partner,name\nacme,Initech\nacme,Umbrella\n")

    assert counted(operator, "accounts", accounts)[4:] == (2, 0, 0)
    assert counted(operator, "accounts", accounts)[4:] == (0, 0, 2)


def test_every_bad_row_is_listed_and_nothing_is_imported(operator: Operator, teams: Path) -> None:
    teams.write_text(TEAMS + "acme,Acme,resell,North,Ada,\nHooli!,Hooli,reseller,West,Ada,\n")

    said = operator.is_refused("import", "partners", str(teams))

    assert "2 of 4 rows cannot be imported, so nothing was" in said
    assert f"{teams}:4: id: 'acme' stands in line 2 already" in said
    assert f"{teams}:5: id: 'Hooli!' is no id" in said
    assert f"{teams}:5: type: 'reseller' is not" in said
    assert operator.gets("partner", "list") == []


def test_a_deal_of_an_unknown_partner_is_refused(operator: Operator, tmp_path: Path) -> None:
    deals = tmp_path / "deals.csv"
    deals.write_text(DEALS)

    assert "'acme' is not a partner we know; import the partners first" in operator.is_refused(
        "import", "opportunities", str(deals)
    )


def test_a_map_that_cannot_be_used_is_refused(operator: Operator, teams: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text("partners:\n  id: account\n  nmae: account\n")

    assert f"{mapping}:3:3: partners.nmae: unknown key" in operator.is_refused(
        "import", "partners", str(teams), "--map", str(mapping)
    )


def test_a_file_that_is_not_there_is_named(operator: Operator, tmp_path: Path) -> None:
    assert f"{tmp_path / 'none.csv'}: cannot be read" in operator.is_refused(
        "import", "partners", str(tmp_path / "none.csv")
    )
