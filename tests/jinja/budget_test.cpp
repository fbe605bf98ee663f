// What a rendering costs is paid for: whatever grows with a string or a list ends a template that does it without end,
// what an error says of a long text is short, and a rendering can be stopped.
#include <gtest/gtest.h>

#include "jinja/evaluate.hpp"
#include "jinja/parser.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {
namespace {

constexpr std::string_view kOneMegabyte = "{% set k = 'a' * 1048576 %}{% set other = 'a' * 1048575 ~ 'b' %}";

/// The error of a rendering within `budget`, or "" where there is none.
std::string error_within(Budget& budget, const std::string& source) {
  try {
    Scope scope;
    scope["range"] = function(Function::Range);
    scope["raise_exception"] = function(Function::RaiseException);
    scope["namespace"] = function(Function::Namespace);
    Evaluator(std::move(scope), budget).render(parse_template(source));
    return "";
  } catch (const TemplateError& error) {
    return error.message;
  }
}

/// Units that `source` costs beside what its strings cost to make.
std::uint64_t cost_of(const std::string& source) {
  constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;
  Budget with(kPlenty), without(kPlenty);
  EXPECT_EQ(error_within(with, std::string(kOneMegabyte) + source), "") << source;
  EXPECT_EQ(error_within(without, std::string(kOneMegabyte)), "");
  return without.left() - with.left();
}

TEST(JinjaBudget, WhatLooksAtALongStringPaysForIt) {
  for (const char* expression : {"k|length",
                                 "k|count",
                                 "k|int",
                                 "k|trim",
                                 "k|string",
                                 "k|upper",
                                 "k|title",
                                 "k|tojson",
                                 "k|replace('b', 'c')",
                                 "k.strip()",
                                 "k.strip('a')",
                                 "k.strip('é')",
                                 "k.lstrip('a')",
                                 "k.rstrip('a')",
                                 "k.split()",
                                 "k.split('b')",
                                 "k.startswith('b')",
                                 "k.lower()",
                                 "k[0]",
                                 "k[1:]",
                                 "k[::2]",
                                 "k == other",
                                 "k != other",
                                 "k < other",
                                 "'b' in k",
                                 "k in k",
                                 "k ~ ''",
                                 "k + ''",
                                 "{k: 1}",
                                 "{k: 1}[other]",
                                 "{k: 1}.get(other)",
                                 "{k: 1}|items",
                                 "{k: 1}.keys()",
                                 "{k: 1}|list",
                                 "{k: 1}|tojson",
                                 "{k: 1}|string",
                                 "[k]|join",
                                 "[k]|tojson",
                                 "[k]|string",
                                 "[k] == [other]",
                                 "other in [k]",
                                 "{k: 1} == {other: 1}",
                                 "k is eq(other)",
                                 "k is in(k)"}) {
    EXPECT_GE(cost_of(std::string("{% set x = ") + expression + " %}"), 1048575U) << expression;
  }
}

TEST(JinjaBudget, WhatCopiesALongListPaysForIt) {
  const std::string list = "{% set l = range(10000)|list %}";
  const auto made = cost_of(list);
  for (const char* expression : {"l + [1]", "l * 2", "l[1:]", "l[::-1]", "l|list", "l == range(10000)|list", "l|tojson",
                                 "l|join(',')", "l|string", "-1 in l"}) {
    EXPECT_GE(cost_of(list + "{% set x = " + expression + " %}") - made, 10000U) << expression;
  }
}

TEST(JinjaBudget, NamesInErrorsAreCut) {
  EXPECT_LT(undefined(std::string(1 << 20, 'a')).text->size(), 200U);
  Budget small(std::uint64_t{64} << 20);  // 400 names of 1 MiB would not fit
  std::string uses;
  for (int i = 0; i < 400; ++i) uses += "x[k],";
  EXPECT_EQ(error_within(small, std::string(kOneMegabyte) + "{% set x = 5 %}{{ [" + uses + "] }}"), "");
  for (const char* use : {"{{ raise_exception(k) }}", "{{ x[k].y }}", "{{ x.y[k] }}", "{{ x[k] < 1 }}"}) {
    Budget budget;
    const auto error = error_within(budget, std::string(kOneMegabyte) + "{% set x = 5 %}" + use);
    EXPECT_NE(error, "") << use;
    EXPECT_LT(error.size(), 1100U) << use;
  }
}

TEST(JinjaBudget, NamesHaveALimit) {
  Budget budget;
  EXPECT_EQ(error_within(budget, "{{ " + std::string(256, 'a') + " }}"), "");
  const auto error = error_within(budget, "{{ " + std::string(257, 'a') + " }}");
  EXPECT_NE(error.find("line 1: a name has more than 256 characters"), std::string::npos) << error;
}

TEST(JinjaBudget, StripsByMoreThanAFewCharacters) {
  Budget budget;
  EXPECT_EQ(error_within(budget, "{% if 'é-ä-x-ö-é'.strip('-éäö') != 'x' %}{{ raise_exception('wrong') }}{% endif %}"),
            "");
}

TEST(JinjaBudget, IsWhatTheCallerSays) {
  const std::string loop = "{% for i in range(1000) %}{{ i }}{% endfor %}";
  Budget small(100000), large(10000000);
  EXPECT_NE(error_within(small, loop).find("work"), std::string::npos);
  EXPECT_EQ(error_within(large, loop), "");
}

TEST(JinjaBudget, EndsWhenItIsToStop) {
  std::stop_source source;
  Budget budget(Budget::kUsual, source.get_token());
  EXPECT_EQ(error_within(budget, "{{ 1 }}"), "");
  source.request_stop();
  const std::string loop = "{% for i in range(100000) %}{{ i }}{% endfor %}";
  EXPECT_EQ(error_within(budget, loop), "the chat template was interrupted");
}

}  // namespace
}  // namespace kiln::jinja
