#include "tokenizer/character_class.hpp"

#include <cstdint>

#include "base/utf8.hpp"
#include "kiln/base/result.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace kiln::tokenizer {
namespace {

bool is_white_space(std::uint32_t code) {
  return (code >= 0x9 && code <= 0xD) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

/// Alphabetic (letters, letter numbers, marks and the circled letters), marks, decimal digits, connectors, joiners.
class WordCharacter {
 public:
  static const WordCharacter& get() {
    static const WordCharacter one;
    return one;
  }
  WordCharacter(const WordCharacter&) = delete;
  WordCharacter& operator=(const WordCharacter&) = delete;

  [[nodiscard]] bool starts(std::string_view text) const {
    pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
    if (data == nullptr) throw std::bad_alloc();
    const std::string_view first = text.substr(0, base::character_bytes(text.front()));
    const int found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(first.data()), first.size(), 0,
                                  PCRE2_NO_UTF_CHECK, data, nullptr);
    pcre2_match_data_free(data);
    return found > 0;
  }

 private:
  WordCharacter() {
    constexpr std::string_view kExpression =
        R"([\p{L}\p{M}\p{Nl}\p{Nd}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}])";
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kExpression.data()), kExpression.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &offset, nullptr);
    base::check(code_ != nullptr, "PCRE2 refuses the class of word characters");
  }
  ~WordCharacter() { pcre2_code_free(code_); }
  pcre2_code* code_;
};

}  // namespace

std::size_t leading_space(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_white_space(base::first_code_point(text.substr(size))))
    size += base::character_bytes(text[size]);
  return size;
}

std::size_t trailing_space(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t last = base::last_character(rest);
    if (!is_white_space(base::first_code_point(rest.substr(last)))) break;
    rest = rest.substr(0, last);
  }
  return text.size() - rest.size();
}

bool starts_with_word(std::string_view text) { return !text.empty() && WordCharacter::get().starts(text); }

bool ends_with_word(std::string_view text) {
  return !text.empty() && WordCharacter::get().starts(text.substr(base::last_character(text)));
}

}  // namespace kiln::tokenizer
