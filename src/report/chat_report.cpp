#include "report/chat_report.hpp"

#include <fmt/format.h>

#include "report/document.hpp"
#include "report/point_report.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

std::string_view ended_by(chip::Finish finish) {
  switch (finish) {
    case chip::Finish::MaxTokens:
      return "as many as -n allows";
    case chip::Finish::EndOfText:
      return "end of text";
    case chip::Finish::KvFull:
      return "KV cache full";
    case chip::Finish::Interrupted:
    case chip::Finish::Refused:
    case chip::Finish::Cancelled:
      break;
  }
  return "Ctrl-C";
}

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", grouped(count), what, count == 1 ? "" : "s");
}

Json turn_json(const study::ChatAnswer& answer, const study::ChatTurn& entry) {
  const host::Turn& turn = entry.turn;
  const std::uint32_t clock_mhz = answer.placement.chip().clock_mhz;
  Json json{{"conversation", entry.conversation}};
  if (entry.system) json["system"] = *entry.system;
  json["user"] = turn.user;
  json["text"] = turn.text;
  json["cached_prefix"] = turn.cached_prefix;
  json["sent_again"] = turn.sent_again;
  json["prompt_token_ids"] = turn.prompt;
  json["token_ids"] = turn.answer;
  json["prompt_tokens"] = turn.prompt.size();
  json["generated_tokens"] = turn.answer.size();
  json["context_tokens"] = turn.context_tokens();
  json["finish"] = finish_name(turn.finish);
  Json commits = Json::array();
  for (const base::Cycles at : turn.commits) commits.push_back(at.count());
  json["answer_cycles"] = commits;
  if (const auto ttft = turn.ttft_us(clock_mhz)) json["ttft_us"] = *ttft;
  const auto rate = turn.tokens_per_s(clock_mhz);
  if (rate) json["tokens_per_s_user"] = *rate;
  json["closed_form"] = Json{{"agrees", !turn.mismatch.has_value()}};
  json["baseline"] = baseline_list({1, entry.baseline_context, {entry.baseline}}, rate, answer.verdict.is_buildable());
  return json;
}

}  // namespace

std::string chat_line(const program::Placement& placement, const study::ChatTurn& entry) {
  const host::Turn& turn = entry.turn;
  const auto& chip = placement.chip();
  std::string line =
      fmt::format("[{} ({}); {} sent{}, {} in context; ", counted(turn.answer.size(), "answer token"),
                  ended_by(turn.finish), counted(turn.prompt.size(), "prompt token"),
                  turn.sent_again ? " (the template rewrote what was said)" : "", grouped(turn.context_tokens()));
  line += fmt::format("first token after {}", microseconds(turn.ttft_us(chip.clock_mhz).value_or(0)));
  if (const auto rate = turn.tokens_per_s(chip.clock_mhz))
    line += fmt::format(", {} tokens/s on {}", number(*rate), chip.name);
  line += fmt::format("; {} tokens/s on {} ({})]", number(entry.baseline.tokens_per_s_user), entry.baseline.gpu,
                      baseline::name(entry.baseline.precision));
  return line;
}

std::string chat_json(const study::ChatAnswer& answer) {
  Json json = chip_document("chat", answer.rom_hash, answer.placement, answer.recipe);
  if (!answer.lora.empty()) json["lora"] = answer.lora;
  json["chat_template"] = answer.chat_template;
  json["seed"] = answer.sampling.seed;
  json["temperature"] = answer.sampling.temperature;
  if (!answer.sampling.greedy()) json["top_k"] = answer.sampling.top_k;
  json["clock_mhz"] = answer.placement.chip().clock_mhz;
  add_verdict(json, answer.verdict, answer.warnings);
  json["turns"] = Json::array();
  for (const auto& turn : answer.turns) json["turns"].push_back(turn_json(answer, turn));
  json["host"] = host_json(answer.host);
  return dump(json);
}

std::string chat_verdict(const study::ChatAnswer& answer, std::size_t columns) {
  return verdict_lines(answer.placement, answer.verdict, columns);
}

}  // namespace kiln::report
