#include "jinja/parser.hpp"

#include <algorithm>

#include "jinja/text.hpp"

namespace kiln::jinja {

void TokenStream::fail_expecting(const std::string& expected) const {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::Name:
    case TokenKind::Operator:
      fail(token.line, expected + " was expected, not '" + token.text + "'");
    case TokenKind::String:
      fail(token.line, expected + " was expected, not a string");
    case TokenKind::Integer:
      fail(token.line, expected + " was expected, not a number");
    default:
      fail(token.line, expected + " was expected");
  }
}

void TokenStream::expect(std::string_view op) {
  if (!take(op)) fail_expecting("'" + std::string(op) + "'");
}

std::string TokenStream::expect_name(const char* what) {
  if (peek().kind != TokenKind::Name) fail_expecting(what);
  return next().text;
}

namespace {

class StatementParser {
 public:
  explicit StatementParser(std::vector<Token> tokens) : tokens_(std::move(tokens)), expressions_(tokens_) {}

  Block parse() {
    Block block = parse_block();
    if (tokens_.peek().kind != TokenKind::End) fail(tokens_.line(), "'" + tokens_.peek(1).text + "' ends nothing");
    return block;
  }

 private:
  using Kind = Statement::Kind;

  /// Up to the end or to a tag that ends or divides a block, which stays.
  Block parse_block() {
    if (++blocks_ > kMostBlocks) fail(tokens_.line(), "blocks lie more than 60 deep in one another");
    Block block;
    while (tokens_.peek().kind != TokenKind::End && !sees_divider()) {
      if (tokens_.peek().kind == TokenKind::Text) {
        Statement text;
        text.text = tokens_.next().text;
        block.push_back(std::move(text));
      } else {
        block.push_back(tokens_.next().kind == TokenKind::PrintBegin ? parse_print() : parse_tag());
      }
    }
    --blocks_;
    return block;
  }

  [[nodiscard]] bool sees_divider() const {
    constexpr std::string_view kDividers[] = {"elif", "else", "endif", "endfor", "endset", "endgeneration"};
    return tokens_.peek().kind == TokenKind::TagBegin && tokens_.peek(1).kind == TokenKind::Name &&
           std::find(std::begin(kDividers), std::end(kDividers), tokens_.peek(1).text) != std::end(kDividers);
  }

  Statement parse_print() {
    Statement print;
    print.kind = Kind::Print;
    print.line = tokens_.line();
    print.value = expressions_.parse_tuple();
    if (tokens_.next().kind != TokenKind::PrintEnd) fail(print.line, "'}}' was expected behind an expression");
    return print;
  }

  Statement parse_tag() {
    Statement statement;
    statement.line = tokens_.line();
    const std::string name = tokens_.expect_name("the name of a tag");
    if (name == "if") {
      parse_if(statement);
    } else if (name == "for") {
      parse_for(statement);
    } else if (name == "set") {
      parse_set(statement);
    } else if (name == "generation") {
      statement.kind = Kind::Scope;
      parse_body(statement, nullptr);
      expect_tag("endgeneration");
    } else if (name == "break" || name == "continue") {
      if (loops_ == 0) fail(statement.line, "'" + name + "' is outside of a loop");
      statement.kind = name == "break" ? Kind::Break : Kind::Continue;
      end_tag();
    } else {
      fail(statement.line, "the tag '" + name + "' is not supported");
    }
    return statement;
  }

  void end_tag() {
    if (tokens_.peek().kind != TokenKind::TagEnd) tokens_.fail_expecting("'%}'");
    tokens_.next();
  }

  void expect_tag(std::string_view name) {
    if (!take_tag(name)) tokens_.fail_expecting("'{% " + std::string(name) + " %}'");
    end_tag();
  }

  bool take_tag(std::string_view name) {
    if (tokens_.peek().kind != TokenKind::TagBegin || !tokens_.sees_name(name, 1)) return false;
    tokens_.next();
    tokens_.next();
    return true;
  }

  /// The end of the tag and the block after it.
  void parse_body(Statement& statement, ExpressionPtr condition) {
    end_tag();
    Block body = parse_block();
    statement.branches.emplace_back(std::move(condition), std::move(body));
  }

  void parse_if(Statement& statement) {
    statement.kind = Kind::If;
    parse_body(statement, expressions_.parse_or());
    while (take_tag("elif")) parse_body(statement, expressions_.parse_or());
    if (take_tag("else")) parse_body(statement, nullptr);
    expect_tag("endif");
  }

  void parse_for(Statement& statement) {
    statement.kind = Kind::For;
    statement.targets = parse_targets();
    if (!tokens_.take_name("in")) tokens_.fail_expecting("'in'");
    statement.value = expressions_.parse_or();
    if (tokens_.take_name("if")) statement.filter = expressions_.parse();
    if (tokens_.sees_name("recursive")) fail(tokens_.line(), "recursive loops are not supported");
    ++loops_;
    parse_body(statement, nullptr);
    --loops_;
    if (take_tag("else")) parse_body(statement, nullptr);
    expect_tag("endfor");
  }

  void parse_set(Statement& statement) {
    if (tokens_.sees(".", 1)) {
      statement.kind = Kind::SetAttribute;
      statement.targets.push_back(tokens_.expect_name("a name"));
      tokens_.next();
      statement.targets.push_back(tokens_.expect_name("a name"));
    } else {
      statement.kind = Kind::Set;
      statement.targets = parse_targets();
    }
    if (tokens_.take("=")) {
      statement.value = expressions_.parse_tuple();
      return end_tag();
    }
    if (statement.kind != Kind::Set || statement.targets.size() != 1) tokens_.fail_expecting("'='");
    statement.kind = Kind::SetBlock;
    parse_body(statement, nullptr);
    expect_tag("endset");
  }

  std::vector<std::string> parse_targets() {
    std::vector<std::string> targets;
    const bool parentheses = tokens_.take("(");
    do {
      targets.push_back(tokens_.expect_name("a name"));
      constexpr std::string_view kTaken[] = {"loop", "true", "false", "none", "True", "False", "None"};
      if (std::find(std::begin(kTaken), std::end(kTaken), targets.back()) != std::end(kTaken)) {
        fail(tokens_.line(), "'" + targets.back() + "' cannot be set");
      }
    } while (tokens_.take(","));
    if (parentheses) tokens_.expect(")");
    return targets;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  int blocks_ = 0;
  int loops_ = 0;
};

}  // namespace

Block parse_template(std::string_view source) { return StatementParser(lex(source)).parse(); }

}  // namespace kiln::jinja
