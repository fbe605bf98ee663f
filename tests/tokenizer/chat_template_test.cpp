// Chat templates against Jinja2: scripts/chat-template-goldens wrote Jinja2's results.
#include "tokenizer/chat_template.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "base/random.hpp"
#include "support/seed.hpp"

namespace kiln::tokenizer {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::string kData = KILN_SOURCE_DIR "/tests/tokenizer/data/";

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json goldens() {
  const char* other = std::getenv("KILN_CHAT_TEMPLATES");
  return Json::parse(slurp(other != nullptr ? other : kData + "chat_templates.json"));
}

std::string source_of(const Json& group) {
  return group.contains("source") ? group["source"].get<std::string>()
                                  : slurp(kData + "chat_templates/" + group["file"].get<std::string>());
}

std::vector<ChatMessage> messages_of(const Json& one) {
  std::vector<ChatMessage> messages;
  for (const Json& message : one["messages"]) messages.push_back({message["role"], message["content"]});
  return messages;
}

base::Result<std::string> render(std::string_view source, std::span<const ChatMessage> messages = {}) {
  auto parsed = ChatTemplate::parse(source);
  if (!parsed) return parsed.error();
  return parsed->render(messages, true, {"<s>", "</s>"});
}

std::string template_error(std::string_view source) {
  const auto text = render(source);
  return text ? "no error: " + *text : text.error().message;
}

void expect_as_jinja2(const ChatTemplate& parsed, const Json& one) {
  const auto text = parsed.render(messages_of(one), one["add_generation_prompt"], {one["bos_token"], one["eos_token"]});
  if (one.contains("output")) {
    if (std::getenv("KILN_CHAT_TEMPLATES") != nullptr && !text &&
        text.error().message.find("beyond ASCII") != std::string::npos)
      return;
    ASSERT_TRUE(text.ok()) << text.error().message << "\nin place of: " << one["output"];
    EXPECT_EQ(*text, one["output"].get<std::string>());
  } else if (one.contains("raises")) {
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().message, one["raises"].get<std::string>());
  } else {
    EXPECT_FALSE(text.ok()) << *text << "\nin place of: " << one["fails"];
  }
}

TEST(ChatTemplate, RendersAsJinja2Does) {
  const Json groups = goldens();
  ASSERT_FALSE(groups.empty());
  for (const Json& group : groups) {
    const std::string source = source_of(group);
    SCOPED_TRACE(source);
    const auto parsed = ChatTemplate::parse(source);
    if (!parsed) {  // jinja2 fails here too, when it parses or renders
      EXPECT_FALSE(group["cases"][0].contains("output") || group["cases"][0].contains("raises"))
          << parsed.error().message;
      continue;
    }
    for (const Json& one : group["cases"]) expect_as_jinja2(*parsed, one);
  }
}

TEST(ChatTemplate, WritesLlama2AsItsMakersDo) {
  const auto parsed = ChatTemplate::parse(slurp(kData + "chat_templates/llama2.jinja"));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const std::vector<ChatMessage> turns = {{"system", "Be kind."}, {"user", "Hi"}, {"assistant", "Ho"}, {"user", "Hu"}};
  EXPECT_EQ(*parsed->render(turns, true, {"<s>", "</s>"}),
            "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Ho </s><s>[INST] Hu [/INST]");
  const auto twice = parsed->render(std::vector<ChatMessage>{{"user", "a"}, {"user", "b"}}, true, {"<s>", "</s>"});
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().message, "Turns must go user, assistant, user, assistant; turn 2 does not");
}

TEST(ChatTemplate, MessagesAreNeverTakenForTemplates) {
  const std::vector<ChatMessage> turns = {{"user", "{{ bos_token }}{% if %}{#"}};
  EXPECT_EQ(*render("{{ messages[0].content }}", turns), "{{ bos_token }}{% if %}{#");
}

