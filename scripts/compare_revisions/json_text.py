"""Edits of a JSON text that leave every other byte unchanged.

Documents are compared as bytes: order of keys, digits of numbers and indentation count. So what docs/changes.md excuses
is cut out of the text itself, by the places of its tokens, and nothing is parsed and written anew.
"""
import re

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def matches(pattern, path):
    """`/a/*/b` against ("a", "7", "b"); `**` is any number of keys, or none."""
    parts = pattern.split("/")[1:]
    if "**" not in parts:
        return len(parts) == len(path) and all(p in ("*", have) for p, have in zip(parts, path))
    at = parts.index("**")
    head, tail = "/".join(["", *parts[:at]]), "/".join(["", *parts[at + 1:]])
    return matches(head, path[:at]) and any(matches(tail, path[rest:]) for rest in range(at, len(path) + 1))


def members(text):
    """Yields (path, start of the key, end of the key, start of the value, end of the value) of every member of every
    object, and of every element of every array with an empty key. A child comes before its parent. Raises ValueError."""
    stack = []  # [kind, path of the container, key or index, key span, start of the value]
    path = ()

    def closed(frame, end):
        kind, base, key, span, begin = frame
        name = str(key) if kind == "[" else key[1:-1]
        return base + (name,), span[0], span[1], begin, end

    last_end = 0
    expecting_key = False
    for token in TOKEN.finditer(text):
        word, begin = token.group(), token.start()
        top = stack[-1] if stack else None
        if word in "}]":
            if top is None:
                raise ValueError("a bracket closes nothing")
            if top[4] is not None:
                yield closed(top, last_end)
            stack.pop()
            expecting_key = False
        elif word == ",":
            if top is None or top[4] is None:
                raise ValueError("a comma out of place")
            yield closed(top, last_end)
            top[4] = None
            if top[0] == "[":
                top[2] += 1
            expecting_key = top[0] == "{"
        elif word == ":":
            pass
        elif expecting_key and top is not None and top[0] == "{" and top[4] is None and word[0] == '"':
            top[2], top[3] = word, (begin, token.end())
            expecting_key = False
        else:
            if top is not None and top[4] is None:
                top[4] = begin
                if top[0] == "[":
                    top[3] = (begin, begin)
            if word in "{[":
                if top is not None:
                    path = top[1] + ((top[2][1:-1] if top[0] == "{" else str(top[2])),)
                else:
                    path = ()
                stack.append([word, path, 0 if word == "[" else None, None, None])
                expecting_key = word == "{"
        last_end = token.end()
    if stack:
        raise ValueError("a bracket is not closed")


def edited(text, edits):
    """`edits`: (start, end, new text); one within another that is replaced is dropped."""
    parts, at = [], 0
    for start, end, new in sorted(edits, key=lambda e: (e[0], -e[1])):
        if start < at:
            continue
        parts += [text[at:start], new]
        at = end
    return "".join(parts) + text[at:]


def member_with_comma(text, start, end):
    """The place of a member and the comma that goes with it."""
    before = start
    while before > 0 and text[before - 1].isspace():
        before -= 1
    if before > 0 and text[before - 1] == ",":
        return before - 1, end
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    if after < len(text) and text[after] == ",":
        after += 1
        while after < len(text) and text[after].isspace():
            after += 1
        return start, after
    return start, end
