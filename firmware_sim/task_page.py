"""What a crew member finds on a task's page: its words and the form of the next step."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from domain.places import Name

_HIDDEN_TEXT = frozenset({"script", "style", "template"})
_UNSENT_INPUTS = frozenset({"submit", "button", "reset", "image"})


class Step(StrEnum):
    """The steps of a task, in their order."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    FINISH = "finish"

    @property
    def rank(self) -> int:
        """Return the place of the step in the order, from 0."""
        return tuple(Step).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm:
    """A form as it would be sent: its address, the fields' values, the names of its
    photos and of the fields for a person's own words.
    """

    step: Step
    url: str
    fields: Mapping[str, str]
    photos: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A task's page: its visible words, and the form of the next step where there is one."""

    words: str
    form: TaskForm | None

    def place_named(self, names: Mapping[str, Name]) -> str | None:
        """Return the id of the place that the page is about: the one it names first.

        Pages name neighbours too, but further down. Of two names at the same spot the longer wins.
        """
        found = [
            (self.words.find(text), -len(text), place_id)
            for place_id, name in names.items()
            for text in (name.zh, name.en)
            if text is not None and text in self.words
        ]
        return min(found)[2] if found else None


def read_task_page(html: str, url: str) -> TaskPage:
    """Return what stands on the page at ``url``. A form to another host is not a task's form."""
    reader = _PageReader()
    reader.feed(html)
    reader.close()
    forms = [form for raw in reader.forms if (form := _task_form(raw, url)) is not None]
    return TaskPage(
        words=" ".join("".join(reader.text).split()),
        form=min(forms, key=lambda form: form.step.rank, default=None),
    )


@dataclass(slots=True)
class _RawForm:
    action: str
    method: str
    fields: dict[str, str]
    photos: list[str]
    notes: list[str]


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.forms: list[_RawForm] = []
        self._form: _RawForm | None = None
        self._hidden_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _HIDDEN_TEXT:
            self._hidden_depth += 1
        elif tag == "form":
            self._form = _RawForm(
                action=values.get("action", ""),
                method=values.get("method", "get").lower(),
                fields={},
                photos=[],
                notes=[],
            )
            self.forms.append(self._form)
        elif self._form is not None and values.get("name"):
            self._note_field(self._form, tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN_TEXT:
            self._hidden_depth = max(0, self._hidden_depth - 1)
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if not self._hidden_depth:
            self.text.append(data)

    @staticmethod
    def _note_field(form: _RawForm, tag: str, values: Mapping[str, str]) -> None:
        kind = values.get("type", "text").lower()
        if tag == "textarea" or (tag == "input" and kind == "text"):
            form.notes.append(values["name"])
        elif tag == "input" and kind == "file":
            form.photos.append(values["name"])
        elif tag == "input" and kind not in _UNSENT_INPUTS:
            form.fields[values["name"]] = values.get("value", "")


def _task_form(raw: _RawForm, page_url: str) -> TaskForm | None:
    url = urljoin(page_url, raw.action)
    step = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    if raw.method != "post" or step not in set(Step):
        return None
    if urlsplit(url)[:2] != urlsplit(page_url)[:2]:
        return None
    return TaskForm(
        step=Step(step),
        url=url,
        fields=raw.fields,
        photos=tuple(raw.photos),
        notes=tuple(raw.notes),
    )
