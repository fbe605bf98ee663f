// A token in flight through the chip, and the parts of its critical path so far.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/chip/outcome.hpp"

namespace kiln::chip {

/// Cycles by unit and category.
using CycleTable = std::array<std::array<std::uint64_t, kCycleCategories>, program::kUnits>;

struct TokenInFlight {
  std::uint32_t user = 0;
  base::TokenPos position;
  bool with_logits = false;
  const std::vector<program::Op>* ops = nullptr;
  std::optional<std::size_t> handle;  ///< of functional::FunctionalModel, in functional runs
  base::Cycles issue;
  base::Cycles cursor;  ///< how far its critical path has come
  CycleTable path{};
  [[nodiscard]] const program::Op& op(std::uint32_t index) const { return (*ops)[index]; }
};

}  // namespace kiln::chip
