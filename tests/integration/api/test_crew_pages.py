"""The way of a crew through its pages, and what the pages refuse."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from domain.cases import Actor, Case, CaseAction, CaseState
from domain.photo_evidence import PhotoDoubt, PhotoEvidence
from domain.problems import ProblemClass
from domain.records import CameraHealth, Record, SnapshotVerdicts, Verdict, VerdictState
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient
from tests.fakes.trusting_photo_intake import JPEG_START

OVERVIEW, CLOSE_UP = JPEG_START + b"overview", JPEG_START + b"close-up"
Files = list[tuple[str, tuple[str, bytes, str]]]


class FormReader(HTMLParser):
    """Reads the forms of a page as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"action": attributes["action"], "method": attributes["method"]})
        elif tag == "input" and attributes["type"] == "hidden":
            self.forms[-1][attributes["name"]] = attributes["value"]
        elif tag == "input" and attributes["type"] == "file":
            self.files.append(attributes["name"])


def read(page: str) -> FormReader:
    reader = FormReader()
    reader.feed(page)
    return reader


def photos(overview: bytes = OVERVIEW, close_up: bytes = CLOSE_UP, name: str = "p.jpg") -> Files:
    return [
        ("overview", (name, overview, "image/jpeg")),
        ("close_up", (name, close_up, "image/jpeg")),
    ]


def press(client: TestClient, address: str) -> httpx.Response:
    """Open the page, press its one button, return the page that follows."""
    (form,) = read(client.get(address).text).forms
    answer = client.post(form["action"], data={"key": form["key"]})
    assert answer.status_code == 303, answer.text
    page: httpx.Response = client.get(answer.headers["location"])
    return page


def send_photos(client: TestClient, address: str, files: Files, note: str = "") -> httpx.Response:
    (form,) = read(client.get(address).text).forms
    answer: httpx.Response = client.post(
        form["action"], data={"key": form["key"], "note": note}, files=files
    )
    return answer


def at_the_photos(rig: CentreRig, place_id: str) -> tuple[Case, str]:
    """A case whose crew has arrived, and the address of its page."""
    case = rig.report(place_id)
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    rig.move(case, CaseAction.ARRIVE, Actor.CREW)
    return case, f"/c/{rig.token(case)}"


def state_of(rig: CentreRig, case: Case) -> CaseState:
    now = rig.book.case(case.case_id)
    assert now is not None
    return now.state


def test_a_crew_accepts_arrives_sends_photos_and_sees_the_case_closed(
    client: TestClient, rig: CentreRig, camera_place: str
) -> None:
    case = rig.report(camera_place)
    address = f"/c/{rig.token(case)}"
    first = client.get(address)
    assert "垃圾满溢" in first.text
    assert "还剩" in first.text
    assert "我已到达现场" in press(client, address).text
    arrived = press(client, address)
    assert read(arrived.text).files == ["overview", "close_up"]
    sent = send_photos(client, address, photos(), note="两袋已清走")
    assert sent.status_code == 303
    waiting = client.get(sent.headers["location"])
    assert "摄像机会核查现场" in waiting.text
    assert read(waiting.text).forms == []
    last = rig.book.log(case.case_id)[-1]
    assert [rig.pictures.get(photo) for photo in last.photos] == [OVERVIEW, CLOSE_UP]
    assert last.note == "两袋已清走"
    rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)
    closed = client.get(address)
    assert "核查通过" in closed.text
    assert read(closed.text).forms == []


def test_rework_tells_what_is_still_wrong_and_begins_again(
    client: TestClient, rig: CentreRig, camera_place: str
) -> None:
    case = rig.report(camera_place)
    rig.finish(case)
    rig.move(case, CaseAction.SEND_BACK, Actor.INSPECTOR, note="桶后还有一袋")
    address = f"/c/{rig.token(case)}"
    page = client.get(address).text
    assert "还没清理干净" in page
    assert "桶后还有一袋" in page
    assert "督查员" in page
    press(client, address)
    assert state_of(rig, case) is CaseState.IN_PROGRESS


