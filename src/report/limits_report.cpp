#include "report/limits_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "report/table.hpp"

namespace kiln::report {
namespace {

/// A gain below this is none on the screen; the document has all.
constexpr double kSmallestGain = 0.0005;
constexpr std::size_t kShownOfAGroup = 2;

Json what_if_json(const study::WhatIf& what_if) {
  Json json{{"what", what_if.what}};
  for (const auto& change : what_if.changes)
    json["changes"].push_back(Json{{"key", change.key}, {"from", change.from}, {"to", change.to}});
  json["tokens_per_s_user"] = what_if.tokens_per_s_user;
  json["gain"] = what_if.gain;
  json["more_area_mm2"] = what_if.area_mm2;
  json["more_power_w"] = what_if.power_w;
  json["buildable"] = what_if.verdict.buildable ? Json(*what_if.verdict.buildable) : Json();
  json["reasons"] = Json::array();
  for (const auto& reason : what_if.verdict.reasons) json["reasons"].push_back(reason.sentence);
  return json;
}

Json what_ifs_json(const std::vector<study::WhatIf>& what_ifs) {
  Json list = Json::array();
  for (const auto& what_if : what_ifs) list.push_back(what_if_json(what_if));
  return list;
}

std::string gain(const study::WhatIf& what_if) {
  return (what_if.gain < 0 ? "-" : "+") + percent(std::abs(what_if.gain));
}
/// "+116", "-0.04", "0"
std::string more(double value) {
  const double size = std::abs(value);
  if (size < 5e-4) return "0";
  return (value < 0 ? "-" : "+") + (size < 0.0995 ? fmt::format("{:.1g}", size) : number(size));
}

/// A word that fits a column.
std::string_view word(study::ReasonKind kind) {
  switch (kind) {
    case study::ReasonKind::DieArea:
    case study::ReasonKind::DieCount:  // never without the die's area
      return "area";
    case study::ReasonKind::ClockPath:
      return "clock";
    case study::ReasonKind::LinkRegisters:
      return "links";
    case study::ReasonKind::KvCapacity:
      return "KV";
    case study::ReasonKind::PowerDensity:
      return "power";
    case study::ReasonKind::NoSilicon:
      break;
  }
  return "unknown";
}

/// "yes", "NO: area", "NO: area ..." where there is another reason.
std::string buildable(const study::Verdict& verdict) {
  if (verdict.is_buildable()) return "yes";
  const auto first = word(verdict.reasons.front().kind);
  const bool more =
      std::ranges::any_of(verdict.reasons, [&](const auto& reason) { return word(reason.kind) != first; });
  return fmt::format("NO: {}{}", first, more ? " ..." : "");
}

bool helps(const study::WhatIf& what_if) { return what_if.gain >= kSmallestGain; }

/// "kv.banks 256 -> 257: +187.8 % tokens/s, +1.03 mm2, +2.10 W, buildable"
std::string sentence(const study::WhatIf& what_if) {
  const auto& verdict = what_if.verdict;
  return fmt::format("{}: {} tokens/s, {} mm2, {} W, {}", what_if.what, gain(what_if), more(what_if.area_mm2),
                     more(what_if.power_w),
                     verdict.is_buildable() ? "buildable" : "not buildable (" + verdict.reasons.front().sentence + ")");
}

std::string conflict_lines(const study::BankConflicts& conflicts, std::size_t columns) {
  const bool removable = std::ranges::any_of(conflicts.would_help, &study::BankHint::removes);
  std::string text, hints;
  for (const auto& hint : conflicts.would_help)
    if (helps(hint.what_if) && hint.removes == removable) hints += hanging("    " + sentence(hint.what_if), 6, columns);
  text = fmt::format("  KV bank conflicts take {} of the time; {}", percent(conflicts.share),
                     hints.empty() ? "no number of banks and no padding nearby has fewer"
                     : removable   ? "without them:"
                                   : "fewer of them:");
  return hanging(text, 4, columns) + hints;
}

/// The best that can be built, then the best of the others.
std::vector<const study::WhatIf*> shown(const study::GroupLimit& group) {
  std::vector<const study::WhatIf*> best;
  for (const auto& what_if : group.would_help)
    if (helps(what_if)) best.push_back(&what_if);
  const auto built =
      std::ranges::find_if(best, [](const study::WhatIf* what_if) { return what_if->verdict.is_buildable(); });
  if (built != best.end()) std::rotate(best.begin(), built, built + 1);
  best.resize(std::min(best.size(), kShownOfAGroup));
  return best;
}

}  // namespace

Json limits_json(const study::Limits& limits) {
  Json json{{"tokens_per_s_user", limits.tokens_per_s_user}, {"groups", Json::array()}};
  for (const auto& group : limits.groups)
    json["groups"].push_back(Json{{"group", study::kTimeGroups[group.group]},
                                  {"cycles", group.cycles.count()},
                                  {"share", group.share},
                                  {"would_help", what_ifs_json(group.would_help)}});
  if (limits.bank_conflicts) {
    Json hints = Json::array();
    for (const auto& hint : limits.bank_conflicts->would_help) {
      hints.push_back(what_if_json(hint.what_if));
      hints.back()["removes"] = hint.removes;
    }
    json["bank_conflicts"] = Json{{"share", limits.bank_conflicts->share}, {"would_help", std::move(hints)}};
  }
  return json;
}

std::string limits_text(const study::Limits& limits, std::size_t columns) {
  Table table({"time in", "share", "<what would help, alone", "tokens/s", "mm2", "W", "<buildable"});
  for (const auto& group : limits.groups) {
    const std::string name(study::kTimeGroups[group.group]);
    const auto best = shown(group);
    for (const auto* what_if : best) {
      const bool first = what_if == best.front();
      table.row({first ? name : "", first ? percent(group.share) : "", what_if->what, gain(*what_if),
                 more(what_if->area_mm2), more(what_if->power_w), buildable(what_if->verdict)});
    }
    if (best.empty()) table.row({name, percent(group.share), "", "", "", "", ""});
  }
  std::string text = table.text();
  if (limits.bank_conflicts) text += conflict_lines(*limits.bank_conflicts, columns);
  return text;
}

std::string help_lines(const study::Limits& limits, std::size_t columns) {
  const study::WhatIf* best = nullptr;
  for (const auto& group : limits.groups)
    for (const auto& what_if : group.would_help)
      if (helps(what_if) && what_if.verdict.is_buildable() && (best == nullptr || what_if.gain > best->gain))
        best = &what_if;
  std::string text;
  if (best != nullptr) text += hanging("  would help most: " + sentence(*best), 4, columns);
  if (limits.bank_conflicts) text += conflict_lines(*limits.bank_conflicts, columns);
  return text;
}

}  // namespace kiln::report
