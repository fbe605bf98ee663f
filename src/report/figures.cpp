#include "report/figures.hpp"

#include <algorithm>

#include "report/cost_json.hpp"
#include "report/point_report.hpp"

namespace kiln::report {
namespace {

json::Value value_of(const Json& scalar) {
  if (scalar.is_boolean()) return scalar.get<bool>();
  if (scalar.is_number_unsigned()) return scalar.get<std::uint64_t>();
  if (scalar.is_number_integer()) return scalar.get<std::int64_t>();
  if (scalar.is_number()) return scalar.get<double>();
  return scalar.get<std::string>();
}

/// A document's depth is that of Kiln's own keys.
void add(const Json& tree, const std::string& path, FigureMap& figures) {
  if (tree.is_object()) {
    const auto before = path.empty() ? path : path + ".";
    for (const auto& [key, member] : tree.items()) add(member, before + key, figures);
  } else if (!tree.is_array() && !tree.is_null()) {
    figures[path] = value_of(tree);
  }
}

/// The verdict's list by kinds: "verdict.reasons.clock_path" says how many there are, all kinds have a figure.
void add_reasons(const study::Verdict& verdict, FigureMap& figures) {
  for (std::size_t kind = 0; kind < study::kReasonKinds.size(); ++kind)
    figures["verdict.reasons." + std::string(study::kReasonKinds[kind])] = static_cast<std::uint64_t>(
        std::ranges::count(verdict.reasons, static_cast<study::ReasonKind>(kind), &study::Reason::kind));
}

}  // namespace

FigureMap figures(const study::CostAnswer& answer) {
  FigureMap figures;
  add(point_json(answer, &answer.chip), "", figures);
  add_reasons(answer.verdict, figures);
  return figures;
}

FigureMap closed_figures(const study::ClosedPoint& point) {
  Json json;
  add_verdict(json, point.verdict, {});
  const auto& placement = point.placement;
  json["clock_mhz"] = placement.chip().clock_mhz;
  json["cycles_total"] = point.total.count();
  json["tokens_per_s_user"] = point.tokens_per_s_user;
  json["tokens_per_s_total"] = point.tokens_per_s_total;
  json["ttft_us"] = point.ttft_us;
  json["kv"]["capacity_tokens"] = placement.kv().capacity_tokens;
  json["kv"]["banks"] = placement.chip().kv.banks;
  add_cost_figures(json, point.chip);
  json["dies"] = placement.chip().chips.count;
  json["silicon"] = silicon_json(point.chip, placement.chip());
  FigureMap figures;
  add(json, "", figures);
  add_reasons(point.verdict, figures);
  return figures;
}

FigureMap accuracy_figures(const study::BakeAnswer& baked, const study::EvaluateAnswer& evaluated) {
  const auto& found = evaluated.evaluation;
  FigureMap figures{{"bits_per_weight", baked.report.bits_per_weight}, {"scored_tokens", found.scored_tokens}};
  if (found.chip) {
    figures["perplexity"] = found.chip->perplexity;
    figures["mean_nll"] = found.chip->mean_nll;
  }
  if (found.agreement) {
    figures["kl_divergence"] = found.agreement->mean_kl;
    figures["kl_divergence_max"] = found.agreement->max_kl;
    figures["top1_agreement"] = found.agreement->top1;
    figures["perplexity_ratio"] = found.agreement->perplexity_ratio;
  }
  return figures;
}

}  // namespace kiln::report
