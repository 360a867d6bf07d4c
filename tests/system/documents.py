"""The JSON that the program writes, held to the published schemas by a validator of its own.

harness.py has every run's document checked here, whether a case looks at it or not; a case that
does gets it from document() or stream(). Each schema is read once.
"""

import functools
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import validate_json  # noqa: E402  (lives with the scripts)

KILLED = -9


@functools.cache
def validator(schema):
    """Of a document that calls itself so: "wireproof/result" and the like."""
    kind = str(schema).removeprefix("wireproof/")
    path = os.path.join(ROOT, "docs", "schema", f"{kind}-1.0.schema.json")
    assert os.path.exists(path), f"no schema is published for {schema!r}"
    return validate_json.load_validator(path)


def valid(found):
    """The document, which is valid by the schema that it names."""
    assert isinstance(found, dict) and "schema" in found, f"names no schema: {str(found)[:300]}"
    problems = validate_json.problems(found, validator(found["schema"]))
    assert not problems, problems[:20]
    return found


@functools.lru_cache(maxsize=8)
def _checked(text):
    """Once for each text: a case looks at what the harness has checked."""
    valid(validate_json.parse(text))


def document(text):
    """The one JSON document that a text is, valid by its published schema."""
    try:
        found = validate_json.parse(text)
    except ValueError as error:
        raise AssertionError(f"not one JSON document: {error}: {text[-300:]!r}") from error
    _checked(text)
    return found


def stream(text):
    """The document at the end of what --json-stream wrote, valid by its published schema."""
    try:
        found = validate_json.stream_document(text)
    except ValueError as error:
        raise AssertionError(f"not a stream of events: {error}: {text[-300:]!r}") from error
    return valid(found)


def wants(words):
    """Where the JSON of a command goes: "stream", "-" (standard output), a file, or None."""
    if "--json-stream" in words:
        return "stream"
    for number, word in enumerate(words):
        if word.startswith("--json="):
            return word.removeprefix("--json=") or "-"
        if word in ("-J", "--json"):
            following = words[number + 1:number + 2]
            named = following and following[0] and not following[0].startswith("-")
            return following[0] if named else "-"
    return None


def check_run(words, code, out):
    """After a run of the program with these arguments: what it wrote is valid, if it lived to."""
    where = wants(words)
    if code == KILLED or where is None or {"-h", "--help", "-V", "--version"} & set(words):
        return
    if where == "stream":
        if out:
            stream(out)
    elif where == "-" or out.startswith("{"):  # an interface behind --json is no file
        document(out)
    elif os.path.isfile(where):
        with open(where, encoding="utf-8") as file:
            document(file.read())
