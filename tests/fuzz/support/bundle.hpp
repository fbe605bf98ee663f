// Several files in one input: "=== NAME", a newline and the file's bytes, up to the newline before the next such line or at
// the end.
// Readable, so that corpora can be written by hand.
#pragma once

#include <string_view>
#include <vector>

namespace kiln::fuzz {

struct Part {
  std::string_view name;
  std::string_view bytes;
};

/// At most so many; what comes before the first is left out.
inline constexpr std::size_t kMostParts = 32;
std::vector<Part> parts_of(std::string_view input);

/// The first part of that name, or nothing.
std::string_view part(const std::vector<Part>& parts, std::string_view name);
bool has_part(const std::vector<Part>& parts, std::string_view name);

/// Whether it names a file in a folder, and nothing else.
bool is_file_name(std::string_view name);

}  // namespace kiln::fuzz
