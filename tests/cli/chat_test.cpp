// `kiln chat` in a terminal and in a pipe, with the embedded model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "kiln/base/result.hpp"
#include "support/kiln_test.hpp"
#include "support/pseudo_terminal.hpp"

namespace kiln {
namespace {

using nlohmann::json;
using test::Outcome;
using test::PseudoTerminal;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A prompt that the model continues without ever coming to an end, on a chip with room for hours of it.
const std::string kEndless = "a a a a a a a";
const std::vector<std::string> kRoom = {"--set", "kv.depth_words=262144", "-n", "32000"};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class ChatCli : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    ASSERT_EQ(shared_image(KILN_SOURCE_DIR "/models/kiln-stories-1m", "w4", "s.rom"), rom());
  }
  [[nodiscard]] std::string rom() const { return path("s.rom"); }
  [[nodiscard]] std::vector<std::string> chat(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"chat", "--rom", rom(), "--chip", "demo"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  /// With these lines piped in.
  [[nodiscard]] Outcome piped(const std::string& lines, const std::vector<std::string>& more = {}) const {
    std::ofstream(path("lines"), std::ios::binary) << lines;
    const int before = ::dup(STDIN_FILENO);
    const int file = ::open(path("lines").c_str(), O_RDONLY);
    ::dup2(file, STDIN_FILENO);
    ::close(file);
    auto outcome = kiln(chat(more));
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    return outcome;
  }
  /// `kiln run` over a text.
  [[nodiscard]] json one_run(const std::string& prompt, std::size_t tokens) const {
    return document({"run", "--rom", rom(), "--chip", "demo", "--prompt", prompt, "-n", std::to_string(tokens)});
  }
  /// Every turn is what one run over all that was said before it answers.
  void expect_one_history(const json& turns) const {
    std::string said;
    std::vector<base_id> ids;
    for (const auto& turn : turns) {
      const auto prompt = turn["prompt_token_ids"].get<std::vector<base_id>>();
      const auto answer = turn["token_ids"].get<std::vector<base_id>>();
      ASSERT_EQ(turn["cached_prefix"], ids.empty() ? 0 : ids.size() - 1);
      if (!ids.empty()) {
        EXPECT_EQ(prompt.front(), ids.back());
        ids.pop_back();
      }
      ids.insert(ids.end(), prompt.begin(), prompt.end());
      said += turn["user"];
      const auto run = one_run(said, answer.size());
      EXPECT_EQ(run["prompt_tokens"], ids.size()) << "another division into tokens of: " << said;
      EXPECT_EQ(run["token_ids"], turn["token_ids"]) << said;
      EXPECT_EQ(run["text"], turn["text"]) << said;
      ids.insert(ids.end(), answer.begin(), answer.end());
      said += turn["text"];
    }
  }
  using base_id = std::uint32_t;
};

TEST_F(ChatCli, ThreeTurnsInATerminal) {
  PseudoTerminal terminal(chat({"-n", "24", "--json", path("turns.json")}));
  const std::vector<std::string> said = {"Once upon a time", " Then the dog", " She was"};
  EXPECT_THAT(terminal.until("> "), HasSubstr("/help"));
  std::vector<std::string> shown;
  for (const auto& line : said) {
    terminal.type(line + "\n");
    shown.push_back(terminal.until("\n> "));
  }
  terminal.press_ctrl_d();
  EXPECT_EQ(terminal.finish(), 0) << terminal.screen();
  EXPECT_THAT(terminal.screen(), HasSubstr("no chat template: text is continued"));
  const auto result = json::parse(test::slurp(path("turns.json")));
  ASSERT_EQ(result["turns"].size(), 3U);
  EXPECT_FALSE(result["chat_template"]);
  for (std::size_t t = 0; t < 3; ++t) {
    const auto& turn = result["turns"][t];
    EXPECT_EQ(turn["user"], said[t]);
    EXPECT_THAT(shown[t], HasSubstr(turn["text"].get<std::string>()));
    EXPECT_THAT(shown[t],
                testing::ContainsRegex("\\[[0-9]+ answer tokens \\([^)]+\\); [0-9]+ prompt tokens sent, [0-9]+ in "
                                       "context; first token after [0-9.,]+ [nµm]*s, [0-9.,]+ tokens/s on demo; "
                                       "[0-9.,]+ tokens/s on h100-sxm \\(bf16\\)\\]\n"));
    EXPECT_TRUE(turn["closed_form"]["agrees"]);
    EXPECT_LT(turn["prompt_tokens"].get<int>(), 10);
    EXPECT_GT(turn["ttft_us"], 0.0);
    EXPECT_GT(turn["tokens_per_s_user"], 0.0);
    EXPECT_EQ(turn["baseline"].size(), 1U);
  }
  expect_one_history(result["turns"]);
}

TEST_F(ChatCli, CtrlCEndsAnAnswerAndTheConversationGoesOn) {
  auto arguments = chat(kRoom);
  arguments.insert(arguments.end(), {"--json", path("turns.json")});
  PseudoTerminal terminal(arguments);
  terminal.until("> ");
  terminal.type(kEndless + "\n");
  terminal.until(kEndless + "\n");  // the echo
  terminal.until(" She liked");
  const auto pressed = Clock::now();
  terminal.press_ctrl_c();
  EXPECT_THAT(terminal.until("> "), HasSubstr("(Ctrl-C)"));
  const double took = seconds_since(pressed);
  RecordProperty("seconds_to_the_prompt", std::to_string(took));
  EXPECT_LT(took, 10) << "a second, and time for other tests and sanitizers";
  terminal.type(" Lily\n");
  terminal.until(" Lily\n");
  terminal.until(" ");
  terminal.press_ctrl_c();  // it may have ended by itself
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("in context"));
  terminal.type("/exit\n");
  EXPECT_EQ(terminal.finish(), 0) << terminal.screen();
  const auto result = json::parse(test::slurp(path("turns.json")));
  ASSERT_EQ(result["turns"].size(), 2U);
  EXPECT_EQ(result["turns"][0]["finish"], "interrupted");
  EXPECT_TRUE(result["turns"][0]["closed_form"]["agrees"]);
  const auto answer = result["turns"][0]["token_ids"];
  EXPECT_EQ(result["turns"][1]["cached_prefix"],
            result["turns"][0]["prompt_tokens"].get<std::size_t>() + answer.size() - 1);
  EXPECT_EQ(result["turns"][1]["prompt_token_ids"][0], answer.back());
}

