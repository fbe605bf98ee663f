// What compare() proves: one code, one scale, one sign, noise, another checkpoint: each is found and named.
#include "proof_testing.hpp"

namespace kiln::bake::test {
namespace {

using checkpoint::Role;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Proof, TheSameCheckpoint_IsProvedToTheByte) {
  for (const auto& model : {odd_model(), round_model()}) {
    const auto checkpoint = checkpoint::synthetic(model, 5);
    const auto image = image_of(bytes_of(*checkpoint, recipe_of(3)));
    for (const std::size_t threads : {1, 3}) {
      const auto result = proof(image, *checkpoint, Proof::Bytes, threads);
      EXPECT_TRUE(result.matches());
      EXPECT_EQ(result.hashes_checked, checkpoint->tensors().size());
      EXPECT_EQ(result.codes_checked, image.tensors().size());
      EXPECT_TRUE(result.bytes && result.bytes->equal);
      EXPECT_EQ(result.bytes->difference, "");
    }
    EXPECT_FALSE(proof(image, *checkpoint, Proof::Codes).bytes);
  }
}

/// A weight so small that the sign changes no code: only the recorded hash can tell.
TEST(Proof, OneFlippedSign_IsFoundInEachTensor) {
  const float tiny = 1e-30F;
  for (std::size_t r = 0; r < config::kTensorRoles; ++r) {
    const auto role = static_cast<Role>(r);
    Altered checkpoint(checkpoint::synthetic(untied_model(), 1));
    float weight = tiny;
    checkpoint.change = [&](const checkpoint::TensorInfo& tensor, std::uint64_t first, std::span<float> out) {
      const bool this_one = tensor.role == role && tensor.layer.value == (config::in_layer(role) ? 1U : 0U);
      if (this_one && first == 0) out[5] = weight;
      return base::Status();
    };
    const auto image = image_of(bytes_of(checkpoint, recipe_of(4)));
    EXPECT_TRUE(proof(image, checkpoint).matches());
    weight = -tiny;
    const auto result = proof(image, checkpoint);
    const auto name = rom::name_of(role, base::LayerId{1});
    EXPECT_FALSE(result.matches());
    EXPECT_THAT(result.other_hashes, ElementsAre(HasSubstr(name + ": its hash is "))) << name;
    EXPECT_THAT(result.beyond_bound, IsEmpty());
    EXPECT_THAT(result.other_codes, IsEmpty());
    EXPECT_LT(result.codes_checked, image.tensors().size());
    EXPECT_THAT(result.bytes->difference, HasSubstr("not baked again to the end"));
  }
}

TEST(Proof, NoiseThatIsWithinTheBoundOfItsWidth_IsFound) {
  Altered checkpoint(checkpoint::synthetic(untied_model(), 1));
  const auto image = image_of(bytes_of(checkpoint, recipe_of(4)));
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t first, std::span<float> out) {
    for (std::size_t i = 0; i < out.size() && !config::is_norm(tensor.role); ++i)
      out[i] *= base::mix(9, first * tensor.columns + i) % 2 == 0 ? 1.08F : 0.92F;
    return base::Status();
  };
  const auto result = proof(image, checkpoint);
  EXPECT_THAT(result.beyond_bound, IsEmpty());
  EXPECT_EQ(result.other_hashes.size(), image.tensors().size());
  EXPECT_EQ(result.codes_checked, 0U);
  EXPECT_FALSE(result.matches());
}

TEST(Proof, AnotherCheckpointOfTheSameShape_DiffersInEveryTensor) {
  const auto image = image_of(bytes_of(*checkpoint::synthetic(odd_model(), 1), recipe_of(3)));
  const auto other = checkpoint::synthetic(odd_model(), 2);
  const auto result = proof(image, *other);
  EXPECT_EQ(result.other_hashes.size(), other->tensors().size());
  EXPECT_EQ(result.hashes_checked, other->tensors().size());
  EXPECT_EQ(result.codes_checked, 0U);
  EXPECT_FALSE(result.matches());
}

/// Image of 3 bits, one byte of which a test changes.
class ChangedImage : public testing::Test {
 protected:
  /// What is found after a change of `bytes_`, whose checksums are then repaired.
  Comparison found() {
    rom::test::reseal(bytes_);
    auto result = proof(image_of(bytes_), *checkpoint_);
    EXPECT_FALSE(result.matches());
    EXPECT_THAT(result.other_hashes, IsEmpty());
    EXPECT_EQ(result.codes_checked, 16U);
    EXPECT_FALSE(result.bytes->equal);
    return result;
  }
  [[nodiscard]] std::uint64_t offset(SectionKind kind) const {
    return offset_of(bytes_, kind, model_, TensorClass::Up, 1);
  }
  const config::ModelConfig model_ = odd_model();
  const std::unique_ptr<checkpoint::Checkpoint> checkpoint_ = checkpoint::synthetic(model_, 3);
  Bytes bytes_ = bytes_of(*checkpoint_, recipe_of(3));
};

