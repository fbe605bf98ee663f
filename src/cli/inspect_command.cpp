#include <filesystem>
#include <fstream>
#include <memory>

#include "bake/bake.hpp"
#include "cli/commands.hpp"
#include "report/bake_report.hpp"
#include "rom/rom_image.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::cli {
namespace {

struct InspectOptions {
  std::string file;
  std::string chip;
  std::string against;
};

/// A directory, a GGUF file or a seed; every other file is taken for a ROM image.
bool is_checkpoint(const std::string& file) {
  if (file.starts_with("synthetic:") || file.ends_with(".gguf")) return true;
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return true;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;  // reading a pipe would wait for a writer
  char magic[4] = {};
  std::ifstream(file, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

base::Result<int> inspect_checkpoint(const InspectOptions& options, Session& session) {
  if (!options.chip.empty() || !options.against.empty())
    return base::Error{options.file + " is a checkpoint; --chip and --against need a ROM image"};
  const auto checkpoint = study::open_checkpoint(options.file, session.environment().configs());
  if (!checkpoint) return checkpoint.error();
  if (const auto written = session.output(report::inspect_json(**checkpoint), report::inspect_text(**checkpoint));
      !written)
    return written.error();
  return 0;
}

base::Result<int> inspect_rom(const InspectOptions& options, Session& session) {
  const auto image = rom::RomImage::open(options.file, session.environment().pool(), session.progress());
  if (!image) return image.error();
  std::optional<program::Placement> placement;
  if (!options.chip.empty()) {
    const auto chip = session.environment().configs().chip(options.chip);
    if (!chip) return chip.error();
    auto placed = program::Placement::create(image->model(), image->recipe(), *chip);
    if (!placed) return placed.error();
    placement = *std::move(placed);
  }
  std::optional<bake::Comparison> comparison;
  if (!options.against.empty()) {
    const auto checkpoint = study::open_checkpoint(options.against, session.environment().configs());
    if (!checkpoint) return checkpoint.error();
    auto compared = bake::compare(*image, **checkpoint, session.environment().pool(), session.progress());
    if (!compared) return compared.error();
    comparison = *std::move(compared);
  }
  const report::RomInspection inspection{*image, placement ? &*placement : nullptr,
                                         comparison ? &*comparison : nullptr};
  if (const auto written = session.output(report::inspect_json(inspection), report::inspect_text(inspection)); !written)
    return written.error();
  return comparison && !comparison->matches() ? kCheckFailed : 0;
}

base::Result<int> inspect(const InspectOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip", "model"}); !set) return set.error();
  return is_checkpoint(options.file) ? inspect_checkpoint(options, session) : inspect_rom(options, session);
}

}  // namespace

void add_inspect(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<InspectOptions>();
  auto* command =
      app.add_subcommand("inspect", "Describe a checkpoint or a ROM image, or prove an image against its checkpoint");
  command->add_option("FILE", options->file, "ROM image or checkpoint")->required();
  command->add_option("--chip", options->chip, "Show the image's tiles, fill and waste on this chip")->type_name("C");
  command->add_option("--against", options->against, "Decode the image and compare it with this checkpoint")
      ->type_name("CHECKPOINT");
  command->footer(
      "Examples:\n"
      "  kiln inspect models/kiln-stories-1m\n"
      "  kiln inspect stories.rom --chip demo\n"
      "  kiln inspect stories.rom --against models/kiln-stories-1m      # exit status 1 if they differ");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return inspect(*options, session); }; });
}

}  // namespace kiln::cli