@pytest.mark.parametrize(
    ("problem_class", "words"),
    [
        (ProblemClass.BIN_OVERFLOW, "The sensor checks the bin"),
        (ProblemClass.FACILITY_DAMAGE, "An inspector checks the place"),
    ],
)
def test_the_page_says_who_will_check(
    client: TestClient,
    rig: CentreRig,
    blind_place: str,
    problem_class: ProblemClass,
    words: str,
) -> None:
    case = rig.report(blind_place, problem_class)
    rig.finish(case)
    assert words in client.get(f"/c/{rig.token(case)}?lang=en").text


def test_what_vision_saw_is_drawn_over_the_latest_picture(
    client: TestClient, rig: CentreRig, camera_place: str
) -> None:
    camera = rig.registry.current().cameras_at[camera_place][0]
    sha256 = rig.pictures.put(JPEG_START + b"snapshot")
    verdict = Verdict(
        zone_id=camera.zones[0].zone_id,
        problem_class=ProblemClass.BIN_OVERFLOW,
        state=VerdictState.PRESENT,
        score=0.9,
        boxes=((0.25, 0.5, 0.125, 0.25),),
    )
    values = SnapshotVerdicts(
        camera_health=CameraHealth.OK, verdicts=(verdict,), picture_sha256=sha256
    )
    now = rig.clock.now()
    rig.history.add(
        Record(device_id=camera.device_id, observed_at=now, gateway_at=now, values=values)
    )
    page = client.get(f"/c/{rig.token(rig.report(camera_place))}").text
    assert f'<img src="/pictures/{sha256}"' in page
    assert '<rect x="0.25" y="0.5" width="0.125" height="0.25"/>' in page
    rig.pictures.stored.clear()
    page = client.get(f"/c/{rig.token(rig.report(camera_place))}").text
    assert "<img" not in page
    assert "画面还没有传到" in page


