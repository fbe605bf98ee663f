"""Text of every kind that a tokenizer may meet, by a seed: prose, code, numbers, scripts of the world, emoji, white space,
controls, special tokens that are written out (whole, cut and in each other), other tokens, long runs, characters of all
planes. Valid UTF-8, as a Python string has it."""
import pathlib
import random

SOURCE = pathlib.Path(__file__).resolve().parents[2]

WHITE = ["\t", "\n", "\v", "\f", "\r", "\r\n", " ", "\x85", "\xa0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u2028", "\u2029",
         "\u202f", "\u205f", "\u3000", "\u180e", "\u200b", "\u2060", "\u2581"]  # the last four only look like it
CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\ufeff", "\ufffd", "\ufffc", "\xad", "\u200c", "\u200d", "\u200e",
            "\u202e", "\u2066", "\ue000", "\uf8ff", "\U000f0000", "\U0010fffd", "\ufdd0", "\ufffe", "\uffff", "\U0001ffff", "\U0010ffff",
            "\u061c", "\U000e0001", "\U000e0041"]
# First and last of blocks: Latin with marks, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Tamil, Thai, Tibetan, Georgian, Jamo,
# Ethiopic, Cherokee, Khmer, Kana, Hangul, CJK, its extension B, forms of Arabic and of full width, letters of mathematics.
BLOCKS = [(0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5F4), (0x600, 0x6FF), (0x900, 0x97F), (0xB80, 0xBFF), (0xE00, 0xE5B),
          (0xF00, 0xFFF), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F), (0x13A0, 0x13FF), (0x1780, 0x17FF), (0x3040, 0x30FF),
          (0xAC00, 0xD7A3), (0x4E00, 0x9FFF), (0x20000, 0x2A6DF), (0xFB50, 0xFEFC), (0xFF01, 0xFFEE), (0x1D400, 0x1D7FF)]
SENTENCES = ["Der Fluß fließt über weiße Steine.", "L'été, où est-ce qu'il va\u00a0?", "¿Qué pasó con el niño?", "Съешь же ещё этих мягких булок.",
             "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.", "今日は天気がいいですね。", "我们明天去北京，好吗？", "오늘 날씨가 정말 좋네요!", "كيف حالك اليوم؟ ٣٤٥",
             "שלום עולם, מה נשמע?", "यह एक छोटा वाक्य है। १२३", "วันนี้อากาศดีมาก", "Bugün hava güzel, İstanbul'da ı ve i.", "Tiếng Việt có nhiều dấu."]
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇯🇵", "❤️", "1️⃣", "🧑🏿‍🚀", "☃", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "©", "🫠"]
MARKS = ["\u0301", "\u0308", "\u0327", "\u20dd", "\u0e49", "\u093f", "\ufe0f", "\u1161"]
NUMBERS = ["0", "7", "42", "1234567890", "3.14159", "-1e-9", "1,000,000", "0xDEADBEEF", "192.168.0.1", "٣٤٥", "१२३", "½", "Ⅷ", "²", "①", "𝟙𝟚", "2024-02-29"]
CONTRACTIONS = ["'s", "'T", "'Re", "'vE", "'m", "'LL", "'d", "'\u017f", "\u2019s", "'", "it's", "I'LL", "don'T", "'sx", "''s"]
MARKUP = ["<|", "|>", "<", ">", "</", "[INST]", "[/INST]", "<<SYS>>", "<0x0A>", "<0xe2>", "Ġ", "Ċ", "http://a.b/c?d=e&f#g", "a_b-c", "!!!", "...", "()", "{};"]


def everywhere(r):
    """A character of any plane but no half of a pair."""
    code = r.choice([r.randrange(0x110000), r.randrange(0x3000), r.randrange(0x10000), r.randrange(0x1F000, 0x20000)])
    return chr(code) if not 0xD800 <= code < 0xE000 else chr(code - 0x800)


