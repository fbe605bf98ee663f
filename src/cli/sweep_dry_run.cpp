#include "cli/sweep_dry_run.hpp"

#include <fmt/format.h>

#include "cli/terminal.hpp"
#include "json/value.hpp"
#include "report/table.hpp"

namespace kiln::cli {

std::string dry_text(const sweep::DryRun& dry) {
  const auto points = report::grouped(dry.points), infeasible = report::grouped(dry.infeasible);
  std::string text =
      dry.looked_at == dry.points
          ? fmt::format("{} points, {} of them no chip that can be placed\n", points, infeasible)
          : report::wrapped(
                fmt::format("{} points, chosen as answers come; of the first {}, {} are no chip that can be "
                            "placed",
                            points, report::grouped(dry.looked_at), infeasible),
                text_columns());
  for (const auto& [reason, count] : dry.reasons)
    text +=
        report::hanging(fmt::format("  {:>7}  for instance: {}", report::grouped(count), reason), 11, text_columns());
  if (dry.recipes > 0)
    text += fmt::format("before them {} recipe{} to bake and evaluate, with all threads\n",
                        report::grouped(dry.recipes), dry.recipes == 1 ? "" : "s");
  const double seconds = dry.seconds / static_cast<double>(dry.jobs);
  text += fmt::format("about {} with {} process{}\n",
                      seconds < 120 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60),
                      dry.jobs, dry.jobs == 1 ? "" : "es");
  return text;
}

std::string dry_json(const sweep::DryRun& dry) {
  json::Array reasons;
  for (const auto& [reason, count] : dry.reasons)
    reasons.emplace_back(json::Object{{"reason", reason}, {"points", count}});
  json::Object document{{"points", dry.points},
                        {"infeasible", dry.infeasible},
                        {"reasons", std::move(reasons)},
                        {"recipes_to_evaluate", dry.recipes},
                        {"seconds_of_one_process", dry.seconds},
                        {"processes", std::uint64_t{dry.jobs}}};
  // What is infeasible then counts among these alone.
  if (dry.looked_at != dry.points) document.emplace("looked_at", dry.looked_at);
  return json::write(document) + "\n";
}

}  // namespace kiln::cli
