// docs/checkpoints.md says of every key that transformers writes for a Llama what becomes of it, and that does.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "base/mapped_file.hpp"
#include "checkpoint/files.hpp"
#include "kiln/config/load.hpp"
#include "tokenizer/hugging_face_files.hpp"

namespace kiln::checkpoint::test {
namespace {

/// The lines of the table under "### FILE".
std::vector<std::string> lines_of(const std::string& page, const std::string& file) {
  std::vector<std::string> all;
  std::istringstream lines(page);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) inside = line == "### " + file;
    if (inside && line.starts_with("|")) all.push_back(line);
  }
  return all;
}

/// What is in backticks.
std::set<std::string> quoted(const std::string& text) {
  std::set<std::string> all;
  for (std::size_t at = text.find('`'); at != std::string::npos; at = text.find('`', at)) {
    const std::size_t end = text.find('`', at + 1);
    if (end == std::string::npos) break;
    all.insert(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return all;
}

/// Keys anywhere in the table: those of inner objects are in a row's second cell.
std::set<std::string> keys_of(const std::string& page, const std::string& file) {
  std::set<std::string> keys;
  for (const auto& line : lines_of(page, file)) keys.merge(quoted(line));
  return keys;
}

/// Keys of the first cells, and what the second ones say.
std::map<std::string, std::string> rows_of(const std::string& page, const std::string& file) {
  std::map<std::string, std::string> rows;
  for (const auto& line : lines_of(page, file)) {
    const std::size_t cell = line.find(" | ");
    for (const auto& key : quoted(line.substr(0, cell))) rows.emplace(key, line.substr(cell + 3));
  }
  return rows;
}

/// A directory of the tiny model in which every file may be changed.
struct Directory {
  std::map<std::string, nlohmann::json> files = {
      {"config.json", tiny_hf_config()},
      {"generation_config.json", nlohmann::json::object()},
      {"tokenizer.json", tokenizer::small::llama2_json()},
      {"tokenizer_config.json",
       {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", true}}}};

  /// A key of the page, where it is in the file.
  void set(const std::string& file, const std::string& key, const nlohmann::json& value) {
    static const std::set<std::string> of_the_model = {"fuse_unk", "dropout", "continuing_subword_prefix",
                                                       "end_of_word_suffix"};
    const bool inner = file == "tokenizer.json" && of_the_model.contains(key);
    (inner ? files[file]["model"] : files[file])[key] = value;
  }
  [[nodiscard]] base::Result<std::unique_ptr<Checkpoint>> opened(const fs::path& to) const {
    for (const auto& [name, value] : files) write(to / name, value.dump());
    return open(to.string());
  }
};

class CheckpointKeysOf : public testing::TestWithParam<const char*> {
 protected:
  CheckpointKeysOf()
      : rows_(rows_of(base::read_text_file(KILN_SOURCE_DIR "/docs/checkpoints.md").value(), GetParam())),
        to_(write_hf(folder(), tiny_hf_config(), tiny_hf_tensors())) {}

  /// The errors that the key's values of every kind give.
  std::string errors(const std::string& key) {
    std::string all;
    for (const char* value : {"true", "false", "3", "0.25", R"("x")", "[true]", R"([["x"]])", R"({"x":[1]})"}) {
      Directory directory;
      if (key == "bos_token_id") directory.files["tokenizer.json"].erase("post_processor");  // or that says it
      directory.set(GetParam(), key, nlohmann::json::parse(value));
      if (const auto result = directory.opened(to_); !result) all += result.error().message + "\n";
    }
    return all;
  }

  std::map<std::string, std::string> rows_;
  fs::path to_;
};

TEST_P(CheckpointKeysOf, AreRefusedWhereThePageSaysSo) {
  std::size_t tried = 0;
  for (const auto& [key, says] : rows_) {
    const bool refused = says.starts_with("refused");
    // A key that is read has a value of another kind which it may not be.
    if (!refused && !says.starts_with("read")) continue;
    ++tried;
    if (says.find("with a `tokenizer.model`") != std::string::npos) continue;  // SentencePiece's tests have these
    // A name, which any value may be, and a kind of keys.
    if (key == "_name_or_path" || key == "tokenizer_class" || key == "_token") continue;
    EXPECT_THAT(errors(key), testing::HasSubstr(key)) << GetParam() << ": " << says;
  }
  EXPECT_GE(tried, 4U);
}

TEST_P(CheckpointKeysOf, ChangeNothingWhereThePageSaysSo) {
  const auto plain = Directory().opened(to_);
  ASSERT_TRUE(plain) << plain.error().message;
  for (const char* value : {"true", "3", R"("x")", R"([["x"]])", R"({"x":[1]})"}) {
    Directory directory;
    std::size_t tried = 0;
    for (const auto& [key, says] : rows_) {
      if (!says.starts_with("ignored")) continue;
      directory.set(GetParam(), key, nlohmann::json::parse(value));
      ++tried;
    }
    EXPECT_GE(tried, 2U);
    const auto opened = directory.opened(to_);
    ASSERT_TRUE(opened) << value << ": " << opened.error().message;
    EXPECT_EQ((*opened)->tokenizer(), (*plain)->tokenizer()) << value;
    EXPECT_EQ(config::to_json((*opened)->config()), config::to_json((*plain)->config())) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CheckpointKeysOf,
                         testing::Values("config.json", "generation_config.json", "tokenizer.json",
                                         "tokenizer_config.json"),
                         [](const auto& file) {
                           std::string name = file.param;
                           for (char& c : name)
                             if (c == '.') c = '_';
                           return name;
                         });

TEST(CheckpointKeys, ThatTransformersWrites_AreInTheTable) {
  const auto page = base::read_text_file(KILN_SOURCE_DIR "/docs/checkpoints.md").value();
  const auto written = nlohmann::json::parse(
      base::read_text_file(KILN_SOURCE_DIR "/tests/checkpoint/data/transformers_keys.json").value());
  EXPECT_FALSE(written["transformers"].get<std::string>().empty());
  ASSERT_EQ(written["keys"].size(), 4U);
  for (const auto& [file, keys] : written["keys"].items()) {
    const auto known = keys_of(page, file);
    EXPECT_GT(keys.size(), 10U) << file;
    for (const auto& key : keys) EXPECT_TRUE(known.contains(key)) << file << ": " << key;
  }
}

TEST(CheckpointKeys, OneThatIsMissing_IsFound) {
  const std::string page = "### a.json\n\n| `x`, `y` | read |\n\ntext `z`\n### b.json\n| `w` | read |\n";
  EXPECT_EQ(keys_of(page, "a.json"), (std::set<std::string>{"x", "y"}));
  EXPECT_EQ(keys_of(page, "b.json"), (std::set<std::string>{"w"}));
}

}  // namespace
}  // namespace kiln::checkpoint::test
