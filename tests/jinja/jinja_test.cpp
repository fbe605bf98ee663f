// The template language by itself: expressions, blocks, errors with their line, and the budget that ends a rendering.
// What chat templates make of it is tests/tokenizer/chat_template_test.cpp.
#include <gtest/gtest.h>

#include "jinja/evaluate.hpp"
#include "jinja/parser.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {
namespace {

std::string rendered(std::string_view source) {
  Budget budget;
  Scope scope;
  scope["name"] = string("kiln", budget);
  scope["range"] = function(Function::Range);
  return Evaluator(std::move(scope), budget).render(parse_template(source));
}

std::string error_of(std::string_view source) {
  try {
    return "no error, but \"" + rendered(source) + "\"";
  } catch (const TemplateError& error) {
    return error.message;
  }
}

TEST(Jinja, PrintsExpressionsWithTheirPrecedence) {
  EXPECT_EQ(rendered("{{ 1 + 2 * 3 }} {{ name ~ '!' }} {{ not false and 1 < 2 }}"), "7 kiln! True");
}

TEST(Jinja, RunsBlocks) {
  EXPECT_EQ(rendered("{% for i in range(3) %}{{ i }}{{ ',' if not loop.last }}{% endfor %}"), "0,1,2");
  EXPECT_EQ(rendered("{% set x = 2 %}{% if x > 1 %}many{% else %}one{% endif %}"), "many");
}

TEST(Jinja, NamesTheLineOfAnError) {
  EXPECT_NE(error_of("\n\n{{ 1 + }}").find("line 3"), std::string::npos) << error_of("\n\n{{ 1 + }}");
  EXPECT_NE(error_of("\n{{ absent.key }}").find("line 2"), std::string::npos) << error_of("\n{{ absent.key }}");
}

TEST(Jinja, EndsARenderingWhoseWorkIsWithoutBounds) {
  const std::string once = "{% for i in range(1000) %}", end = "{% endfor %}";
  EXPECT_EQ(rendered(once + end), "");
  EXPECT_NE(error_of(once + once + once + end + end + end).find("work"), std::string::npos)
      << error_of(once + once + once + end + end + end);
}

}  // namespace
}  // namespace kiln::jinja
