#include <memory>

#include "cli/commands.hpp"
#include "report/list_report.hpp"

namespace kiln::cli {
namespace {

base::Result<int> run_list(study::ConfigKind kind, Session& session) {
  if (!session.options().set.empty())
    return base::Error{"--set " + session.options().set.front() + " has no effect: a list is of files"};
  const auto list = study::list_configs(kind, session.environment());
  if (!list) return list.error();
  const auto written = session.output(report::list_json(kind, *list), report::list_text(*list));
  if (!written) return written.error();
  return 0;
}

}  // namespace

void add_list(CLI::App& app, Action& chosen) {
  auto kind = std::make_shared<study::ConfigKind>(study::ConfigKind::Chips);
  auto* command = app.add_subcommand("list", "The configs that a name may mean, a line each");
  std::map<std::string, study::ConfigKind> kinds;
  std::string words;
  for (std::size_t k = 0; k < study::kConfigKinds.size(); ++k) {
    const auto each = static_cast<study::ConfigKind>(k);
    kinds.emplace(std::string(study::kConfigKinds[each]), each);
    words += (words.empty() ? "" : "|") + std::string(study::kConfigKinds[each]);
  }
  command->add_option("KIND", *kind, "Of config")->transform(one_of(kinds))->type_name(words)->required();
  command->footer(
      "Examples:\n"
      "  kiln list chips\n"
      "  kiln list technologies\n"
      "  kiln list models --json -");
  command->callback([kind, &chosen] { chosen = [kind](Session& session) { return run_list(*kind, session); }; });
}

}  // namespace kiln::cli
