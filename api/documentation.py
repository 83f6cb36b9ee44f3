"""The API's documentation as a page of our own: no script, nothing from a foreign host."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.page_rendering import render
from api.request_facts import Parts, Reader

router = APIRouter(include_in_schema=False)

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field or parameter: its name, its type in a word, and what is said about it."""

    name: str
    kind: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Field, ...]
    body: str | None
    body_example: str | None
    answers: tuple[Field, ...]


@router.get("/docs")
def documentation(request: Request, parts: Parts, locale: Reader) -> HTMLResponse:
    """Show every operation and every schema of the OpenAPI document."""
    document: Schema = request.app.openapi()
    return HTMLResponse(
        render(
            "documentation.html",
            locale,
            parts.catalogue,
            title=document["info"]["title"],
            version=document["info"]["version"],
            about=document["info"]["description"].split("\n\n"),
            groups=groups_of(document),
            schemas=schemas_of(document),
        )
    )


def groups_of(document: Schema) -> dict[str, list[Operation]]:
    """Return the operations of an OpenAPI document by their first tag."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation, document))
    return groups


def schemas_of(document: Schema) -> dict[str, tuple[Field, ...]]:
    """Return the fields of every object schema of an OpenAPI document."""
    return {
        name: tuple(
            Field(
                name=field,
                kind=_kind(schema),
                required=field in described.get("required", ()),
                about=schema.get("description", ""),
            )
            for field, schema in described["properties"].items()
        )
        for name, described in document["components"]["schemas"].items()
        if "properties" in described
    }


def _operation(method: str, path: str, operation: Schema, document: Schema) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema")
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        about=operation.get("description", ""),
        parameters=tuple(
            Field(
                name=parameter["name"],
                kind=f"{parameter['in']}: {_kind(parameter['schema'])}",
                required=parameter.get("required", False),
                about=parameter.get("description", ""),
            )
            for parameter in operation.get("parameters", ())
        ),
        body=_kind(schema) if schema else None,
        body_example=_example(schema, document) if schema else None,
        answers=tuple(
            Field(
                name=status,
                kind=_kind(answer.get("content", {}).get("application/json", {}).get("schema")),
                required=False,
                about=answer.get("description", ""),
            )
            for status, answer in operation["responses"].items()
        ),
    )


def _example(schema: Schema, document: Schema) -> str | None:
    name = schema.get("$ref", "").rpartition("/")[2]
    examples = document["components"]["schemas"].get(name, {}).get("examples", ())
    return json.dumps(examples[0], ensure_ascii=False, indent=2) if examples else None


def _kind(schema: Schema | None) -> str:
    """A schema in a word or two, such as ``CaseAnswer[]`` or ``string or null``."""
    if not schema:
        return ""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items'))}[]"
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