TEST_F(ChatCli, CtrlCWhereNothingIsTypedTellsHowToLeave) {
  PseudoTerminal terminal(chat());
  terminal.until("> ");
  terminal.type("half a li");
  terminal.until("half a li");
  terminal.press_ctrl_c();
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("Ctrl-D or /exit leaves"));
  terminal.type("/help\n");
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("/reset"));
  terminal.type("/history\n");
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("nothing was said"));
  terminal.type("/fly\n");
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("no command is /fly"));
  terminal.type("/exit\n");
  EXPECT_EQ(terminal.finish(), 0);
}

TEST_F(ChatCli, LinesAreEditedAndComeBackFromTheHistory) {
  PseudoTerminal terminal(chat({"-n", "4", "--json", path("turns.json")}), 100);
  const std::string left = "\x1b[D", up = "\x1b[A", erase = "\x7f";
  EXPECT_THAT(terminal.until("> "), HasSubstr("try \"Once upon a time\""));
  terminal.type("Once upn a time" + left + left + left + left + left + left + left + left + "o\n");
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("4 answer tokens"));
  terminal.type(up + erase + erase + erase + erase + "dog\n");
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("4 answer tokens"));
  terminal.press_ctrl_d();
  EXPECT_EQ(terminal.finish(), 0) << terminal.screen();
  const auto turns = json::parse(test::slurp(path("turns.json")))["turns"];
  ASSERT_EQ(turns.size(), 2U) << terminal.screen();
  EXPECT_EQ(turns[0]["user"], "Once upon a time");
  EXPECT_EQ(turns[1]["user"], "Once upon a dog");
}

