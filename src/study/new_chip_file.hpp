// The text of a new chip's config: what differs from the chip that it extends, and why. Private to the study module.
#pragma once

#include <string>

#include "study/chip_search.hpp"

namespace kiln::study {

struct ChipFile {
  std::string name, description, base, technology;
  std::uint64_t dies = 1;
};

std::string chip_file(const ChipFile& about, const SearchQuestion& question, const FoundChip& found);

}  // namespace kiln::study
