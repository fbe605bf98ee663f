"""Byte-level BPE for scripts/train-embedded: learning, encoding, Hugging Face's files."""

import collections
import heapq
import itertools
import re
import sys
import unicodedata

BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"
# The pre-tokeniser of Llama 3, as tokenizer.json states it.
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def python_pattern():
    """SPLIT for Python's re, which lacks \\p{L} and \\p{N}: spell their ranges out."""
    ranges = {"L": "", "N": ""}
    runs = itertools.groupby(range(sys.maxunicode + 1),
                             lambda c: unicodedata.category(chr(c))[0])
    for major, run in runs:
        if major in ranges:
            first = last = next(run)
            for last in run:
                pass
            ranges[major] += f"\\U{first:08x}-\\U{last:08x}"
    both = ranges["L"] + ranges["N"]
    pattern = SPLIT.replace(r"\p{L}\p{N}]", both + "]")
    for major, spelt in ranges.items():
        pattern = pattern.replace(r"\p{%s}" % major, f"[{spelt}]")
    return re.compile(pattern)


def byte_symbols():
    """One printable character for each byte, in the order of the first 256 ids."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


class Tokenizer:
    """Byte-level BPE: bytes first, then one id a merge, the two special tokens last."""

    def __init__(self, texts, size):
        self.bytes, self.split, self.cache = byte_symbols(), python_pattern(), {}
        words = collections.Counter(w for t in texts for w in self.words(t))
        self.merges = self.learn(words, size - 256 - 2)
        tokens = [*self.bytes.values(), *("".join(m) for m in self.merges), BOS, EOS]
        self.ids = {t: i for i, t in enumerate(tokens)}
        if len(self.ids) != size:
            raise SystemExit("train-embedded: the text is too small for this vocabulary")
        self.tokens, self.bos, self.eos = tokens, self.ids[BOS], self.ids[EOS]
        self.ranks = {m: i for i, m in enumerate(self.merges)}

    def words(self, text):
        for m in self.split.finditer(text):
            yield "".join(self.bytes[b] for b in m[0].encode())

    @staticmethod
    def join(symbols, pair):
        """The symbols with every occurrence of the pair merged, from the left."""
        out, i = [], 0
        while i < len(symbols):
            if tuple(symbols[i:i + 2]) == pair:
                out.append(pair[0] + pair[1])
                i += 2
            else:
                out.append(symbols[i])
                i += 1
        return out

    def learn(self, words, count):
        """The merges: each the most frequent pair; a tie goes to the first in order."""
        words = [[list(w), n] for w, n in sorted(words.items())]
        pairs, where = collections.Counter(), collections.defaultdict(set)
        for i, (symbols, n) in enumerate(words):
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += n
                where[pair].add(i)
        heap = [(-n, p) for p, n in pairs.items()]
        heapq.heapify(heap)
        merges, known = [], set(self.bytes.values())
        while heap and len(merges) < count:
            n, best = heapq.heappop(heap)
            if pairs[best] != -n or n == 0 or "".join(best) in known:
                continue                            # an outdated entry, or spelt already
            merges.append(best)
            known.add("".join(best))
            touched = set()
            for i in where.pop(best):
                symbols, n = words[i]
                words[i][0] = joined = self.join(symbols, best)
                for old in zip(symbols, symbols[1:]):
                    pairs[old] -= n
                    touched.add(old)
                for new in zip(joined, joined[1:]):
                    pairs[new] += n
                    where[new].add(i)
                    touched.add(new)
            for pair in touched:
                heapq.heappush(heap, (-pairs[pair], pair))
        return merges

    def encode_word(self, word):
        symbols = list(word)
        while len(symbols) > 1:
            best = min(zip(symbols, symbols[1:]), key=lambda p: self.ranks.get(p, 1 << 30))
            if best not in self.ranks:
                break
            symbols = self.join(symbols, best)
        return [self.ids[s] for s in symbols]

    def encode(self, text):
        out = []
        for word in self.words(text):
            if word not in self.cache:
                self.cache[word] = self.encode_word(word)
            out += self.cache[word]
        return out

    def decode(self, ids):
        back = {c: b for b, c in self.bytes.items()}
        text = "".join(self.tokens[i] for i in ids if i not in (self.bos, self.eos))
        return bytes(back[c] for c in text).decode(errors="replace")

    def files(self, context):
        """tokenizer.json and tokenizer_config.json, as Hugging Face's libraries read them."""
        special = [{"id": self.ids[t], "content": t, "single_word": False, "lstrip": False,
                    "rstrip": False, "normalized": False, "special": True}
                   for t in (BOS, EOS)]
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                 "use_regex": False}
        begin = {"SpecialToken": {"id": BOS, "type_id": 0}}
        text_a, text_b = ({"Sequence": {"id": s, "type_id": t}} for s, t in (("A", 0), ("B", 1)))
        return {
            "tokenizer.json": {
                "version": "1.0", "truncation": None, "padding": None,
                "added_tokens": special, "normalizer": None,
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated",
                     "invert": False}, level]},
                "post_processor": {
                    "type": "TemplateProcessing", "single": [begin, text_a],
                    "pair": [begin, text_a, {"SpecialToken": {"id": BOS, "type_id": 1}}, text_b],
                    "special_tokens": {BOS: {"id": BOS, "ids": [self.bos], "tokens": [BOS]}}},
                "decoder": dict(level, use_regex=True, add_prefix_space=True),
                "model": {"type": "BPE", "dropout": None, "unk_token": None,
                          "continuing_subword_prefix": None, "end_of_word_suffix": None,
                          "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                          "vocab": {t: i for t, i in self.ids.items() if t not in (BOS, EOS)},
                          "merges": [" ".join(m) for m in self.merges]}},
            "tokenizer_config.json": {
                "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS,
                "eos_token": EOS, "model_max_length": context,
                "clean_up_tokenization_spaces": False,
                "added_tokens_decoder": {str(s.pop("id")): s for s in map(dict, special)}}}
