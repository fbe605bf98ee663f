// docs/checkpoints-gguf.md has every key that gguf knows, and each is treated as its row says.
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <sstream>

#include "base/mapped_file.hpp"
#include "checkpoint/files.hpp"
#include "checkpoint/gguf_key_list.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

/// Key -> "read", "refused" or "ignored", by the tables of the page.
std::map<std::string, std::string> documented_keys() {
  const auto page = base::read_text_file(KILN_SOURCE_DIR "/docs/checkpoints-gguf.md");
  EXPECT_TRUE(page);
  std::map<std::string, std::string> all;
  std::istringstream lines(*page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const std::size_t keys_end = line.find(" | ");
    const std::string treatment = line.substr(keys_end + 3, line.find(" | ", keys_end + 3) - keys_end - 3);
    for (std::size_t at = line.find('`'); at < keys_end; at = line.find('`', at)) {
      const std::size_t end = line.find('`', at + 1);
      EXPECT_TRUE(all.emplace(line.substr(at + 1, end - at - 1), treatment).second) << line;
      at = end + 1;
    }
  }
  return all;
}

GgufBuilder with(GgufBuilder builder, const std::string& key, const std::string& value) {
  builder.set(key, value);
  return builder;
}

/// The error of opening, or nothing.
std::string outcome(const GgufBuilder& builder) {
  const auto opened = open(write_gguf(folder(), builder));
  return opened ? "" : opened.error().message;
}

TEST(GgufPage, HasEveryKey) {
  const auto documented = documented_keys();
  for (const auto key : kGgufKeys) EXPECT_TRUE(documented.contains(std::string(key))) << key;
}

TEST(GgufPage, SaysWhatIsDone) {
  const std::string array_of_booleans =
      raw<std::uint32_t>(9) + raw<std::uint32_t>(7) + raw<std::uint64_t>(1) + raw<std::uint8_t>(1);
  const std::string three = raw<std::uint32_t>(6) + raw(3.0F);
  const std::string zero = raw<std::uint32_t>(6) + raw(0.0F);
  auto plain = with_tokenizer("llama");
  auto byte_level = with_tokenizer("gpt2");
  byte_level.text("tokenizer.ggml.pre", "smollm");
  byte_level.texts("tokenizer.ggml.merges", {"a b"});
  ASSERT_EQ(outcome(plain), "");
  ASSERT_EQ(outcome(byte_level), "");
  std::array<GgufBuilder, 3> ignoring = {plain, plain, plain};  // all ignored keys in one file, whatever they say
  for (const auto& [key, treatment] : documented_keys()) {
    if (treatment == "read") {
      if (key.starts_with("split.") && key != "split.count") continue;  // read of split files alone
      const bool of_bytes = key == "tokenizer.ggml.pre" || key == "tokenizer.ggml.merges";
      EXPECT_THAT(outcome(with(of_bytes ? byte_level : plain, key, array_of_booleans)), HasSubstr(key));
    } else if (treatment == "refused") {
      EXPECT_THAT(outcome(with(plain, key, three)) + outcome(with(plain, key, zero)), HasSubstr("metadata " + key));
    } else {
      EXPECT_EQ(treatment, "ignored") << key;
      ignoring[0].set(key, array_of_booleans);
      ignoring[1].set(key, three);
      ignoring[2].set(key, zero);
    }
  }
  EXPECT_GT(ignoring[0].values.size(), plain.values.size() + 100);
  for (const auto& builder : ignoring) EXPECT_EQ(outcome(builder), "");
}

}  // namespace
}  // namespace kiln::checkpoint::test
