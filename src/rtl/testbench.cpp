#include "rtl/testbench.hpp"

#include <fmt/format.h>

#include "rtl/request.hpp"

namespace kiln::rtl {
namespace {

// What does not depend on the run. Cycle t: pins are written, then the clock rises.
constexpr const char* kProgram = R"(
struct Commit { unsigned position; std::uint64_t cycle; long long answer; };  // answer: -1 where there is none

static void fail(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::exit(1);
}

static std::uint64_t number(const char* text, std::uint64_t least, std::uint64_t most, const std::string& what) {
  char* end = nullptr;
  errno = 0;
  const std::uint64_t value = *text >= '0' && *text <= '9' ? std::strtoull(text, &end, 10) : 0;
  if (end == nullptr || *end != 0 || errno != 0 || value < least || value > most)
    fail(what + " is " + text + "; expected: a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

int main(int argc, char** argv) {
  std::vector<std::uint32_t> prompt(kPrompt, kPrompt + kPromptTokens);
  std::uint64_t max_new = kMaxNew;
  bool compare = true;
  if (argc > 1) {  // -n N id id ...
    if (argc < 4 || std::string(argv[1]) != "-n") fail("usage: Vkiln_chip [-n NEW_TOKENS ID ID ...]");
    compare = false;
    prompt.clear();
    for (int i = 3; i < argc; ++i) prompt.push_back(static_cast<std::uint32_t>(number(argv[i], 0, kVocabulary - 1, "an id of the prompt")));
    if (prompt.size() > kContext) fail("the KV cache holds " + std::to_string(kContext) + " tokens, the prompt has " + std::to_string(prompt.size()));
    max_new = number(argv[2], 1, kContext + 1 - prompt.size(), "the number of new tokens");
  }
  for (const char* name : kRoms) {  // $readmemh would only warn
    std::FILE* file = std::fopen(name, "r");
    if (file == nullptr) fail(std::string(name) + " is not in this directory: run the program where the ROM contents are");
    std::fclose(file);
  }
  auto context = std::make_unique<VerilatedContext>();
  auto chip = std::make_unique<Vkiln_chip>(context.get());
  const auto tick = [&] {
    chip->clk_i = 1;
    chip->eval();
    chip->clk_i = 0;
    chip->eval();
  };
  chip->rst_ni = 0;
  tick();
  tick();
  chip->rst_ni = 1;
  set_request(*chip);
  chip->request_prompt_i = static_cast<std::uint32_t>(prompt.size());
  chip->request_max_new_i = static_cast<std::uint32_t>(max_new);
  const auto begin = std::chrono::steady_clock::now();
  std::size_t sent = 0, answers = 0, commits = 0;
  std::uint64_t cycle = 0, last = 0;
  for (bool over = false; !over; ++cycle) {
    chip->request_valid_i = cycle == 0;
    chip->prompt_valid_i = sent < prompt.size() && cycle == kLatency + sent * kInterval;
    if (chip->prompt_valid_i) chip->prompt_id_i = prompt[sent++];
    if (chip->commit_valid_o) {
      const Commit seen = {chip->commit_position_o, cycle, chip->commit_answer_o ? static_cast<long long>(chip->commit_id_o) : -1};
      if (seen.answer >= 0) {
        ++answers;
        std::printf("token %lld  cycle %llu\n", seen.answer, static_cast<unsigned long long>(cycle));
      }
      if (compare) {
        if (commits >= kCommits) fail("more tokens than expected");
        const Commit& wanted = kExpected[commits];
        if (seen.position != wanted.position || seen.cycle != wanted.cycle || seen.answer != wanted.answer)
          fail("position " + std::to_string(seen.position) + ": id " + std::to_string(seen.answer) + " in cycle " + std::to_string(seen.cycle) +
               "; id " + std::to_string(wanted.answer) + " in cycle " + std::to_string(wanted.cycle) + " was expected");
      }
      ++commits;
      last = cycle;
      over = chip->commit_finish_o != 0;
    }
    if (cycle - last > 1000000000ULL) fail("the chip has hung");
    tick();
  }
  if (compare && commits != kCommits) fail("fewer tokens than expected");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%zu tokens, %llu cycles, %.1f s: %.0f cycles/s, %.2f tokens/s; %s\n", answers, static_cast<unsigned long long>(cycle), seconds,
              static_cast<double>(cycle) / seconds, static_cast<double>(commits) / seconds,
              compare ? "every id and every cycle as expected" : "nothing to compare with");
  return 0;
}
)";

}  // namespace

std::string testbench(const Expected& expected, const program::Placement& placement,
                      const std::vector<RomContent>& roms) {
  const config::HostConfig& host = placement.chip().host;
  std::string text =
      "// The host of kiln_chip: sends a prompt, prints the answer's ids with their cycles, and compares them with "
      "those of\n"
      "// the SystemC chip. Written by `kiln rtl`.\n#include <cerrno>\n#include <chrono>\n#include <cstdint>\n#include "
      "<cstdio>\n#include "
      "<cstdlib>\n#include <memory>\n#include <string>\n#include <vector>\n\n#include \"Vkiln_chip.h\"\n#include "
      "\"verilated.h\"\n\n";
  text += fmt::format("static const std::uint64_t kLatency = {}, kInterval = {};  // of the host link, cycles\n",
                      host.latency_cycles, host.cycles_per_token);
  text += fmt::format("static const std::uint64_t kVocabulary = {}, kContext = {};  // tokens\n",
                      placement.model().vocab_size, placement.kv().capacity_tokens);
  text += "static const char* const kRoms[] = {";
  for (const RomContent& rom : roms) text += fmt::format("{}\n    \"{}\"", &rom == roms.data() ? "" : ",", rom.file);
  text += "};\n";
  text += fmt::format("static const std::size_t kPromptTokens = {};\nstatic const std::uint32_t kPrompt[] = {{{}}};\n",
                      expected.user.prompt.size(), fmt::join(expected.user.prompt, ", "));
  text += fmt::format("static const std::uint64_t kMaxNew = {};\n", expected.user.max_new_tokens);
  text += "\nstatic void set_request(Vkiln_chip& chip) {\n";
  for (const RequestField& field : request_fields(expected.user)) {
    const std::string place =
        field.port == "request_ends_i" ? fmt::format("{}[{}]", field.port, field.at / 32) : field.port;
    text += fmt::format("  chip.{} = {}ULL;\n", place, field.value);
  }
  text += "}\n";
  std::string rows;
  for (const Commit& commit : expected.commits)
    rows += fmt::format("  {{{}, {}, {}}},\n", commit.position.value, commit.at.count(),
                        commit.answer ? static_cast<std::int64_t>(*commit.answer) : -1);
  std::string program = kProgram;
  const std::string marker = "\nstatic void fail";
  const auto at = program.find(marker);
  program.insert(at,
                 fmt::format("\nstatic const std::size_t kCommits = {};\nstatic const Commit kExpected[] = {{\n{}}};\n",
                             expected.commits.size(), rows));
  return text + program;
}

}  // namespace kiln::rtl
