// tokenizer.model: what SentencePiece itself makes of the same file, and what is refused.
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/mapped_file.hpp"
#include "base/random.hpp"
#include "support/seed.hpp"
#include "tokenizer/hugging_face_files.hpp"

namespace kiln::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
  return out;
}
std::string number(int field, std::uint64_t value) { return varint(static_cast<unsigned>(field) << 3) + varint(value); }
std::string bytes(int field, const std::string& value) {
  return varint(static_cast<unsigned>(field) << 3 | 2) + varint(value.size()) + value;
}

/// A model file, written by hand: <unk>, <s>, </s>, perhaps 256 bytes, then words.
struct ModelFile {
  bool byte_fallback = true;
  int model_type = 2;
  std::string normalizer = number(4, 0);  ///< remove_extra_whitespaces is false, as in Llama's
  std::string trainer;
  std::string pieces;
  int count = 0;

  ModelFile& piece(const std::string& text, int type, float score = 0) {
    std::string float_bytes(4, '\0');
    std::memcpy(float_bytes.data(), &score, 4);
    pieces += bytes(1, bytes(1, text) + varint(2 << 3 | 5) + float_bytes + number(3, static_cast<unsigned>(type)));
    ++count;
    return *this;
  }
  ModelFile& usual(const std::vector<std::string>& words) {
    piece("<unk>", 2).piece("<s>", 3).piece("</s>", 3);
    for (int byte = 0; byte < 256 && byte_fallback; ++byte) piece(fmt::format("<0x{:02X}>", byte), 6);
    float score = 0;
    for (const auto& word : words) piece(word, 1, score -= 1);
    return *this;
  }
  [[nodiscard]] std::string text() const {
    return pieces +
           bytes(2, number(3, static_cast<unsigned>(model_type)) + number(35, byte_fallback ? 1 : 0) + trainer) +
           bytes(3, bytes(1, "identity") + normalizer);
  }
};

HuggingFaceFiles files_of(const ModelFile& model, const std::string& config = "") {
  HuggingFaceFiles files;
  files.name = "d/tokenizer.model";
  files.sentence_piece = model.text();
  files.tokenizer_config = config;
  files.config = R"({"vocab_size":400})";
  return files;
}

std::string error_of(const HuggingFaceFiles& files) {
  const auto read = spec_from_hugging_face(files);
  return read ? "accepted" : read.error().message;
}

const std::vector<std::string> kWords = {"▁", "a", "b", "c", "▁a", "ab", "▁ab", "bc", "d", "cd", "▁▁"};

TEST(SentencePieceModel, IsATokenizer) {
  const auto spec = spec_from_hugging_face(files_of(ModelFile().usual(kWords))).value();
  EXPECT_EQ(spec.bos, 1U);
  EXPECT_THAT(spec.eos, ElementsAre(2));
  EXPECT_EQ(spec.unknown, 0U);
  EXPECT_TRUE(spec.add_bos);
  EXPECT_EQ(spec.template_tokens, std::nullopt);
  const auto t = Tokenizer::create(spec).value();
  EXPECT_THAT(t.encode("ab<s>c").value(), ElementsAre(1, 259 + 6, 1, 259 + 3));  // a space before the first part alone
  EXPECT_EQ(t.decode(t.encode("ab é").value()), "ab é");
}

TEST(SentencePieceModel, TheConfigBesideIt) {
  const auto read = [](const char* config) {
    return spec_from_hugging_face(files_of(ModelFile().usual(kWords), config)).value();
  };
  EXPECT_FALSE(read(R"({"add_bos_token":false})").add_bos);
  EXPECT_FALSE(read(R"({"tokenizer_class":"PreTrainedTokenizerFast"})").add_bos);
  EXPECT_EQ(read(R"({"legacy":true})").space_prefix, SpacePrefix::EachPart);
  EXPECT_EQ(read(R"({"legacy":false})").space_prefix, SpacePrefix::FirstPart);
  const auto bare = read(R"({"tokenizer_class":"LlamaTokenizer","add_prefix_space":false})");
  EXPECT_FALSE(bare.add_space_prefix);
  const auto without = Tokenizer::create(bare).value();
  EXPECT_THAT(without.encode("ab<s>ab").value(), ElementsAre(1, 264, 1, 264));
  EXPECT_EQ(without.decode(without.encode(" ab").value()), " ab");
  EXPECT_TRUE(read(R"({"add_prefix_space":null})").add_space_prefix);
  EXPECT_TRUE(read(R"({"tokenizer_class":"PreTrainedTokenizerFast","add_prefix_space":false})").add_space_prefix);
  ModelFile without_dummy = ModelFile().usual(kWords);
  without_dummy.normalizer += number(3, 0);
  const auto said = [&](const char* config) {
    return spec_from_hugging_face(files_of(without_dummy, config)).value().add_space_prefix;
  };
  EXPECT_FALSE(said("{}"));
  EXPECT_TRUE(said(R"({"tokenizer_class":"LlamaTokenizerFast","add_prefix_space":true})"));
  EXPECT_FALSE(said(R"({"add_prefix_space":true})"));
  const auto spec = read(R"({"added_tokens_decoder":{"1":{"content":"<s>","special":true,"normalized":true},
    "270":{"content":"<|im|>","special":true}},"eos_token":"<|im|>"})");
  EXPECT_THAT(spec.added, ElementsAre());
  EXPECT_THAT(Tokenizer::create(spec).value().encode("d<|im|>d").value(), ElementsAre(1, 259, 267, 270, 267));
  EXPECT_EQ(spec.template_tokens, (TemplateTokens{1, 270}));
  EXPECT_THAT(error_of(files_of(ModelFile().usual(kWords), R"({"add_eos_token":true})")), HasSubstr("/add_eos_token"));
}

