// What follows a value: attributes, items, calls, filters, tests.
#include <algorithm>

#include "jinja/parser.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr target) {
  while (true) {
    if (tokens_.sees(".")) {
      target = parse_attribute(std::move(target));
    } else if (tokens_.sees("[")) {
      target = parse_subscript(std::move(target));
    } else if (tokens_.sees("(")) {
      fail(tokens_.line(), "a call of anything but a function's or method's name is not supported");
    } else {
      return target;
    }
  }
}

ExpressionPtr ExpressionParser::parse_attribute(ExpressionPtr target) {
  const int line = tokens_.next().line;
  if (tokens_.peek().kind == TokenKind::Integer) {
    auto index = std::make_unique<Expression>();
    index->literal = whole(tokens_.next().number);
    return make(Kind::Item, line, "", parts_of(std::move(target), ExpressionPtr(std::move(index))));
  }
  std::string name = tokens_.expect_name("the name of an attribute");
  if (!tokens_.sees("(")) return make(Kind::Attribute, line, std::move(name), parts_of(std::move(target)));
  const Signature* signature = find_method(name);
  if (signature == nullptr) fail(line, "the method '" + name + "' is not supported");
  return make(Kind::Method, line, name, parse_bound(std::move(target), *signature, "method"));
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr target) {
  const int line = tokens_.next().line;
  Parts parts = parts_of(std::move(target));
  bool slice = false;
  do {
    const bool left_out = tokens_.sees(":") || tokens_.sees("]");
    parts.push_back(left_out ? nullptr : parse());
    slice = slice || tokens_.sees(":");
  } while (parts.size() < 4 && tokens_.take(":"));
  if (!slice && parts[1] == nullptr) tokens_.fail_expecting("an index");
  tokens_.expect("]");
  if (slice) parts.resize(4);
  return make(slice ? Kind::Slice : Kind::Item, line, "", std::move(parts));
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr target) {
  while (true) {
    const int line = tokens_.line();
    if (tokens_.take("|")) {
      const std::string name = tokens_.expect_name("the name of a filter");
      const Signature* signature = find_filter(name);
      if (signature == nullptr) fail(line, "the filter '" + name + "' is not supported");
      target = make(Kind::Filter, line, name, parse_bound(std::move(target), *signature, "filter"));
    } else if (tokens_.sees_name("is")) {
      target = parse_test(std::move(target));
    } else if (tokens_.sees("(")) {
      fail(line, "a call of anything but a function's or method's name is not supported");
    } else {
      return target;
    }
  }
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr target) {
  const int line = tokens_.next().line;
  const bool negated = tokens_.take_name("not");
  const std::string name = tokens_.expect_name("the name of a test");
  const Signature* signature = find_test(name);
  if (signature == nullptr) fail(line, "the test '" + name + "' is not supported");
  Parts parts;
  const bool bare = signature->required == 0 && !tokens_.sees("(");
  if (signature->required == 1 && !tokens_.sees("(")) {  // x is equalto y
    parts = parts_of(std::move(target), parse_postfix(parse_primary()));
  } else {
    parts = parse_bound(std::move(target), *signature, "test");
  }
  // Jinja2 would take what follows for the test's argument.
  const Token& after = tokens_.peek();
  const bool is_value = after.kind == TokenKind::String || after.kind == TokenKind::Integer || tokens_.sees("[") ||
                        tokens_.sees("{") || tokens_.sees("(");
  if (bare && (is_value || (after.kind == TokenKind::Name && !is_one_of(after.text, {"else", "or", "and"})))) {
    fail(line, "the test '" + name + "' needs parentheses around it here");
  }
  ExpressionPtr test = make(Kind::Test, line, name, std::move(parts));
  return negated ? make(Kind::Not, line, "", parts_of(std::move(test))) : std::move(test);
}

ExpressionParser::Parts ExpressionParser::parse_arguments(std::vector<std::string>& keywords) {
  Parts parts;
  if (!tokens_.take("(")) return parts;
  while (!tokens_.sees(")")) {
    if (tokens_.peek().kind == TokenKind::Name && tokens_.sees("=", 1)) {
      keywords.push_back(tokens_.next().text);
      tokens_.next();
    } else if (!keywords.empty()) {
      fail(tokens_.line(), "an argument without a name follows one with a name");
    }
    parts.push_back(parse());
    if (!tokens_.take(",")) break;
  }
  tokens_.expect(")");
  return parts;
}

ExpressionParser::Parts ExpressionParser::parse_bound(ExpressionPtr target, const Signature& signature,
                                                      const char* what) {
  const int line = tokens_.line();
  std::vector<std::string> keywords;
  Parts given = parse_arguments(keywords);
  const std::size_t positional = given.size() - keywords.size();
  const auto& names = signature.parameters;
  bool fits = positional <= (signature.keywords_only ? 0 : names.size());
  Parts bound = parts_of(std::move(target));
  bound.resize(1 + names.size());
  for (std::size_t i = 0; fits && i < given.size(); ++i) {
    const auto named = i < positional ? names.begin() + static_cast<std::ptrdiff_t>(i)
                                      : std::find(names.begin(), names.end(), keywords[i - positional]);
    fits = named != names.end();
    if (!fits) break;
    ExpressionPtr& place = bound[1 + static_cast<std::size_t>(named - names.begin())];
    fits = place == nullptr;
    place = std::move(given[i]);
  }
  for (std::size_t i = 0; i < signature.required; ++i) fits = fits && bound[1 + i] != nullptr;
  if (!fits) {
    fail(line,
         std::string("these arguments of the ") + what + " '" + std::string(signature.name) + "' are not supported");
  }
  return bound;
}

}  // namespace kiln::jinja
