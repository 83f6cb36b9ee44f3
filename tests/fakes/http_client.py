"""The framework's test client, which warns that it would rather stand on httpx's successor.

That successor is not among our libraries, so this one import, and nothing else, may warn.
"""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
    from fastapi.testclient import TestClient

__all__ = ["TestClient"]