TEST(ChatTemplate, RefusesWhatItDoesNotInterpretByNameAndLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"\n{% macro f() %}{% endmacro %}", "the chat template, line 2: the tag 'macro' is not supported"},
      {"{% raw %}{% endraw %}", "the tag 'raw' is not supported"},
      {"a\n\n{{ 1 | safe }}", "the chat template, line 3: the filter 'safe' is not supported"},
      {"{{ 1 is divisibleby(2) }}", "the test 'divisibleby' is not supported"},
      {"{{ 'a'.center(3) }}", "the method 'center' is not supported"},
      {"{{ f(1) }}", "the function 'f' is not supported"},
      {"{{ dict(a=1) }}", "'dict' is not supported"},
      {"{{ messages[0](1) }}", "a call of anything but"},
      {"{{ 1 / 2 }}", "the operator '/' is not supported"},
      {"{{ 2 ** 2 }}", "the operator '**' is not supported"},
      {"{{ 1.5 }}", "numbers other than decimal whole ones"},
      {"{{ 1_000 }}", "numbers other than decimal whole ones"},
      {"{{ 99999999999999999999 }}", "this number is above 2^63 - 1"},
      {"{{ 'a' | tojson(2) }}", "these arguments of the filter 'tojson' are not supported"},
      {"{{ 'a' | trim(other=2) }}", "these arguments of the filter 'trim' are not supported"},
      {"{{ 'a'.replace('b') }}", "these arguments of the method 'replace' are not supported"},
      {"{{ namespace([]) }}", "these arguments of the function 'namespace' are not supported"},
      {"{% for x in y recursive %}{% endfor %}", "recursive loops are not supported"},
      {"{% set loop = 1 %}", "'loop' cannot be set"},
      {R"({{ '\N{DEGREE SIGN}' }})", "this escape in a string is not supported"},
      {R"({{ '\ud83d' }})", "this escape in a string stands for no character"},
  };
  for (const auto& [source, message] : cases) {
    const auto parsed = ChatTemplate::parse(source);
    ASSERT_FALSE(parsed.ok()) << source;
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << source;
  }
}

TEST(ChatTemplate, ABrokenTemplateIsNamedByItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"{{ 1", "line 1: '}}' is missing"},
      {"\n{% if x", "line 2: '%}' is missing"},
      {"{# never ends", "this comment has no end '#}'"},
      {"{{ 'never ends }}", "this string has no end"},
      {"{% if x %}", "'{% endif %}' was expected"},
      {"{% endif %}", "'endif' ends nothing"},
      {"{% if x %}{% endfor %}", "'{% endif %}' was expected"},
      {"{{ }}", "an expression was expected"},
      {"{{ 1 2 }}", "'}}' was expected behind an expression"},
      {"{{ (1 2) }}", "')' was expected, not a number"},
      {"{{ 1) }}", "')' closes nothing"},
      {"{{ ((( }}", "'}' where ')' is expected"},
      {"{{ a ! b }}", "'!' is not supported here"},
      {"{% break %}", "'break' is outside of a loop"},
      {"{% for x y %}", "'in' was expected, not 'y'"},
      {"{% set x.y %}", "'=' was expected"},
      {"{% %}", "the name of a tag was expected"},
      {"{{ a.'b' }}", "the name of an attribute was expected, not a string"},
      {"\xff", "the chat template is not UTF-8 at byte 0"},
  };
  for (const auto& [source, message] : cases) {
    const auto parsed = ChatTemplate::parse(source);
    ASSERT_FALSE(parsed.ok()) << source;
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << source;
  }
}

TEST(ChatTemplate, WhatFailsWhileItRunsSaysWhyAndWhere) {
  EXPECT_EQ(template_error("\n{{ nothing.here }}"),
            "the chat template, line 2: 'nothing' is undefined and has no 'here'");
  EXPECT_EQ(template_error("{{ messages[0]['role'] }}"),
            "the chat template, line 1: 'messages[0]' is undefined and has no 'role'");
  EXPECT_THAT(template_error("{{ 'a' + 1 }}"), HasSubstr("'+' does not join a string and a number"));
  EXPECT_THAT(template_error("{{ strftime_now('%d') }}"),
              HasSubstr("'strftime_now' is undefined and cannot be called"));
  EXPECT_THAT(template_error("{{ 9223372036854775807 + 1 }}"), HasSubstr("a number leaves 64 bits"));
  EXPECT_THAT(template_error("{{ {}.items }}"), HasSubstr("'items' of a dict is a method"));
  EXPECT_THAT(template_error("{{ ['é'] }}"), HasSubstr("text beyond ASCII is printed without tojson"));
  EXPECT_THAT(template_error("{{ 'é'|upper }}"), HasSubstr("upper of text beyond ASCII"));
  EXPECT_THAT(template_error("{{ range(200000)|length }}"), HasSubstr("range of more than 100000 numbers"));
  EXPECT_EQ(template_error("{{ raise_exception('a\\x1b[2Jb') }}"), "a\\x1b[2Jb");
  const std::vector<ChatMessage> broken = {{"user", "ok"}, {"user", "a\xc3"}};
  EXPECT_EQ(render("", broken).error().message, "message 2 is not UTF-8 at byte 1");
}

