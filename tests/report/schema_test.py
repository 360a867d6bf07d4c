#!/usr/bin/env python3
"""Validates what print_samples prints, and proves that the validator refuses what it should."""
import copy
import importlib.util
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
SPEC = importlib.util.spec_from_file_location("validate_json", ROOT / "scripts/validate_json.py")
VALIDATE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(VALIDATE)

# (kind of document, what is done to it): each must be refused.
SPOILT = [
    ("rfc2544", lambda d: d["result"].pop("searches")),
    ("rfc2544", lambda d: d["result"]["sizes"][0].pop("max_fps_from")),
    ("rfc2544", lambda d: d["result"]["sizes"][0]["latency"].pop("directions")),
    ("rfc2544", lambda d: d["result"]["sizes"][0]["frame_loss"]["steps"][1].update(loss_ratio=1.5)),
    ("rfc2544", lambda d: d["result"]["sizes"][0]["back_to_back"]["bursts"][0].update(frames=0)),
    ("rfc2544", lambda d: d["result"]["sizes"][0]["recovery"]["times_ns"].append(-1)),
    ("rfc2544", lambda d: d["result"]["sizes"][0]["reset"].update(method="guess")),
    ("trial", lambda d: d.pop("tool")),
    ("trial", lambda d: d.update(extra=1)),
    ("trial", lambda d: d.update(schema_version="2.0")),
    ("trial", lambda d: d.update(started_at="yesterday")),
    ("trial", lambda d: d.update(started_at="2026-13-45T12:00:00.000000000Z")),
    ("trial", lambda d: d.update(status="fine")),
    ("trial", lambda d: d.update(status="error")),
    ("trial", lambda d: d["trials"][0].pop("intended_fps")),
    ("trial", lambda d: d["trials"][0].update(reason="")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["counts"].update(lost=-1)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["counts"].update(lost=1.5)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["counts"].update(lost=None)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["counts"].pop("duplicate")),
    ("trial", lambda d: d["trials"][0]["directions"][0].update(accounting_error="x")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["attribution"].update(dut=0)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["counts"].update(offered=5)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["latency"].pop("negative")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["latency"].update(p50_ns=2200.5)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["latency"]["scheduled"].pop("samples")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["latency"]["scheduled"].update(p42_ns=1)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["jitter"].pop("pdv_max_ns")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["jitter"].update(pdv_p99_ns=-1)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["jitter"].update(jitter_ns=1)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["reordering"].update(n_reordering=[1] * 65)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["reordering"].update(ratio=1.5)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["loss_bursts"].update(mean=0.5)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["pacing"].update(schedule="sometimes")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["pacing"].update(gap_target_ns=0)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["pacing"].pop("preemptions")),
    ("trial", lambda d: d["trials"][0]["directions"][0]["receiver"]["preemptions"]["log"][0].pop("at_ns")),
    ("trial", lambda d: d["trials"][0]["intervals"][0]["delay"].pop("max_ns")),
    ("trial", lambda d: d["result"].pop("criteria")),
    ("trial", lambda d: d["result"]["criteria"][0].pop("limit")),
    ("trial", lambda d: d["result"]["criteria"][0].pop("measured")),
    ("trial", lambda d: d["result"]["criteria"][2].update(failed=False)),
    ("trial", lambda d: [c.update(failed=False, measured=0) for c in d["result"]["criteria"]]),
    ("trial", lambda d: d["environment"]["nic"][0]["counters"].update(xsk0_rx_dropped=-1)),
    ("search", lambda d: d["result"].pop("searches")),
    ("search", lambda d: d["result"]["searches"][0].pop("upper_bound_fps")),
    ("search", lambda d: d["result"]["searches"][1].update(reason="")),
    ("dut", lambda d: d["result"]["directions"][0]["counts"].pop("tx_blocked")),
    ("dut", lambda d: d["result"]["directions"][0]["counts"].update(dropped=0)),
    ("dut", lambda d: d["result"]["directions"].pop()),
    ("dut", lambda d: d["result"].pop("ports")),
    ("dut", lambda d: d["result"]["ports"][0].update(tx_dropped=None)),
    ("trial", lambda d: d["trials"][0]["directions"][0]["latency"]["floor_ns"].pop("p50")),
    ("trial", lambda d: d["trials"][0]["directions"][0].update(ceiling_fps="14 M")),
    ("calibration", lambda d: d["result"].pop("calibrations")),
    ("calibration", lambda d: d["result"].update(file="")),
]

