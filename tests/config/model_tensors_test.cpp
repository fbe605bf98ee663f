// The one list of a model's tensors, against shapes written out by hand.
#include "config/model_tensors.hpp"

#include <gtest/gtest.h>

#include "support/models.hpp"

namespace kiln::config {
namespace {

TEST(ModelTensors, AreThoseOfALlama) {
  // hidden 12, FFN 20, 2 layers, 3 heads of 4 on 1 KV head, vocabulary 18
  const auto tensors = model_tensors(support::model_of({"small", 12, 20, 2, 3, 1, 4, 18, 32}));
  const struct {
    TensorRole role;
    std::uint32_t rows, columns;
    bool in_layer, norm;
  } expected[] = {{TensorRole::Embedding, 18, 12, false, false}, {TensorRole::Q, 12, 12, true, false},
                  {TensorRole::K, 4, 12, true, false},           {TensorRole::V, 4, 12, true, false},
                  {TensorRole::O, 12, 12, true, false},          {TensorRole::Gate, 20, 12, true, false},
                  {TensorRole::Up, 20, 12, true, false},         {TensorRole::Down, 12, 20, true, false},
                  {TensorRole::LmHead, 18, 12, false, false},    {TensorRole::AttentionNorm, 1, 12, true, true},
                  {TensorRole::FfnNorm, 1, 12, true, true},      {TensorRole::FinalNorm, 1, 12, false, true}};
  ASSERT_EQ(tensors.size(), std::size(expected));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(tensors[i].role, expected[i].role) << i;
    EXPECT_EQ(tensors[i].rows, expected[i].rows) << i;
    EXPECT_EQ(tensors[i].columns, expected[i].columns) << i;
    EXPECT_EQ(in_layer(tensors[i].role), expected[i].in_layer) << i;
    EXPECT_EQ(is_norm(tensors[i].role), expected[i].norm) << i;
  }
}

TEST(ModelTensors, HaveTheWeightsThatATokenPasses) {
  const auto model = support::model_of({"small", 12, 20, 2, 3, 1, 4, 18, 32});
  EXPECT_EQ(model.active_matrix_weights(), 2U * (2 * 12 * 12 + 2 * 12 * 4 + 3 * 12 * 20) + 12 * 18);
}

}  // namespace
}  // namespace kiln::config
