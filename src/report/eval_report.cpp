#include "report/eval_report.hpp"

#include <fmt/format.h>

#include "report/document.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

Json interval_json(const evaluate::Interval& interval) { return Json{{"low", interval.low}, {"high", interval.high}}; }

Json perplexity(const evaluate::Perplexity& figure) {
  Json json{{"perplexity", figure.perplexity}, {"mean_nll", figure.mean_nll}};
  if (figure.interval) json["interval"] = interval_json(*figure.interval);
  return json;
}

double in_percent(double ratio) { return (ratio - 1.0) * 100.0; }

}  // namespace

std::string eval_json(const study::EvaluateAnswer& answer) {
  const auto& e = answer.evaluation;
  Json json = document("eval");
  if (answer.rom_hash) json["rom_hash"] = *answer.rom_hash;
  if (!answer.checkpoint.empty()) json["checkpoint"] = answer.checkpoint;
  if (!answer.lora.empty()) json["lora"] = answer.lora;
  json["context"] = answer.context;
  json["text_tokens"] = answer.text_tokens;
  json["chunks"] = e.chunks;
  json["scored_tokens"] = e.scored_tokens;
  if (e.reference) json["reference"] = perplexity(*e.reference);
  if (e.chip) json["chip"] = perplexity(*e.chip);
  if (e.agreement) {
    json["kl_divergence"] = e.agreement->mean_kl;
    json["kl_divergence_p99"] = e.agreement->p99_kl;
    json["kl_divergence_max"] = e.agreement->max_kl;
    json["top1_agreement"] = e.agreement->top1;
    json["perplexity_ratio"] = e.agreement->perplexity_ratio;
    if (e.agreement->ratio_interval) json["perplexity_ratio_interval"] = interval_json(*e.agreement->ratio_interval);
  }
  json["host"] = host_json(answer.host);
  return dump(json);
}

std::string eval_text(const study::EvaluateAnswer& answer) {
  const auto& e = answer.evaluation;
  std::string text =
      fmt::format("{} tokens of text, {} chunks of {}, {} predictions scored\n", grouped(answer.text_tokens),
                  grouped(e.chunks), grouped(answer.context), grouped(e.scored_tokens));
  if (!answer.lora.empty()) text += fmt::format("with the LoRA adapter {}\n", answer.lora);
  Table table({"", "perplexity", "at 95 %", "nats per token"});
  const auto row = [&](const char* who, const std::optional<evaluate::Perplexity>& figure) {
    if (!figure) return;
    const auto ends =
        figure->interval ? fmt::format("{:.2f} to {:.2f}", figure->interval->low, figure->interval->high) : "";
    table.row({who, fmt::format("{:.4f}", figure->perplexity), ends, fmt::format("{:.5f}", figure->mean_nll)});
  };
  row("fp32 reference", e.reference);
  row("chip", e.chip);
  text += table.text();
  if (e.agreement) {
    const auto& agreement = *e.agreement;
    text += fmt::format("chip against reference: perplexity {:+.2f} %", in_percent(agreement.perplexity_ratio));
    if (const auto& ends = agreement.ratio_interval)
      text += fmt::format(" ({:+.2f} to {:+.2f} % at 95 %)", in_percent(ends->low), in_percent(ends->high));
    text += fmt::format(
        "\n  KL divergence {:.3g} nats (99 % of the predictions at most {:.3g}, largest {:.3g})\n"
        "  top-1 agreement {}\n",
        agreement.mean_kl, agreement.p99_kl, agreement.max_kl, percent(agreement.top1));
  }
  return text;
}

}  // namespace kiln::report
