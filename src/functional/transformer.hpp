// The arithmetic of tokens, operation by operation: one table that is both its order and what each operation does.
// Private to the functional module and its tests.
#pragma once

#include <optional>
#include <span>

#include "functional/execution.hpp"

namespace kiln::functional {

/// What an operation of the dataflow computes.
struct Step {
  program::OpKind kind;
  std::optional<program::ArrayKind> array;  ///< as in program::Op
  void (*compute)(const Execution&);
};

/// In the order of the dataflow: before the first layer, in each, between two stages, after the last layer.
std::span<const Step> steps_before();
std::span<const Step> steps_of_layer();
std::span<const Step> steps_between_stages();
std::span<const Step> steps_after();

/// Whether the operation is one of the last of these.
bool after_layers(const program::Op& op);

/// Does what the operation's step says.
void execute(const Execution& e);

}  // namespace kiln::functional
