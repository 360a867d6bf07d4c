"""The cases of simulated_truth.py: each a choice of one value for every dimension, chosen so that every
pair of values that may go together occurs in some case."""

import itertools
import random

DIMENSIONS = {
    "harm": ("none", "loss", "duplicate", "reorder", "corrupt", "capacity", "delay", "all"),
    "late": (False, True),
    "ip": (4, 6),
    "vlan": (False, True),
    "size": ("least", "1518", "mix"),
    "ways": (1, 2),
    "queues": (1, 2, 3, 4),
    "flows": (1, 16, 1024, 8192),
    "picky": (False, True),  # the sending device takes a random part of each burst
    "schedule": ("constant", "poisson", "bursty"),
    "pre_empted": ("no", "briefly", "caught_up", "too_long"),
    "warm_up": (False, True),
    "strangers": (False, True),
    "precise": (False, True),
    "stamp_each": (False, True),
    "goal": ("0", "5%"),
}
NAMES = tuple(DIMENSIONS)
# A case in which everything happens, but for what makes a trial invalid.
SPOILED = {"harm": "all", "late": True, "ip": 4, "vlan": False, "size": "least", "ways": 2, "queues": 2,
           "flows": 16, "picky": False, "schedule": "constant", "pre_empted": "no", "warm_up": False,
           "strangers": True, "precise": False, "stamp_each": False, "goal": "0"}
TRIES = 30  # random completions, of which the one with the most new pairs is taken


def may_be(case):
    """Of a case that may lack dimensions."""
    if case.get("flows", 8192) < case.get("queues", 1):
        return False  # refused: a queue needs a flow
    # Strangers are told apart by the trial, and the device does not know which phase it forwards.
    return not (case.get("strangers") and case.get("warm_up"))


def pairs_of(case):
    return {((one, case[one]), (other, case[other])) for one, other in itertools.combinations(NAMES, 2)}


def all_pairs():
    return {((one, a), (other, b)) for one, other in itertools.combinations(NAMES, 2)
            for a in DIMENSIONS[one] for b in DIMENSIONS[other] if may_be({one: a, other: b})}


def complete(begun, missing, draw):
    """Adds the other dimensions in random order, each with a value that makes most new pairs."""
    case = dict(begun)
    for name in draw.sample(NAMES, len(NAMES)):
        if name in case:
            continue

        def new_pairs(value, name=name):
            return sum(tuple(sorted(((name, value), chosen), key=lambda one: NAMES.index(one[0])))
                       in missing for chosen in case.items())
        values = [value for value in DIMENSIONS[name] if may_be({**case, name: value})]
        most = max(map(new_pairs, values))
        case[name] = draw.choice([value for value in values if new_pairs(value) == most])
    return case


def pairwise(draw):
    """As few cases as a greedy search finds."""
    wanted = all_pairs()
    missing, cases = set(wanted), []
    while missing:
        begin = dict(draw.choice(sorted(missing, key=repr)))
        tries = [complete(begin, missing, draw) for _ in range(TRIES)]
        cases.append(max(tries, key=lambda case: len(pairs_of(case) & missing)))
        missing -= pairs_of(cases[-1])
    assert wanted <= set().union(*map(pairs_of, cases))
    assert all(map(may_be, cases))
    return cases


def any_case(draw):
    while True:
        case = {name: draw.choice(values) for name, values in DIMENSIONS.items()}
        if may_be(case):
            return case


def choose(count, seed):
    """Every pair, and random cases up to `count`."""
    draw = random.Random(seed)
    cases = pairwise(draw)
    return cases + [any_case(draw) for _ in range(count - len(cases))]


def name_of(number, case):
    return f"{number:03d} " + " ".join(
        key if case[key] is True else f"{key}={case[key]}" for key in NAMES
        if case[key] not in (False, "no", "none"))


WAITING_MS = 20
DURATION_MS = 100
FPS = 200_000
FRAMES = FPS * DURATION_MS // 1000
BURST_SIZE = 32
BURST = 256  # of a queue: what is caught up at most
HARM = {
    "none": {},
    "loss": {"loss": "1%"},
    "duplicate": {"duplicate": "1%"},
    "reorder": {"reorder": "1%"},
    "corrupt": {"corrupt": "1%"},
    "capacity": {"rate": "190kpps", "queue": "64"},
    "delay": {"delay": "2ms", "jitter": "1ms"},
}
HARM["all"] = {key: word for harm in list(HARM.values()) for key, word in harm.items()}
PRE_EMPTED = {"no": "0ms", "briefly": "15us", "caught_up": "1ms", "too_long": "8ms"}


def smallest(case):
    """The smallest frame that holds a signature (docs/signature.md)."""
    return 64 + (20 if case["ip"] == 6 else 0) + (4 if case["vlan"] else 0)


def words(number, case):
    """The arguments of simulated_trial."""
    wire = dict(HARM[case["harm"]], seed=str(number + 1))
    if "reorder" in wire:
        # By how many frames, for a frame to be overtaken by three of its own flow.
        wire["reorder-by"] = str(3 * min(case["flows"], 1024))
    if case["late"]:
        # More than the waiting time, and less than the program listens for what is late.
        wire["delay"] = f"{WAITING_MS * 3 // 2}ms"
    plain = smallest(case) == 64
    size = {"least": str(smallest(case)), "1518": "1518",
            "mix": "imix" if plain else "bbbbbbbddddg"}[case["size"]]
    made = dict(wire, size=size, flows=case["flows"], ipv6=int(case["ip"] == 6),
                vlan=17 * case["vlan"], queues=case["queues"], picky=case["picky"] * (number + 1),
                schedule=case["schedule"], fps=FPS, duration=f"{DURATION_MS}ms",
                waiting=f"{WAITING_MS}ms", strangers=int(case["strangers"]), goal=case["goal"],
                precise=int(case["precise"]))
    made["burst"] = BURST
    made["burst-size"] = BURST_SIZE if case["schedule"] == "bursty" else 1
    made["both-ways"] = case["ways"] - 1
    made["stamp-each"] = int(case["stamp_each"])
    made["warm-up"] = "3ms" if case["warm_up"] else "0ms"
    made["pre-empted-for"] = PRE_EMPTED[case["pre_empted"]]
    return [f"{key}={value}" for key, value in made.items()]
