#include <cstdlib>
#include <memory>

#include "base/atomic_file.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "kiln/study/new_chip.hpp"
#include "report/list_report.hpp"

namespace kiln::cli {
namespace {

struct NewOptions {
  study::NewChipQuestion question;
  std::string output;
};

base::Result<int> run_new(const NewOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip", "model", "recipe", "tech"}); !set) return set.error();
  if (const auto valid = study::check(options.question); !valid) return valid.error();
  std::optional<base::AtomicFile> file;
  if (!options.output.empty()) {
    auto opened = base::AtomicFile::create(options.output);
    if (!opened) return opened.error();
    file = *std::move(opened);
  }
  const auto answer = study::new_chip(options.question, session.environment());
  if (!answer) return answer.error();
  if (file) {
    if (const auto done = file->append(answer->file); !done) return done.error();
    if (const auto done = file->commit(); !done) return done.error();
    session.wrote(options.output);
  }
  const std::string text = file ? report::new_chip_text(*answer, text_columns()) : answer->file;
  if (const auto written = session.output(report::new_chip_json(*answer), text); !written) return written.error();
  return 0;
}

}  // namespace

void add_new(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<NewOptions>();
  auto& question = options->question;
  auto* command =
      app.add_subcommand("new", "Propose a first chip for a model within an area, as a config to go on from");
  command->add_option("--model", question.model, "A name under configs/model or a file")->type_name("M")->required();
  command->add_option("--node", question.node, "A technology: a name under configs/tech or a file")
      ->type_name("T")
      ->required();
  command->add_option("--area", question.area_mm2, "Of a die, at most")->type_name("MM2")->required();
  command->add_option("-o,--output", options->output, "Write the config there; to the screen if not given")
      ->type_name("FILE");
  command->add_option("--recipe", question.recipe, "Code widths")->type_name("R")->capture_default_str();
  const auto count = [&](const char* flag, std::uint64_t& value, const char* help, const char* type) {
    command->add_option(flag, value, help)->check(whole_number())->type_name(type)->capture_default_str();
  };
  count("--context", question.context, "Tokens of the KV cache; the rate sought is with half of them as the prompt",
        "N");
  count("--dies", question.dies, "Dies in a row that share the layers", "D");
  command->add_option("--name", question.name, "Of the chip [MODEL-NODE-AREA]")->type_name("NAME");
  command->footer(
      "Examples:\n"
      "  kiln new --model llama-3.2-3b --node n7 --area 400 -o mine.json\n"
      "  kiln new --model llama-3.1-8b --node n6 --area 800 --context 8192 -o mine.json\n"
      "  kiln new --model llama-3.1-70b --node n5 --area 800 --dies 6 -o mine.json\n"
      "  kiln new --model llama-3.2-1b --node n7 --area 250 --set tech:clock_margin.typical=0.14 -o a.json\n"
      "  kiln cost --chip mine.json --model llama-3.2-3b");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_new(*options, session); }; });
}

}  // namespace kiln::cli
