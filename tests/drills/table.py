"""``python -m tests.drills.table``: what the last full run of the drills showed, as Markdown.

Reads what ``make drills`` wrote (``--from``) and prints it, or puts it ``--into`` a page between
the lines ``<!-- results -->`` and ``<!-- end of results -->``.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

RESULTS = Path("var/drills.xml")
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
_UNITS = {"_s": " s", "_per_s": " a second", "_mb": " MB", "_min": " min"}


def as_markdown(results: ET.Element) -> str:
    """Return heading line and table for a JUnit document of the drills."""
    suite = results if results.tag == "testsuite" else results.find("testsuite")
    if suite is None:
        msg = "no results of a test run"
        raise ValueError(msg)
    told = _properties(suite)
    minutes = float(suite.get("time", "0")) / 60
    red = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    lines = [
        (
            f"Commit {told.get('commit', 'unknown')}, {told.get('began', 'date unknown')}; "
            f"{told.get('machine', 'machine unknown')}; load at the beginning "
            f"{told.get('load', 'unknown')}. {told.get('versions', '')}. "
            f"{suite.get('tests')} drills took {minutes:.0f} minutes, {red} red."
        ),
        "",
        "| drill | faults | result | took | figures |",
        "| --- | --- | --- | --- | --- |",
        *(_row(case) for case in suite.iter("testcase")),
    ]
    return "\n".join(lines) + "\n"


def put_into(page: str, table: str) -> str:
    """Return the page with the table in the place of the one before."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        msg = f"the page has no place for results: {BEGIN} ... {END}"
        raise ValueError(msg)
    return f"{head}{BEGIN}\n\n{table}\n{END}{tail}"


def _row(case: ET.Element) -> str:
    told = _properties(case)
    faults = told.pop("faults", "")
    figures = "; ".join(_figure(name, value) for name, value in told.items())
    name = case.get("name", "").removeprefix("test_").replace("_", " ")
    took_s = float(case.get("time", "0"))
    cells = (name, faults, _result(case), f"{took_s:,.0f} s", figures)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _result(case: ET.Element) -> str:
    for kind, word in (("failure", "**red**"), ("error", "**broken**"), ("skipped", "not run")):
        found = case.find(kind)
        if found is not None:
            why = (found.get("message") or "").strip().splitlines()
            return f"{word}: {why[0][:160] if why else 'see the log'}"
    return "held"


def _figure(name: str, value: str) -> str:
    for suffix in sorted(_UNITS, key=len, reverse=True):
        if name.endswith(suffix):
            return f"{_words(name.removesuffix(suffix))} {value}{_UNITS[suffix]}"
    return f"{_words(name)} {value}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _properties(element: ET.Element) -> dict[str, str]:
    found = element.find("properties")
    return {} if found is None else dict(_pairs(found))


def _pairs(properties: ET.Element) -> Iterator[tuple[str, str]]:
    for each in properties:
        yield each.get("name", ""), each.get("value", "")


def main() -> None:
    """Print the table, or put it into a page."""
    parser = argparse.ArgumentParser(description="the drills' results as Markdown")
    parser.add_argument("--from", dest="results", type=Path, default=RESULTS)
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    table = as_markdown(ET.parse(arguments.results).getroot())  # noqa: S314  we wrote it
    if arguments.into is None:
        sys.stdout.write(table)
        return
    page = arguments.into.read_text("utf-8")
    arguments.into.write_text(put_into(page, table), "utf-8")


if __name__ == "__main__":
    main()