TEST_F(ChatCli, ADumbTerminalGetsPlainLines) {
  PseudoTerminal terminal(chat({"-n", "4"}), 100, "dumb");
  terminal.until("> ");
  terminal.type("Once\n");
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("4 answer tokens"));
  terminal.press_ctrl_d();
  EXPECT_EQ(terminal.finish(), 0);
  EXPECT_THAT(terminal.screen(), Not(HasSubstr("\x1b")));
}

TEST_F(ChatCli, AnswersWrapAtWordsOfTheTerminalsWidth) {
  for (const unsigned short columns : {40, 64}) {
    PseudoTerminal terminal(chat({"-n", "60", "--json", path("turns.json")}), columns);
    terminal.until("> ");
    terminal.type("Once upon a time\n");
    terminal.until("time\n");
    const auto shown = terminal.until("\n> ");
    terminal.press_ctrl_d();
    EXPECT_EQ(terminal.finish(), 0);
    std::istringstream lines(shown);
    std::size_t full = 0;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), columns + 1U) << line;  // of "µ" two bytes
      full += line.size() > columns - 12U;
    }
    EXPECT_GE(full, 3U) << shown;
    const auto text = json::parse(test::slurp(path("turns.json")))["turns"][0]["text"].get<std::string>();
    auto joined = shown.substr(0, shown.find('['));
    const auto spaces = [](std::string s) {
      std::erase_if(s, [](char c) { return c == ' ' || c == '\n'; });
      return s;
    };
    EXPECT_EQ(spaces(joined), spaces(text));
  }
}

/// A chat that reads from a pipe which stays open.
class PipedChat {
 public:
  PipedChat(const std::vector<std::string>& arguments, std::string base) : base_(std::move(base)) {
    base::check(::pipe(ends_) == 0, "a pipe can be made");
    const int before = ::dup(STDIN_FILENO);
    ::dup2(ends_[0], STDIN_FILENO);
    child_ = test::start_kiln(arguments, base_);
    ::dup2(before, STDIN_FILENO);
    ::close(before);
  }
  ~PipedChat() {
    for (const int end : ends_) ::close(end);
  }
  PipedChat(const PipedChat&) = delete;
  PipedChat& operator=(const PipedChat&) = delete;
  void type(const std::string& line) const {
    [[maybe_unused]] const auto n = ::write(ends_[1], line.data(), line.size());
  }
  void send(int signal) const { ::kill(child_, signal); }
  /// Until standard output holds it, a minute at most.
  void wait_for(std::string_view text) const {
    for (int tries = 0; tries < 6000 && test::slurp(base_ + ".out").find(text) == std::string::npos; ++tries)
      ::usleep(10000);
  }
  [[nodiscard]] Outcome finish() const { return test::finish_kiln(child_, base_); }

 private:
  std::string base_;
  int ends_[2] = {-1, -1};
  pid_t child_ = -1;
};

TEST_F(ChatCli, APoliteKillEndsIt) {
  const PipedChat chat_under_way(chat(kRoom), path("killed"));
  chat_under_way.type(kEndless + "\n");
  chat_under_way.wait_for(" She liked");
  chat_under_way.send(SIGTERM);
  const auto outcome = chat_under_way.finish();
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("kiln: interrupted"));
}

TEST_F(ChatCli, InAPipeCtrlCEndsTheAnswerAndThenTheProgram) {
  const PipedChat chat_under_way(chat(kRoom), path("interrupted"));
  chat_under_way.type(kEndless + "\n");
  chat_under_way.wait_for(" She liked");
  chat_under_way.send(SIGINT);
  chat_under_way.wait_for("in context");
  ::usleep(200000);  // it waits for a line again
  chat_under_way.send(SIGINT);
  const auto outcome = chat_under_way.finish();
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("(Ctrl-C)"));
  EXPECT_THAT(outcome.err, HasSubstr("kiln: interrupted"));
}

