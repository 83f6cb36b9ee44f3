"""The simulator's pages: what they show, what they change, what they refuse."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from domain.places import AreaKind
from firmware_sim.camera_server import CameraFault
from firmware_sim.http_app import create_simulator_app
from firmware_sim.phone_inbox import PhoneFault
from firmware_sim.sample_photos import Condition, Shot
from tests.fakes.http_client import TestClient
from tests.fakes.simulator_rig import SimulatorRig, district, simulator_rig

PLACE_ID, CONTAINER_ID, CAMERA_ID = "place-001", "bin-001-a", "cam-001"
PAGES = ("/", "/?lang=en", "/phone/crew-visitor", "/phone/crew-visitor?lang=en")


@pytest.fixture
def rig() -> SimulatorRig:
    return simulator_rig()


@pytest.fixture
def client(rig: SimulatorRig) -> Iterator[TestClient]:
    app = create_simulator_app(rig.parts)
    with TestClient(app, base_url="http://127.0.0.1:8010", follow_redirects=False) as client:
        yield client


def message(title: str = "新任务", text: str = "东关:垃圾满溢") -> bytes:
    return json.dumps(
        {
            "schema": 1,
            "message_id": "m-1",
            "key": "k-1",
            "to": "crew-visitor",
            "title": title,
            "text": text,
            "link": "http://127.0.0.1:8000/c/token",
            "level": "new",
            "repeat": False,
            "sent_at": "2026-03-03T00:31:00Z",
        }
    ).encode()


def deliver(client: TestClient, body: bytes, crew_id: str = "crew-visitor") -> tuple[int, int]:
    response = client.post(f"/phone/{crew_id}", content=body, headers={"idempotency-key": "m-1"})
    return response.status_code, response.json()["code"]


class Addresses(HTMLParser):
    """Collects every address that a page makes a browser load or send to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.loaded += [values[key] or "" for key in ("src", "action") if key in values]
        if tag == "link":
            self.loaded.append(values.get("href") or "")
        self.inline += [key for key in values if key == "style" or key.startswith("on")]


def test_the_control_page_shows_every_place_with_its_true_fill(
    client: TestClient, rig: SimulatorRig
) -> None:
    html = client.get("/").text
    for place in district().registry.places.values():
        assert place.name.zh in html
    assert html.count('class="bin"') == len(district().registry.containers)
    for area in AreaKind:
        assert f'id="{area.value}"' in html
    rig.world.overfill(CONTAINER_ID, rig.clock.now())
    rig.clock.advance(minutes=1)
    row = re.search(
        rf'id="live-{CONTAINER_ID}".*?</span>\s*</span>', client.get("/").text, re.DOTALL
    )
    assert row is not None
    assert "112%" in row[0]
    assert "overfull" in row[0]


def test_business_time_is_shown_in_shanghai_and_the_running_speed_is_marked(
    client: TestClient, rig: SimulatorRig
) -> None:
    assert ">06:30<" in client.get("/").text
    client.post("/clock", data={"speed": "0"})
    assert rig.control.speed == 0
    assert re.search(r'value="0" aria-pressed="true"', client.get("/").text)


@pytest.mark.parametrize("speed", ["", "2", "1e9", "-1", "nan", "60.0"])
def test_only_offered_speeds_can_be_set(client: TestClient, rig: SimulatorRig, speed: str) -> None:
    assert client.post("/clock", data={"speed": speed}).status_code == 404
    assert rig.control.speed == 60


def test_the_buttons_change_the_world(client: TestClient, rig: SimulatorRig) -> None:
    rig.clock.advance(minutes=1)
    answer = client.post(f"/places/{PLACE_ID}/overfill", data={"container_id": CONTAINER_ID})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/#{PLACE_ID}")
    client.post(f"/places/{PLACE_ID}/drop", data={"kind": "bag"})
    rig.clock.advance(seconds=2)
    dirty = rig.world.truth(PLACE_ID, rig.clock.now())
    assert dirty.levels[CONTAINER_ID] > 1
    assert len(dirty.ground) >= 4
    client.post(f"/places/{PLACE_ID}/clean")
    rig.clock.advance(seconds=2)
    assert not rig.world.truth(PLACE_ID, rig.clock.now()).problems


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/places/place-999/overfill", {"container_id": CONTAINER_ID}),
        (f"/places/{PLACE_ID}/overfill", {"container_id": "bin-002-a"}),
        (f"/places/{PLACE_ID}/overfill", {}),
        ("/places/place-999/drop", {"kind": "bag"}),
        (f"/places/{PLACE_ID}/drop", {"kind": "bomb"}),
        ("/places/place-999/clean", {}),
        ("/cameras/cam-999/fault", {"fault": "black"}),
        (f"/cameras/{CAMERA_ID}/fault", {"fault": "on_fire"}),
        ("/phone/crew-nobody/fault", {"fault": "timeout"}),
        ("/phone/crew-visitor/fault", {"fault": "lost"}),
        ("/phone/crew-nobody/read", {"through": "1"}),
        ("/phone/crew-visitor/read", {"through": "-1"}),
        ("/phone/crew-visitor/read", {"through": "\uff11"}),
        ("/phone/crew-nobody", {}),
    ],
)
def test_unknown_ids_and_words_are_not_found(
    client: TestClient, path: str, form: dict[str, str]
) -> None:
    assert client.post(path, data=form).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/cameras/cam-999/snapshot.jpg",
        "/cameras/%2e%2e/snapshot.jpg",
        "/phone/crew-nobody",
        "/samples/place-999/clean/overview.jpg",
        f"/samples/{PLACE_ID}/dirty/overview.jpg",
        f"/samples/{PLACE_ID}/clean/portrait.jpg",
        "/assets/layout.html",
        "/assets/%2e%2e%2fhttp_app.py",
        "/docs",
        "/openapi.json",
    ],
)
def test_unknown_addresses_are_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/clock",
        f"/places/{PLACE_ID}/overfill",
        f"/places/{PLACE_ID}/drop",
        f"/places/{PLACE_ID}/clean",
        f"/cameras/{CAMERA_ID}/fault",
        "/phone/crew-visitor/read",
        "/phone/crew-visitor/fault",
    ],
)
def test_a_get_changes_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_page_is_refused(
    client: TestClient, rig: SimulatorRig, headers: dict[str, str]
) -> None:
    assert client.post("/clock", data={"speed": "0"}, headers=headers).status_code == 403
    assert rig.control.speed == 60
    assert rig.counted("refused_requests", reason="foreign_origin") == 1


