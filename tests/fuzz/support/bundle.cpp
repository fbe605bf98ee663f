#include "support/bundle.hpp"

#include <algorithm>

namespace kiln::fuzz {
namespace {

constexpr std::string_view kMark = "=== ";

/// Where the next line that names a part begins, or the end.
std::size_t next_mark(std::string_view input, std::size_t from) {
  for (std::size_t at = from; (at = input.find(kMark, at)) != input.npos; ++at)
    if (at == 0 || input[at - 1] == '\n') return at;
  return input.size();
}

}  // namespace

std::vector<Part> parts_of(std::string_view input) {
  std::vector<Part> parts;
  for (std::size_t at = next_mark(input, 0); at < input.size() && parts.size() < kMostParts;) {
    const std::size_t end = next_mark(input, at + 1);
    std::string_view all = input.substr(at + kMark.size(), end - at - kMark.size());
    if (all.ends_with('\n')) all.remove_suffix(1);
    const std::size_t line = std::min(all.find('\n'), all.size());
    parts.push_back({all.substr(0, line), all.substr(std::min(line + 1, all.size()))});
    at = end;
  }
  return parts;
}

std::string_view part(const std::vector<Part>& parts, std::string_view name) {
  const auto found = std::ranges::find(parts, name, &Part::name);
  return found == parts.end() ? std::string_view() : found->bytes;
}

bool has_part(const std::vector<Part>& parts, std::string_view name) {
  return std::ranges::find(parts, name, &Part::name) != parts.end();
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() < 100 && name != "." && name != ".." && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace kiln::fuzz
