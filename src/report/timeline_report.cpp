#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "report/limits_report.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

constexpr std::size_t kNameColumns = 24, kCycleColumns = 7,
                      kBarColumns = 80 - kNameColumns - 2 * (kCycleColumns + 1) - 1;

/// In the order of chip::CycleCategory.
constexpr std::array<const char*, chip::kCycleCategories> kMarks = {"█", "░", "▒", "▓", "─", " "};

std::string operation_name(const chip::TraceSpan& span) {
  const auto& work = span.work;
  std::string name(span.unit == program::Unit::Links ? "wire to " : "");
  name += work.kind ? program::name(*work.kind) : program::name(span.unit);
  if (span.unit == program::Unit::KvSram) return name + ", KV SRAM";
  if (!work.array) return name;
  const bool is_array = work.kind == program::OpKind::Multiply || work.kind == program::OpKind::Reduce;
  return name + fmt::format("{} {}", is_array ? "" : " for", program::name(*work.array));
}

/// For each column what takes most of its cycles; what is gathered is drawn where the record has it.
std::string bar(const chip::TraceSpan& span, std::uint64_t cycles) {
  const auto column = [&](std::uint64_t cycle) { return cycle * kBarColumns; };  // in parts of a cycle: exact
  std::string text;
  for (std::size_t c = 0; c < kBarColumns; ++c) {
    const std::uint64_t first = c * cycles, last = (c + 1) * cycles;
    std::array<std::uint64_t, chip::kCycleCategories> in{};
    for (const auto& part : span.parts) {
      const std::uint64_t begin = std::max(first, column(part.first.count()));
      const std::uint64_t end = std::min(last, column(part.last.count()));
      if (end > begin) in[static_cast<std::size_t>(part.category)] += end - begin;
    }
    const auto most = std::ranges::max_element(in);
    text += *most == 0 ? " " : kMarks[static_cast<std::size_t>(most - in.begin())];
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

Json timeline_json(const study::LayerTimeline& timeline) {
  Json json{{"context", timeline.context},
            {"layer", timeline.layer},
            {"cycles", timeline.cycles.count()},
            {"operations", Json::array()}};
  for (const auto& span : timeline.spans) {
    Json operation{{"unit", name(span.unit)},
                   {"operation", operation_name(span)},
                   {"first_cycle", span.first.count()},
                   {"last_cycle", span.last.count()}};
    operation["parts"] = Json::array();
    for (const auto& part : span.parts)
      operation["parts"].push_back(
          Json{{"cause", name(part.category)}, {"first_cycle", part.first.count()}, {"last_cycle", part.last.count()}});
    json["operations"].push_back(std::move(operation));
  }
  return json;
}

std::string timeline_text(const study::LayerTimeline& timeline, std::uint64_t users) {
  const std::uint64_t cycles = timeline.cycles.count();
  std::string text = fmt::format("layer {}: {} cycles for a token that sees {} tokens; a column is {}\n",
                                 timeline.layer, grouped(cycles), grouped(timeline.context),
                                 number(static_cast<double>(cycles) / static_cast<double>(kBarColumns)));
  if (users > 1)
    text += fmt::format(
        "of one user alone in the chip: among the {} that were asked for,\n"
        "a layer waits for the others' turns as well\n",
        grouped(users));
  text += fmt::format("{:<{}} {:>{}} {:>{}}\n", "operation", kNameColumns, "from", kCycleColumns, "to", kCycleColumns);
  for (const auto& span : timeline.spans)
    if (span.unit != program::Unit::Links)
      text += fmt::format("{:<{}} {:>{}} {:>{}} {}\n", operation_name(span), kNameColumns, grouped(span.first.count()),
                          kCycleColumns, grouped(span.last.count()), kCycleColumns, bar(span, cycles));
  return text + "█ works  ░ waits for input  ▒ waits to send  ▓ KV bank conflict\n";
}

}  // namespace kiln::report