TEST_F(ChatCli, LinesFromAPipeNeedNoTerminal) {
  const auto outcome = piped("Once upon a time\n\n Then\n/history\n/reset\nOnce upon a time", {"-n", "8"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("> ")));
  EXPECT_THAT(outcome.out, HasSubstr("user: Once upon a time\nassistant: "));
  EXPECT_THAT(outcome.out, HasSubstr("the conversation is forgotten"));
  const auto as_json = piped("Once upon a time\n Then\n/reset\nOnce upon a time", {"-n", "8", "--json", "-"});
  ASSERT_EQ(as_json.status, 0) << as_json.err;
  const auto turns = json::parse(as_json.out)["turns"];  // nothing but the document
  ASSERT_EQ(turns.size(), 3U);
  expect_one_history({turns[0], turns[1]});
  EXPECT_EQ(turns[2]["conversation"], 1);
  EXPECT_EQ(turns[2]["token_ids"], turns[0]["token_ids"]);
  EXPECT_THAT(as_json.err, HasSubstr(turns[0]["text"].get<std::string>()));
}

TEST_F(ChatCli, AChipThatCannotBeBuiltSaysSoFirst) {
  const auto outcome = piped("Once\n", {"-n", "4", "--set", "clock_mhz=9000", "--json", path("turns.json")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("not buildable: chip demo with kiln-stories-1m, for "));
  const auto document = json::parse(test::slurp(path("turns.json")));
  EXPECT_EQ(document["verdict"]["buildable"], false);
  ASSERT_EQ(document["warnings"].size(), 2U);  // the first: there is no chat template
  EXPECT_THAT(document["warnings"][1].get<std::string>(), testing::StartsWith("chip demo is not buildable: "));
  EXPECT_THAT(piped("Once\n", {"-n", "4"}).out, Not(HasSubstr("buildable")));  // nothing is in the text's way
}

TEST_F(ChatCli, AFullCacheIsSaidAndTheNextConversationHasRoom) {
  const auto outcome =
      piped("Once upon a time\n and\n/reset\nOnce\n", {"--set", "kv.depth_words=16", "--json", path("turns.json")});
  EXPECT_EQ(outcome.status, 2) << "a line was refused";
  EXPECT_THAT(outcome.out, HasSubstr("(KV cache full)"));
  EXPECT_THAT(outcome.out, HasSubstr("is full at 32 tokens: /reset begins anew"));
  EXPECT_THAT(outcome.err, HasSubstr("which holds 32; /reset begins anew"));
  const auto turns = json::parse(test::slurp(path("turns.json")))["turns"];
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_EQ(turns[0]["finish"], "kv_full");
  EXPECT_EQ(turns[0]["context_tokens"], 33);
}

TEST_F(ChatCli, AtTheChipsPaceAnAnswerTakesItsTime) {
  const std::vector<std::string> slow = {"--pace", "chip", "--set", "clock_mhz=1", "--json", path("turns.json")};
  auto arguments = slow;
  arguments.insert(arguments.end(), {"-n", "64"});
  const auto start = Clock::now();
  const auto outcome = piped("Once upon a time\n", arguments);
  const double took = seconds_since(start);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto turn = json::parse(test::slurp(path("turns.json")))["turns"][0];
  EXPECT_GE(took, turn["answer_cycles"].back().get<double>() * 1e-6);
  EXPECT_GE(took, 0.15);
  EXPECT_THAT(outcome.out, HasSubstr(turn["text"].get<std::string>()));
  EXPECT_EQ(one_run("Once upon a time", 64)["token_ids"], turn["token_ids"]);

  // Ctrl-C leaves what was shown.
  arguments = slow;
  arguments.insert(arguments.end(), {"-n", "400", "--set", "sequencer.issue_cycles=4096", "--set",
                                     "sequencer.commit_cycles=4096", "--set", "sampler.compare_cycles=4096"});
  PseudoTerminal terminal(chat(arguments));
  terminal.until("> ");
  terminal.type(kEndless + "\n");
  terminal.until(kEndless + "\n");
  terminal.until(" She liked");
  terminal.press_ctrl_c();
  const auto shown = terminal.until("> ");
  EXPECT_THAT(shown, HasSubstr("(Ctrl-C)"));
  terminal.type(" and\n");
  terminal.until(" and\n");
  terminal.until(" ");
  terminal.press_ctrl_c();
  EXPECT_THAT(terminal.until("\n> "), HasSubstr("in context"));
  terminal.press_ctrl_d();
  EXPECT_EQ(terminal.finish(), 0);
  const auto turns = json::parse(test::slurp(path("turns.json")))["turns"];
  ASSERT_EQ(turns.size(), 2U) << terminal.screen();
  EXPECT_LT(turns[0]["token_ids"].size(), 400U);
  EXPECT_EQ(turns[1]["cached_prefix"], turns[0]["prompt_tokens"].get<std::size_t>() + turns[0]["token_ids"].size() - 1);
}

TEST_F(ChatCli, BadInputIsRefusedAtOnce) {
  const auto expect_refused = [&](const std::vector<std::string>& more, const std::string& part) {
    const auto outcome = piped("Once\n", more);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(part));
  };
  expect_refused({"-n", "0"}, "at least 1 answer token");
  expect_refused({"--pace", "slow"}, "one of chip, host is expected");
  expect_refused({"--temperature", "9"}, "the temperature is 9");
  expect_refused({"--gpu", "h100-smx"}, "h100-sxm");
  expect_refused({"--system", "be brief"}, "needs a chat template");
  expect_refused({"--template", path("nothing")}, "nothing");
  expect_refused({"--set", "kv.bnaks=2"}, "/kv/banks");
  std::ofstream(path("bad.jinja")) << "{% frobnicate %}";
  expect_refused({"--template", path("bad.jinja")}, "--template none");
  const auto bytes = piped("a\xFF\nOnce\n", {"-n", "4"});
  EXPECT_EQ(bytes.status, 2);
  EXPECT_THAT(bytes.err, HasSubstr("the text is not UTF-8 at byte 1"));
  EXPECT_THAT(bytes.out, HasSubstr("4 answer tokens"));
}

