#include <memory>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "compare/compare.hpp"
#include "report/version.hpp"

namespace kiln::cli {
namespace {

struct DiffOptions {
  std::string a, b;
};

base::Result<int> run_diff(const DiffOptions& options, Session& session) {
  if (!session.options().set.empty()) return base::Error{"--set has no effect: both sides say what their configs are"};
  const auto comparison = compare::compare(options.a, options.b, session.environment());
  if (!comparison) return comparison.error();
  auto document = compare::to_json(*comparison);
  document.merge(report::document_head("diff"));
  if (const auto shown = session.output(json::write(document) + "\n", compare::to_text(*comparison, text_columns()));
      !shown)
    return shown.error();
  return 0;
}

}  // namespace

void add_diff(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<DiffOptions>();
  auto* command = app.add_subcommand(
      "diff", "Two documents or points of sweeps side by side: what moved, and which key explains it");
  command->add_option("A", options->a, "A file that --json wrote, or R.db:N, the point N of a sweep")
      ->type_name("FILE|R.db:N")
      ->required();
  command->add_option("B", options->b, "Likewise")->type_name("FILE|R.db:N")->required();
  command->footer(
      "Examples:\n"
      "  kiln cost --model llama-3.1-8b --chip hc1 --json a.json\n"
      "  kiln cost --model llama-3.1-8b --chip hc1 --set clock_mhz=800 --set kv.banks=1024 --json b.json\n"
      "  kiln diff a.json b.json");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_diff(*options, session); }; });
}

}  // namespace kiln::cli
