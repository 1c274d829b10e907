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


MAP = """
opportunities:
  id: id
  partner: partner
  without_partner: direct
  created_on: created_on
  closed_on: closed_on
  won: won
  value: value
"""


def test_direct_deals_come_with_the_partners_and_stand_beside_them_in_reports(
    operator: Operator, teams: Path, tmp_path: Path
) -> None:
    operator.sees("import", "partners", str(teams))
    deals, mapping = tmp_path / "deals.csv", tmp_path / "map.yaml"
    mapping.write_text(MAP)
    deals.write_text(DEALS + "d-4,,2017-03-02,2017-03-12,true,500\nd-5,,2017-03-02,2017-03-12,false,\n")
    bring = ("import", "opportunities", str(deals), "--map", str(mapping))
    look = ("report", "pipeline", "--quarter", "2017Q1")

    assert "nothing stands here, and it is needed" in operator.is_refused(*bring[:3])
    assert operator.sees(*bring) == (
        "5 rows read, 4 used, 2 of them for direct deals, 1 undated and left out.\n"
        "Opportunities: 4 added, 0 changed, 0 known already.\n"
    )
    assert counted(operator, "opportunities", deals, "--map", str(mapping)) == (5, 4, 1, 0, 0, 0, 4)
    assert operator.gets("partner", "show", "acme", "--as-of", "2017-03-31")["opportunities"]["created"] == 2
    assert "days to win, median 18 against 10." in operator.sees(*look)
    told = operator.gets(*look, "--behind", "closed/direct/won")
    assert [fact["deal"] for fact in told["behind"][0]["facts"]] == ["d-4"]
    assert told["behind"][0]["facts"][0]["from"] == "deals.csv"
    page = tmp_path / "pipeline.html"
    operator.sees(*look, "--html", str(page))
    assert '<th scope="row">direct</th>' in page.read_text()


def test_deals_that_move_between_direct_and_a_partners_are_counted(
    operator: Operator, teams: Path, tmp_path: Path
) -> None:
    operator.sees("import", "partners", str(teams))
    deals, mapping = tmp_path / "deals.csv", tmp_path / "map.yaml"
    mapping.write_text(MAP)
    bring = ("import", "opportunities", str(deals), "--map", str(mapping))
    deals.write_text(DEALS)
    operator.sees(*bring)
    deals.write_text(DEALS.replace("acme", ""))
    assert "2 would be changed, 2 of them moved between direct and a partner's" in operator.sees(*bring, "--dry-run")
    deals.write_text(DEALS.replace("d-1,acme", "d-1,"))
    assert "0 added, 1 changed, 1 of them moved between direct and a partner's, 1 known" in operator.sees(*bring)
    deals.write_text(DEALS)
    assert operator.gets(*bring)["moved"] == 1
    assert operator.gets("partner", "show", "acme", "--as-of", "2017-03-31")["opportunities"]["created"] == 2


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
