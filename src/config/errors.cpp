#include "config/errors.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace kiln::config {

void Errors::add(std::string_view pointer, std::string_view sentence) {
  if (++count_ > kMaximumLines) return;
  const auto below = [&](const std::string& prefix) {
    return pointer.starts_with(prefix) && (pointer.size() == prefix.size() || pointer[prefix.size()] == '/');
  };
  std::string origin = file_;
  for (const auto& [prefix, file] : origins_)
    if (below(prefix)) origin = file;  // the longest comes last
  for (const auto& [prefix, text] : overrides_) {
    if (below(prefix)) origin = fmt::format("{} with --set {}", file_, printable(text, 100));
  }
  lines_.push_back(base::one_line(fmt::format("{}: {}{}{}.", origin, pointer, pointer.empty() ? "" : " ", sentence)));
}

base::Error Errors::joined() const {
  std::string all;
  for (const auto& line : lines_) all += (all.empty() ? "" : "\n") + line;
  if (count_ > lines_.size())
    all += "\n" + base::one_line(fmt::format("{}: {} more errors.", file_, count_ - lines_.size()));
  return {.message = std::move(all), .lines = true};
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char c : text.substr(0, limit)) result += c >= 0x20 && c < 0x7F ? c : '?';
  if (text.size() > limit) result += "...";
  return result;
}

}  // namespace kiln::config
