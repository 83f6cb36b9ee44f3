from xml.etree import ElementTree as ET

import pytest

from tests.drills.table import as_markdown, put_into

RESULTS = """<testsuites><testsuite tests="3" failures="1" errors="0" time="130.2">
<properties><property name="commit" value="abc123"/><property name="began" value="today"/>
<property name="machine" value="2 x CPU"/><property name="load" value="0.1"/>
<property name="versions" value="Python"/></properties>
<testcase name="test_ingest_is_away" time="61.4"><properties>
<property name="faults" value="F5"/><property name="lost" value="0"/>
<property name="longest_silence_s" value="0.3, 1.2"/></properties></testcase>
<testcase name="test_a[edge|b]" time="2"><failure message="assert 1 == 2&#10;more"/></testcase>
<testcase name="test_slow" time="0"><skipped message="no strace"/></testcase>
</testsuite></testsuites>"""


def test_the_table_says_for_each_drill_whether_it_held_and_its_figures() -> None:
    heading, _, *rows = as_markdown(ET.fromstring(RESULTS)).splitlines()  # noqa: S314  ours
    assert "Commit abc123, today; 2 x CPU; load at the beginning 0.1." in heading
    assert "3 drills took 2 minutes, 1 red." in heading
    assert rows[2:] == [
        "| ingest is away | F5 | held | 61 s | lost 0; longest silence 0.3, 1.2 s |",
        r"| a[edge\|b] |  | **red**: assert 1 == 2 | 2 s |  |",
        "| slow |  | not run: no strace | 0 s |  |",
    ]


def test_the_table_takes_the_place_of_the_one_before_in_the_page() -> None:
    page = "before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n"
    once = put_into(page, "new\n")
    assert once == "before\n<!-- results -->\n\nnew\n\n<!-- end of results -->\nafter\n"
    assert put_into(once, "new\n") == once


def test_a_page_without_a_place_for_the_table_is_left_alone() -> None:
    with pytest.raises(ValueError, match="no place"):
        put_into("nothing", "new\n")
