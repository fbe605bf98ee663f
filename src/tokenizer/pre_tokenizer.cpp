#include "tokenizer/pre_tokenizer.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <cstdint>
#include <limits>
#include <string>

namespace kiln::tokenizer {

const std::string_view kLlama3Expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

// PCRE2's \s has U+180E and its caseless s has U+017F; the vocabularies were made with neither. So white space is
// spelled out (Unicode's White_Space property) and so are the letters of the contractions.
#define KILN_WHITE R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})"

constexpr std::string_view kLlama3 = R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))"
                                     R"(|[^\r\n\p{L}\p{N}]?\p{L}+)"
                                     R"(|\p{N}{1,3})"
                                     R"(| ?[^)" KILN_WHITE R"(\p{L}\p{N}]+[\r\n]*)"
                                     R"(|[)" KILN_WHITE R"(]*[\r\n]+)"
                                     R"(|[)" KILN_WHITE R"(]+(?![^)" KILN_WHITE R"(]))"
                                     R"(|[)" KILN_WHITE R"(]+)";

// Numbers are split off one by one first and GPT-2's expression then sees the text between: a number ends its text.
constexpr std::string_view kSmolLm = R"('(?:[stmd]|re|ve|ll))"
                                     R"(| ?\p{L}+)"
                                     R"(|\p{N})"
                                     R"(| ?[^)" KILN_WHITE R"(\p{L}\p{N}]+)"
                                     R"(|[)" KILN_WHITE R"(]+(?![^)" KILN_WHITE R"(\p{N}]))"
                                     R"(|[)" KILN_WHITE R"(]+)";

#undef KILN_WHITE

std::string message_of(int code) {
  std::string text(256, '\0');
  const int length = pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(text.data()), text.size());
  return length < 0 ? fmt::format("error {}", code) : text.substr(0, static_cast<std::size_t>(length));
}

}  // namespace

base::Result<PieceSplitter> PieceSplitter::create(PreTokenizer pre) {
  base::check(pre != PreTokenizer::None, "PieceSplitter without an expression");
  const std::string_view expression = pre == PreTokenizer::Llama3 ? kLlama3 : kSmolLm;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &offset, nullptr);
  if (code == nullptr) {
    return base::Error{fmt::format("the regular expression of the pre-tokeniser is refused by PCRE2 at offset {}: {}",
                                   offset, message_of(error))};
  }
  // Without just-in-time compilation everything works, only slower.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return PieceSplitter(std::shared_ptr<const void>(
      code, [](const void* held) { pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(held))); }));
}

struct PieceSplitter::Pieces::Match {
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;
};

void PieceSplitter::Pieces::Free::operator()(Match* match) const {
  pcre2_jit_stack_free(match->stack);
  pcre2_match_context_free(match->context);
  pcre2_match_data_free(match->data);
  delete match;
}

PieceSplitter::Pieces::Pieces(const void* code, std::string_view text) : code_(code), text_(text), match_(new Match) {
  match_->data = pcre2_match_data_create(1, nullptr);
  match_->context = pcre2_match_context_create(nullptr);
  match_->stack = pcre2_jit_stack_create(std::size_t{32} << 10, std::size_t{8} << 20, nullptr);
  if (match_->data == nullptr || match_->context == nullptr) throw std::bad_alloc();
  // A run of a hundred million spaces is legal; the expressions back up one character at a time and never nest.
  pcre2_set_match_limit(match_->context, std::numeric_limits<std::uint32_t>::max());
  if (match_->stack != nullptr) pcre2_jit_stack_assign(match_->context, nullptr, match_->stack);
}

base::Result<std::string_view> PieceSplitter::Pieces::next() {
  if (at_ == text_.size()) return std::string_view();
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text_.data());
  const int found = pcre2_match(static_cast<const pcre2_code*>(code_), subject, text_.size(), at_, PCRE2_NO_UTF_CHECK,
                                match_->data, match_->context);
  if (found < 0) {
    return base::Error{fmt::format("the pre-tokeniser fails at byte {} of a text of {} bytes: {}", at_, text_.size(),
                                   message_of(found))};
  }
  const PCRE2_SIZE end = pcre2_get_ovector_pointer(match_->data)[1];
  base::check(end > at_ && end <= text_.size(), "a pre-token has at least one byte");
  const std::string_view piece = text_.substr(at_, end - at_);
  at_ = end;
  return piece;
}

}  // namespace kiln::tokenizer
