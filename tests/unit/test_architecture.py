import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_CODE = {"tests", "docs", "deploy", "var"}


def folders_with_code() -> set[str]:
    return {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir()
        and not path.name.startswith(".")
        and path.name not in NOT_CODE
        and any(path.rglob("*.py"))
    }


def pyproject() -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_package_escapes_the_import_contracts_the_types_or_the_wheel() -> None:
    tool = pyproject()["tool"]
    wheel = tool["hatch"]["build"]["targets"]["wheel"]["packages"]  # type: ignore[index]

    assert set(tool["importlinter"]["root_packages"]) == folders_with_code()  # type: ignore[call-overload]
    assert set(tool["mypy"]["packages"]) == folders_with_code() | {"tests"}  # type: ignore[call-overload]
    assert set(wheel) == folders_with_code()


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in folders_with_code()
        for path in (ROOT / folder).rglob("*.py")
        if not path.read_text(encoding="utf-8").startswith(('"""', 'r"""'))
    ]

    assert silent == []


def test_no_module_grows_beyond_five_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in folders_with_code()
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }

    assert long == {}


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty_words = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base"}

    named = [
        path
        for f in folders_with_code()
        for path in (ROOT / f).rglob("*")
        if path.stem in empty_words
    ]

    assert named == []


def test_the_base_modules_import_neither_a_server_nor_a_picture_library() -> None:
    # A command line that only prints its version must not load what it does not use.
    code = (
        "import sys, huanwei.command_line;"
        "print([m for m in ('cv2', 'numpy', 'nicegui', 'fastapi', 'paho') if m in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"
