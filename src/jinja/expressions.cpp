#include <algorithm>

#include "jinja/parser.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {
namespace {

constexpr int kMostNestedExpressions = 60;

// Counts how deep the parser is in itself.
class Descent {
 public:
  Descent(int& depth, int line) : depth_(depth) {
    if (++depth_ > kMostNestedExpressions) fail(line, "expressions lie more than 60 deep in one another");
  }
  ~Descent() { --depth_; }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;

 private:
  int& depth_;
};

// A template is at most 1 MiB, so its literals fit any budget.
Value literal_string(std::string text) {
  Budget own;
  return string(std::move(text), own);
}

}  // namespace

ExpressionPtr ExpressionParser::make(Kind kind, int line, std::string name, Parts parts,
                                     std::vector<std::string> keywords) const {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->line = line;
  for (const auto& part : parts) made->depth = std::max(made->depth, part == nullptr ? 1 : part->depth + 1);
  if (made->depth > kMostExpressionDepth) fail(line, "an expression is more than 200 operations deep");
  made->name = std::move(name);
  made->parts = std::move(parts);
  made->keywords = std::move(keywords);
  return made;
}

ExpressionPtr ExpressionParser::parse() {
  const Descent descent(nesting_, tokens_.line());
  ExpressionPtr value = parse_or();
  while (tokens_.sees_name("if")) {
    const int line = tokens_.next().line;
    ExpressionPtr condition = parse_or();
    ExpressionPtr otherwise = tokens_.take_name("else") ? parse() : nullptr;
    value = make(Kind::Conditional, line, "", parts_of(std::move(condition), std::move(value), std::move(otherwise)));
  }
  return value;
}

