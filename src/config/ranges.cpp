#include "config/ranges.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace kiln::config {
namespace {

template <class Items, class Print>
std::string listed(const Items& items, Print print) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " or " : ", ";
    text += print(items[i]);
  }
  return text;
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaximumNameBytes && base::without_controls(text) == text;
}

std::string in_words(Integers allowed) { return fmt::format("{} to {}", allowed.minimum, allowed.maximum); }

std::string in_words(Reals allowed) {
  return allowed.above_minimum ? fmt::format("above {}, to {}", allowed.minimum, allowed.maximum)
                               : fmt::format("{} to {}", allowed.minimum, allowed.maximum);
}

std::string in_words(std::span<const int> allowed) {
  return listed(allowed, [](int value) { return std::to_string(value); });
}

std::string in_words(std::span<const std::string_view> words) {
  return listed(words, [](std::string_view word) { return fmt::format("`{}`", word); });
}

}  // namespace kiln::config
