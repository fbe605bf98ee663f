#include "report/eval_report.hpp"

#include <fmt/format.h>

#include "report/document.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

Json perplexity(const evaluate::Perplexity& figure) {
  return Json{{"perplexity", figure.perplexity}, {"mean_nll", figure.mean_nll}};
}

}  // namespace

std::string eval_json(const EvalReport& report) {
  const auto& e = report.evaluation;
  Json json = document("eval");
  if (report.rom_hash) json["rom_hash"] = *report.rom_hash;
  if (!report.checkpoint.empty()) json["checkpoint"] = report.checkpoint;
  if (!report.lora.empty()) json["lora"] = report.lora;
  json["context"] = report.context;
  json["text_tokens"] = report.text_tokens;
  json["chunks"] = e.chunks;
  json["scored_tokens"] = e.scored_tokens;
  if (e.reference) json["reference"] = perplexity(*e.reference);
  if (e.chip) json["chip"] = perplexity(*e.chip);
  if (e.agreement) {
    json["kl_divergence"] = e.agreement->mean_kl;
    json["kl_divergence_max"] = e.agreement->max_kl;
    json["top1_agreement"] = e.agreement->top1;
    json["perplexity_ratio"] = e.agreement->perplexity_ratio;
  }
  json["host"] = host_json(report.host);
  return dump(json);
}

std::string eval_text(const EvalReport& report) {
  const auto& e = report.evaluation;
  std::string text =
      fmt::format("{} tokens of text, {} chunks of {}, {} predictions scored\n", grouped(report.text_tokens),
                  grouped(e.chunks), grouped(report.context), grouped(e.scored_tokens));
  if (!report.lora.empty()) text += fmt::format("with the LoRA adapter {}\n", report.lora);
  Table table({"", "perplexity", "nats per token"});
  const auto row = [&](const char* who, const std::optional<evaluate::Perplexity>& figure) {
    if (figure) table.row({who, fmt::format("{:.4f}", figure->perplexity), fmt::format("{:.5f}", figure->mean_nll)});
  };
  row("fp32 reference", e.reference);
  row("chip", e.chip);
  text += table.text();
  if (e.agreement) {
    text += fmt::format(
        "chip against reference: perplexity {:+.2f} %, KL divergence {:.3g} nats (largest {:.3g})\n"
        "  top-1 agreement {}\n",
        (e.agreement->perplexity_ratio - 1.0) * 100.0, e.agreement->mean_kl, e.agreement->max_kl,
        percent(e.agreement->top1));
  }
  return text;
}

}  // namespace kiln::report
