#include <gmock/gmock.h>

#include <cmath>

#include "bake_testing.hpp"
#include "support/development_data.hpp"

namespace kiln::bake::test {
namespace {

using config::CodebookKind;
using testing::ElementsAre;
using testing::HasSubstr;

tokenizer::TokenizerSpec a_tokenizer() {
  tokenizer::TokenizerSpec spec;
  spec.tokens = {"a", "b"};
  spec.scores = {0.0F, -1.0F};
  spec.types.assign(2, tokenizer::TokenType::Normal);
  spec.unknown = 0;
  return spec;
}

Comparison compared(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint) {
  base::ThreadPool pool(2);
  auto result = compare(image, checkpoint, pool);
  if (!result) throw std::runtime_error(result.error().message);
  return *result;
}

TEST(Compare, AnotherSeed_DoesNotMatchAtAnyWidth) {
  const auto baked_from = checkpoint::synthetic(round_model(), 1);
  const auto other = checkpoint::synthetic(round_model(), 2);
  for (const int bits : {2, 3, 4, 6, 8}) {
    const auto image = baked(*baked_from, recipe_of(bits, CodebookKind::Uniform), temp_path("seed"));
    const auto result = compared(image, *other);
    EXPECT_FALSE(result.matches());
    EXPECT_EQ(result.beyond_bound.size(), result.tensors.size());
    EXPECT_NEAR(result.tensors[4].relative_rms, std::sqrt(2.0), 0.2);
    EXPECT_THAT(result.differences, testing::Contains(HasSubstr("the attention norm of layer 0 differs")));
    EXPECT_TRUE(compared(image, *baked_from).matches());
  }
}

TEST(Compare, OneForeignMatrix_IsNamed) {
  Altered checkpoint(checkpoint::synthetic(round_model(), 1));
  const auto image = baked(checkpoint, recipe_of(3), temp_path("foreign"));
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float> out) -> base::Status {
    if (tensor.role == checkpoint::Role::Up && tensor.layer.value == 1)
      for (float& w : out) w = -w;
    return {};
  };
  const auto result = compared(image, checkpoint);
  EXPECT_TRUE(result.same_model);
  EXPECT_THAT(result.beyond_bound, ElementsAre(HasSubstr("layer 1 up differs by")));
}

TEST(Compare, ZerosOnOneSide_DoNotMatch) {
  Altered checkpoint(checkpoint::synthetic(round_model(), 1));
  const auto full = baked(checkpoint, recipe_of(3), temp_path("zeros1"));
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float> out) -> base::Status {
    if (tensor.role == checkpoint::Role::K && tensor.layer.value == 0) std::ranges::fill(out, 0.0F);
    return {};
  };
  EXPECT_THAT(compared(full, checkpoint).beyond_bound, ElementsAre(HasSubstr("layer 0 k is zero in the checkpoint")));
  const auto zeros = baked(checkpoint, recipe_of(3), temp_path("zeros2"));
  EXPECT_TRUE(compared(zeros, checkpoint).matches());
}

TEST(Compare, NormsRopeAndTokenizer_AreHeldExactly) {
  Altered checkpoint(checkpoint::synthetic(odd_model(), 1));
  checkpoint.tokenizer_ = a_tokenizer();
  const auto image = baked(checkpoint, recipe_of(4), temp_path("exact"));
  EXPECT_EQ(image.tokenizer(), checkpoint.tokenizer_);
  EXPECT_TRUE(compared(image, checkpoint).matches());
  checkpoint.tokenizer_->tokens[1] = "c";
  EXPECT_THAT(compared(image, checkpoint).differences, ElementsAre("the tokenizer differs"));
  checkpoint.tokenizer_.reset();
  EXPECT_THAT(compared(image, checkpoint).differences, ElementsAre("the tokenizer differs"));
  checkpoint.tokenizer_ = a_tokenizer();
  checkpoint.rope_factors_ = {1.0F, 1.0F, 2.0F, 8.0F};
  EXPECT_THAT(compared(image, checkpoint).differences, ElementsAre("the RoPE frequencies differ"));
  checkpoint.rope_factors_.clear();
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float> out) -> base::Status {
    if (tensor.role == checkpoint::Role::FinalNorm) out[3] = std::nextafterf(out[3], 2.0F);
    return {};
  };
  EXPECT_THAT(compared(image, checkpoint).differences, ElementsAre("the final norm differs"));
}

TEST(Compare, OtherShapes_AreNamedAndNotCompared) {
  const auto image = baked(*checkpoint::synthetic(odd_model(), 1), recipe_of(4), temp_path("shapes"));
  auto result = compared(image, *checkpoint::synthetic(round_model(), 1));
  EXPECT_FALSE(result.matches());
  EXPECT_THAT(result.differences, ElementsAre(HasSubstr("\"hidden_size\":256")));
  EXPECT_TRUE(result.tensors.empty());
  // The same shapes and another constant: compared, and still not the same model.
  auto model = odd_model();
  model.rms_norm_eps = 1e-6;
  result = compared(image, *checkpoint::synthetic(model, 1));
  EXPECT_FALSE(result.matches());
  EXPECT_TRUE(result.beyond_bound.empty());
  EXPECT_EQ(result.tensors.size(), 16U);
}

TEST(Compare, AnotherName_IsTheSameModel) {
  const auto image = baked(*checkpoint::synthetic(odd_model(), 1), recipe_of(4), temp_path("name"));
  auto model = odd_model();
  model.name = "elsewhere";
  EXPECT_TRUE(compared(image, *checkpoint::synthetic(model, 1)).matches());
}

TEST(Compare, Interrupted_SaysSo) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
  const auto image = baked(*checkpoint, recipe_of(4), temp_path("interrupted"));
  std::stop_source stop;
  stop.request_stop();
  base::Progress progress;
  progress.stop = stop.get_token();
  base::ThreadPool pool(1);
  const auto result = compare(image, *checkpoint, pool, progress);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "interrupted");
}

/// A real model: the bounds are measured figures with a little room (docs/formats/rom-image.md names the method).
TEST(Compare, Stories260K_BakesCloseAtEveryWidth) {
  const auto data = kiln::test::shared_data("data/stories260K/hf-f32");
  KILN_NEEDS_DATA(data);
  const auto checkpoint = checkpoint::open(data.path.string());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  const std::pair<int, double> bounds[] = {{2, 0.36}, {3, 0.19}, {4, 0.10}, {6, 0.027}, {8, 0.0075}};
  for (const auto& [bits, bound] : bounds) {
    const auto image = baked(**checkpoint, recipe_of(bits, bits > 4 ? CodebookKind::Uniform : CodebookKind::KMeans),
                             temp_path("stories"));
    EXPECT_EQ(image.tokenizer(), (*checkpoint)->tokenizer());
    const auto result = compared(image, **checkpoint);
    EXPECT_TRUE(result.matches()) << bits;
    for (const auto& tensor : result.tensors) EXPECT_LT(tensor.relative_rms, bound) << bits;
  }
}

}  // namespace
}  // namespace kiln::bake::test