# The same of the doctor's documents: plain, with a plan of one rate, of all rates, and failed.
PLAIN, PLANNED, FAILED = 0, 1, 3
SPOILT_DOCTOR = [
    (PLAIN, lambda d: d.pop("bearing")),
    (PLAIN, lambda d: d.update(extra=1)),
    (PLAIN, lambda d: d.update(schema="wireproof/result")),
    (PLAIN, lambda d: d["findings"].clear()),
    (PLAIN, lambda d: d["findings"][0].update(bearing="fine")),
    (PLAIN, lambda d: d["findings"][0].update(cure="none is needed")),
    (PLAIN, lambda d: d["findings"][1].pop("cure")),
    (PLAIN, lambda d: d["backends"][0].update(state="left_out")),
    (PLANNED, lambda d: d["plan"].pop("assumptions")),
    (PLANNED, lambda d: d["plan"]["assumptions"][0].pop("sentence")),
    (PLANNED, lambda d: d["plan"]["assumptions"][0].update(value=None)),
    (PLANNED, lambda d: d["plan"]["costs"][0].update(tx_ns=0)),
    (PLANNED, lambda d: d["plan"]["rates"].clear()),
    (PLANNED, lambda d: d["plan"]["rates"][0]["sizes"][0].update(tx_cores=1.5)),
    (PLANNED, lambda d: d["plan"]["rates"][0]["sizes"][0].pop("line_fps")),
    (FAILED, lambda d: d["error"].pop("message")),
    (FAILED, lambda d: d["error"].update(errno=0)),
    (FAILED, lambda d: d.update(bearing="good")),
]


def check_doctor(program):
    """The doctor's samples against their schema; returns the number of failures."""
    validator = VALIDATE.load_validator(ROOT / "docs/schema/doctor-1.0.schema.json")
    text = subprocess.run([program, "doctor"], check=True, capture_output=True, text=True).stdout
    documents = VALIDATE.parse(text)
    failures = 0
    for number, document in enumerate(documents):
        for problem in VALIDATE.problems(document, validator):
            print(f"doctor sample {number}: {problem}")
            failures += 1
    for number, (sample, spoil) in enumerate(SPOILT_DOCTOR):
        document = copy.deepcopy(documents[sample])
        spoil(document)
        if not VALIDATE.problems(document, validator):
            print(f"spoilt doctor document {number} was accepted")
            failures += 1
    print(f"doctor: {len(documents)} samples, {len(SPOILT_DOCTOR)} spoilt documents")
    return failures


SPOILT_BACKENDS = [
    lambda d: d.pop("error"),
    lambda d: d.update(extra=1),
    lambda d: d["backends"].clear(),
    lambda d: d["backends"][0].update(state="left_out"),
    lambda d: d["backends"][0].pop("reason"),
    lambda d: d["backends"][1].update(cure="none is needed"),
]


def check_backends(program):
    """The list of backends against its schema; returns the number of failures."""
    validator = VALIDATE.load_validator(ROOT / "docs/schema/backends-1.0.schema.json")
    text = subprocess.run([program, "backends"], check=True, capture_output=True, text=True).stdout
    document = VALIDATE.parse(text)
    failures = 0
    for problem in VALIDATE.problems(document, validator):
        print(f"backends sample: {problem}")
        failures += 1
    for number, spoil in enumerate(SPOILT_BACKENDS):
        spoilt = copy.deepcopy(document)
        spoil(spoilt)
        if not VALIDATE.problems(spoilt, validator):
            print(f"spoilt list of backends {number} was accepted")
            failures += 1
    print(f"backends: 1 sample, {len(SPOILT_BACKENDS)} spoilt documents")
    return failures


