#include "base/utf8.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {
std::string Utf8Assembler::push(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    if (pending_.empty() && base::is_ascii(byte)) {
      out.push_back(byte);
      continue;
    }
    pending_.push_back(byte);
    if (base::character_at_start(pending_) == pending_.size()) {
      out.append(pending_);
      pending_.clear();
    } else if (!base::begins_character(pending_)) {
      // What came before this byte is incomplete (one U+FFFD for all of it); the byte itself is tried again.
      pending_.pop_back();
      if (pending_.empty()) {
        out.append(base::kReplacementCharacter);
        continue;
      }
      out.append(base::kReplacementCharacter);
      pending_.clear();
      out.append(push(std::string_view(&byte, 1)));
    }
  }
  return out;
}

std::string Utf8Assembler::finish() {
  const bool left = !pending_.empty();
  pending_.clear();
  return left ? std::string(base::kReplacementCharacter) : std::string();
}

}  // namespace kiln::tokenizer