class Mixed:
    def __init__(self, seed, special_tokens, other_tokens):
        self.random = random.Random(seed)
        self.special_tokens = special_tokens
        self.other_tokens = other_tokens
        self.prose = [(SOURCE / "models/kiln-stories-1m/heldout.txt").read_text(), (SOURCE / "docs/checkpoints.md").read_text()]
        files = sorted((SOURCE / "src/tokenizer").glob("*.cpp")) + [pathlib.Path(__file__), SOURCE / "scripts/test"]
        self.code = [file.read_text() for file in files]
        # Weights: what there is most of in texts comes most often.
        kinds = {self.slice_of_prose: 6, self.slice_of_code: 6, self.sentence: 6, self.script: 4, self.special: 6, self.run: 2, self.accents: 2,
                 self.rare: 2, self.word: 6, self.tokens: 6}
        lists = {tuple(WHITE): 5, tuple(CONTROLS): 2, tuple(EMOJI): 4, tuple(NUMBERS): 4, tuple(CONTRACTIONS): 3, tuple(MARKUP): 3, (" ",): 8}
        self.makers = list(kinds) + [lambda some=some: self.random.choice(some) for some in lists]
        self.weights = list(kinds.values()) + list(lists.values())

    def slice_of(self, texts):
        text = self.random.choice(texts)
        begin = self.random.randrange(len(text))
        return text[begin:begin + self.random.choice([20, 100, 400])]

    def slice_of_prose(self):
        return self.slice_of(self.prose)

    def slice_of_code(self):
        return self.slice_of(self.code)

    def sentence(self):
        return self.random.choice(["", " "]) + self.random.choice(SENTENCES)

    def word(self):
        letters = "".join(self.random.choice("etaoinshrdlucmfwygpbvk") for _ in range(self.random.randint(1, 12)))
        return self.random.choice(["", " "]) + self.random.choice([str, str.upper, str.title])(letters)

    def tokens(self):
        return "".join(self.random.choice(self.other_tokens) for _ in range(self.random.randint(1, 8)))

    def script(self):
        first, last = self.random.choice(BLOCKS)
        return "".join(chr(self.random.randint(first, last)) for _ in range(self.random.randint(1, 20)))

    def accents(self):
        return "".join(self.random.choice("aeuknกक한") + self.random.choice(MARKS) * self.random.randint(0, 3) for _ in range(4))

    def rare(self):
        return "".join(everywhere(self.random) for _ in range(self.random.randint(1, 8)))

    def run(self):
        piece = self.random.choice([" ", " ", "\n", "\t", "\r\n", "a", "-", "=", "0", "\u3000", "▁", "\x00", "é", "中", "😀", " a", "\n ", "<s", "ab"])
        return piece * self.random.choice([2, 3, 5, 8, 17, 40, 100])

    def special(self):
        r, token = self.random, self.random.choice(self.special_tokens)
        cut = r.randint(1, len(token) - 1)
        return r.choice([token, token, token, " " + token, token + " ", "\n" + token + "\n", token + token, token[:cut], token[cut:], token[:cut] + token + token[cut:],
                         token.upper(), token[:cut] + " " + token[cut:], "x" + token + "y", token[:cut] + token])

    def text(self, size):
        """At least `size` bytes."""
        pieces, bytes_ = [], 0
        while bytes_ < size:
            piece = self.random.choices(self.makers, self.weights)[0]()
            pieces.append(piece)
            bytes_ += len(piece.encode())
        return "".join(pieces)

    def texts(self, size):
        """Texts of at least `size` bytes together: each single character of the lists, many short ones, some long ones."""
        out = ["", *WHITE, *CONTROLS, *EMOJI, *NUMBERS, *CONTRACTIONS, *MARKUP, *self.special_tokens, *SENTENCES]
        out += [piece * 1000 for piece in (" ", "\n", "a", " a", "\t ", "中", "\u0301", "<s>")]
        total = sum(len(text.encode()) for text in out)
        while total < size:
            out.append(self.text(self.random.choice([1, 10, 50, 200, 1000, 1000, 5000, 5000, 20000])))
            total += len(out[-1].encode())
        return out
