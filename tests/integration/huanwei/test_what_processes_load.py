"""Each process loads only the libraries of its own work: the demo's memory is the sum of all."""

import subprocess
import sys

import pytest

DATABASES = {"sqlalchemy", "psycopg", "alembic", "influxdb_client"}
PAGES = {"fastapi", "uvicorn", "nicegui", "jinja2", "httpx", "babel"}
PICTURES = {"numpy", "cv2", "onnxruntime"}

DOES_WITHOUT = {
    "demo": DATABASES | PAGES | PICTURES | {"paho"},
    "edge": DATABASES | PAGES | PICTURES,
    "ingest": DATABASES | PAGES | {"cv2", "onnxruntime"},
    "alerts": DATABASES - {"sqlalchemy"} | {"nicegui", "cv2", "onnxruntime", "paho"},
    "centre": DATABASES - {"sqlalchemy"} | {"cv2", "onnxruntime", "paho"},
    "sim": DATABASES | {"nicegui", "onnxruntime"},
}


@pytest.mark.parametrize("process", DOES_WITHOUT)
def test_a_process_does_without_the_libraries_of_others(process: str) -> None:
    code = f"import sys, huanwei.{process}; print(*sys.modules)"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert DOES_WITHOUT[process] & set(out.stdout.split()) == set()
