// Names in a run's outcome, as reports have them.
#include "kiln/chip/outcome.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kiln::chip {
namespace {

TEST(Outcome, CycleCategoriesHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kCycleCategories; ++i) names.insert(name(static_cast<CycleCategory>(i)));
  EXPECT_EQ(names, (std::set<std::string_view>{"compute", "waiting_for_input", "waiting_for_output", "kv_bank_conflict",
                                               "wire", "idle"}));
}

TEST(Outcome, AUnitOfAStageIsNamedWithItsStage) {
  UnitCycles cycles;
  cycles.unit = program::Unit::VectorUnit;
  EXPECT_EQ(cycles.name(), "vector_unit");
  cycles.stage = 3;
  EXPECT_EQ(cycles.name(), "vector_unit[3]");
}

}  // namespace
}  // namespace kiln::chip
