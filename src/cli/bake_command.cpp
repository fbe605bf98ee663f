#include <memory>

#include "cli/commands.hpp"
#include "report/bake_report.hpp"
#include "study/images.hpp"

namespace kiln::cli {
namespace {

base::Result<int> bake(const study::BakeQuestion& question, Session& session) {
  if (const auto set = session.allow_set({"recipe", "model"}); !set) return set.error();
  if (const auto set = session.refuse_set_of_shapes(question.checkpoint); !set) return set.error();
  const auto answer = study::bake(question, session.environment());
  if (!answer) return answer.error();
  if (const auto written = session.output(report::bake_json(*answer), report::bake_text(*answer)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_bake(CLI::App& app, Action& chosen) {
  auto question = std::make_shared<study::BakeQuestion>();
  auto* command = app.add_subcommand("bake", "Quantise a checkpoint into a ROM image");
  command
      ->add_option("CHECKPOINT", question->checkpoint, "Hugging Face directory, .gguf file, or synthetic:MODEL[:SEED]")
      ->required();
  command->add_option("-o,--output", question->output, "ROM image to write")->type_name("X.rom")->required();
  command->add_option("--recipe", question->recipe, "Code widths: a name under configs/recipe or a file")
      ->type_name("R")
      ->capture_default_str();
  command->footer(
      "A bake that was killed, or ended by Ctrl-C, leaves X.rom.partial. The same\n"
      "command again goes on from there, to the same bytes.\n"
      "\n"
      "Examples:\n"
      "  kiln bake models/kiln-stories-1m -o stories.rom --recipe w4\n"
      "  kiln bake models/kiln-stories-1m -o mixed.rom --recipe w4 --set classes.down.bits=6\n"
      "  kiln bake synthetic:stories260k:7 -o random.rom");
  command->callback(
      [question, &chosen] { chosen = [question](Session& session) { return bake(*question, session); }; });
}

}  // namespace kiln::cli