TEST(ChatTemplate, NestingIsBounded) {
  const auto times = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const int many = 50000;
  EXPECT_THAT(template_error("{{ " + times("(", many) + "1" + times(")", many) + " }}"),
              HasSubstr("expressions lie more than 60 deep"));
  EXPECT_THAT(template_error("{{ " + times("not ", many) + " }}"), HasSubstr("expressions lie more than 60 deep"));
  EXPECT_THAT(template_error("{{ " + times("-", many) + " }}"), HasSubstr("expressions lie more than 60 deep"));
  EXPECT_THAT(template_error("{{ x" + times("[", many) + "1" + times("]", many) + " }}"),
              HasSubstr("expressions lie more than 60 deep"));
  EXPECT_THAT(template_error("{{ 1" + times("+1", many) + " }}"), HasSubstr("more than 200 operations deep"));
  EXPECT_THAT(template_error("{{ x" + times("|trim", many) + " }}"), HasSubstr("more than 200 operations deep"));
  EXPECT_THAT(template_error("{{ x" + times(".a", many) + " }}"), HasSubstr("more than 200 operations deep"));
  EXPECT_THAT(template_error("{{ 1" + times(" if 1 else 1", many) + " }}"),
              HasSubstr("expressions lie more than 60 deep"));
  EXPECT_THAT(template_error(times("{% if 1 %}", many)), HasSubstr("blocks lie more than 60 deep"));
  EXPECT_THAT(
      template_error("{% set ns = namespace(a=[]) %}{% for i in range(200) %}{% set ns.a = [ns.a] %}{% endfor %}"),
      HasSubstr("lists lie more than 100 deep"));
  EXPECT_EQ(*render("{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns.a[0] == ns }}"), "True");
  EXPECT_THAT(ChatTemplate::parse(std::string((1 << 20) + 1, ' ')).error().message, HasSubstr("larger than 1 MiB"));
}

TEST(ChatTemplate, WorkAndOutputAreBounded) {
  const std::string loop = "{% for a in range(100000) %}";
  EXPECT_THAT(template_error(loop + loop + loop + "{% endfor %}{% endfor %}{% endfor %}"), HasSubstr("too much work"));
  EXPECT_THAT(template_error("{{ 'a' * 9000000000000000000 }}"), HasSubstr("beyond 16 MiB"));
  EXPECT_THAT(template_error("{{ [1, 2] * 9000000000000000000 }}"), HasSubstr("beyond 16 MiB"));
  EXPECT_THAT(template_error("{% set x = 'a' * 10000000 %}{{ x }}{{ x }}"),
              HasSubstr("the output grows beyond 16 MiB"));
  EXPECT_THAT(template_error("{% set x = 'a' * 10000000 %}{{ x.replace('', x) }}"), HasSubstr("beyond 16 MiB"));
  EXPECT_THAT(template_error("{% set x = 'a' * 10000000 %}{{ x|list|length }}"), HasSubstr("too much work"));
  const std::string doubled = "{% set ns = namespace(a=[1], b='x') %}{% for i in range(90) %}";
  EXPECT_THAT(template_error(doubled + "{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a == 1 }}{{ ns.a|tojson }}"),
              HasSubstr("beyond 16 MiB"));
  EXPECT_THAT(template_error(doubled + "{% set ns.a = ns.a + ns.a %}{% endfor %}"), HasSubstr("too much work"));
  EXPECT_THAT(template_error(doubled + "{% set ns.b = ns.b ~ ns.b %}{% endfor %}"), HasSubstr("beyond 16 MiB"));
}

TEST(ChatTemplate, NeverCrashesOnMutatedTemplates) {
  const std::uint64_t seed = support::test_seed(std::random_device{}());
  SCOPED_TRACE("KILN_SEED=" + std::to_string(seed));
  base::Random random(seed);
  std::vector<std::string> sources;
  for (const Json& group : goldens()) sources.push_back(source_of(group));
  const std::vector<ChatMessage> turns = {{"system", "s"}, {"user", "hello"}, {"assistant", "a"}, {"user", "b"}};
  int parsed = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = sources[random.below(sources.size())];
    for (std::uint64_t edits = random.below(6); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random.below(text.size());
      const std::string& other = sources[random.below(sources.size())];
      switch (random.below(5)) {
        case 0:
          text.resize(at);
          break;
        case 1:
          text.erase(at, 1 + random.below(8));
          break;
        case 2:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 3:
          text[at] = "{}%#-+()[]'\"|.,:~=*"[random.below(20)];
          break;
        default:
          text.insert(at, other.substr(0, random.below(30)));
      }
    }
    parsed += render(text, turns).ok() ? 1 : 0;
  }
  EXPECT_GT(parsed, 0);
}

}  // namespace
}  // namespace kiln::tokenizer
