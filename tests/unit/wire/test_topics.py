import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import ID_PATTERN
from wire import topics

ids = st.from_regex(ID_PATTERN, fullmatch=True)


@given(ids)
def test_every_topic_gives_back_the_id_it_was_made_from(some_id: str) -> None:
    assert topics.gateway_of_up(topics.up_topic(some_id)) == some_id
    assert topics.gateway_of_picture(topics.picture_topic(some_id)) == some_id
    assert topics.device_of(topics.device_topic(some_id)) == some_id


def test_the_shard_of_a_gateway_never_changes() -> None:
    assert [topics.shard_of(each) for each in ("gw-1", "gw-2", "gw-0001")] == [6, 28, 1]


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "huanwei/v1/up/0/gw-1",
        "huanwei/v1/up/6/gw-1/more",
        "huanwei/v1/up/06/gw-1",
        "huanwei/v1/up/6/GW-1",
        "huanwei/v1/up/6/",
        "huanwei/v2/up/6/gw-1",
        "huanwei/v1/picture/6/gw-1",
        "/huanwei/v1/up/6/gw-1",
    ],
)
def test_a_foreign_topic_is_no_batch_of_a_gateway(topic: str) -> None:
    assert topics.gateway_of_up("huanwei/v1/up/6/gw-1") == "gw-1"
    assert topics.gateway_of_up(topic) is None


@pytest.mark.parametrize(
    "device_id", ["..", "a b", "ab", "sensor-1\n", "\uff53ensor", "PROBE-gw-1"]
)
def test_what_is_no_id_is_no_device(device_id: str) -> None:
    assert topics.device_of(topics.device_topic(device_id)) is None


def test_only_uplinks_of_chirpstack_are_read() -> None:
    topic = topics.chirpstack_topic("app", "0102030405060a01")
    assert topics.dev_eui_of_chirpstack(topic) == "0102030405060a01"
    assert topics.dev_eui_of_chirpstack(topic.replace("/up", "/join")) is None
    assert topics.dev_eui_of_chirpstack(topic.upper()) is None
    assert topics.dev_eui_of_chirpstack("eu868/gateway/0102030405060a01/event/up") is None


def test_a_probe_fits_its_filter_and_can_be_no_device() -> None:
    device, chirpstack = topics.probe_topics("gw-1")
    assert topics.is_probe(device)
    assert topics.is_probe(chirpstack)
    assert topics.device_of(device) is None
    assert topics.dev_eui_of_chirpstack(chirpstack) is None
    assert not topics.is_probe(topics.device_topic("probe-gw-1"))
