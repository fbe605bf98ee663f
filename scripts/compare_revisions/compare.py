"""Compares two outcomes of a case, and keeps the figures of the summary."""
import collections
import difflib
import re

LINES, WIDTH = 14, 240


class Tally:
    def __init__(self):
        self.cases = self.documents = self.files = self.screens = 0
        self.status = collections.Counter()
        self.commands = collections.Counter()
        self.messages = set()
        self.streams_left_out = 0
        self.differences = []  # (case, stream, excerpt)

    def add(self, case, outcome):
        self.cases += 1
        self.commands[case.command] += 1
        self.status[outcome["status"].decode(errors="replace")] += 1
        documents = case.documents()
        for stream, data in outcome.items():
            self.files += stream.startswith("file:")
            self.documents += documents.get(stream, "trace") != "trace" and data.startswith(b"{")
            self.screens += stream == "stdout" and bool(data) and stream not in documents
        for line in outcome["stderr"].decode(errors="replace").splitlines():
            if line.startswith("kiln: "):
                self.messages.add(line)

    def compare(self, case, old, new, changes):
        found = 0
        for stream in sorted(old.keys() | new.keys()):
            before, after = old.get(stream, b"(none)"), new.get(stream, b"(none)")
            before, after = changes.expected(case, stream, before, after)
            if before != after:
                self.differences.append((case, stream, excerpt(before, after)))
                found += 1
        return found

    def text(self, stale, left_out, show):
        lines = []
        alike = collections.defaultdict(list)
        for case, stream, what in self.differences:
            alike[re.sub(r"\d+", "#", what), stream.split("/")[0]].append((case, stream, what))
        for group in list(alike.values())[:show]:
            case, stream, what = group[0]
            lines += [f"DIFFERENCE in {stream} of {case.name}: kiln {' '.join(map(printable, case.arguments))}", what]
            if len(group) > 1:
                lines.append(f"    alike in {len(group) - 1} more: {', '.join(c.name for c, _, _ in group[1:6])}")
        if len(alike) > show:
            lines.append(f"... and {len(alike) - show} more kinds of difference (--show N shows more)")
        lines += [f"STALE: docs/changes.md excuses what no case shows: {entry}" for entry in stale]
        lines += [f"not compared (docs/changes.md): {e.by['stream']} of {e.by['command']}, which differs in {e.used} cases: {e.by['why']}"
                  for e in left_out]
        by = ", ".join(f"{word} {count}" for word, count in sorted(self.commands.items()))
        ends = ", ".join(f"{count} with {status}" for status, count in sorted(self.status.items()))
        lines += [f"{self.cases} cases ({by})", f"exit status: {ends}",
                  f"{self.documents} JSON documents, {self.files} files (images, RTL, traces, pictures, logits, adapters and documents "
                  f"among them), {self.screens} screens, {len(self.messages)} different messages",
                  f"{len(self.differences)} differences in {len(alike)} kinds, {len(stale)} stale entries"]
        return "\n".join(lines) + "\n"


def printable(argument):
    text = argument.decode(errors="replace") if isinstance(argument, bytes) else argument
    text = text if len(text) < 100 else text[:100] + "..."
    return repr(text) if not text or re.search(r"[^\w./:=,-]", text) else text


def excerpt(before, after):
    try:
        old, new = before.decode().splitlines(), after.decode().splitlines()
    except UnicodeDecodeError:
        at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
        return f"    binary: {len(before)} bytes became {len(after)}; the first difference is at byte {at}"
    if old == new:
        return "    line ends differ"
    if len(old) > 4000 or len(new) > 4000:  # difflib would take minutes
        at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
        diff = [f"@@ line {at + 1} of {len(old)} and {len(new)} @@", *(f"-{line}" for line in old[at:at + 3]),
                *(f"+{line}" for line in new[at:at + 3])]
    else:
        diff = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    lines = [line if len(line) <= WIDTH else line[:WIDTH] + "..." for line in diff[:LINES]]
    if len(diff) > LINES:
        lines.append(f"... {len(diff) - LINES} more lines")
    return "\n".join("    " + line for line in lines)
