#include "checkpoint/module_pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <string>

namespace kiln::checkpoint {
namespace {

constexpr std::size_t kMaximumExpression = 16384;
constexpr std::uint32_t kMaximumSteps = 100'000;  ///< some milliseconds; the patterns of real files take hundreds
constexpr std::uint32_t kMaximumHeap = 16384;     ///< KiB: with many groups a step takes much

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Walks over an expression and stops where Python or PCRE2 may not read it like the other.
class Syntax {
 public:
  explicit Syntax(std::string_view text) : text_(text) {}

  /// Where something else begins, or nothing.
  std::optional<std::size_t> first_other() {
    while (at_ < text_.size()) {
      const std::size_t begin = at_;
      if (!item()) return begin;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }

  bool item() {
    const char c = text_[at_++];
    if (c < ' ' || c > '~') return false;
    const bool after_item = repeatable_;
    repeatable_ = false;
    switch (c) {
      case '(':
        return group();
      case '|':
      case '^':
      case '$':
        return true;
      case '*':
      case '+':
      case '?':
        return after_item && repeated();
      case '{':
        return after_item && count() && repeated();
      case '}':
      case ']':
        return false;
      case '[':
        repeatable_ = true;
        return set();
      case '\\':
        repeatable_ = peek() != 'b' && peek() != 'B';
        return escape("dDwWsSbB");
      default:
        repeatable_ = true;
        return true;
    }
  }
  bool group() {
    if (peek() == '*') return false;  // a verb of PCRE2
    if (peek() != '?') return true;
    return take("?:") || take("?=") || take("?!") || take("?<=") || take("?<!");
  }
  /// A lazy repeat is taken; one that gives nothing back is not.
  bool repeated() {
    take("?");
    return peek() != '+' && peek() != '?' && peek() != '*' && peek() != '{';
  }
  /// "3}", "3,}" or "3,5}".
  bool count() {
    const auto number = [&] {
      const std::size_t begin = at_;
      while (is_digit(peek())) ++at_;
      return at_ > begin;
    };
    if (!number()) return false;
    if (take(",")) number();
    return take("}");
  }
  bool set() {
    take("^");
    if (peek() == ']') return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == ']') return true;
      if (c < ' ' || c > '~' || c == '[' || (c == '\\' && !escape("dDwWsS"))) return false;
    }
    return false;
  }
  bool escape(std::string_view letters) {
    const char c = peek();
    ++at_;
    return c > ' ' && c <= '~' && !is_digit(c) && (!is_letter(c) || letters.find(c) != std::string_view::npos);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool repeatable_ = false;  ///< a repeat may follow
};

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

base::Result<ModulePattern> ModulePattern::create(std::string_view expression) {
  if (expression.size() > kMaximumExpression)
    return base::Error{
        fmt::format("is an expression of {} bytes; at most {} are expected", expression.size(), kMaximumExpression)};
  if (const auto other = Syntax(expression).first_other())
    return base::Error{fmt::format("has at character {} what Kiln takes in no regular expression", *other)};
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &offset, nullptr);
  if (code == nullptr)
    return base::Error{fmt::format("is no regular expression at character {}: {}", offset, message_of(error))};
  return ModulePattern(std::shared_ptr<const void>(
      code, [](const void* held) { pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(held))); }));
}

base::Result<bool> ModulePattern::matches(std::string_view module) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(pcre2_match_data_create(1, nullptr),
                                                                                 &pcre2_match_data_free);
  const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context(
      pcre2_match_context_create(nullptr), &pcre2_match_context_free);
  if (data == nullptr || context == nullptr) throw std::bad_alloc();
  pcre2_set_match_limit(context.get(), kMaximumSteps);
  pcre2_set_heap_limit(context.get(), kMaximumHeap);
  const int found =
      pcre2_match(static_cast<const pcre2_code*>(code_.get()), reinterpret_cast<PCRE2_SPTR>(module.data()),
                  module.size(), 0, 0, data.get(), context.get());
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  return base::Error{fmt::format("the expression cannot be compared with {}: {}", module, message_of(found))};
}

}  // namespace kiln::checkpoint
