#include <memory>

#include "cli/commands.hpp"
#include "report/bake_report.hpp"
#include "study/images.hpp"

namespace kiln::cli {
namespace {

/// The status of a comparison that found a difference, once it is told.
int status_of(const study::RomInspection& inspection) {
  return inspection.comparison && !inspection.comparison->matches() ? kCheckFailed : 0;
}

int status_of(const std::unique_ptr<checkpoint::Checkpoint>&) { return 0; }

const study::RomInspection& told(const study::RomInspection& inspection) { return inspection; }
const study::RomInspection& told(study::RomInspection&&) = delete;
const checkpoint::Checkpoint& told(const std::unique_ptr<checkpoint::Checkpoint>& checkpoint) { return *checkpoint; }

base::Result<int> inspect(const study::InspectQuestion& question, Session& session) {
  if (const auto set = session.allow_set({"chip", "model", "recipe"}); !set) return set.error();
  const bool checkpoint = study::is_checkpoint(question.file);
  if (const auto set = session.refuse_set_of_shapes(checkpoint ? question.file : question.against); !set)
    return set.error();
  if (question.chip.empty())
    if (const auto set = session.refuse_set("chip", "no --chip is given"); !set) return set.error();
  if (question.recipe.empty())
    if (const auto set = session.refuse_set("recipe", "no --recipe is given"); !set) return set.error();
  const auto answer = study::inspect(question, session.environment());
  if (!answer) return answer.error();
  const auto tell = [&](const auto& inspected) -> base::Result<int> {
    const auto& what = told(inspected);
    if (const auto written = session.output(report::inspect_json(what), report::inspect_text(what)); !written)
      return written.error();
    return status_of(inspected);
  };
  return std::visit(tell, *answer);
}

}  // namespace

void add_inspect(CLI::App& app, Action& chosen) {
  auto question = std::make_shared<study::InspectQuestion>();
  auto* command =
      app.add_subcommand("inspect", "Describe a checkpoint or a ROM image, or prove an image against its checkpoint");
  command->add_option("FILE", question->file, "ROM image or checkpoint")->required();
  command->add_option("--chip", question->chip, "Show the image's tiles, fill and waste on this chip")->type_name("C");
  command
      ->add_option("--against", question->against,
                   "Prove that the image was baked from this checkpoint: hashes of the tensors, then codes")
      ->type_name("CHECKPOINT");
  command->add_flag("--rebake", question->rebake,
                    "With --against: baking again must give the same image, byte by byte");
  command->add_option("--recipe", question->recipe, "With --against: the image must have been baked by this recipe")
      ->type_name("R");
  command->footer(
      "Examples:\n"
      "  kiln inspect models/kiln-stories-1m\n"
      "  kiln inspect stories.rom --chip demo\n"
      "  kiln inspect stories.rom --against models/kiln-stories-1m      # exit status 1 if they differ\n"
      "  kiln inspect stories.rom --against models/kiln-stories-1m --recipe w4 --rebake");
  command->callback(
      [question, &chosen] { chosen = [question](Session& session) { return inspect(*question, session); }; });
}

}  // namespace kiln::cli
