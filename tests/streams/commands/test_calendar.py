"""`kpi calendar show` as a user runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main

COMPANY = """\
version: 1
tenant: {id: acme, title: {vi: Công ty An, en: An Co}, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: vi}
calendar:
  country: VN
  hours: {mon-fri: ["08:00-11:30", "13:30-17:30"], sat: ["08:00-11:30"]}
  holidays: {confirmed: [2026]}
  overrides: {2026-11-20: ["08:00-11:30"], 2026-11-28: closed}
teams:
  - {id: hn-1, department: sales}
  - {id: night, department: care, calendar: {hours: {mon-fri: ["22:00-06:00"]}, country: null}}
people:
  - {id: an, name: Nguyễn An, team: hn-1, to: 2026-11-16}
  - {id: an, team: night, from: 2026-11-18}
leave: [{person: an, from: 2026-11-09, to: 2026-11-12}]
"""
LEAVE = (
    '{"specversion":"1.0","id":"l1","source":"hr","type":"employee.leave","time":"2026-11-01T09:00:00+07:00",'
    '"subject":"an","data":{"person_id":"an","start":"2026-11-13T13:30:00+07:00","end":"2026-11-14T00:00:00+07:00"}}\n'
    '{"specversion":"1.0","id":"l2","source":"hr","type":"employee.leave","time":"2026-11-01T09:00:00+07:00",'
    '"subject":"an","data":{"person_id":"an"}}\n'
)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    path = tmp_path / "company.yaml"
    path.write_text(COMPANY, encoding="utf-8")
    return path


def show(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["calendar", "show", *map(str, arguments)], env=env)


def test_a_month_reads_as_people_read_it(company: Path) -> None:
    assert show(company, "--month", "2026-11").stdout == (
        "Lịch làm việc tháng 11/2026: Công ty An (acme), múi giờ Asia/Ho_Chi_Minh\n"
        "Ngày lễ của VN: năm 2026 đã xác nhận\n"
        "Giờ thường: Thứ 2–Thứ 6 08:00–11:30, 13:30–17:30\n"
        "Giờ thường: Thứ 7 08:00–11:30\n"
        "\n"
        "Tuần  Thứ 2     Thứ 3     Thứ 4     Thứ 5     Thứ 6     Thứ 7     CN           Giờ\n"
        "W44                                                                1 –           0\n"
        "W45    2 7,5     3 7,5     4 7,5     5 7,5     6 7,5     7 3,5     8 –          41\n"
        "W46    9 7,5    10 7,5    11 7,5    12 7,5    13 7,5    14 3,5    15 –          41\n"
        "W47   16 7,5    17 7,5    18 7,5    19 7,5    20 3,5*   21 3,5    22 –          37\n"
        "W48   23 7,5    24 lễ     25 7,5    26 7,5    27 7,5    28 nghỉ   29 –          30\n"
        "W49   30 7,5                                                                   7,5\n"
        "\n"
        "Tổng: 23 ngày làm việc, 156,5 giờ.\n"
        "\n"
        "20/11            lịch riêng 08:00–11:30 (nửa ngày)\n"
        "24/11            Ngày Văn hóa Việt Nam\n"
        "28/11            nghỉ theo lịch riêng\n"
    )


def test_a_person_has_their_teams_their_leave_and_the_leave_that_events_tell(company: Path, tmp_path: Path) -> None:
    events = tmp_path / "leave.jsonl"
    events.write_text(LEAVE, encoding="utf-8")

    result = show(company, "--month", "2026-11", "--person", "an", "--events", events, "--lang", "en")

    assert result.exit_code == 0
    assert "November 2026: Nguyễn An (an), time zone Asia/Ho_Chi_Minh" in result.stdout
    assert "W46    9 leave  10 leave  11 leave  12 7.5    13 3.5~   14 3.5    15 –        14.5" in result.stdout
    assert "9 Nov – 11 Nov   on leave\n" in result.stdout
    assert "13 Nov           on leave for a part, works 08:00–11:30 (half day)\n" in result.stdout
    assert "16 Nov – 17 Nov  in no team\n" in result.stdout
    assert "Night shifts cross the edge: those that start on these dates last" in result.stdout
    assert "leave.jsonl:2: missing_field" in result.stderr


def test_swapped_days_name_each_other_and_an_unconfirmed_year_is_said(company: Path) -> None:
    august, january = show(company, "--month", "2026-08").stdout, show(company, "--month", "2027-01").stdout

    assert "22/08            làm bù cho 31/08, 08:00–11:30, 13:30–17:30\n" in august
    assert "31/08            nghỉ, làm bù ngày 22/08\n" in august
    assert "Ngày lễ của VN: năm 2027 CHƯA xác nhận\n" in january


def test_a_year_has_its_months_and_all_days_that_are_not_as_usual(company: Path) -> None:
    lines = show(company, "--year", "2026", "--lang", "en").stdout.splitlines()

    assert "February        19     126.5" in lines
    assert "16 Feb           Lunar New Year's Eve" in lines
    assert "1 Sep – 2 Sep    National Day" in lines


def test_json_has_every_day(company: Path) -> None:
    told = json.loads(show(company, "--month", "2026-08", "--json").stdout)

    assert (told["scope"], told["subject"], told["from"], told["to"]) == ("org", "acme", "2026-08-01", "2026-09-01")
    assert told["confirmed"] == {"2026": True}
    assert (told["working_days"], told["working_hours"]) == (25, 171.5)
    assert len(told["days"]) == 31
    assert told["days"][21] == {
        "date": "2026-08-22",
        "week": "2026-W34",
        "weekday": 6,
        "kind": "made_up",
        "hours": 7.5,
        "usual_hours": 3.5,
        "half_day": False,
        "spans": ["08:00-11:30", "13:30-17:30"],
        "name": None,
        "made_up_on": None,
        "instead_of": "2026-08-31",
    }


def test_the_catalogue_may_come_from_the_setting_and_the_month_is_this_one(company: Path) -> None:
    result = show("--json", env={"KPI_CATALOGUE": str(company)})

    assert result.exit_code == 0
    assert json.loads(result.stdout)["from"][8:] == "01"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--month", "2026-13"], "'2026-13' is no month of the years 1970 to 2099 (write 2026-02)"),
        (["--month", "2026-2"], "is no month"),
        (["--year", "1969"], "is no year"),
        (["--month", "2026-01", "--year", "2026"], "not both"),
        (["--team", "hn1"], "there is no team `hn1`; did you mean `hn-1`?"),
        (["--person", "nobody"], "there is no person `nobody`"),
        (["--team", "hn-1", "--person", "an"], "not both"),
    ],
)
def test_wrong_use_exits_with_two_and_says_why(company: Path, arguments: list[str], said: str) -> None:
    result = show(company, *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_no_catalogue_at_all_is_wrong_use() -> None:
    result = show(env={"KPI_CATALOGUE": ""})

    assert result.exit_code == 2
    assert "no catalogue: name files or folders, or set KPI_CATALOGUE" in result.stderr


def test_a_missing_event_file_exits_with_one_as_everywhere(company: Path) -> None:
    result = show(company, "--events", "nowhere.jsonl")

    assert (1, "error: nowhere.jsonl: cannot be read: No such file or directory\n") == (result.exit_code, result.stderr)


def test_a_calendar_that_cannot_be_used_exits_with_one(company: Path) -> None:
    company.write_text(COMPANY.replace("country: VN", "country: XX"), encoding="utf-8")

    result = show(company)

    assert result.exit_code == 1
    assert "calendar.country: no holidays are known for `XX`" in result.stderr
