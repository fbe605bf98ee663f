#include <filesystem>
#include <memory>

#include "bake/bake.hpp"
#include "cli/commands.hpp"
#include "report/bake_report.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::cli {
namespace {

struct BakeOptions {
  std::string checkpoint;
  std::string output;
  std::string recipe = "w3w6";
};

base::Result<int> bake(const BakeOptions& options, Session& session) {
  if (const auto set = session.allow_set({"recipe", "model"}); !set) return set.error();
  const auto recipe = session.environment().configs().recipe(options.recipe);
  if (!recipe) return recipe.error();
  const auto checkpoint = study::open_checkpoint(options.checkpoint, session.environment().configs());
  if (!checkpoint) return checkpoint.error();
  const auto baked =
      bake::bake(**checkpoint, *recipe, options.output, session.environment().pool(), session.progress());
  if (!baked) return baked.error();
  const report::BakeSummary summary{(*checkpoint)->config(), *recipe, *baked, options.output, session.host_figures()};
  if (const auto written = session.output(report::bake_json(summary), report::bake_text(summary)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_bake(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<BakeOptions>();
  auto* command = app.add_subcommand("bake", "Quantise a checkpoint into a ROM image");
  command
      ->add_option("CHECKPOINT", options->checkpoint, "Hugging Face directory, .gguf file, or synthetic:MODEL[:SEED]")
      ->required();
  command->add_option("-o,--output", options->output, "ROM image to write")->type_name("X.rom")->required();
  command->add_option("--recipe", options->recipe, "Code widths: a name under configs/recipe or a file")
      ->type_name("R")
      ->capture_default_str();
  command->footer(
      "Examples:\n"
      "  kiln bake models/kiln-stories-1m -o stories.rom --recipe w4\n"
      "  kiln bake models/kiln-stories-1m -o mixed.rom --recipe w4 --set classes.down.bits=6\n"
      "  kiln bake synthetic:stories260k:7 -o random.rom");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return bake(*options, session); }; });
}

}  // namespace kiln::cli
