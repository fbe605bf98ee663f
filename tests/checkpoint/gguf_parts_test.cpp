// Split GGUF files: the parts make the model that one file makes, and what does not belong together is refused by name.
#include <gmock/gmock.h>

#include "checkpoint/files.hpp"
#include "checkpoint/identity.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The tiny model in three parts, as llama-gguf-split writes them: metadata and no tensor in the first.
struct Parts {
  std::vector<GgufBuilder> parts;
  fs::path directory = folder();

  explicit Parts(const GgufBuilder& whole) {
    parts.push_back(whole);
    parts[0].tensors.clear();
    parts.resize(3);
    const std::size_t half = whole.tensors.size() / 2;
    for (std::size_t i = 0; i < whole.tensors.size(); ++i) parts[i < half ? 1 : 2].tensors.push_back(whole.tensors[i]);
    for (std::uint32_t i = 0; i < 3; ++i) {
      parts[i].set("split.no", raw<std::uint32_t>(2) + raw<std::uint16_t>(static_cast<std::uint16_t>(i)));
      parts[i].set("split.count", raw<std::uint32_t>(2) + raw<std::uint16_t>(3));
      parts[i].set("split.tensors.count", raw<std::uint32_t>(5) + raw(static_cast<std::int32_t>(whole.tensors.size())));
    }
  }
  [[nodiscard]] std::string name(std::size_t i) const {
    return (directory / ("tiny-0000" + std::to_string(i + 1) + "-of-00003.gguf")).string();
  }
  [[nodiscard]] base::Result<std::unique_ptr<Checkpoint>> open_part(std::size_t i = 0) const {
    for (std::size_t p = 0; p < parts.size(); ++p) write(name(p), parts[p].bytes());
    return open(name(i));
  }
  [[nodiscard]] std::string error(std::size_t i = 0) const {
    const auto opened = open_part(i);
    EXPECT_FALSE(opened);
    return opened ? "" : opened.error().message;
  }
};

TEST(GgufParts, MakeTheModelThatOneFileMakes) {
  Parts all(tiny_gguf());
  all.parts[2].u32("general.alignment", 64);  // each part has its own
  all.parts[2].alignment = 64;
  std::string first;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto opened = all.open_part(i);
    ASSERT_TRUE(opened) << opened.error().message;
    expect_tiny_weights(**opened);
    for (const auto& tensor : (*opened)->tensors()) (*opened)->release(tensor);
    expect_tiny_weights(**opened);
    EXPECT_THAT((*opened)->files(), testing::ElementsAre(all.name(0), all.name(1), all.name(2)));
    const auto own = identity(**opened);
    ASSERT_TRUE(own) << own.error().message;
    if (i == 0) first = *own;
    EXPECT_EQ(*own, first);
  }
  // Every part counts.
  all.parts[1].tensors[0].data.replace(0, 4, raw(3.0F));
  EXPECT_NE(identity(**all.open_part()).value(), first);
}

TEST(GgufParts, NanIsFoundInThePartThatHasIt) {
  Parts all(tiny_gguf());
  all.parts[2].tensor("blk.1.ffn_down.weight").data.replace(0, 4, raw(std::numeric_limits<float>::quiet_NaN()));
  const auto opened = all.open_part();
  ASSERT_TRUE(opened) << opened.error().message;
  std::vector<float> values(12);
  const auto read = (*opened)->read_rows(*(*opened)->find(Role::Down, base::LayerId{1}), 0, 1, values);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr(all.name(2)));
}

