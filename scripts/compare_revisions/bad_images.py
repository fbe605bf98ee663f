"""ROM images of which one thing is spoilt, the checksums repaired or not: tests/rom/refusal_test.cpp.

XXH3 comes from libxxhash, which Kiln links anyway.
"""
import ctypes
import ctypes.util
import math
import random
import struct

HEADER, SECTION = struct.Struct("<8sIIQII32s7QQ"), struct.Struct("<6I3Q2Q")
PIECE = 1 << 20


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def library():
    for name in ("libxxhash.so.0", ctypes.util.find_library("xxhash")):
        try:
            found = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if found:
            found.XXH3_64bits.restype, found.XXH3_64bits.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
            found.XXH3_128bits.restype, found.XXH3_128bits.argtypes = Hash128, [ctypes.c_char_p, ctypes.c_size_t]
            return found
    raise SystemExit("compare-revisions: libxxhash is not on this machine; scripts/install-packages build installs it")


class Image:
    """An image as a header, sections and bytes that can be changed, and written with right checksums."""
    xxh3 = None

    def __init__(self, data):
        Image.xxh3 = Image.xxh3 or library()
        self.data = bytearray(data)
        self.header = list(HEADER.unpack_from(data))
        self.sections = [list(SECTION.unpack_from(data, 128 + 64 * i)) for i in range(self.header[4])]

    def put(self):
        for i, section in enumerate(self.sections):
            SECTION.pack_into(self.data, 128 + 64 * i, *section)
        HEADER.pack_into(self.data, 0, *self.header)
        return self

    def sealed(self):
        for section in self.sections:
            offset, size = section[6], section[7]
            if offset <= len(self.data) and size <= len(self.data) - offset:
                part = bytes(self.data[offset:offset + size])
                sums = [self.sum64(part[at:at + PIECE]) for at in range(0, len(part), PIECE)]
                section[8] = self.sum64(struct.pack(f"<{len(sums)}Q", *sums))
        self.put()
        directory = bytes(self.data[128:128 + 64 * len(self.sections)])
        hash128 = self.xxh3.XXH3_128bits(directory, len(directory))
        self.header[6] = f"{hash128.high:016x}{hash128.low:016x}".encode()
        return self.with_header()

    def with_header(self):
        self.put()
        self.header[-1] = self.sum64(bytes(self.data[:120]))
        return bytes(self.put().data)

    def sum64(self, data):
        return self.xxh3.XXH3_64bits(data, len(data))


def add_all(cases, whole):
    """`whole`: the image of a tiny model with a tokenizer, in which layer 0's v is 5 + 4 * 3."""
    if Image(whole).sealed() != whole:
        raise SystemExit("compare-revisions: the checksums of an image are not made as docs/formats/rom-image.md says")

    def add(kind, data, command="inspect"):
        line = {"inspect": ["inspect", "bad.rom"], "eval": ["eval", "--rom", "bad.rom", "--tokens", "ids.txt"],
                "run": ["run", "--rom", "bad.rom", "--chip", "demo", "--prompt-tokens", "2"],
                "chat": ["chat", "--rom", "bad.rom", "--chip", "demo"],
                "rtl": ["rtl", "--rom", "bad.rom", "--chip", "demo", "--unit", "chip", "-o", "x"]}[command]
        cases.add(f"bad/rom/{kind}", line, files={"bad.rom": data, **({"ids.txt": "1 2 3 4"} if command == "eval" else {})})

    plain = Image(whole)
    at = [0, 8, 24, 40, 127, 128, 128 + 64 * len(plain.sections) - 1]
    for i, section in enumerate(plain.sections):
        if section[7] and (i < 9 or i + 4 >= len(plain.sections)):
            at += [section[6], section[6] + section[7] - 1]
    for place in at:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        add("flipped", bytes(spoilt))
    for cut in (0, 8, 100, 127, 128, len(whole) - 64, len(whole) - 1):
        for command in ("run", "eval", "chat", "rtl"):
            add("cut", whole[:cut], command)
    add("grown", whole + b"\0", "run")
    add("grown", whole + b"\0" * 64)
    for field, value in ((0, b"KILxROM\n"), (1, 2), (2, 64), (5, 1), (13, 1), (3, (1 << 64) - 1), (4, (1 << 32) - 1), (4, 28000), (4, 0),
                         (6, b"0" * 32)):
        image = Image(whole)
        image.header[field] = value
        add("header", image.with_header())
    codes = 5 + 4 * 3 + 1
    for index, field, value in ((codes, 4, 5), (codes, 5, (1 << 32) - 1), (codes, 3, 3), (codes, 3, 5), (codes, 2, 1), (codes, 1, 77),
                                (codes, 0, 99), (codes, 7, (1 << 64) - 1), (codes, 6, plain.sections[codes][6] - 64),
                                (codes, 6, (1 << 64) - 64), (codes, 10, 1), (0, 7, (1 << 64) - 1), (2, 7, 1 << 30), (1, 6, 0), (0, 0, 5)):
        image = Image(whole)
        image.sections[index][field] = value
        add("directory", image.sealed())

    def value(index, offset, data):
        image = Image(whole)
        start = image.sections[index][6] + offset
        image.data[start:start + len(data)] = data
        return image.sealed()
    add("values", value(5, 2, b"\x80"))
    for bad in (math.nan, math.inf, -1.0, -0.0, 1e-40):
        add("values", value(8, 7 * 4, struct.pack("<f", bad)))
    add("values", value(4, 4, struct.pack("<f", math.nan)))
    add("texts", value(0, 0, b"["))
    add("texts", value(1, 2, b"X"))
    text = whole[plain.sections[0][6]:plain.sections[0][6] + plain.sections[0][7]]
    for old, new in ((b'"num_hidden_layers":', b"3"), (b'"hidden_size":', b"0"), (b'"vocab_size":', b"-")):
        if old in text:
            add("texts", value(0, text.index(old) + len(old), new))
    for word, number in ((0, 9), (2, 64), (5, (1 << 32) - 1), (8, 1 << 30), (9, 1 << 30)):
        add("tokenizer", value(2, 4 * word, struct.pack("<I", number)))
    generator = random.Random(20261122)
    interesting = plain.sections[4][6]
    for _ in range(60):
        image = Image(whole)
        for _ in range(generator.randint(1, 4)):
            limit = len(whole) if generator.random() < 0.25 else interesting
            image.data[generator.randrange(limit)] = generator.randrange(256)
        count = min(len(image.sections), (len(image.data) - 128) // 64)
        image.header = list(HEADER.unpack_from(image.data))
        image.sections = [list(SECTION.unpack_from(image.data, 128 + 64 * i)) for i in range(min(count, image.header[4]))]
        add("random", image.sealed())