ExpressionPtr ExpressionParser::parse_tuple() {
  const int line = tokens_.line();
  Parts parts = parts_of(parse());
  const bool tuple = tokens_.sees(",");
  while (tokens_.take(",")) {
    const TokenKind kind = tokens_.peek().kind;
    if (kind == TokenKind::PrintEnd || kind == TokenKind::TagEnd) break;
    parts.push_back(parse());
  }
  return tuple ? make(Kind::Tuple, line, "", std::move(parts)) : std::move(parts[0]);
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr left = parse_and();
  while (tokens_.sees_name("or")) {
    const int line = tokens_.next().line;
    left = make(Kind::Or, line, "", parts_of(std::move(left), parse_and()));
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  while (tokens_.sees_name("and")) {
    const int line = tokens_.next().line;
    left = make(Kind::And, line, "", parts_of(std::move(left), parse_not()));
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!tokens_.sees_name("not")) return parse_compare();
  const Descent descent(nesting_, tokens_.line());
  const int line = tokens_.next().line;
  return make(Kind::Not, line, "", parts_of(parse_not()));
}

ExpressionPtr ExpressionParser::parse_compare() {
  Parts operands = parts_of(parse_sum());
  std::vector<std::string> operators;
  const int line = tokens_.line();
  while (true) {
    const Token& token = tokens_.peek();
    const bool in = tokens_.sees_name("in");
    const bool not_in = tokens_.sees_name("not") && tokens_.sees_name("in", 1);
    const bool sign = token.kind == TokenKind::Operator && is_one_of(token.text, {"==", "!=", "<", "<=", ">", ">="});
    if (!in && !not_in && !sign) break;
    operators.push_back(not_in ? "not in" : token.text);
    tokens_.next();
    if (not_in) tokens_.next();
    operands.push_back(parse_sum());
  }
  if (operators.empty()) return std::move(operands[0]);
  return make(Kind::Compare, line, "", std::move(operands), std::move(operators));
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (tokens_.sees("+") || tokens_.sees("-")) {
    const Token& sign = tokens_.next();
    left = make(Kind::Arithmetic, sign.line, sign.text, parts_of(std::move(left), parse_concatenation()));
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  Parts parts = parts_of(parse_product());
  const int line = tokens_.line();
  while (tokens_.take("~")) parts.push_back(parse_product());
  return parts.size() == 1 ? std::move(parts[0]) : make(Kind::Concatenate, line, "", std::move(parts));
}

ExpressionPtr ExpressionParser::parse_product() {
  ExpressionPtr left = parse_unary(true);
  while (tokens_.sees("*") || tokens_.sees("//") || tokens_.sees("%")) {
    const Token& sign = tokens_.next();
    left = make(Kind::Arithmetic, sign.line, sign.text, parts_of(std::move(left), parse_unary(true)));
  }
  if (tokens_.sees("/") || tokens_.sees("**")) {
    fail(tokens_.line(), "the operator '" + tokens_.peek().text + "' is not supported");
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filter) {
  ExpressionPtr value;
  if (tokens_.sees("-") || tokens_.sees("+")) {
    const Descent descent(nesting_, tokens_.line());
    const Token& sign = tokens_.next();
    value = make(sign.text == "-" ? Kind::Negate : Kind::Identity, sign.line, "", parts_of(parse_unary(false)));
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filter ? parse_filters(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::parse_primary() {
  const Token& token = tokens_.peek();
  if (token.kind == TokenKind::Name) return parse_name();
  if (tokens_.sees("(")) return parse_parentheses();
  if (tokens_.sees("[")) return parse_list();
  if (tokens_.sees("{")) return parse_dict();
  if (token.kind != TokenKind::String && token.kind != TokenKind::Integer) tokens_.fail_expecting("an expression");
  auto made = std::make_unique<Expression>();
  made->line = token.line;
  if (token.kind == TokenKind::Integer) {
    made->literal = whole(tokens_.next().number);
  } else {
    std::string text;
    while (tokens_.peek().kind == TokenKind::String) text += tokens_.next().text;
    made->literal = literal_string(std::move(text));
  }
  return made;
}

ExpressionPtr ExpressionParser::parse_name() {
  const Token& token = tokens_.next();
  if (is_one_of(token.text, {"true", "True", "false", "False", "none", "None"})) {
    auto made = std::make_unique<Expression>();
    made->line = token.line;
    if (token.text != "none" && token.text != "None")
      made->literal = boolean(token.text == "true" || token.text == "True");
    return made;
  }
  if (is_one_of(token.text, {"and", "or", "not", "in", "is", "if", "else"})) {
    fail(token.line, "an expression was expected, not '" + token.text + "'");
  }
  if (is_one_of(token.text, {"dict", "lipsum", "cycler", "joiner", "self", "super", "caller", "varargs", "kwargs"})) {
    fail(token.line, "'" + token.text + "' is not supported");
  }
  if (!tokens_.sees("(")) return make(Kind::Name, token.line, token.text, {});
  if (!is_one_of(token.text, {"range", "namespace", "raise_exception", "strftime_now"})) {
    fail(token.line, "the function '" + token.text + "' is not supported");
  }
  std::vector<std::string> keywords;
  Parts parts = parse_arguments(keywords);
  const std::size_t positional = parts.size() - keywords.size();
  const bool fits = token.text == "namespace"         ? positional == 0
                    : token.text == "range"           ? keywords.empty() && positional >= 1 && positional <= 3
                    : token.text == "raise_exception" ? keywords.empty() && positional == 1
                                                      : true;
  if (!fits) fail(token.line, "these arguments of the function '" + token.text + "' are not supported");
  return make(Kind::Call, token.line, token.text, std::move(parts), std::move(keywords));
}

ExpressionPtr ExpressionParser::parse_parentheses() {
  const int line = tokens_.next().line;
  Parts parts;
  bool tuple = tokens_.sees(")");
  while (!tokens_.sees(")")) {
    parts.push_back(parse());
    if (!tokens_.take(",")) break;
    tuple = true;
  }
  tokens_.expect(")");
  return tuple ? make(Kind::Tuple, line, "", std::move(parts)) : std::move(parts[0]);
}

ExpressionPtr ExpressionParser::parse_list() {
  const int line = tokens_.next().line;
  Parts parts;
  while (!tokens_.sees("]")) {
    parts.push_back(parse());
    if (!tokens_.take(",")) break;
  }
  tokens_.expect("]");
  return make(Kind::List, line, "", std::move(parts));
}

ExpressionPtr ExpressionParser::parse_dict() {
  const int line = tokens_.next().line;
  Parts parts;
  while (!tokens_.sees("}")) {
    parts.push_back(parse());
    tokens_.expect(":");
    parts.push_back(parse());
    if (!tokens_.take(",")) break;
  }
  tokens_.expect("}");
  return make(Kind::Dict, line, "", std::move(parts));
}

}  // namespace kiln::jinja