TEST_F(ChangedImage, OneCode_IsNamed) {
  // Row 21 is row 5 of panel 1; input 66 is in group 1, vector 0: byte 5 * 4 + 2. 2 groups of 6 lines of 64 bytes make a
  // panel.
  bytes_[offset(SectionKind::Codes) + (2 + 1) * 6 * 64 + 5 * 4 + 66 % 4] ^= std::byte{1};
  const auto result = found();
  EXPECT_THAT(result.other_codes, ElementsAre(AllOf(HasSubstr("layer 1 up: the code of row 21, group 1, input 66 is "),
                                                    HasSubstr("baking again gives "))));
  EXPECT_THAT(result.bytes->difference, HasSubstr("(codes of layer 1 up) is another"));
}

TEST_F(ChangedImage, OneGroupScale_IsNamed) {
  bytes_[offset(SectionKind::Scales) + (2 + 1) * 16 + 5] ^= std::byte{1};
  EXPECT_THAT(found().other_codes, ElementsAre(HasSubstr("layer 1 up: the scale of row 21, group 1 is ")));
}

TEST_F(ChangedImage, OneRowScale_IsNamed) {
  bytes_[offset(SectionKind::RowScales) + 21 * 4] ^= std::byte{1};
  EXPECT_THAT(found().other_codes, ElementsAre(HasSubstr("layer 1 up: the row scale of row 21 is ")));
}

TEST_F(ChangedImage, OneLevelOfACodebook_IsNamed) {
  bytes_[offset(SectionKind::Codebook) + 2] ^= std::byte{1};
  EXPECT_THAT(found().other_codes, ElementsAre(HasSubstr("layer 1 up: level 2 of the codebook is ")));
}

TEST_F(ChangedImage, ACodeThatIsNoWeights_IsNamed) {
  // The last panel of up has rows 160 to 171, and 4 rows of padding; in row 15 of it the first code.
  bytes_[offset(SectionKind::Codes) + 10 * 2 * 6 * 64 + 15 * 4] ^= std::byte{1};
  EXPECT_THAT(found().other_codes, ElementsAre(HasSubstr("layer 1 up: there are codes or scales where rows")));
}

TEST_F(ChangedImage, TwoMatrices_AreBothNamed) {
  for (const auto c : {TensorClass::Embedding, TensorClass::LmHead})
    bytes_[offset_of(bytes_, SectionKind::Codes, model_, c, 0)] ^= std::byte{1};
  EXPECT_THAT(found().other_codes, ElementsAre(HasSubstr("embedding: the code of row 0"), HasSubstr("lm_head: ")));
}

/// A byte in the parts of an image, of the matrices' in every third, which is one of each kind: nothing passes.
TEST_F(ChangedImage, WhereverItIs_ItIsFound) {
  const Bytes whole = bytes_;
  const auto sections = rom::test::header_of(whole).sections;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < sections; ++i) {
    const auto section = rom::test::section_of(whole, i);
    if (section.bytes == 0 ||
        (section.kind >= SectionKind::Codebook && section.kind < SectionKind::Added && i % 3 != 0))
      continue;
    bytes_ = whole;
    bytes_[section.offset + section.bytes / 3] ^= std::byte{1};
    rom::test::reseal(bytes_);
    try {
      EXPECT_FALSE(proof(image_of(bytes_), *checkpoint_).matches()) << rom::describe(section);
    } catch (const std::runtime_error&) {
      ++refused;  // model, recipe and record are text
    }
  }
  EXPECT_LE(refused, 3U);
}

TEST_F(ChangedImage, WhatIsNoPartOfTheProof_IsFoundByTheBytes) {
  const auto last = rom::test::header_of(bytes_).sections - 1;
  auto section = rom::test::section_of(bytes_, last);
  section.flags = 0;
  rom::test::put(bytes_, last, section);
  const auto result = found();
  EXPECT_THAT(result.other_codes, IsEmpty());
  EXPECT_THAT(result.bytes->difference, HasSubstr("(directory) is another when the image is baked again"));
  EXPECT_TRUE(proof(image_of(bytes_), *checkpoint_, Proof::Codes).matches());
}

}  // namespace
}  // namespace kiln::bake::test