TEST_F(ChatCli, ATemplateOfAFileMakesTurns) {
  std::ofstream(path("t.jinja")) << "{{ bos_token }}"
                                    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
                                    "{% if add_generation_prompt %}assistant:{% endif %}";
  const auto outcome = piped("Hello\nAnd you?\n", {"--template", path("t.jinja"), "--system", "Speak.", "-n", "6",
                                                   "--json", path("turns.json")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, Not(HasSubstr("no chat template")));
  const auto result = json::parse(test::slurp(path("turns.json")));
  EXPECT_TRUE(result["chat_template"]);
  ASSERT_EQ(result["turns"].size(), 2U);
  EXPECT_EQ(result["turns"][0]["system"], "Speak.");
  const auto run = one_run("system: Speak.\nuser: Hello\nassistant:", 6);
  EXPECT_EQ(run["token_ids"], result["turns"][0]["token_ids"]);
  EXPECT_EQ(run["prompt_tokens"], result["turns"][0]["prompt_tokens"]);
  EXPECT_FALSE(result["turns"][1]["sent_again"]);
  EXPECT_EQ(result["turns"][1]["cached_prefix"], result["turns"][0]["context_tokens"].get<int>() - 1);
}

TEST_F(ChatCli, ClosedAndFullFilesEndItWithoutHarm) {
  const auto shell = [&](const std::string& before, const std::string& behind) {
    const std::string command = before + KILN_BINARY_DIR "/kiln chat --rom " + rom() + " --chip demo -n 2 " + behind;
    return WEXITSTATUS(std::system(command.c_str()));
  };
  EXPECT_EQ(shell("", "<&- >/dev/null 2>&1"), 0);  // no input is the end of the input
  EXPECT_EQ(shell("echo one | ", ">/dev/full 2>/dev/null"), 2);
  EXPECT_EQ(shell("echo one | ", ">&- 2>/dev/null"), 2);
  EXPECT_EQ(shell("echo one | ", "--json " + path("o.json") + " 2>&- >/dev/null"), 0);
  std::ifstream file(path("o.json"));
  EXPECT_FALSE(json::parse(file, nullptr, false).is_discarded());
}

TEST_F(ChatCli, LinesMayEndAsOnAnotherSystem) {
  const auto unix_lines = piped("Once upon a time\n/history\n/exit\n");
  const auto others = piped("Once upon a time\r\n/history\r\n/exit\r\n");
  EXPECT_EQ(others.status, 0) << others.err;
  EXPECT_EQ(others.out, unix_lines.out);
}

}  // namespace
}  // namespace kiln
