// A template's text as tokens. White space around tags is removed as the signs `-` and `+` say, as are the line break
// after a tag and the blanks before one that begins its line (Jinja2's trim_blocks and lstrip_blocks).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::jinja {

enum class TokenKind { Text, PrintBegin, PrintEnd, TagBegin, TagEnd, Name, String, Integer, Operator, End };

struct Token {
  TokenKind kind = TokenKind::End;
  int line = 1;
  std::string text;  ///< of Text, Name, Operator; the value of a String
  std::int64_t number = 0;
};

/// Throws TemplateError. The last token is End.
std::vector<Token> lex(std::string_view source);

}  // namespace kiln::jinja