SPOILT_CALIBRATION = [
    lambda d: d.update(schema_version="2.0"),
    lambda d: d.pop("entries"),
    lambda d: d["entries"][0].update(extra=1),
    lambda d: d["entries"][0]["key"].pop("tx_stamp"),
    lambda d: d["entries"][0]["key"].update(queues=0),
    lambda d: d["entries"][0]["key"].update(idle="nap"),
    lambda d: d["entries"][0]["floor"].update(p50_ns=1.5),
    lambda d: d["entries"][0]["floor"].pop("samples"),
    lambda d: d["entries"][0]["ceiling"].update(lossless_fps=0),
]


def check_calibration(program):
    """The calibration file against its schema; returns the number of failures."""
    validator = VALIDATE.load_validator(ROOT / "docs/schema/calibration-1.0.schema.json")
    text = subprocess.run([program, "calibration"], check=True, capture_output=True, text=True).stdout
    document = VALIDATE.parse(text)
    failures = 0
    for problem in VALIDATE.problems(document, validator):
        print(f"calibration sample: {problem}")
        failures += 1
    for number, spoil in enumerate(SPOILT_CALIBRATION):
        spoilt = copy.deepcopy(document)
        spoil(spoilt)
        if not VALIDATE.problems(spoilt, validator):
            print(f"spoilt calibration {number} was accepted")
            failures += 1
    print(f"calibration: 1 sample, {len(SPOILT_CALIBRATION)} spoilt documents")
    return failures


def keys_of(value):
    """Every key of an object anywhere in it."""
    if isinstance(value, dict):
        return set(value).union(*(keys_of(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(keys_of(inner) for inner in value))
    return set()


def never_shown(documents):
    """Keys that the schema knows of a direction and that no sample has: nothing would check them."""
    parts = json.loads((ROOT / "docs/schema/result-1.0.schema.json").read_text())["$defs"]
    known = keys_of([part["properties"] for part in
                     (parts[name] for name in ("direction", "latency", "distribution", "jitter",
                                               "preemptions", "interval", "suite_size",
                                               "suite_latency", "suite_frame_loss",
                                               "suite_back_to_back", "suite_recovery",
                                               "suite_reset"))])
    words_of_schema = {"$ref", "type", "items", "properties", "required", "additionalProperties", "enum",
                       "minimum", "maximum", "exclusiveMinimum", "minLength", "maxItems", "minItems", "description",
                       "format", "pattern", "const"}
    return known - words_of_schema - keys_of(documents)


def main():
    validator = VALIDATE.load_validator()
    lines = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout
    documents = [json.loads(line)["document"] for line in lines.splitlines()]
    failures = (check_doctor(sys.argv[1]) + check_calibration(sys.argv[1])
                + check_backends(sys.argv[1]))
    for number, document in enumerate(documents):
        for problem in VALIDATE.problems(document, validator):
            print(f"sample {number}: {problem}")
            failures += 1
    for key in never_shown(documents):
        print(f"no sample has {key}")
        failures += 1
    for number, (kind, spoil) in enumerate(SPOILT):
        document = copy.deepcopy(next(d for d in documents if d["kind"] == kind))
        spoil(document)
        if not VALIDATE.problems(document, validator):
            print(f"spoilt document {number} was accepted")
            failures += 1
    for text in ('{"a":1,"a":2}', '{"a":NaN}', "{", ""):
        if VALIDATE.validate("expected refusal", text, False, validator):
            print(f"accepted {text!r}")
            failures += 1
    stream = lines.splitlines()[0] + "\n"
    if not VALIDATE.validate("stream", stream + '{"torn', True, validator):
        failures += 1
    if VALIDATE.validate("expected refusal", '{"event":"trial"}\n', True, validator):
        failures += 1
    print(f"{len(documents)} samples, {len(SPOILT)} spoilt documents, {failures} failures")
    return 1 if failures or len(documents) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