TEST(SentencePieceModel, IsRefusedByName) {
  const auto error = [](const ModelFile& model) { return error_of(files_of(model)); };
  ModelFile model = ModelFile().usual(kWords);
  model.model_type = 1;
  EXPECT_EQ(error(model), "d/tokenizer.model: trainer_spec/model_type is unigram, and Kiln has only BPE (2)");
  model = ModelFile().usual(kWords);
  model.normalizer = bytes(1, "nmt_nfkc") + bytes(2, "xyz");
  EXPECT_THAT(error(model), HasSubstr("precompiled_charsmap has 3 bytes (\"nmt_nfkc\")"));
  model.normalizer = number(5, 0);
  EXPECT_THAT(error(model), HasSubstr("escape_whitespaces is false"));
  model = ModelFile().usual(kWords);
  model.trainer = number(24, 1);
  EXPECT_THAT(error(model), HasSubstr("treat_whitespace_as_suffix is true"));
  EXPECT_THAT(error(ModelFile().usual(kWords).piece("zz", 5)), HasSubstr("piece 270 (\"zz\") is an unused one"));
  EXPECT_THAT(error(ModelFile().usual(kWords).piece("zz", 9)), HasSubstr("piece 270 has the type 9"));
  EXPECT_THAT(error(ModelFile().usual(kWords).piece("zz", 2)), HasSubstr("pieces 0 and 270 are unknown ones"));
  EXPECT_THAT(error(ModelFile().usual(kWords).piece("\xFF", 1)), HasSubstr("piece 270 is not UTF-8"));
  for (const std::string& broken : {std::string("x"), std::string("\x0A\xFF\xFF\xFF\xFF\x0F"), std::string("{}"),
                                    bytes(1, "\x0A"), std::string(1 << 20, '\x0B')}) {
    HuggingFaceFiles files;
    files.name = "d/tokenizer.model";
    files.sentence_piece = broken;
    EXPECT_EQ(error_of(files),
              "d/tokenizer.model: no model of SentencePiece: expected pieces, a trainer_spec and a normalizer_spec");
  }
}

TEST(SentencePieceModel, SurvivesDamage) {
  base::Random random(support::test_seed(7));
  const std::string good = ModelFile().usual(kWords).text();
  for (int round = 0; round < 2000; ++round) {
    HuggingFaceFiles files = files_of(ModelFile());
    files.sentence_piece = good;
    for (std::uint64_t n = random.between(1, 3); n > 0; --n)
      files.sentence_piece[random.below(good.size())] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) files.sentence_piece.resize(random.below(good.size()));
    const auto spec = spec_from_hugging_face(files);
    if (!spec) {
      EXPECT_FALSE(spec.error().message.empty());
      continue;
    }
    const auto t = Tokenizer::create(*spec);
    EXPECT_TRUE(!t.ok() || t->encode("ab c é").ok());
  }
}

/// What python3-sentencepiece says, one line of ids a text; empty without it.
std::string independent_ids(const std::filesystem::path& model, const std::filesystem::path& texts) {
  const std::string command =
      "/usr/bin/python3 -c 'import sentencepiece, json, sys\n"
      "model = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])\n"
      "for text in json.load(open(sys.argv[2])): print(*model.encode(text))' '" +
      model.string() + "' '" + texts.string() + "' 2>/dev/null";
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, got);
  return ::pclose(pipe) == 0 ? out : "";
}

TEST(SentencePieceModel, GivesTheIdsOfSentencePiece) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "kiln_sentence_piece";
  std::filesystem::create_directories(folder);
  const std::vector<std::string> parts = {"a",  "b", "c",  "d",  " ",  "  ",  "▁",   "é",
                                          "中", "😀", "\n", "\t", "ab", "<m>", "bcd", "x"};
  base::Random random(support::test_seed(3));
  std::vector<std::string> texts = {"", " ", "ab", " ab ", "  a  b  "};
  for (int i = 0; i < 200; ++i) {
    texts.emplace_back();
    for (std::uint64_t n = random.between(1, 12); n > 0; --n) texts.back() += parts[random.below(parts.size())];
  }
  std::ofstream(folder / "texts.json") << nlohmann::json(texts).dump();
  for (int variant = 0; variant < 16; ++variant) {
    ModelFile model;
    model.byte_fallback = (variant & 1) != 0;
    model.normalizer = number(3, variant >> 1 & 1) + number(4, variant >> 2 & 1);
    model.usual(kWords);
    if ((variant & 8) != 0) model.piece("<m>", 4).piece("▁b", 4);
    std::ofstream(folder / "m.model", std::ios::binary) << model.text();
    const std::string expected = independent_ids(folder / "m.model", folder / "texts.json");
    if (expected.empty()) GTEST_SKIP() << "python3-sentencepiece is not installed (scripts/install-packages test)";
    const auto t = Tokenizer::create(spec_from_hugging_face(files_of(model)).value()).value();
    std::string found;
    for (const auto& text : texts) found += fmt::format("{}\n", fmt::join(t.encode(text, false).value(), " "));
    EXPECT_EQ(found, expected) << variant;
  }
}

}  // namespace
}  // namespace kiln::tokenizer
