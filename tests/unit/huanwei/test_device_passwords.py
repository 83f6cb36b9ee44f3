import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huanwei.broker.device_passwords import BadPasswordFileError, passwords_of, read_passwords
from huanwei.broker.mosquitto import format_topics
from huanwei.broker.password_hashes import bcrypt_hash, mosquitto_hash
from huanwei.broker.users import format_users, users_of_one_site, with_own_accounts

NAMES = st.text("abcdefghij-_", min_size=3, max_size=8)
USERS = users_of_one_site(
    gateway_id="gw-one",
    gateway_password="g",  # noqa: S106  of nobody
    ingest_password="i",  # noqa: S106
    devices_password="d",  # noqa: S106
    admin_password="a",  # noqa: S106
)


@given(st.sets(NAMES), st.dictionaries(NAMES, st.just("old")), st.sets(NAMES))
def test_held_passwords_stay_but_the_renewed_ones(
    names: set[str], held: dict[str, str], renew: set[str]
) -> None:
    made = passwords_of(names, held=held, renew=frozenset(renew), make=lambda: "new")

    assert made == {
        name: "old" if name in held and name not in renew else "new" for name in sorted(names)
    }


def test_two_devices_never_get_the_same_password() -> None:
    assert len(set(passwords_of([f"bin-{n}" for n in range(500)], held={}).values())) == 500


def test_a_damaged_file_of_passwords_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "device-passwords.json"
    path.write_text('{"bin-one": 7}', "utf-8")

    with pytest.raises(BadPasswordFileError, match="not names and passwords"):
        read_passwords(path)


def test_mosquittos_hash_is_the_one_that_its_own_program_makes() -> None:
    # By `mosquitto_passwd -U` 2.0.11 from "secret"; only salt and rounds are taken from it.
    made = (
        "$7$101$30O4Xym6ml7JTWQP$4I9fVuSUVPhVczUlTLwows19+jTjTjPQvweCQewW7Zv"
        "JF9ysDGabqT2Aw3w3jfAKRVXQd5URoRfnsMDAAVYf2Q=="
    )
    import base64  # noqa: PLC0415  for this one

    salt = base64.b64decode(made.split("$")[3])
    digest = hashlib.pbkdf2_hmac("sha512", b"secret", salt, 101)

    assert made.split("$")[4] == base64.b64encode(digest).decode()
    assert mosquitto_hash("a", "secret").split("$")[:3] == made.split("$")[:3]


def test_the_same_password_gives_the_same_hash_and_another_another() -> None:
    for hash_of in (bcrypt_hash, mosquitto_hash):
        assert hash_of("bin-one", "x" * 32) == hash_of("bin-one", "x" * 32)
        assert hash_of("bin-one", "x" * 32) != hash_of("bin-two", "x" * 32)
        assert hash_of("bin-one", "x" * 32) != hash_of("bin-one", "y" * 32)
    assert bcrypt_hash("bin-one", "x" * 32).startswith("$2b$04$")


def test_with_own_accounts_nobody_speaks_for_devices_but_the_network_server() -> None:
    users = with_own_accounts(USERS, gateways={"gw-two": "2"}, devices={"bin-one": "b"})

    may = {user.name: user.publish for user in users}
    assert may["bin-one"] == ("huanwei.v1.dev.bin-one.up",)
    assert may["devices"] == ("application.*.device.*.event.*",)
    assert "huanwei.v1.up.*.gw-two" in may["gw-two"]
    subjects = [subject for name in may for subject in may[name]]
    assert [each for each in subjects if "huanwei.v1.dev" in each and "PROBE-" not in each] == [
        "huanwei.v1.dev.bin-one.up"
    ]


def test_hashed_users_have_no_password_in_their_text() -> None:
    text = format_users(
        with_own_accounts(USERS, gateways={}, devices={"bin-one": "p" * 32}), hashed=True
    )

    assert "p" * 32 not in text
    assert text.count('"$2b$04$') == len(USERS) + 1


def test_mosquitto_gets_topics_with_its_own_wildcards() -> None:
    text = format_topics(USERS)

    assert "topic read huanwei/v1/up/#" in text
    assert "topic write huanwei/v1/up/+/gw-one" in text
    assert "user admin" not in text
    assert json.dumps(text).count("user devices") == 1
