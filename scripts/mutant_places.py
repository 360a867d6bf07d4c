"""Where in a text a mutant's mistake goes: in the function it names, at the text it names.

Without a compiler: definitions are found by following brackets through text whose comments and
strings are blanked.
"""

import re

BLANKED = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",
                     re.DOTALL)


class Stale(Exception):
    pass


def blank(text):
    """The text with comments and strings as blanks: every place keeps its offset."""
    return BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def skip_group(code, at):
    """The place behind the bracket that closes the one at `at`; the end where none does."""
    depth = 0
    for i in range(at, len(code)):
        depth += code[i] in "([{"
        depth -= code[i] in ")]}"
        if depth == 0:
            return i + 1
    return len(code)


def body_of(code, at):
    """Where the definition ends whose parameters begin at `at`; None for a call or a declaration."""
    at = skip_group(code, at)
    in_list = False  # a constructor's
    while at < len(code):
        char = code[at]
        if char == "{":
            if in_list and re.search(r"[\w>]\s*$", code[:at][-80:]):
                at = skip_group(code, at)  # member{...}
                continue
            return skip_group(code, at)
        if char in "([":
            at = skip_group(code, at)
            continue
        if char == ":":
            in_list = True
        elif not (in_list or char.isspace() or char.isalpha() or char in "_->&*:<>"):
            return None
        elif char in ";=":
            return None
        at += 1
    return None


def extents(text, name):
    """(begin, end) of each definition of that name: functions, or constants with their value."""
    code = blank(text)
    found = []
    for match in re.finditer(r"(?<![\w:.>])" + re.escape(name) + r"\b\s*", code):
        at = match.end()
        if code[at:at + 1] == "(":
            end = body_of(code, at)
        elif re.match(r"(\[[^\]]*\]\s*)?(\{|=(?!=))", code[at:]):
            end = at
            while end < len(code) and code[end] != ";":
                end = skip_group(code, end) if code[end] in "([{" else end + 1
        else:
            end = None
        if end is not None:
            found.append((match.start(), end))
    return found


def mutated(text, mutant):
    """The text with the mistake in it, or Stale."""
    where = extents(text, mutant["function"])
    if not where:
        raise Stale(f"{mutant['file']} has no {mutant['function']}")
    places = []
    for begin, end in where:
        at = text.find(mutant["old"], begin, end)
        while at >= 0:
            places.append(at)
            at = text.find(mutant["old"], at + 1, end)
    places = sorted(set(places))
    if len(places) != 1:
        raise Stale(f"{mutant['function']} has its text {len(places)} times, not once")
    at = places[0]
    return text[:at] + mutant["new"] + text[at + len(mutant["old"]):]


SAMPLE = """\
// Thing::sum(int a) { return a + 1; } is told here only.
struct Thing { int sum(int a) const; };
Thing::Thing(int a) : a_{a}, b_(a) {
  c_ = a + 1;
}
int Thing::sum(int a) const {
  if (a > 0) { a += sum(a - 1); }
  return a + 1;
}
int other(int a) { return Thing::sum(a) + 1; }
constexpr Unit kUnits[] = {{"k", 1000}, {"M", 1000}};
constexpr int kLimit = 64;
"""


def change(function, old, new="@"):
    try:
        return mutated(SAMPLE, {"file": "x.cc", "function": function, "old": old, "new": new})
    except Stale as why:
        return f"stale: {why}"


def self_test():
    """{case: whether it came out right}, on made-up text."""
    return {
        "in_its_function": change("Thing::sum", "return a + 1") == SAMPLE.replace(
            "  return a + 1", "  @"),
        "in_a_constructor": "c_ = @;" in change("Thing::Thing", "a + 1"),
        "in_a_constant": '{"k", @}' in change("kUnits", '1000}, {"M"', '@}, {"M"'),
        "a_number": "kLimit = @;" in change("kLimit", "64"),
        "gone": change("Thing::sum", "a - 2").startswith("stale"),
        "twice": "2 times" in change("kUnits", "1000"),
        "no_function": change("Thing::product", "a").startswith("stale"),
        "elsewhere_does_not_count": change("other", "a += sum").startswith("stale"),
    }
