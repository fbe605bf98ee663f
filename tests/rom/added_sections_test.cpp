// Sections that a later version adds: skipped or refused by name as their flag says, and covered by checksums like all
// others. What an image without them is made of does not change.
#include <gmock/gmock.h>

#include "rom/small_image.hpp"

namespace kiln::rom::test {
namespace {

using testing::HasSubstr;

Bytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

ImageHead head_with(const std::vector<AddedSection>& added) {
  ImageHead head = head_of(small_model(), 3);
  head.added = added;
  return head;
}

Bytes image_with(const std::vector<AddedSection>& added) {
  const auto path = temp_path("added_source");
  write_image(path, head_with(added));
  Bytes bytes = read_bytes(path);
  std::filesystem::remove(path);
  return bytes;
}

class AddedSections : public DamagedImage {
 protected:
  static constexpr std::size_t kFirst = place_of(SectionKind::Codebook, 2 + 7 * 2);  // after the last matrix
  AddedSections() : DamagedImage(head_with({{"biases", true, bytes_of("b")}, {"qk_norms", true, Bytes(200)}})) {}
};

TEST_F(AddedSections, ThatAreOptionalAndUnknown_AreSkipped) {
  EXPECT_EQ(refused(bytes_), "");
  const auto path = temp_path("optional");
  write_bytes(path, bytes_);
  const auto image = RomImage::open(path, pool_);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->tensors().size(), 2U + 7 * 2);
  const auto plain = temp_path("without");
  write_bytes(plain, image_with({}));
  const auto without = RomImage::open(plain, pool_);
  ASSERT_TRUE(without.ok()) << without.error().message;
  EXPECT_TRUE(std::ranges::equal(image->tensors().back().matrix.codes, without->tensors().back().matrix.codes));
  EXPECT_TRUE(std::ranges::equal(image->final_norm(), without->final_norm()));
  EXPECT_NE(image->content_hash(), without->content_hash());
  EXPECT_TRUE(std::ranges::equal(image->added("biases").value(), bytes_of("b")));
  EXPECT_EQ(image->added("qk_norms").value().size(), 200U);
  EXPECT_FALSE(image->added("norms"));
  EXPECT_FALSE(without->added("biases"));
  std::filesystem::remove(path);
  std::filesystem::remove(plain);
}

TEST_F(AddedSections, ThatAreRequiredAndUnknown_AreRefusedByName) {
  EXPECT_THAT(refused(image_with({{"biases", true, {}}, {"qk_norms", false, Bytes(64)}})),
              HasSubstr("(\"qk_norms\") is one that a reader must know, and this version of Kiln does not"));
  EXPECT_THAT(with_section(kFirst, [](Section& s) { s.flags = 0; }), HasSubstr("(\"biases\") is one that a reader"));
}

TEST_F(AddedSections, EveryByteIsCovered) {
  const std::size_t entries = sizeof(Header) + kFirst * sizeof(Section);
  const std::size_t contents = section_of(bytes_, kFirst).offset;
  expect_flips_refused(entries, entries + 2 * sizeof(Section));
  expect_flips_refused(contents, bytes_.size());
  for (std::size_t cut = 64; cut <= bytes_.size() - contents; cut += 64)
    EXPECT_THAT(refused(Bytes(bytes_.begin(), bytes_.end() - static_cast<std::ptrdiff_t>(cut))), HasSubstr("cut off"));
}

TEST_F(AddedSections, AreHeldAgainstTheFormat) {
  const auto named = [](std::string_view name) {
    return [name](Section& s) {
      s.name = {};
      std::ranges::copy(name, s.name.begin());
    };
  };
  const std::string no_name = "has no name of 1 to 16 lower-case letters, digits and underscores";
  for (const std::string_view name : {"", "Biases", "a b", "a\n", "\xC3\xA4"})
    EXPECT_THAT(with_section(kFirst, named(name)), HasSubstr(no_name)) << name;
  EXPECT_THAT(with_section(kFirst, [](Section& s) { s.name[15] = 'x'; }), HasSubstr(no_name));
  EXPECT_EQ(with_section(kFirst, named("a_2")), "");
  EXPECT_EQ(with_section(kFirst + 1, named("sixteen_letters_")), "");
  EXPECT_THAT(with_section(kFirst + 1, named("biases")), HasSubstr("(\"biases\") follows \"biases\", expected names"));
  EXPECT_THAT(with_section(kFirst, named("tables")), HasSubstr("(\"qk_norms\") follows \"tables\", expected names"));
  EXPECT_THAT(with_section(kFirst, [](Section& s) { s.flags = 3; }), HasSubstr("has flags of 3, expected 0 or 1"));
  EXPECT_THAT(with_section(kFirst, [](Section& s) { s.offset += 64; }), HasSubstr("right behind the section before"));
  EXPECT_THAT(with_section(kFirst, [](Section& s) { s.bytes = 300; }), HasSubstr("right behind the section before"));
  EXPECT_THAT(with_section(kFirst + 1, [](Section& s) { s.bytes = 300; }), HasSubstr("ends behind the file"));
  EXPECT_THAT(with_section(kFirst + 1, [](Section& s) { s.bytes = UINT64_MAX; }), HasSubstr("ends behind the file"));
  EXPECT_THAT(with_section(kFirst + 1, [](Section& s) { s.bytes = 10; }), HasSubstr("but its sections end at byte"));
}

TEST_F(AddedSections, AreNoneOfThoseThatEveryImageHas) {
  EXPECT_THAT(with_section(kFirst, [](Section& s) { s.kind = SectionKind::Codes; }),
              HasSubstr("sections, but its model calls for"));
  EXPECT_THAT(with_section(kFirst - 1, [](Section& s) { s.kind = SectionKind::Added; }),
              HasSubstr("sections, but its model calls for"));
  EXPECT_THAT(with_section(kFirst - 2, [](Section& s) { s.kind = SectionKind::Added; }),
              HasSubstr("is the unknown section, expected the scales of lm_head"));
  EXPECT_THAT(with_section(kFirst - 1, [](Section& s) { s.flags = kOptional; }),
              HasSubstr("is the unknown section, expected the row scales of lm_head"));
}

TEST_F(AddedSections, InAnyOrderOrWithoutNames_AreABugOfTheWriter) {
  ImageHead head = head_of(small_model(), 3);
  head.added = {{"b", true, {}}, {"a", true, {}}};
  EXPECT_THROW((void)RomWriter::create(temp_path("added_bug"), head), base::BugError);
  head.added = {{"Name", true, {}}};
  EXPECT_THROW((void)RomWriter::create(temp_path("added_bug"), head), base::BugError);
}

}  // namespace
}  // namespace kiln::rom::test
