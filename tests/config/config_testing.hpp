// The shipped files as text, and what loading one of them with overrides says.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kiln/base/mapped_file.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {

/// Of a file below configs.
inline std::string text_of(const std::string& file) {
  const auto text = base::read_text_file(std::string(KILN_SOURCE_DIR) + "/configs/" + file);
  EXPECT_TRUE(text.ok());
  return text.value();
}

/// What the chip "demo" with these overrides is refused for, or "".
inline std::string demo_verdict(const std::vector<Override>& overrides) {
  const auto chip = parse_chip(text_of("chip/demo.json"), "demo.json", overrides);
  return chip ? "" : chip.error().message;
}

}  // namespace kiln::config
