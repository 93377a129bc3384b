import re
from pathlib import Path

import pytest

from schemas.catalogue.models import Catalogue, EventType, Tenant
from streams.importing.contract import unknown_types, unread_fields
from streams.importing.load import MappingError, load_mapping

GOOD = """\
version: 1
source: crm
time_zone: Asia/Ho_Chi_Minh
fields:
  deal: {column: Deal, type: id}
  at: {column: Date, type: time, formats: "%d/%m/%Y"}
  amount: {column: Amount, type: integer}
events:
  - type: sale.closed
    id: "{deal}"
    subject: "{deal}"
    time: at
    data: {sale_id: deal, owner: {value: an}, amount: amount}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(path, lambda mapping: unknown_types(mapping, None))
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_a_good_mapping_loads(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD, encoding="utf-8")

    assert load_mapping(path).columns() == ["Deal", "Date", "Amount"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("source: crm", "sorce: crm", ["m.yaml:1: 'source' is required",
                                       "m.yaml:2: sorce: unknown key 'sorce'; did you mean 'source'?"]),
        ("Asia/Ho_Chi_Minh", "Asia/Saigonn",
         ["m.yaml:3: time_zone: 'Asia/Saigonn' is not a time zone (such as Asia/Ho_Chi_Minh or UTC)"]),
        ("%d/%m/%Y", "dd/mm/yyyy", ["m.yaml:6: fields.at.formats: 'dd/mm/yyyy' is neither a format such as "
                                    "%d/%m/%Y %H:%M nor one of iso, excel, unix_s, unix_ms"]),
        ("time: at", "time: amount", ["m.yaml:12: events[0].time: field 'amount' is not of type time"]),
        ("sale_id: deal", "sale_id: dael",
         ["m.yaml:13: events[0].data: there is no field 'dael' (declared: deal, at, amount)"]),
        ("{value: an}", "{valu: an}", ["m.yaml:13: events[0].data.owner: 'value' is required",
                                       "m.yaml:13: events[0].data.owner.valu: unknown key 'valu'; "
                                       "did you mean 'value'?"]),
        ("sale.closed", "sale.close",
         ["m.yaml:9: events[0].type: 'sale.close' is not a known event type; did you mean sale.closed?"]),
        ("type: integer}", "type: int}", ["m.yaml:7: fields.amount.type: Input should be 'id', 'text', 'integer', "
                                          "'number', 'boolean', 'duration' or 'time' (here: 'int')"]),
        ("time: at", "time: at\n    order_by: at",
         ["m.yaml:9: events[0]: order_by chooses among the rows of one key: it needs first_per"]),
        ("type: integer}", "slug: true, type: integer}",
         ["m.yaml:7: fields.amount: slug makes an id of a name: it needs type id or text"]),
        ("column: Amount,", "column: [Amount, Tax],", ["m.yaml:7: fields.amount: several columns together make a text "
                                                       "or a time, not a value of type integer"]),
        ("{column: Deal, type: id}", "{column: Deal, map: {Y: a, y: b}}",
         ["m.yaml:5: fields.deal: map names 'y' twice: upper and lower case are the same"]),
        ("source: crm", "source: crm\nsource: erp", ["m.yaml:3: key `source` is already on line 2"]),
        ("source: crm", "source: [crm", ["m.yaml:3: not well-formed YAML: expected ',' or ']', but got ':'"]),
    ],
)  # fmt: skip
def test_an_error_names_line_place_value_and_rule(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert problems(tmp_path, GOOD.replace(old, new)) == expected


def test_an_empty_mapping_says_so(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == ["m.yaml:1: the file is empty"]


def test_a_type_that_the_catalogue_declares_is_known(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace("sale.closed", "visit.done"), encoding="utf-8")
    catalogue = Catalogue(
        version=1,
        tenant=Tenant(id="demo", timezone="UTC", currency="VND"),
        event_types=(EventType(type="visit.done", fields={"store": "id!"}),),
    )
    mapping = load_mapping(path)

    assert len(unknown_types(mapping, None)) == 1
    assert unknown_types(mapping, catalogue) == []
    assert "visit.done has no field 'amount'" in unread_fields(mapping, catalogue)[-1]


def test_the_mapping_that_the_readme_explains_is_a_good_one(tmp_path: Path) -> None:
    readme = Path(__file__).parents[3] / "deploy" / "examples" / "README.md"
    (block,) = re.findall(r"```yaml\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "m.yaml"
    path.write_text(block, encoding="utf-8")
    mapping = load_mapping(path, lambda mapping: unknown_types(mapping, None))

    assert unread_fields(mapping, None) == []
