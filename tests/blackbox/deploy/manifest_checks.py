"""Checks Kubernetes manifests against the types of kubernetes.toml, and what ties their parts."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from image_checks import expect

TABLE = tomllib.loads(Path(__file__).with_name("kubernetes.toml").read_text())
TYPES: dict[str, list[str]] = TABLE["types"]
PLAIN = {"text": str, "number": int, "bool": bool, "labels": dict}
QUANTITY = re.compile(r"\d+(m|[KMG]i?)?")


def check(text: str) -> list[tuple[str, str]]:
    """Raises image_checks.Wrong for anything that the types don't know; returns kinds and names."""
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        name = f"{document.get('apiVersion')} {document.get('kind')}"
        expect(name in TABLE["kinds"], f"{name}: unknown")
        check_value(document["kind"], TABLE["kinds"][name], document)
        for template in templates(document):
            check_machine(template)
    labels = [one["metadata"]["labels"] for document in documents for one in templates(document)]
    for document in documents:
        if document["kind"] == "Service":
            chosen = document["spec"]["selector"].items()
            expect(any(chosen <= one.items() for one in labels), f"{dict(chosen)}: no machine")
    return [(document["kind"], document["metadata"]["name"]) for document in documents]


def check_value(where: str, kind: str, value: Any) -> None:
    if kind.startswith("["):
        expect(isinstance(value, list) and value, f"{where}: must be a list")
        for number, one in enumerate(value):
            check_value(f"{where}[{number}]", kind.strip("[]"), one)
    elif kind in TYPES:
        check_object(where, kind, value)
    elif kind in PLAIN:
        right = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        expect(right, f"{where}: {value!r} is no {kind}")
    elif kind == "quantity":
        expect(QUANTITY.fullmatch(str(value)), f"{where}: {value!r} is no quantity")
    elif kind == "empty":
        expect(value == {}, f"{where}: must be {{}}")
    else:
        expect(value in kind.split("|"), f"{where}: {value!r} is none of {kind}")


def check_object(where: str, kind: str, value: Any) -> None:
    expect(isinstance(value, dict), f"{where}: must be an object")
    fields = dict(text.split(" ", 1) for text in TYPES[kind])
    for name in value:
        expect(name in fields or f"{name}!" in fields, f"{where}.{name}: unknown")
    for name, one in fields.items():
        key = name.rstrip("!")
        expect(key in value or key == name, f"{where}.{key}: must be there")
        if key in value:
            check_value(f"{where}.{key}", one, value[key])


def templates(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The instances that a document describes."""
    spec = document["spec"]
    if document["kind"] == "VirtualMachinePool":
        chosen = spec["selector"]["matchLabels"].items()
        labels = spec["virtualMachineTemplate"]["metadata"].get("labels", {})
        expect(chosen <= labels.items(), "the pool's selector: must match its machines' labels")
        spec = spec["virtualMachineTemplate"]["spec"]
    return [spec["template"]] if "template" in spec else []


def check_machine(template: dict[str, Any]) -> None:
    """Each disk has its volume, each interface its network, each one probe an action."""
    spec = template["spec"]
    devices = spec["domain"]["devices"]
    for one, other in (("disks", spec["volumes"]),
                       ("interfaces", spec.get("networks", []))):
        names = [device["name"] for device in devices.get(one, [])]
        expect(sorted(names) == sorted(entry["name"] for entry in other), f"{one}: {names}")
    for probe in ("readinessProbe", "livenessProbe"):
        expect("httpGet" in spec.get(probe, {"httpGet": {}}), f"{probe}: needs an action")
