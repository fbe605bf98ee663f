// What the screen shows of what is known: GPUs, units, help, versions, names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/kiln_test.hpp"
#include "support/pseudo_terminal.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kHc1Run = {"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "2",
                                          "-n",  "2"};
const std::string kGpus[] = {"a100-40-sxm", "a100-80-sxm", "b200",   "gh200",    "h100-pcie", "h100-sxm", "h200",
                             "l4",          "l40s",        "mi300x", "rtx-3090", "rtx-4090",  "rtx-5090"};

class Screens : public test::KilnTest {
 protected:
  [[nodiscard]] test::Outcome outcome(std::vector<std::string> arguments,
                                      const std::vector<std::string>& more = {}) const {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return kiln(arguments);
  }
  [[nodiscard]] std::string screen(const std::vector<std::string>& arguments,
                                   const std::vector<std::string>& more = {}) const {
    const auto result = outcome(arguments, more);
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }
  /// GPUs that have a line of their own in a table.
  static std::vector<std::string> gpus_on(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      for (const auto& gpu : kGpus)
        if (line.starts_with(gpu + " ") && (found.empty() || found.back() != gpu)) found.push_back(gpu);
    return found;
  }
};

using Names = std::vector<std::string>;

TEST_F(Screens, AtMostFourGpusUnlessMoreAreAskedForAndAllOfThemInTheDocument) {
  EXPECT_EQ(gpus_on(screen(kHc1Run)), Names({"h100-sxm", "h200", "b200", "rtx-4090"}));
  EXPECT_EQ(gpus_on(screen(kHc1Run, {"--gpu", "l4", "gh200"})), Names({"l4", "gh200"}));
  EXPECT_EQ(gpus_on(screen(kHc1Run, {"--gpu", "all"})), Names(std::begin(kGpus), std::end(kGpus)));
  EXPECT_EQ(document(kHc1Run)["baseline"].size(), 23U * 3U);
  auto chosen = kHc1Run;
  chosen.insert(chosen.end(), {"--gpu", "l4"});
  EXPECT_EQ(document(chosen)["baseline"], document(kHc1Run)["baseline"]);
  EXPECT_THAT(screen(kHc1Run), HasSubstr("4 of 13 GPUs"));
  const Names alone = {"baseline", "--model", "llama-3.1-8b"};
  EXPECT_EQ(gpus_on(screen(alone)).size(), 4U);
  EXPECT_EQ(gpus_on(screen(alone, {"--gpu", "all"})).size(), std::size(kGpus));
  EXPECT_EQ(document(alone)["baseline"].size(), std::size(kGpus) * 3);
  EXPECT_EQ(document({"baseline", "--model", "llama-3.1-8b", "--gpu", "all"})["baseline"], document(alone)["baseline"]);
  EXPECT_EQ(document({"baseline", "--model", "llama-3.1-8b", "--gpu", "l4", "b200"})["baseline"].size(), 6U);
  const auto cost = document({"cost", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "2", "-n", "2",
                              "--break-even", "--gpu", "all"});
  EXPECT_GE(cost["break_even"].size(), 3U);
}

TEST_F(Screens, AGpuOfOnesOwnIsBesideTheOthers) {
  auto spec = nlohmann::json::parse(test::slurp(KILN_SOURCE_DIR "/configs/gpu/l4.json"));
  spec["name"] = "mine";
  std::ofstream(path("mine.json")) << spec;
  auto arguments = kHc1Run;
  arguments.insert(arguments.end(), {"--gpu", path("mine.json")});
  EXPECT_THAT(screen(arguments), HasSubstr("\nmine "));
  const auto rows = document(arguments)["baseline"];
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row["gpu"] == "mine"; }), 6);
}

TEST_F(Screens, EachKindOfDoubtIsOneLine) {
  const auto text = screen(kHc1Run, {"--gpu", "all"});
  EXPECT_THAT(text, HasSubstr("note: no measurements: it has the common constants (l4 and l40s)\n"));
  std::size_t notes = 0;
  for (std::size_t at = 0; (at = text.find("note: ", at)) != std::string::npos; ++at) ++notes;
  EXPECT_EQ(notes, 2U) << text;
  EXPECT_THAT(text, HasSubstr(" mJ\n")) << "the chip's joules in its own line";
}

TEST_F(Screens, CyclesOfUnitsThatMatterUnlessAllAreAskedFor) {
  EXPECT_THAT(screen(kHc1Run), Not(HasSubstr("\nsampler ")));
  EXPECT_THAT(screen(kHc1Run), HasSubstr("\ndown_array "));
  EXPECT_THAT(screen(kHc1Run), HasSubstr("other units: "));
  EXPECT_THAT(screen(kHc1Run, {"--units", "all"}), HasSubstr("\nsampler "));
  EXPECT_THAT(screen(kHc1Run, {"--units", "all"}), Not(HasSubstr("other units: ")));
  EXPECT_THAT(outcome(kHc1Run, {"--units", "some"}).err, HasSubstr("one of all, main is expected"));
}