def test_the_time_left_runs_and_then_runs_over(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    address = f"/c/{rig.token(case)}?lang=en"
    assert case.due_at is not None
    rig.clock.advance(seconds=(case.due_at - rig.clock.now()).total_seconds() - 5 * 60)
    assert "5 min left" in client.get(address).text
    rig.clock.advance(minutes=15)
    assert "10 min over the limit" in client.get(address).text


def test_the_same_button_pressed_twice_counts_once(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    address = f"/c/{rig.token(case)}"
    (form,) = read(client.get(address).text).forms
    (same,) = read(client.get(address).text).forms
    assert form == same, "two people with the same page hold the same key"
    answers = [client.post(form["action"], data={"key": form["key"]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    actions = [entry.action for entry in rig.book.log(case.case_id)]
    assert actions.count(CaseAction.ACCEPT) == 1


def test_photos_sent_twice_finish_once_and_are_read_once(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case, address = at_the_photos(rig, blind_place)
    (form,) = read(client.get(address).text).forms
    for _ in range(2):
        answer = client.post(form["action"], data={"key": form["key"]}, files=photos())
        assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert rig.photo_intake.admitted == 2
    actions = [entry.action for entry in rig.book.log(case.case_id)]
    assert actions.count(CaseAction.FINISH) == 1


def test_a_step_that_is_no_longer_next_leads_to_how_it_stands(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    address = f"/c/{rig.token(case)}"
    (form,) = read(client.get(address).text).forms
    rig.move(case, CaseAction.DEFER, Actor.DISPATCHER, note="n", approved_by="Wang")
    answer = client.post(form["action"], data={"key": form["key"]})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "任务状态已变化" in page
    assert "任务暂停" in page
    assert state_of(rig, case) is CaseState.DEFERRED


def test_doubtful_photos_finish_the_task_are_counted_and_leave_the_check_to_an_inspector(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case, address = at_the_photos(rig, blind_place)
    for raw in (OVERVIEW, CLOSE_UP):
        rig.photo_intake.evidence[raw] = PhotoEvidence(fingerprint=1)
    assert send_photos(client, address, photos()).status_code == 303
    assert "督查员会核查现场" in client.get(address).text
    (noted,) = rig.book.photo_doubts(case.case_id)
    assert noted.photo.doubt is PhotoDoubt.SAME_VIEW
    counted = "huanwei_api_photo_doubts_total"
    assert f'{counted}{{doubt="same_view"}} 1.0' in client.get("/metrics").text
    told = client.get(f"/api/v1/cases/{case.case_id}").json()
    assert told["case"]["photo_doubts"] == 1
    assert [doubt["doubt_text"] for doubt in told["photo_doubts"]] == ["两张照片是同一画面"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (photos(close_up=b""), "两张不同的照片"),
        (photos()[:1], "两张不同的照片"),
        ([], "两张不同的照片"),
        (photos(OVERVIEW, OVERVIEW), "两张不同的照片"),
        (photos(overview=b"%PDF-1.7 evil"), "全景照片"),
        (photos(close_up=b"<svg onload=alert(1)>"), "近景照片"),
    ],
    ids=["empty", "one", "none", "the same", "pdf", "svg"],
)
def test_photos_that_prove_nothing_are_refused_on_the_page_itself(
    client: TestClient, rig: CentreRig, blind_place: str, files: Files, words: str
) -> None:
    case, address = at_the_photos(rig, blind_place)
    answer = send_photos(client, address, files)
    assert answer.status_code == 422
    assert words in answer.text
    assert read(answer.text).files == ["overview", "close_up"], "the form is there for another try"
    assert state_of(rig, case) is CaseState.IN_PROGRESS


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/passwd", "CON", "a\x00.jpg", "x" * 300, "照片.jpg"]
)
def test_the_name_of_a_file_is_never_used(
    client: TestClient, rig: CentreRig, blind_place: str, name: str
) -> None:
    case, address = at_the_photos(rig, blind_place)
    assert send_photos(client, address, photos(name=name)).status_code in (303, 400, 422)
    for sha256 in rig.pictures.stored:
        assert re.fullmatch("[0-9a-f]{64}", sha256)
    assert name not in client.get(address).text
    assert case.crew_id


def test_a_photo_that_is_too_large_is_refused_with_a_way_back(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case, address = at_the_photos(rig, blind_place)
    answer = send_photos(client, address, photos(overview=JPEG_START + bytes(6 * 1024 * 1024)))
    assert answer.status_code == 413
    assert f'href="{address}"' in answer.text
    assert state_of(rig, case) is CaseState.IN_PROGRESS
    assert rig.photo_intake.admitted == 0


def test_a_form_that_is_larger_than_two_photos_is_not_even_read(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    _, address = at_the_photos(rig, blind_place)
    answer = send_photos(client, address, photos(overview=bytes(13 * 1024 * 1024)))
    assert answer.status_code == 413
    assert "text/html" in answer.headers["content-type"]


def test_only_the_photo_form_may_be_large(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    address = f"/c/{rig.token(rig.report(blind_place))}"
    answer = client.post(f"{address}/accept", data={"key": "k" * 70_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "files",
    [
        [*photos(), ("more", ("p.jpg", OVERVIEW, "image/jpeg"))],
        [(f"field-{number}", ("p", b"x", "text/plain")) for number in range(500)],
    ],
    ids=["three files", "500 files"],
)
def test_a_form_with_more_parts_than_ours_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str, files: Files
) -> None:
    case, address = at_the_photos(rig, blind_place)
    assert send_photos(client, address, files).status_code == 400
    assert state_of(rig, case) is CaseState.IN_PROGRESS


def test_a_form_with_thousands_of_fields_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    address = f"/c/{rig.token(rig.report(blind_place))}"
    fields = {f"field-{number}": "x" for number in range(3000)}
    assert client.post(f"{address}/accept", data=fields).status_code == 400


@pytest.mark.parametrize(
    "data",
    [{}, {"key": ""}, {"key": "short"}, {"key": "UPPER-CASE-KEY"}, {"key": "x" * 81}],
    ids=str,
)
def test_a_step_without_its_key_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str, data: dict[str, str]
) -> None:
    case = rig.report(blind_place)
    answer = client.post(f"/c/{rig.token(case)}/accept", data=data)
    assert answer.status_code == 422
    assert rig.book.case(case.case_id) == case


def test_a_body_that_is_no_form_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case, address = at_the_photos(rig, blind_place)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"--x\r\nbroken", b"\xff" * 1000, b""):
        answer = client.post(f"{address}/finish", content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert "text/html" in answer.headers["content-type"]
    assert state_of(rig, case) is CaseState.IN_PROGRESS


def test_a_note_is_shown_as_text_never_as_markup(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    rig.finish(case)
    rig.move(case, CaseAction.SEND_BACK, Actor.INSPECTOR, note="<script>alert(1)</script>")
    page = client.get(f"/c/{rig.token(case)}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_forged_link_shows_a_page_that_helps_and_nothing_else(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    token = rig.token(rig.report(blind_place))
    forged = [token[:-2], token + "x", "x", "x" * 5000, f"{token}.", token.replace(".", "", 1)]
    for candidate in forged:
        for answer in (
            client.get(f"/c/{candidate}"),
            client.post(f"/c/{candidate}/accept", data={"key": "some-key-1"}),
            client.post(f"/c/{candidate}/finish", data={"key": "some-key-1"}, files=photos()),
        ):
            assert answer.status_code == 404
            assert "链接无效" in answer.text
    assert rig.photo_intake.admitted == 0


def test_an_expired_link_says_so_and_takes_no_step(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    address = f"/c/{rig.token(case)}"
    rig.clock.advance(hours=73)
    assert client.get(address).status_code == 410
    answer = client.post(f"{address}/accept", data={"key": "some-key-1"})
    assert answer.status_code == 410
    assert "链接已过期" in answer.text
    assert state_of(rig, case) is CaseState.DISPATCHED


def test_a_crew_cannot_work_on_the_case_of_another_crew(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    other = next(c for c in rig.registry.current().crews if c != case.crew_id)
    token = rig.links.link(crew_id=other, case_id=case.case_id).rpartition("/")[2]
    answer = client.post(f"/c/{token}/accept", data={"key": "some-key-1"})
    assert answer.status_code == 410
    assert case.number not in answer.text
    assert rig.book.case(case.case_id) == case


def test_the_language_is_chinese_unless_asked_and_stays_as_chosen(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    address = f"/c/{rig.token(rig.report(blind_place))}"
    assert '<html lang="zh-CN">' in client.get(address).text
    english = {"accept-language": "en-US,en;q=0.9"}
    assert '<html lang="en">' in client.get(address, headers=english).text
    assert '<html lang="zh-CN">' in client.get(f"{address}?lang=zh-CN", headers=english).text
    chosen = press(client, f"{address}?lang=en")
    assert '<html lang="en">' in chosen.text
    assert read(chosen.text).forms[0]["action"].endswith("/arrive?lang=en")


def test_a_browser_that_hides_the_page_it_comes_from_may_take_the_step(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    (form,) = read(client.get(f"/c/{rig.token(case)}").text).forms
    data = {"key": form["key"]}
    foreign = client.post(form["action"], data=data, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert state_of(rig, case) is CaseState.DISPATCHED
    hidden = client.post(form["action"], data=data, headers={"origin": "null"})
    assert hidden.status_code == 303
    assert state_of(rig, case) is CaseState.IN_PROGRESS


def test_a_page_without_script_or_foreign_host_is_all_there_is(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    _, address = at_the_photos(rig, blind_place)
    page = client.get(address)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", page.text)
    assert not re.search(r"<script(?! src=\"/assets/)|\son[a-z]+=|\sstyle=", page.text)
    for asset in re.findall(r'"(/assets/[^"]+)"', page.text):
        assert client.get(asset).status_code == 200
    assert page.headers["cache-control"] == "no-store"


def test_a_task_page_looks_again_by_itself_but_never_while_photos_are_chosen(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    address = f"/c/{rig.token(case)}"
    assert 'http-equiv="refresh"' in client.get(address).text
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    rig.move(case, CaseAction.ARRIVE, Actor.CREW)
    assert 'http-equiv="refresh"' not in client.get(address).text
