// What a check's tables, XML and Markdown all say. Private to the gate module.
#pragma once

#include <string>

#include "gate/check.hpp"

namespace kiln::gate {

/// One line, not too long.
std::string printed(const json::Value& value);
/// "+0.3 %", or nothing.
std::string change_of(const Row& row);
/// "was 797467 cycles, is 797468 (+0.000125 %); the same is expected"
std::string sentence_of(const Row& row);
/// As a shell takes it, on one line.
std::string command_of(const Metric& metric);
/// Anything but the very same.
bool worth_telling(const Row& row);

struct Counts {
  std::size_t same = 0, failed = 0, added = 0;
};
Counts counts_of(const Answer& answer);

}  // namespace kiln::gate