TEST_F(Screens, OptionsWithoutEffectAreRefusedBeforeAnyWork) {
  const auto refused = [&](const Names& arguments, const std::string& part) {
    const auto result = outcome(arguments);
    EXPECT_EQ(result.status, 2) << result.out;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(part));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  };
  refused({"run", "--rom", "none.rom", "--chip", "demo", "--prompt", "x", "--recipe", "w4"},
          "--recipe has no effect beside --rom");
  refused({"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--workload", "none", "-n", "4"},
          "--new-tokens has no effect");
  refused({"cost", "--model", "llama-3.1-8b", "--chip", "hc1", "--gpu-batch", "8"}, "--gpu-batch has no effect");
  refused({"chat", "--rom", "none.rom", "--chip", "demo", "--top-k", "3"},
          "--top-k has no effect without --temperature");
  refused({"inspect", KILN_SOURCE_DIR "/models/kiln-stories-1m", "--set", "model:head_dim=16"},
          "--set model:head_dim=16");
  refused({"bake", KILN_SOURCE_DIR "/models/kiln-stories-1m", "-o", path("x.rom"), "--set", "model:head_dim=16"},
          "--set model:head_dim=16");
}

TEST_F(Screens, HelpFitsTheTerminal) {
  for (const auto* command : {"bake", "inspect", "run", "chat", "eval", "baseline", "cost", "rtl"}) {
    std::istringstream lines(screen({command, "--help"}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
    test::PseudoTerminal narrow({command, "--help"}, 72);
    EXPECT_EQ(narrow.finish(), 0);
    std::istringstream fewer(narrow.screen().substr(0, narrow.screen().find("Examples:")));
    for (std::string line; std::getline(fewer, line);) EXPECT_LE(line.size(), 72U) << line;
  }
  EXPECT_THAT(screen({"run", "--help"}), HasSubstr("Usage: kiln run "));
}

TEST_F(Screens, TheVersionNamesTheRevision) {
  EXPECT_THAT(screen({"--version"}), testing::MatchesRegex("kiln [0-9.]+ \\(revision [-0-9a-z]+\\)\n"));
}

TEST_F(Screens, NoColourWhereNobodyWantsIt) {
  const Names warns = {"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "600", "-n", "1"};
  test::PseudoTerminal coloured(warns, 100);
  EXPECT_EQ(coloured.finish(), 0);
  EXPECT_THAT(coloured.screen(), HasSubstr("\x1b["));
  ::setenv("NO_COLOR", "1", 1);
  test::PseudoTerminal plain(warns, 100);
  EXPECT_EQ(plain.finish(), 0);
  ::unsetenv("NO_COLOR");
  EXPECT_THAT(plain.screen(), HasSubstr("warning: "));
  EXPECT_THAT(plain.screen(), Not(HasSubstr("\x1b[")));
}

TEST_F(Screens, BashCompletesCommandsOptionsAndNames) {
  std::ofstream(path("kiln.bash")) << screen({"completion", "bash"});
  const auto completed = [&](const std::string& words) {
    const std::string out = path("completed");
    const auto line = "bash -c 'source " + path("kiln.bash") + "; COMP_WORDS=(kiln " + words +
                      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kiln; echo \"${COMPREPLY[@]}\"' >" + out;
    EXPECT_EQ(std::system(line.c_str()), 0);
    return test::slurp(out);
  };
  EXPECT_EQ(completed("ba"), "bake baseline\n");
  EXPECT_EQ(completed("run --tr"), "--trace\n");
  EXPECT_EQ(completed("run --chip hc1-"), "hc1-cell-per-weight hc1-pipelined hc1-x10\n");
  EXPECT_EQ(completed("baseline --gpu h1"), "h100-pcie h100-sxm\n");
  EXPECT_EQ(completed("run --movement b"), "bursts beats\n");
  EXPECT_EQ(completed("list mo"), "models\n");
  EXPECT_EQ(completed("list --js"), "--json\n");
  EXPECT_EQ(completed("run x"), "\n") << "files are the shell's";
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = screen({"completion", shell});
    for (const auto* command : {"bake", "inspect", "run", "chat", "eval", "baseline", "cost", "rtl"})
      EXPECT_THAT(script, HasSubstr(command)) << shell;
    EXPECT_THAT(script, HasSubstr("prompt-tokens")) << shell;
  }
  EXPECT_THAT(screen({"--help"}), Not(HasSubstr("completion")));
}

}  // namespace
}  // namespace kiln
