// Tokens to a template, by recursive descent: parser.cpp has the statements, expressions.cpp and
// postfix.cpp the expressions, with Jinja2's precedence. They throw TemplateError for whatever Kiln does not
// interpret.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.hpp"
#include "jinja/functions.hpp"
#include "jinja/lexer.hpp"

namespace kiln::jinja {

Block parse_template(std::string_view source);

/// The tokens ahead.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  [[nodiscard]] int line() const { return peek().line; }

  [[nodiscard]] bool sees(std::string_view op, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::Operator && peek(ahead).text == op;
  }
  [[nodiscard]] bool sees_name(std::string_view name, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::Name && peek(ahead).text == name;
  }
  bool take(std::string_view op) { return sees(op) && (next(), true); }
  bool take_name(std::string_view name) { return sees_name(name) && (next(), true); }
  void expect(std::string_view op);
  std::string expect_name(const char* what);
  /// Fails: `expected`, and what is there instead.
  [[noreturn]] void fail_expecting(const std::string& expected) const;

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExpressionPtr parse();
  /// Also `a, b`, a tuple without parentheses.
  ExpressionPtr parse_tuple();
  /// Without `a if b else c`: the conditions of if, and what a for walks, whose `if` is its filter.
  ExpressionPtr parse_or();

 private:
  using Kind = Expression::Kind;
  using Parts = std::vector<ExpressionPtr>;

  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_unary(bool with_filter);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_name();
  ExpressionPtr parse_parentheses();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr target);
  ExpressionPtr parse_attribute(ExpressionPtr target);
  ExpressionPtr parse_subscript(ExpressionPtr target);
  ExpressionPtr parse_filters(ExpressionPtr target);
  ExpressionPtr parse_test(ExpressionPtr target);
  /// (a, b, c=d): the keywords belong to the last parts.
  Parts parse_arguments(std::vector<std::string>& keywords);
  Parts parse_bound(ExpressionPtr target, const Signature& signature, const char* what);
  [[nodiscard]] ExpressionPtr make(Kind kind, int line, std::string name, Parts parts,
                                   std::vector<std::string> keywords = {}) const;

  TokenStream& tokens_;
  int nesting_ = 0;
};

inline bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <class... Parts>
std::vector<ExpressionPtr> parts_of(Parts... parts) {
  std::vector<ExpressionPtr> all;
  (all.push_back(std::move(parts)), ...);
  return all;
}

}  // namespace kiln::jinja
