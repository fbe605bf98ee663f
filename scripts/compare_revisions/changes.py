"""The list of what may differ: the tables of docs/changes.md, and their application to what a case printed and wrote.

Entries change the old side's output into what the new side is expected to print. Each entry counts how often it applied:
a list that excuses nothing is stale, and an error.
"""
import fnmatch
import re

from compare_revisions import json_text

TABLES = {
    "Keys left out of the comparison": ("document", "path", "why"),
    "Figures of the machine on the screen": ("command", "stream", "pattern", "why"),
    "Renamed keys": ("document", "old path", "new path", "why"),
    "Changed values": ("document", "path", "old", "new", "why"),
    "Added keys": ("document", "path", "why"),
    "Changed sentences and screens": ("command", "stream", "old", "new", "why"),
}
ANYTHING = "*"


class Entry:
    def __init__(self, table, cells):
        self.table, self.cells, self.used = table, cells, 0
        self.by = dict(zip(TABLES[table], cells))
        text = self.by.get("pattern", self.by.get("old", ""))
        try:
            self.regex = re.compile(text[1:-1].encode(), re.M) if is_regex(text) else None
        except re.error as e:
            raise SystemExit(f"docs/changes.md, {table}: {text} is no regular expression: {e}")
        if "pattern" in self.by and not self.regex:
            raise SystemExit(f"docs/changes.md, {table}: {text} is no regular expression; /.../ is expected")

    def __str__(self):
        return f"{self.table}: {' | '.join(self.cells)}"


def is_regex(text):
    return len(text) > 2 and text[0] == text[-1] == "/"


def cell(text):
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == "`":
        text = text[1:-1]
        if not is_regex(text):
            text = text.replace("\\n", "\n")
    return text.replace("\\|", "|")


def read(page):
    """The entries of the page's tables."""
    entries = []
    sections = re.split(r"^## +(.*)$", page, flags=re.M)
    titles = sections[1::2]
    missing = [title for title in TABLES if title not in titles]
    if missing:
        raise SystemExit(f"docs/changes.md has no table ## {missing[0]}")
    for title, body in zip(titles, sections[2::2]):
        if title not in TABLES:
            continue
        rows = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in body.splitlines() if line.startswith("|")]
        head = tuple(c.strip() for c in rows[0]) if rows else ()
        if head != TABLES[title]:
            raise SystemExit(f"docs/changes.md, {title}: the columns are {', '.join(head)}; {', '.join(TABLES[title])} are expected")
        for row in rows[2:]:
            if len(row) != len(head):
                raise SystemExit(f"docs/changes.md, {title}: a row of {len(row)} cells: {row}; {len(head)} are expected")
            if not row[-1].strip():
                raise SystemExit(f"docs/changes.md, {title}: a row without a reason: {row}")
            entries.append(Entry(title, [cell(c) for c in row]))
    return entries


def is_of(pattern, case):
    """`run/hc1/*` goes by the names of cases, `kiln run * --json *` by their command lines."""
    return fnmatch.fnmatchcase(case.line() if pattern.startswith("kiln ") else case.name, pattern)


class Changes:
    def __init__(self, entries):
        self.entries = entries
        self.of = {title: [e for e in entries if e.table == title] for title in TABLES}

    def stale(self):
        return [entry for entry in self.entries if not entry.used]

    def left_out(self):
        """Streams of which nothing is compared."""
        return [e for e in self.of["Changed sentences and screens"] if e.by["old"] == ANYTHING]

    def expected(self, case, stream, old, new):
        """What both sides must equal: (old as it should read now, new without what is left out)."""
        old, new = self._texts(case, stream, old, new)
        document = case.documents().get(stream)
        if document and old != b"(none)" and new != b"(none)":
            old, new = self._document(document, old, True), self._document(document, new, False)
        return old, new

    def _texts(self, case, stream, old, new):
        for entry in self.of["Figures of the machine on the screen"]:
            by = entry.by
            if not (is_of(by["command"], case) and fnmatch.fnmatchcase(stream, by["stream"])):
                continue
            old, count = entry.regex.subn(b"(figure)", old)
            new, _ = entry.regex.subn(b"(figure)", new)
            entry.used += count
        for entry in self.of["Changed sentences and screens"]:
            by = entry.by
            if not (is_of(by["command"], case) and fnmatch.fnmatchcase(stream, by["stream"])):
                continue
            if by["old"] == ANYTHING:
                # A document is compared whatever the screens do, if there was one.
                if old != new and (stream not in case.documents() or old in (b"(none)", b"")):
                    entry.used += 1
                    old = new = b"(left out)"
                continue
            if entry.regex:
                old, count = entry.regex.subn(by["new"].encode(), old)
            else:
                count = old.count(by["old"].encode())
                old = old.replace(by["old"].encode(), by["new"].encode())
            entry.used += count
        return old, new

    def _document(self, document, data, is_old):
        def mine(title):
            return [e for e in self.of[title] if fnmatch.fnmatchcase(document, e.by["document"])]
        out, renamed, values, added = (mine(t) for t in ("Keys left out of the comparison", "Renamed keys", "Changed values",
                                                         "Added keys"))
        if not out and not renamed and not values and not added:
            return data
        try:
            text = data.decode()
            edits = []
            for path, key, key_end, value, end in json_text.members(text):
                for entry in out:
                    if json_text.matches(entry.by["path"], path):
                        entry.used += 1
                        edits.append((value, end, '"(left out)"'))
                for entry in renamed if is_old else []:
                    if json_text.matches(entry.by["old path"], path):
                        entry.used += 1
                        name = entry.by["new path"].rsplit("/", 1)[1]
                        edits.append((key, key_end, f'"{name}"'))
                for entry in values if is_old else []:
                    if json_text.matches(entry.by["path"], path) and text[value:end] == entry.by["old"]:
                        entry.used += 1
                        edits.append((value, end, entry.by["new"]))
                for entry in added if not is_old else []:
                    if json_text.matches(entry.by["path"], path):
                        entry.used += 1
                        edits.append((*json_text.member_with_comma(text, key, end), ""))
        except (UnicodeDecodeError, ValueError):
            return data  # no JSON: then its bytes are compared
        return json_text.edited(text, edits).encode()