def test_a_form_of_our_own_page_is_taken(client: TestClient, rig: SimulatorRig) -> None:
    headers = {"origin": "http://127.0.0.1:8010", "sec-fetch-site": "same-origin"}
    assert client.post("/clock", data={"speed": "1"}, headers=headers).status_code == 303
    assert rig.control.speed == 1


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example:8010", ""])
def test_a_foreign_host_name_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


def test_a_body_without_end_is_refused(client: TestClient, rig: SimulatorRig) -> None:
    large = b"x" * 70_000
    for path in ("/phone/crew-visitor", "/clock", "/phone/crew-visitor/read"):
        assert client.post(path, content=large).status_code == 413
    assert rig.counted("refused_requests", reason="body_too_large") == 3


@pytest.mark.parametrize("body", [b"\xff\xfe=1", "&".join(["a=1"] * 40).encode(), b"speed=%ff"])
def test_an_unreadable_form_is_refused(client: TestClient, body: bytes) -> None:
    assert client.post("/clock", content=body).status_code in {400, 404}


def test_a_camera_answers_with_a_jpeg_and_an_unreachable_one_with_503(client: TestClient) -> None:
    path = f"/cameras/{CAMERA_ID}/snapshot.jpg"
    answer = client.get(path)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    client.post(f"/cameras/{CAMERA_ID}/fault", data={"fault": CameraFault.UNREACHABLE.value})
    assert client.get(path).status_code == 503
    assert 'value="unreachable" selected' in client.get("/").text


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("place_id", [PLACE_ID, "place-002"])
def test_sample_photos_fit_a_proof(client: TestClient, place_id: str, condition: Condition) -> None:
    photos = [client.get(f"/samples/{place_id}/{condition}/{shot}.jpg").content for shot in Shot]
    assert all(photo[:2] == b"\xff\xd8" and len(photo) < 256 * 1024 for photo in photos)
    assert photos[0] != photos[1]


def test_a_message_reaches_the_phone_and_its_page(client: TestClient, rig: SimulatorRig) -> None:
    assert deliver(client, message(title="<b>满溢</b>")) == (200, 0)
    html = client.get("/phone/crew-visitor").text
    assert "&lt;b&gt;满溢&lt;/b&gt;" in html
    assert 'href="http://127.0.0.1:8000/c/token"' in html
    assert rig.inbox.unread("crew-visitor") == 1
    client.post("/phone/crew-visitor/read", data={"through": "1"})
    assert rig.inbox.unread("crew-visitor") == 0


def test_looking_at_the_phone_page_does_not_mark_messages_read(
    client: TestClient, rig: SimulatorRig
) -> None:
    deliver(client, message())
    client.get("/phone/crew-visitor")
    assert rig.inbox.unread("crew-visitor") == 1
    assert "1 条未读" in client.get("/").text


def test_a_message_that_is_not_as_promised_is_refused_with_a_code(client: TestClient) -> None:
    assert deliver(client, b'{"schema":1}') == (400, 40035)


def test_a_rate_limited_messenger_answers_200_with_an_error_code(client: TestClient) -> None:
    client.post("/phone/crew-visitor/fault", data={"fault": PhoneFault.RATE_LIMITED.value})
    assert deliver(client, message()) == (200, 45009)
    assert deliver(client, message(), crew_id="crew-visitor") == (200, 45009)


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_foreign_hosts_and_nothing_inline(
    client: TestClient, path: str
) -> None:
    deliver(client, message())
    answer = client.get(path)
    addresses = Addresses(answer.text)
    assert addresses.loaded
    assert all(re.match(r"/[^/]", address) for address in addresses.loaded)
    assert addresses.inline == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_every_asset_of_a_page_is_there(client: TestClient) -> None:
    loaded = set(Addresses(client.get("/").text).loaded)
    assets = {address for address in loaded if address.startswith("/assets/")}
    assert len(assets) == 2
    for address in assets | {f"/cameras/{CAMERA_ID}/snapshot.jpg"}:
        assert address in loaded
        assert client.get(address).status_code == 200


def test_a_chosen_language_is_remembered_and_chinese_is_the_default(client: TestClient) -> None:
    assert '<html lang="zh-CN">' in client.get("/").text
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert '<html lang="en">' in client.get("/phone/crew-visitor").text
    assert '<html lang="zh-CN">' in client.get("/?lang=zh").text
    assert '<html lang="zh-CN">' in client.get("/").text
