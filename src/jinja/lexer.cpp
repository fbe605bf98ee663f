#include "jinja/lexer.hpp"

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {
namespace {

constexpr std::size_t kMostName = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Line breaks as \n, and without the one at the very end.
std::string normalised(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += source[i] == '\r' ? '\n' : source[i];
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalised(source)) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const std::size_t tag = next_tag();
      const std::string_view before = std::string_view(text_).substr(at_, tag - at_);
      if (tag == text_.size()) {
        add_text(before);
        break;
      }
      const char kind = text_[tag + 1];
      const char sign = tag + 2 < text_.size() ? text_[tag + 2] : ' ';
      add_text(kept_before(before, kind, sign));
      move_to(tag + (sign == '-' || sign == '+' ? 3 : 2));
      if (kind == '#') {
        skip_comment();
      } else {
        lex_inside(kind == '{');
      }
    }
    add(TokenKind::End, "");
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return std::string_view(text_).substr(at_); }

  void add(TokenKind kind, std::string text, std::int64_t number = 0) {
    tokens_.push_back({kind, line_, std::move(text), number});
  }

  void add_text(std::string_view text) {
    if (!text.empty()) add(TokenKind::Text, std::string(text));
  }

  void move_to(std::size_t place) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
    if (place > at_) line_begins_ = text_[place - 1] == '\n';
    at_ = place;
  }

  [[nodiscard]] std::size_t next_tag() const {
    for (std::size_t i = at_; (i = text_.find('{', i)) != std::string::npos; ++i) {
      if (i + 1 < text_.size() && std::string_view("{%#").find(text_[i + 1]) != std::string_view::npos) return i;
    }
    return text_.size();
  }

  [[nodiscard]] std::string_view kept_before(std::string_view text, char kind, char sign) const {
    if (sign == '-') return strip_right(text);
    if (sign == '+' || kind == '{') return text;
    const std::size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos && !line_begins_) return text;
    const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
    return strip_left(text.substr(start)).empty() ? text.substr(0, start) : text;
  }

  // Passes over `end` ("%}" or "#}"), which begins at `place`, and what the sign before it takes along.
  void pass_end(std::size_t place, char sign, bool trims_line = true) {
    std::size_t after = place + 2;
    if (sign == '-') {
      after = text_.size() - strip_left(std::string_view(text_).substr(after)).size();
    } else if (sign != '+' && trims_line && after < text_.size() && text_[after] == '\n') {
      ++after;
    }
    move_to(after);
  }

  void skip_comment() {
    const std::size_t end = text_.find("#}", at_);
    if (end == std::string::npos) fail(line_, "this comment has no end '#}'");
    pass_end(end, end > at_ ? text_[end - 1] : ' ');
  }

  void lex_inside(bool print) {
    const std::string_view end = print ? "}}" : "%}";
    std::string open;  // brackets that wait for their partner: an end inside them is none
    add(print ? TokenKind::PrintBegin : TokenKind::TagBegin, "");
    while (true) {
      while (const std::size_t size = space_at(text_, at_)) move_to(at_ + size);
      if (at_ >= text_.size()) fail(line_, "'" + std::string(end) + "' is missing");
      const bool has_sign = rest()[0] == '-' || (!print && rest()[0] == '+');
      if (open.empty() && rest().substr(has_sign ? 1 : 0).starts_with(end)) {
        add(print ? TokenKind::PrintEnd : TokenKind::TagEnd, "");
        pass_end(at_ + (has_sign ? 1 : 0), has_sign ? rest()[0] : ' ', !print);
        return;
      }
      lex_token(open);
    }
  }

  void lex_token(std::string& open) {
    const char c = text_[at_];
    if (begins_name(c)) {
      std::size_t end = at_;
      while (end < text_.size() && (begins_name(text_[end]) || is_digit(text_[end]))) ++end;
      // Names are compared wherever one is looked up, which is paid as if they were short.
      if (end - at_ > kMostName) fail(line_, "a name has more than " + std::to_string(kMostName) + " characters");
      add(TokenKind::Name, text_.substr(at_, end - at_));
      move_to(end);
    } else if (is_digit(c)) {
      lex_number();
    } else if (c == '\'' || c == '"') {
      lex_string(c);
    } else {
      lex_operator(open);
    }
  }

  void lex_number() {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    const std::string_view after(end, static_cast<std::size_t>(text_.data() + text_.size() - end));
    if (error != std::errc()) fail(line_, "this number is above 2^63 - 1");
    const bool is_attribute = at_ > 0 && text_[at_ - 1] == '.';  // x.0.1
    const bool fraction = !is_attribute && after.size() > 1 && after[0] == '.' && is_digit(after[1]);
    const bool glued = !after.empty() && begins_name(after[0]);
    const bool leading_zero = text_[at_] == '0' && end != text_.data() + at_ + 1;
    if (fraction || glued || leading_zero) fail(line_, "numbers other than decimal whole ones are not supported");
    add(TokenKind::Integer, "", number);
    move_to(static_cast<std::size_t>(end - text_.data()));
  }

  void lex_operator(std::string& open) {
    constexpr std::string_view kTwo[] = {"//", "**", "==", "!=", "<=", ">="};
    constexpr std::string_view kOne = "+-*/%~<>=()[]{}|,.:";
    const auto two = std::find(std::begin(kTwo), std::end(kTwo), rest().substr(0, 2));
    const char c = text_[at_];
    if (two == std::end(kTwo) && kOne.find(c) == std::string_view::npos) {
      fail(line_, "'" + std::string(rest().substr(0, base::character_bytes(text_[at_]))) + "' is not supported here");
    }
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty()) fail(line_, std::string("'") + c + "' closes nothing");
      if (open.back() != c) fail(line_, std::string("'") + c + "' where '" + open.back() + "' is expected");
      open.pop_back();
    }
    const std::size_t size = two == std::end(kTwo) ? 1 : 2;
    add(TokenKind::Operator, text_.substr(at_, size));
    move_to(at_ + size);
  }

  void lex_string(char quote) {
    std::string value;
    std::size_t i = at_ + 1;
    while (i < text_.size() && text_[i] != quote) {
      if (text_[i] == '\\') {
        i = append_escape(value, i + 1);
      } else {
        value += text_[i++];
      }
    }
    if (i >= text_.size()) fail(line_, "this string has no end");
    add(TokenKind::String, std::move(value));
    move_to(i + 1);
  }

  // The escape whose letter is at `i`, as in Python's strings; gives the place after it.
  std::size_t append_escape(std::string& value, std::size_t i) {
    if (i >= text_.size()) return i;
    const char c = text_[i];
    constexpr std::string_view kLetters = "\\'\"abfnrtv";
    if (const std::size_t which = kLetters.find(c); which != std::string_view::npos) {
      value += "\\'\"\a\b\f\n\r\t\v"[which];
      return i + 1;
    }
    if (c == '\n') return i + 1;
    if (c >= '0' && c <= '7') return append_number(value, i, 3, 8, false);
    if (c == 'x') return append_number(value, i + 1, 2, 16, true);
    if (c == 'u') return append_number(value, i + 1, 4, 16, true);
    if (c == 'U') return append_number(value, i + 1, 8, 16, true);
    if (c == 'N' || !base::is_ascii(c)) fail(line_, "this escape in a string is not supported");
    value += {'\\', c};
    return i + 1;
  }

  std::size_t append_number(std::string& value, std::size_t i, std::size_t digits, int radix, bool all) {
    std::uint32_t code_point = 0;
    const char* limit = text_.data() + std::min(i + digits, text_.size());
    const auto [end, error] = std::from_chars(text_.data() + i, limit, code_point, radix);
    const bool complete = error == std::errc() && (!all || end == text_.data() + i + digits);
    if (!complete || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) {
      fail(line_, "this escape in a string stands for no character");
    }
    base::append_code_point(value, code_point);
    return static_cast<std::size_t>(end - text_.data());
  }

  std::string text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_begins_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex(std::string_view source) { return Lexer(source).run(); }

}  // namespace kiln::jinja
