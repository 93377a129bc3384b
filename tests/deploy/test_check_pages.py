import re
from pathlib import Path

import pytest

from deploy import check_pages
from schemas.catalogue.problems import CODES


@pytest.mark.parametrize("name", check_pages.PAGES)
def test_the_page_of_all_codes_is_that_of_the_code(name: str) -> None:
    written = (check_pages.CHECKS / name).read_text(encoding="utf-8")

    assert check_pages.page(check_pages.PAGES[name]) == written, "make docs writes it anew"


@pytest.mark.parametrize("name", check_pages.PAGES)
def test_every_code_has_its_place_and_every_link_leads_somewhere(name: str) -> None:
    written = (check_pages.CHECKS / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", written) if "://" not in link]

    assert re.findall(r"^### (KPI\d+)$", written, re.MULTILINE) == sorted(CODES, key=lambda code: (code < "KPI1", code))
    assert [link for link in links if not (check_pages.CHECKS / link).exists()] == []


def test_an_example_without_a_code_is_noticed() -> None:
    folders = {path.name for path in check_pages.CHECKS.iterdir() if path.is_dir()}

    assert folders == {code for code in CODES if code >= "KPI1"}


@pytest.mark.parametrize(("code", "name"), check_pages.REFUSED.items())
def test_an_error_of_loading_is_shown_by_a_catalogue_that_names_it(code: str, name: str) -> None:
    text = (check_pages.BAD / f"{name}.yaml").read_text(encoding="utf-8")

    assert code in re.findall(r"# expect: (KPI\d+)", text) or Path(name).stem == "only_a_comment"
