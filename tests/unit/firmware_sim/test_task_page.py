"""A simulated crew reads a task page as a person would: its words, and the next step's form."""

from collections.abc import Mapping

import pytest

from domain.places import Name
from firmware_sim.task_page import Step, TaskForm, read_task_page

URL = "http://127.0.0.1:8000/c/token"
NAMES: Mapping[str, Name] = {
    "place-001": Name(zh="东关大街9号", en="9 Dongguan Street"),
    "place-002": Name(zh="东关大街9号后院", en="9 Dongguan Street, yard"),
    "place-003": Name(zh="西河路口"),
}


def form_of(html: str) -> TaskForm | None:
    return read_task_page(html, URL).form


def test_the_form_of_the_next_step_is_found_with_its_fields_and_photos() -> None:
    form = form_of(
        """<form method="post" enctype="multipart/form-data" action="/c/token/finish?lang=en">
        <input type="hidden" name="key" value="a&amp;b"><input type="file" name="overview">
        <input name="close_up" type=FILE><textarea name="note"></textarea><br>
        <button type="submit" name="go">ok</button></form>"""
    )
    assert form == TaskForm(
        step=Step.FINISH,
        url="http://127.0.0.1:8000/c/token/finish?lang=en",
        fields={"key": "a&b"},
        photos=("overview", "close_up"),
        notes=("note",),
    )


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>done</p>",
        '<form method="get" action="/c/token/accept"></form>',
        '<form action="/c/token/accept"></form>',
        '<form method="post" action="/c/token/language"></form>',
        '<form method="post" action="http://elsewhere.example/c/token/accept"></form>',
        '<form method="post" action="https://127.0.0.1:8000/c/token/accept"></form>',
        '<form method="post" action="javascript:accept"></form>',
    ],
)
def test_what_is_no_step_of_the_task_is_no_form(html: str) -> None:
    assert form_of(html) is None


def test_of_several_forms_the_earliest_step_comes_first() -> None:
    html = "".join(
        f'<form method="POST" action="/c/token/{step}"></form>' for step in ("finish", "accept")
    )
    form = form_of(html)
    assert form is not None
    assert form.step is Step.ACCEPT


def test_fields_outside_the_form_are_not_sent() -> None:
    html = '<input name="a" value="1"><form method="post" action="accept"></form><input name="b">'
    form = form_of(html)
    assert form is not None
    assert form.fields == {}


@pytest.mark.parametrize(
    ("html", "place_id"),
    [
        ("<h1>垃圾满溢</h1><p>西河路口</p>", "place-003"),
        ("<p>东关大街9号后院</p>", "place-002"),
        ("<p>9 Dongguan Street,\n yard</p>", "place-002"),
        ("<title>东关大街9号</title><p>附近:西河路口、东关大街9号后院</p>", "place-001"),
        ("<p>somewhere else</p><script>西河路口</script>", None),
    ],
)
def test_the_place_is_the_one_that_the_page_names_first(html: str, place_id: str | None) -> None:
    assert read_task_page(html, URL).place_named(NAMES) == place_id
