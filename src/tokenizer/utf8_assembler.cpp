#include "base/text.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool well_formed(std::string text, std::string_view rest) { return !base::first_invalid_utf8(text.append(rest)); }

/// Whether more bytes can make a character of `bytes`, which are no character yet: at most three, so try the extremes.
bool can_become_character(const std::string& bytes) {
  for (const std::string_view rest : {"\x80", "\xBF", "\x80\x80", "\xBF\xBF", "\x80\x80\x80", "\xBF\xBF\xBF"}) {
    if (well_formed(bytes, rest)) return true;
  }
  return false;
}

}  // namespace

std::string Utf8Assembler::push(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    if (pending_.empty() && static_cast<unsigned char>(byte) < 0x80) {
      out.push_back(byte);
      continue;
    }
    pending_.push_back(byte);
    if (well_formed(pending_, "")) {
      out.append(pending_);
      pending_.clear();
    } else if (!can_become_character(pending_)) {
      // What stood before this byte is broken off (one U+FFFD for all of it); the byte itself gets another chance.
      pending_.pop_back();
      if (pending_.empty()) {
        out.append(kReplacement);
        continue;
      }
      out.append(kReplacement);
      pending_.clear();
      out.append(push(std::string_view(&byte, 1)));
    }
  }
  return out;
}

std::string Utf8Assembler::finish() {
  const bool left = !pending_.empty();
  pending_.clear();
  return left ? std::string(kReplacement) : std::string();
}

}  // namespace kiln::tokenizer
