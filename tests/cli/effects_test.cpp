// Options without effect, and the scripts that complete the command line.
#include "cli/effects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/completion.hpp"
#include "cli/word_wrap.hpp"

namespace kiln::cli {
namespace {

using testing::HasSubstr;

std::string verdict(const std::string& command, const std::vector<std::string>& options) {
  const auto sentence = without_effect(
      command, [&](std::string_view option) { return std::ranges::find(options, option) != options.end(); });
  return sentence.value_or("");
}

TEST(Effects, AnOptionThatChangesNothingIsNamedWithItsReason) {
  EXPECT_EQ(verdict("run", {"--rom", "--recipe"}),
            "--recipe has no effect beside --rom: the ROM image says what its codes are");
  EXPECT_EQ(verdict("run", {"--model", "--recipe"}), "");
  EXPECT_THAT(verdict("run", {"--rom", "--workload", "--new-tokens"}), HasSubstr("--new-tokens has no effect"));
  EXPECT_THAT(verdict("run", {"--model", "--by-tile"}), HasSubstr("--by-tile has no effect beside --model"));
  EXPECT_THAT(verdict("run", {"--rom", "--timing-only", "--by-tile"}), HasSubstr("beside --timing-only"));
  EXPECT_THAT(verdict("run", {"--rom", "--prompt", "--top-k"}), HasSubstr("without --temperature"));
  EXPECT_THAT(verdict("run", {"--model", "--prompt-tokens", "--top-k", "--temperature"}), HasSubstr("--top-k"));
  EXPECT_THAT(verdict("run", {"--rom", "--prompt", "--seed"}),
              HasSubstr("without --temperature, --prompt-tokens or --workload"));
  EXPECT_EQ(verdict("run", {"--rom", "--prompt-tokens", "--seed"}), "");
  EXPECT_EQ(verdict("run", {"--rom", "--prompt", "--temperature", "--top-k", "--seed"}), "");
  EXPECT_EQ(verdict("run", {"--model", "--timing-only"}), "") << "what is implied may be said";
  EXPECT_THAT(verdict("chat", {"--rom", "--seed"}), HasSubstr("greedy"));
  EXPECT_EQ(verdict("chat", {"--rom", "--seed", "--temperature"}), "");
  EXPECT_THAT(verdict("cost", {"--gpu-batch"}), HasSubstr("--break-even"));
  EXPECT_EQ(verdict("cost", {"--gpu-batch", "--break-even"}), "");
}

TEST(Completion, HasEveryCommandOptionAndValueInEachShell) {
  const std::vector<CommandWords> commands = {
      {"run",
       "Run it",
       {{"", "chip", true, {"demo", "hc1"}, "A chip's name [of many]: one"}, {"n", "new-tokens", true, {}, "N"}}},
      {"cost", "Cost it", {{"", "svg", true, {}, "FILE"}, {"", "break-even", false, {}, "when"}}},
      {"list", "List it", {}, {"chips", "models"}}};
  const auto bash = completion_script("bash", commands);
  EXPECT_THAT(bash, HasSubstr("'run cost list --help --version'"));
  EXPECT_THAT(bash, HasSubstr("'run --chip') words='demo hc1' ;;"));
  EXPECT_THAT(bash, HasSubstr("'run -n'|'run --new-tokens') return ;;"));
  EXPECT_THAT(bash, HasSubstr("cost) words='--svg --break-even' ;;"));
  EXPECT_THAT(bash, HasSubstr("list) words='chips models' ;;"));
  const auto zsh = completion_script("zsh", commands);
  EXPECT_THAT(zsh, HasSubstr("'*--chip[A chip'\\''s name \\[of many\\]\\: one]:value:(demo hc1)'"));
  EXPECT_THAT(zsh, HasSubstr("'*--break-even[when]'"));
  EXPECT_THAT(zsh, HasSubstr("'1:value:(chips models)'"));
  const auto fish = completion_script("fish", commands);
  EXPECT_THAT(fish, HasSubstr("__fish_seen_subcommand_from run' -l chip -x -a 'demo hc1' -d 'A chip\\'s name"));
  EXPECT_THAT(fish, HasSubstr("-s n -l new-tokens -r"));
  EXPECT_THAT(fish, HasSubstr("complete -c kiln -f -n '__fish_seen_subcommand_from list' -a 'chips models'\n"));
}

std::string shown(const std::vector<std::string>& pieces, std::size_t columns) {
  WordWrap wrap(columns);
  std::string text;
  for (const auto& piece : pieces) text += wrap.take(piece);
  return text + wrap.rest();
}

TEST(WordWrap, BreaksAtSpacesHoweverTheTextIsCut) {
  EXPECT_EQ(shown({"one two three"}, 8), "one two\nthree");
  EXPECT_EQ(shown({"o", "ne", " t", "wo thr", "ee"}, 8), "one two\nthree");
  EXPECT_EQ(shown({"one  two\n\n  three four"}, 9), "one  two\n\n  three\nfour");
  EXPECT_EQ(shown({"12345678 9"}, 8), "12345678\n9");
  EXPECT_EQ(shown({"abcdefghijkl mno"}, 5), "abcdefghijkl\nmno") << "a word longer than the line is the terminal's";
  EXPECT_EQ(shown({"é é é"}, 3), "é é\né");
  EXPECT_EQ(shown({"end "}, 8), "end");
  WordWrap unknown{std::nullopt};
  EXPECT_EQ(unknown.take("one  two three ") + unknown.rest(), "one  two three ");
}

}  // namespace
}  // namespace kiln::cli
