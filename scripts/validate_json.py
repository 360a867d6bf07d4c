#!/usr/bin/env python3
"""Validates wireproof's JSON against its published schema with python3-jsonschema.

usage: validate_json.py [--schema FILE] [--stream] [FILE...]

Reads standard input without FILE. --stream: NDJSON as --json-stream writes it; the document in its
"result" event is validated, and every other line must be a known event. A torn last line (the run
was killed) is reported, not refused. Exit code: 0 all valid, 1 not, 2 usage or no validator.
"""
import argparse
import datetime
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("validate_json: python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(2)

SCHEMA = pathlib.Path(__file__).parent.parent / "docs/schema/result-1.0.schema.json"
# Sums that JSON Schema cannot say (docs: "Counts"): total = sum of parts.
DUT_FATES = ("forwarded", "dropped", "queue_dropped", "pool_dropped", "oversize_dropped", "unsent")
SUMS = [("intended", ("offered", "unsent")), ("offered", ("unique", "lost")),
        ("received", ("unique", "duplicate"))]


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key occurs twice among {keys}")
    return dict(pairs)


def no_constant(word):
    raise ValueError(f"{word} is not JSON")


def parse(text):
    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constant)


def directions(document):
    for number, trial in enumerate(document.get("trials", [])):
        for direction in trial["directions"]:
            yield f"trials[{number}] {direction['from']} -> {direction['to']}", direction


def broken_sums(document):
    for where, direction in directions(document):
        counts, explained = direction["counts"], sum(direction["attribution"].values())
        for total, parts in SUMS:
            if total in counts and all(part in counts for part in parts):
                if counts[total] != sum(counts[part] for part in parts):
                    yield f"{where}: {total} is not {' + '.join(parts)}"
        if explained != counts.get("lost", 0) + counts["unsent"]:
            yield f"{where}: the attribution does not add up to lost + unsent"


def broken_dut_sums(document):
    if document.get("kind") != "dut":
        return
    for direction in document["result"].get("directions", []):
        counts = direction["counts"]
        if counts["arrived"] + counts["duplicated"] != sum(counts[fate] for fate in DUT_FATES):
            yield f"{direction['from']} -> {direction['to']}: the fates do not add up"


def broken_instant(document):
    """The format check of date-time needs a package that Debian does not install with the rest."""
    if "started_at" not in document:  # the doctor's: about a host, not a run
        return
    try:
        datetime.datetime.fromisoformat(document["started_at"][:19])
    except ValueError as error:
        yield f"$.started_at: {error}"


def problems(document, validator):
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    return found or [*broken_sums(document), *broken_dut_sums(document), *broken_instant(document)]


def stream_document(text):
    """The result event's document; raises ValueError when the stream has none."""
    lines = text.split("\n")
    if lines[-1]:
        print("validate_json: the last line is torn and was left out", file=sys.stderr)
    document = None
    for line in lines[:-1]:
        event = parse(line)
        if document is not None:
            raise ValueError("an event follows the result")
        if event.get("event") not in ("trial", "interval", "progress", "result"):
            raise ValueError(f"unknown event {event.get('event')!r}")
        if event["event"] == "result":
            document = event["document"]
    if document is None:
        raise ValueError("no result event")
    return document


def validate(name, text, stream, validator):
    try:
        document = stream_document(text) if stream else parse(text)
    except (ValueError, RecursionError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    found = problems(document, validator)
    for problem in found[:20]:
        print(f"{name}: {problem}", file=sys.stderr)
    return not found


def load_validator(path=SCHEMA):
    schema = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schema", default=SCHEMA)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("files", nargs="*", default=["-"])
    arguments = parser.parse_args()
    validator = load_validator(arguments.schema)
    good = True
    for name in arguments.files:
        try:
            text = sys.stdin.read() if name == "-" else pathlib.Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            good = False
            continue
        good = validate(name, text, arguments.stream, validator) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
