#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/commands.hpp"
#include "kiln/study/rtl.hpp"
#include "report/rtl_report.hpp"
#include "rtl/rtl.hpp"

namespace kiln::cli {
namespace {

base::Result<int> write(const study::RtlQuestion& question, Session& session) {
  if (const auto set = session.allow_set({"chip"}); !set) return set.error();
  const auto answer = study::write_rtl(question, session.environment());
  if (!answer) return answer.error();
  if (const auto written = session.output(report::rtl_json(*answer), report::rtl_text(*answer)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_rtl(CLI::App& app, Action& chosen) {
  auto question = std::make_shared<study::RtlQuestion>();
  auto* command = app.add_subcommand("rtl", "Write a unit or the whole chip as SystemVerilog with the weights in it");
  command->add_option("--rom", question->rom, "ROM image whose weights it has")->type_name("X.rom")->required();
  command->add_option("--chip", question->chip, "A name under configs/chip or a file")->type_name("C")->required();
  const auto names = rtl::unit_names();
  command->add_option("--unit", question->unit, "One of " + fmt::format("{}", fmt::join(names, ", ")))
      ->check(CLI::Validator(
          [names](std::string& text) -> std::string {
            if (std::ranges::find(names, text) != names.end()) return {};
            return fmt::format("found {}; one of {} is expected", text, fmt::join(names, ", "));
          },
          ""))
      ->type_name("U")
      ->required();
  command->add_option("-o,--output", question->directory, "Directory to write, made if it is not there")
      ->type_name("DIR")
      ->required();
  command->add_option("--prompt", question->prompt, "Unit chip: text that its testbench sends")->type_name("T");
  command->add_option("--prompt-tokens", question->prompt_tokens, "Unit chip: P seeded token ids instead")
      ->check(whole_number())
      ->type_name("P");
  command
      ->add_option(
          "-n,--new-tokens", question->new_tokens,
          fmt::format("Unit chip: answer tokens of its testbench at most, {} if left out", study::kTestbenchTokens))
      ->check(whole_number())
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  kiln rtl --rom stories.rom --chip demo --unit chip -o stories-rtl\n"
      "  kiln rtl --rom stories.rom --chip demo --unit chip --prompt \"Once upon a time\" -n 20 -o chip-rtl\n"
      "  kiln rtl --rom stories.rom --chip demo-bit-serial --unit o_array -o o-array");
  command->callback(
      [question, &chosen] { chosen = [question](Session& session) { return write(*question, session); }; });
}

}  // namespace kiln::cli
