// What compare() says of an image whose recipe or record is another, and of one without a record.
#include "proof_testing.hpp"
#include "rom/older_image.hpp"

namespace kiln::bake::test {
namespace {

using checkpoint::Role;
using config::CodebookKind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint) {
  base::ThreadPool pool(1);
  const auto result = compare(image, checkpoint, pool);
  return result ? "" : result.error().message;
}

TEST(Proof, AnotherRecipe_IsFound) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
  const auto image = image_of(bytes_of(*checkpoint, recipe_of(3)));
  base::ThreadPool pool(1);
  auto wider = recipe_of(3);
  for (const auto c : {TensorClass::Down, TensorClass::Up}) wider.formats[static_cast<std::size_t>(c)].bits = 6;
  const std::tuple<config::BakeRecipe, bool, std::string> cases[] = {
      {recipe_of(3), true, ""},
      {wider, false,
       "up has 3 bits (kmeans), asked for are 6 (kmeans); down has 3 bits (kmeans), asked for are 6 "
       "(kmeans)"},
      {recipe_of(3, CodebookKind::Uniform), false, "embedding has 3 bits (kmeans), asked for are 3 (uniform); q has"}};
  for (auto [recipe, same, difference] : cases) {
    recipe.name = "other";
    const auto result = compare(image, *checkpoint, pool, {}, {Proof::Codes, &recipe});
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result->matches(), same);
    if (same) continue;
    EXPECT_THAT(result->differences, ElementsAre(HasSubstr("the recipe is another: " + difference)));
  }
}

/// The image says that its codebooks were learnt, and has evenly spaced ones.
TEST(Proof, AForeignRecipe_IsFoundByTheCodes) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
  Bytes bytes = bytes_of(*checkpoint, recipe_of(3));
  const Bytes even = bytes_of(*checkpoint, recipe_of(3, CodebookKind::Uniform));
  for (std::size_t i = rom::place_of(SectionKind::Codebook, 0); i + 1 < rom::test::header_of(bytes).sections; ++i) {
    const auto from = rom::test::section_of(even, i), to = rom::test::section_of(bytes, i);
    std::copy_n(even.begin() + static_cast<std::ptrdiff_t>(from.offset), from.bytes,
                bytes.begin() + static_cast<std::ptrdiff_t>(to.offset));
  }
  rom::test::reseal(bytes);
  const auto result = proof(image_of(bytes), *checkpoint);
  EXPECT_FALSE(result.matches());
  EXPECT_EQ(result.other_codes.size(), 16U);
  EXPECT_THAT(result.other_codes.front(), HasSubstr("embedding: level "));
}

TEST(Proof, ARecipeThatIsNotTheRecordedOne_IsFound) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
  Bytes bytes = bytes_of(*checkpoint, recipe_of(3));
  const auto section = rom::test::section_of(bytes, rom::place_of(SectionKind::Recipe));
  const std::string text(reinterpret_cast<const char*>(bytes.data()) + section.offset, section.bytes);
  bytes[section.offset + text.find("\"test\"") + 1] = std::byte{'b'};
  rom::test::reseal(bytes);
  const auto result = proof(image_of(bytes), *checkpoint, Proof::Codes);
  EXPECT_THAT(result.differences, ElementsAre(HasSubstr("the recipe is not the one by which the image was baked")));
  EXPECT_FALSE(result.matches());
}

/// The text of the record with something else in it, as long.
Bytes with_record(Bytes bytes, const std::string& old, const std::string& now) {
  const auto section = rom::test::section_of(bytes, rom::test::header_of(bytes).sections - 1);
  const std::string text(reinterpret_cast<const char*>(bytes.data()) + section.offset, section.bytes);
  const auto at = text.find(old);
  EXPECT_NE(at, text.npos);
  std::memcpy(bytes.data() + section.offset + at, now.data(), now.size());
  rom::test::reseal(bytes);
  return bytes;
}

TEST(Proof, WithoutARecordThatThisKilnReads_IsRefused) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
  const Bytes bytes = bytes_of(*checkpoint, recipe_of(3));
  EXPECT_THAT(
      refusal(image_of(with_record(bytes, "provenance 1", "provenance 2")), *checkpoint),
      AllOf(HasSubstr(temp_path("proof")), HasSubstr("in version 2 what it was baked from, expected version 1")));
  EXPECT_THAT(refusal(image_of(with_record(bytes, "method 1", "method 2")), *checkpoint),
              HasSubstr("was baked by method 2, and this Kiln bakes by method 1; bake it again"));
}

TEST(Proof, WithoutARecord_TheCodesAreProvedAndNoHash) {
  Altered checkpoint(checkpoint::synthetic(untied_model(), 1));
  float weight = 1e-30F;
  checkpoint.change = [&](const checkpoint::TensorInfo& tensor, std::uint64_t first, std::span<float> out) {
    if (tensor.role == Role::Up && first == 0) out[5] = weight;
    return base::Status();
  };
  Bytes bytes = rom::test::without_record(bytes_of(checkpoint, recipe_of(4)));
  for (const float now : {1e-30F, -1e-30F}) {
    weight = now;
    const auto result = proof(image_of(bytes), checkpoint);
    EXPECT_TRUE(result.matches()) << result.bytes->difference;
    EXPECT_FALSE(result.hashes_recorded);
    EXPECT_EQ(result.hashes_checked, 0U);
    EXPECT_EQ(result.codes_checked, 16U);
  }
  bytes[offset_of(bytes, SectionKind::Codes, untied_model(), TensorClass::Down, 1)] ^= std::byte{1};
  rom::test::reseal(bytes);
  const auto changed = proof(image_of(bytes), checkpoint);
  EXPECT_FALSE(changed.matches());
  EXPECT_THAT(changed.other_codes, ElementsAre(HasSubstr("layer 1 down: the code of row 0")));
}

TEST(Proof, ARecordOfAnotherCheckpoint_IsFound) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
  Bytes bytes = bytes_of(*checkpoint, recipe_of(3));
  const Bytes other = bytes_of(*checkpoint::synthetic(odd_model(), 2), recipe_of(3));
  const auto section = rom::test::section_of(bytes, rom::test::header_of(bytes).sections - 1);
  std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(section.offset), section.bytes,
              bytes.begin() + static_cast<std::ptrdiff_t>(section.offset));
  rom::test::reseal(bytes);
  EXPECT_EQ(proof(image_of(bytes), *checkpoint).other_hashes.size(), checkpoint->tensors().size());
}

}  // namespace
}  // namespace kiln::bake::test
