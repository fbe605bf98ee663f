// Conversations: what goes to the chip is what the template writes, answers stay the ids that the chip made, and every
// answer is the one of a single run over all that the chip has seen.
#include "host/conversation.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/run.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"
#include "tokenizer/small_vocabularies.hpp"

namespace kiln::host {
namespace {

using Ids = std::vector<base::TokenId>;
using testing::HasSubstr;

constexpr std::uint64_t kCapacity = 200;
constexpr std::uint32_t kEnds = 24;  // of some 128 tokens: answers end soon

/// Printable ASCII and the line end, roles, and end tokens <|end|>, <|end1|>, ...
tokenizer::TokenizerSpec ascii() {
  tokenizer::TokenizerSpec spec;
  spec.kind = tokenizer::Kind::ByteLevel;
  spec.tokens.push_back(tokenizer::small::symbol('\n'));
  for (int byte = 32; byte < 127; ++byte) spec.tokens.push_back(tokenizer::small::symbol(byte));
  spec.types.assign(spec.tokens.size(), tokenizer::TokenType::Normal);
  const auto control = [&](std::string text) {
    spec.tokens.push_back(std::move(text));
    spec.types.push_back(tokenizer::TokenType::Control);
    return static_cast<base::TokenId>(spec.tokens.size() - 1);
  };
  spec.bos = control("<|begin|>");
  spec.add_bos = true;
  for (const auto* role : {"<|user|>", "<|assistant|>", "<|system|>"}) control(role);
  for (std::uint32_t i = 0; i < kEnds; ++i)
    spec.eos.push_back(control(i == 0 ? "<|end|>" : fmt::format("<|end{}|>", i)));
  return spec;
}

std::string chat_template(const std::string& end, const std::string& more = "") {
  return "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}" + end + "\n{% endfor %}" + more +
         "{% if add_generation_prompt %}<|assistant|>{% endif %}";
}

struct TalkingMachine {
  explicit TalkingMachine(std::uint64_t seed, tokenizer::TokenizerSpec spec = ascii())
      : pool(1), tokens(*tokenizer::Tokenizer::create(std::move(spec))) {
    support::RandomConfigs random(seed);
    auto model = random.model();
    model.vocab_size = static_cast<std::uint32_t>(tokens.vocab_size());
    auto placed = program::Placement::create(model, {}, random.chip(model, kCapacity));
    base::check(placed.ok(), "placed");
    placement.emplace(*std::move(placed));
    rom.emplace(support::ToyRom(seed).make(model, pool));
    values.emplace(*rom, kCapacity + 8, pool, numerics::best_simd());
  }
  Conversation conversation(const std::string& source, std::uint64_t most = 12) {
    std::optional<tokenizer::ChatTemplate> parsed;
    if (!source.empty()) {
      auto made = tokenizer::ChatTemplate::parse(source);
      base::check(made.ok(), made.ok() ? "" : made.error().message);
      parsed = *std::move(made);
    }
    return {*placement, *values, tokens, std::move(parsed), {most, {1.5, 8, 3}}};
  }
  /// The answer of one run over `ids`.
  Ids once(const Ids& ids, std::size_t answers) {
    functional::FunctionalModel fresh(*rom, kCapacity + 8, pool, numerics::best_simd());
    chip::RunRequest request;
    request.values = &fresh;
    request.users.emplace_back();
    request.users[0].prompt = ids;
    request.users[0].max_new_tokens = answers;
    request.users[0].sampling = {1.5, 8, 3};
    const auto result = host::run(*placement, request);
    base::check(result.ok(), "ran");
    return result->chip.users[0].answer;
  }
  [[nodiscard]] std::string text(const Ids& ids) const {
    std::string all;
    for (const auto id : ids)
      all += tokens.spec().types[id] == tokenizer::TokenType::Control ? tokens.spec().tokens[id] : tokens.decode(id);
    return all;
  }
  base::ThreadPool pool;
  tokenizer::Tokenizer tokens;
  std::optional<program::Placement> placement;
  std::optional<rom::RomImage> rom;
  std::optional<functional::FunctionalModel> values;
};

/// All that the chip has seen with this turn, given what it had seen before.
void follow(Ids& seen, const Turn& turn) {
  ASSERT_LE(turn.cached_prefix, seen.size());
  seen.resize(turn.cached_prefix);
  seen.insert(seen.end(), turn.prompt.begin(), turn.prompt.end());
}

TEST(Conversation, ATemplateWritesTheBosItself_UnlessTheCheckpointIsReadOtherwise) {
  const auto prompt = [](const tokenizer::TokenizerSpec& spec, const std::string& source) {
    TalkingMachine machine(support::test_seed(90), spec);
    return machine.conversation(source, 2).say("ab", {}).value().prompt;
  };
  auto spec = ascii();
  const base::TokenId bos = *spec.bos, end = spec.eos.front();
  const std::string plain = "{{ messages[0]['content'] }}", with_bos = "{{ bos_token }}" + plain;
  EXPECT_EQ(prompt(spec, plain).size(), 2U);
  EXPECT_EQ(prompt(spec, with_bos).size(), 3U);
  spec.bos_before_template = true;
  EXPECT_EQ(prompt(spec, plain).size(), 3U);
  EXPECT_EQ(prompt(spec, plain).front(), bos);
  EXPECT_EQ(prompt(spec, with_bos).size(), 3U);
  spec.bos_before_template = false;
  spec.template_tokens = tokenizer::TemplateTokens();  // the checkpoint names none to the template
  EXPECT_EQ(prompt(spec, with_bos).size(), 2U);
  spec.template_tokens->bos = end;
  EXPECT_EQ(prompt(spec, with_bos).front(), end);
}

TEST(Conversation, SendsWhatTheTemplateWritesAndKeepsTheIdsOfAnswers) {
  const std::uint64_t seed = support::test_seed(91);
  int ended = 0, cut_short = 0, other_ends = 0;
  for (std::uint64_t round = 0; round < 10; ++round) {
    TalkingMachine machine(seed + round);
    auto talk = machine.conversation(chat_template("<|end|>"), 6);
    if (round % 2 == 0) {
      ASSERT_TRUE(talk.set_system("be brief").ok());
    }
    Ids seen;
    std::string expected = machine.tokens.spec().tokens[*machine.tokens.spec().bos];
    if (round % 2 == 0) expected += "<|system|>be brief<|end|>\n";
    for (const auto* said : {"one", "two and two", "a"}) {
      std::string streamed;
      Listener listener;
      listener.on_text = [&](std::string_view piece) { streamed += piece; };
      const auto turn = talk.say(said, listener);
      ASSERT_TRUE(turn.ok()) << turn.error().message;
      EXPECT_FALSE(turn->mismatch) << *turn->mismatch;
      EXPECT_EQ(streamed, turn->text);
      EXPECT_FALSE(turn->sent_again);
      follow(seen, *turn);
      expected += std::string("<|user|>") + said + "<|end|>\n<|assistant|>";
      EXPECT_EQ(machine.text(seen), expected);
      EXPECT_EQ(machine.once(seen, turn->answer.size()), turn->answer) << "round " << round << ", " << said;
      EXPECT_EQ(turn->commits.size(), turn->answer.size());
      seen.insert(seen.end(), turn->answer.begin(), turn->answer.end());
      Ids shown = turn->answer;  // control tokens in the middle of it also stay
      if (turn->finish == chip::Finish::EndOfText) shown.pop_back();
      expected += machine.text(shown) + "<|end|>\n";
      turn->finish == chip::Finish::EndOfText ? ++ended : ++cut_short;
      if (turn->finish == chip::Finish::EndOfText && machine.text({turn->answer.back()}) != "<|end|>") ++other_ends;
    }
  }
  EXPECT_GT(ended, 3);
  EXPECT_GT(cut_short, 3);
  EXPECT_GT(other_ends, 1);
}

TEST(Conversation, AnEndTokenThatTheTemplateWritesIsSentOnce) {
  const std::uint64_t seed = support::test_seed(92);
  int met = 0;
  for (std::uint64_t round = 0; round < 10 && met < 2; ++round) {
    TalkingMachine machine(seed + round);
    const auto first = machine.conversation(chat_template("")).say("hello", {});
    ASSERT_TRUE(first.ok());
    if (first->finish != chip::Finish::EndOfText) continue;
    ++met;
    auto talk = machine.conversation(
        "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}"
        "{% if m['role'] == 'assistant' %}" +
        machine.text({first->answer.back()}) + "{% endif %}{{ '\\n' }}{% endfor %}<|assistant|>");
    const auto again = talk.say("hello", {});
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(again->answer, first->answer);
    const auto next = talk.say("more", {});
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(next->prompt.front(), first->answer.back());
    EXPECT_EQ(machine.text(next->prompt), machine.text({first->answer.back()}) + "\n<|user|>more\n<|assistant|>");
  }
  EXPECT_GT(met, 0);
}

TEST(Conversation, SentAgainWhereTheTemplateRewritesWhatWasSaid) {
  TalkingMachine machine(support::test_seed(93));
  auto talk = machine.conversation("{{ bos_token }}{{ messages | length }}" + chat_template("<|end|>").substr(15));
  const auto first = talk.say("one", {});
  ASSERT_TRUE(first.ok());
  const auto second = talk.say("two", {});
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(second->sent_again);
  EXPECT_EQ(second->cached_prefix, 0U);
  EXPECT_EQ(machine.text(second->prompt),
            "<|begin|>3<|user|>one<|end|>\n<|assistant|>" + first->text + "<|end|>\n<|user|>two<|end|>\n<|assistant|>");
  EXPECT_EQ(machine.once(second->prompt, second->answer.size()), second->answer);
  // After a stop in such a prompt, the earlier turns are gone from the cache, not from the conversation.
  std::stop_source stop;
  stop.request_stop();
  Listener listener;
  listener.stop = stop.get_token();
  const auto stopped = talk.say("three", listener);
  ASSERT_TRUE(stopped.ok());
  EXPECT_TRUE(stopped->answer.empty());
  const auto third = talk.say("three", {});
  ASSERT_TRUE(third.ok());
  EXPECT_THAT(machine.text(third->prompt), HasSubstr("<|begin|>5<|user|>one<|end|>"));
  EXPECT_EQ(machine.once(third->prompt, third->answer.size()), third->answer);
}

TEST(Conversation, WithoutATemplateTextIsContinued) {
  TalkingMachine machine(support::test_seed(94));
  auto talk = machine.conversation("", 4);
  EXPECT_FALSE(talk.set_system("no").ok());
  Ids all;
  for (const auto* said : {"Once", " upon", " a time"}) {
    const auto turn = talk.say(said, {});
    ASSERT_TRUE(turn.ok());
    Ids sent = turn->prompt;
    EXPECT_EQ(turn->cached_prefix, all.empty() ? 0 : all.size() - 1);
    const Ids front = all.empty() ? Ids{*machine.tokens.spec().bos} : Ids{all.back()};
    EXPECT_EQ(sent.front(), front[0]);
    sent.erase(sent.begin());
    EXPECT_EQ(machine.text(sent), said);
    all.insert(all.end(), sent.begin(), sent.end());
    if (turn->cached_prefix == 0) all.insert(all.begin(), front[0]);
    EXPECT_EQ(machine.once(all, turn->answer.size()), turn->answer);
    all.insert(all.end(), turn->answer.begin(), turn->answer.end());
  }
  talk.reset();
  EXPECT_TRUE(talk.messages().empty());
  EXPECT_EQ(talk.say("Once", {})->cached_prefix, 0U);
}

TEST(Conversation, ASpaceGoesBeforeALineOnlyWhereTheTokenizerPutsOne) {
  const auto seed = support::test_seed(98);
  for (const auto prefix : {tokenizer::SpacePrefix::EachPart, tokenizer::SpacePrefix::FirstPartUnlessSpace}) {
    auto spec = tokenizer::small::sentence_piece({"\xE2\x96\x81", "a", "b"});
    spec.space_prefix = prefix;
    const base::TokenId space = 259, a = 260, b = 261;
    TalkingMachine machine(seed, spec);
    auto talk = machine.conversation("", 3);
    const auto first = talk.say("a", {});
    ASSERT_TRUE(first.ok()) << first.error().message;
    EXPECT_EQ(first->prompt, (Ids{*spec.bos, space, a}));
    const auto second = talk.say("b", {});
    ASSERT_TRUE(second.ok());
    const base::TokenId last = first->answer.back();
    EXPECT_EQ(second->prompt, prefix == tokenizer::SpacePrefix::EachPart ? (Ids{last, space, b}) : (Ids{last, b}));
  }
}

TEST(Conversation, StoppedItGoesOnFromWholeTokens) {
  const std::uint64_t seed = support::test_seed(95);
  TalkingMachine machine(seed);
  int in_answer = 0, in_prompt = 0;
  for (std::uint64_t after = 1; after < 30; ++after) {
    auto talk = machine.conversation("", 12);
    const auto first = talk.say("abc", {});
    ASSERT_TRUE(first.ok());
    std::stop_source stop;
    Listener listener;
    listener.stop = stop.get_token();
    listener.on_progress = [&](std::uint64_t done, std::uint64_t, std::uint64_t) {
      if (done == after) stop.request_stop();
    };
    const auto second = talk.say("defghijkl", listener);
    ASSERT_TRUE(second.ok());
    EXPECT_FALSE(second->mismatch) << *second->mismatch;
    Ids seen = first->prompt;
    seen.insert(seen.end(), first->answer.begin(), first->answer.end());
    if (second->answer.empty()) {
      ++in_prompt;
      EXPECT_EQ(talk.messages().size(), 2U);
    } else {
      if (second->finish == chip::Finish::Interrupted) ++in_answer;
      follow(seen, *second);
      seen.insert(seen.end(), second->answer.begin(), second->answer.end());
      EXPECT_EQ(talk.messages().back().content, second->text);
    }
    const auto third = talk.say("m", {});
    ASSERT_TRUE(third.ok());
    follow(seen, *third);
    EXPECT_EQ(machine.once(seen, third->answer.size()), third->answer) << "stopped after " << after;
  }
  EXPECT_GT(in_prompt, 5);
  EXPECT_GT(in_answer, 0);
}

TEST(Conversation, StoppedInTheTemplateTheTurnNeverWas) {
  TalkingMachine machine(1);
  auto talk =
      machine.conversation("{% for i in range(100000) %}{% if i %}{% endif %}{% endfor %}" + chat_template("<|end|>"));
  std::stop_source source;
  source.request_stop();
  Listener listener;
  listener.stop = source.get_token();
  const auto stopped = talk.say("hello", listener);
  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  EXPECT_TRUE(stopped->answer.empty());
  EXPECT_TRUE(stopped->prompt.empty());  // the chip was not asked
  EXPECT_EQ(stopped->finish, chip::Finish::Interrupted);
  EXPECT_TRUE(talk.messages().empty());
  EXPECT_FALSE(talk.say("hello", {})->answer.empty());
}

TEST(Conversation, AnAnswerCanBeCutAfterwards) {
  TalkingMachine machine(support::test_seed(96));
  for (std::size_t left = 0; left < 4; ++left) {
    auto talk = machine.conversation("", 12);
    auto first = talk.say("abc", {});
    ASSERT_TRUE(first.ok());
    auto second = talk.say("xy", {});
    ASSERT_TRUE(second.ok());
    if (second->answer.size() <= left) continue;
    Ids seen = first->prompt;
    seen.insert(seen.end(), first->answer.begin(), first->answer.end());
    talk.cut(*second, left);
    EXPECT_EQ(second->answer.size(), left);
    EXPECT_EQ(talk.messages().size(), left == 0 ? 2U : 4U);
    if (left > 0) {
      follow(seen, *second);
      seen.insert(seen.end(), second->answer.begin(), second->answer.end());
      EXPECT_EQ(second->finish, chip::Finish::Interrupted);
    }
    const auto third = talk.say("z", {});
    ASSERT_TRUE(third.ok());
    follow(seen, *third);
    EXPECT_EQ(machine.once(seen, third->answer.size()), third->answer) << left;
  }
}

TEST(Conversation, EndsWithTheCacheFullAndIsAsItWasBehindWhatDoesNotFit) {
  TalkingMachine machine(support::test_seed(97));
  auto talk = machine.conversation("", 1000);
  const std::uint64_t capacity = machine.placement->kv().capacity_tokens;
  const auto first = talk.say("a", {});
  ASSERT_TRUE(first.ok());
  const auto refused = talk.say(std::string(capacity, 'x'), {});
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->finish, chip::Finish::Refused);
  EXPECT_FALSE(talk.say("\xFF", {}).ok());
  EXPECT_EQ(talk.messages().size(), 2U);
  const auto full = talk.say(std::string(capacity - talk.cached_prefix() - 1, 'x'), {});
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->answer.size(), 1U);
  EXPECT_EQ(talk.cached_prefix(), capacity);
  EXPECT_EQ(talk.say("b", {})->finish, chip::Finish::Refused);
}

}  // namespace
}  // namespace kiln::host
