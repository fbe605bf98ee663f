// The table of a layer's arithmetic is in the order of the dataflow, which knows nothing of it.
#include "functional/transformer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/random_chip.hpp"

namespace kiln::functional {
namespace {

std::string name_of(program::OpKind kind, std::optional<program::ArrayKind> array) {
  return std::string(program::name(kind)) + (array ? " " + std::string(program::name(*array)) : "");
}

using Names = std::vector<std::string>;

void append(Names& names, std::span<const Step> steps) {
  for (const Step& step : steps) names.push_back(name_of(step.kind, step.array));
}

Names names_of(const std::vector<program::Op>& ops) {
  Names names;
  for (const program::Op& op : ops) names.push_back(name_of(op.kind, op.array));
  return names;
}

TEST(Transformer, StepsAreInTheOrderOfTheDataflow) {
  support::RandomConfigs random(support::test_seed(25));
  const config::ModelConfig model = random.model();
  Names expected;
  append(expected, steps_before());
  for (std::uint32_t layer = 0; layer < model.layers; ++layer) append(expected, steps_of_layer());
  append(expected, steps_after());
  EXPECT_EQ(names_of(program::Dataflow(model).token(true)), expected);
}

TEST(Transformer, TheResidualGoesFromStageToStage) {
  config::ModelConfig model = support::RandomConfigs(support::test_seed(26)).model();
  model.layers = 2;
  Names expected;
  append(expected, steps_before());
  append(expected, steps_of_layer());
  append(expected, steps_between_stages());
  append(expected, steps_of_layer());
  append(expected, steps_after());
  EXPECT_EQ(names_of(program::Dataflow(model, {{0, 1, 0}, {1, 1, 0}}).token(true)), expected);
}

}  // namespace
}  // namespace kiln::functional