TEST(GgufParts, OfFurtherTensorsAreRefusedByPart) {
  Parts all(tiny_gguf());
  all.parts[1].tensors.push_back(all.parts[2].tensors[0]);
  EXPECT_THAT(all.error(), AllOf(HasSubstr(all.name(2)), HasSubstr("is in " + all.name(1) + " as well")));
  all.parts[1].tensors.pop_back();
  all.parts[1].tensors.push_back({"blk.0.attn_q.bias", {1}, 0, "1234", {}});
  EXPECT_THAT(all.error(), HasSubstr("the 3 parts have 22 tensors; metadata split.tensors.count asks for 21"));
  for (auto& part : all.parts) part.erase("split.tensors.count");
  EXPECT_THAT(all.error(), AllOf(HasSubstr(all.name(1)), HasSubstr("attn_q.bias has no place")));
  all.parts[1].tensors.pop_back();
  EXPECT_TRUE(all.open_part());
  all.parts[1].tensor("blk.0.attn_q.weight").dimensions = {4, 16};
  EXPECT_THAT(all.error(), AllOf(HasSubstr(all.name(1)), HasSubstr("the metadata ask for")));
  all.parts[1].erase_tensor("blk.0.attn_q.weight");
  EXPECT_THAT(all.error(), HasSubstr("blk.0.attn_q.weight is missing; the metadata ask for it"));
}

TEST(GgufParts, MissingOnesAreNamed) {
  const Parts all(tiny_gguf());
  ASSERT_TRUE(all.open_part());
  for (std::size_t gone = 0; gone < 3; ++gone) {
    const std::size_t named = gone == 0 ? 1 : 0;
    ASSERT_TRUE(all.open_part());
    fs::remove(all.name(gone));
    const auto opened = open(all.name(named));
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message,
                AllOf(HasSubstr(all.name(named)), HasSubstr(all.name(gone)),
                      HasSubstr("part " + std::to_string(gone + 1) + " of the 3 of this split GGUF does not open")));
  }
}

TEST(GgufParts, OfAnotherModelAreRefused) {
  const auto error_with = [](std::size_t part, const char* key, const std::string& value) {
    Parts all(tiny_gguf());
    all.parts[part].set(key, value);
    return all.error();
  };
  const auto u16 = [](std::uint16_t v) { return raw<std::uint32_t>(2) + raw(v); };
  EXPECT_THAT(error_with(1, "split.no", u16(2)), HasSubstr("metadata split.no is 2; 1 is expected by the file's name"));
  EXPECT_THAT(error_with(2, "split.count", u16(2)), HasSubstr("metadata split.count is 2; 3 is expected"));
  EXPECT_THAT(error_with(2, "split.tensors.count", raw<std::uint32_t>(5) + raw<std::int32_t>(20)),
              HasSubstr("metadata split.tensors.count differs from that of"));
  EXPECT_THAT(error_with(1, "llama.block_count", raw<std::uint32_t>(4) + raw<std::uint32_t>(3)),
              HasSubstr("metadata llama.block_count differs from that of"));
  EXPECT_THAT(error_with(1, "general.architecture", raw<std::uint32_t>(8) + gguf_string("qwen2")),
              HasSubstr("metadata general.architecture differs"));
  EXPECT_THAT(error_with(0, "split.no", u16(3)), HasSubstr("metadata split.no is 3; a number below the 3 parts"));
  EXPECT_THAT(error_with(0, "split.count", u16(5000)), HasSubstr("split.count is 5000; at most 4096 parts"));
  Parts unnumbered(tiny_gguf());
  unnumbered.parts[1].erase("split.no");
  EXPECT_THAT(unnumbered.error(), HasSubstr("metadata split.no is missing; 1 is expected"));
  unnumbered.parts[0].erase("split.no");
  EXPECT_THAT(unnumbered.error(), HasSubstr("metadata split.no is missing; a number below the 3 parts"));
}

TEST(GgufParts, AreFoundByTheirNames) {
  const Parts all(tiny_gguf());
  ASSERT_TRUE(all.open_part());
  const std::string renamed = (all.directory / "first.gguf").string();
  fs::copy_file(all.name(0), renamed);
  EXPECT_THAT(error_of(renamed), HasSubstr("a name that ends in -00001-of-00003.gguf is expected"));
  // A file that says it is the only part may have any name.
  auto alone = tiny_gguf();
  alone.u32("split.count", 1);
  write(all.directory / "alone-00001-of-00003.gguf", alone.bytes());
  EXPECT_TRUE(open((all.directory / "alone-00001-of-00003.gguf").string()));
}

}  // namespace
}  // namespace kiln::checkpoint::test
