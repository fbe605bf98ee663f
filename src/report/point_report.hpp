// The part of a document that `kiln run` and `kiln cost` share: one design point, whichever command asked. Its keys are
// written here and nowhere else. Private to the report module.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/study/design_point.hpp"
#include "report/document.hpp"

namespace kiln::report {

/// verdict, warnings. `run`, `cost` and `chat` have them.
void add_verdict(Json& json, const study::Verdict& verdict, const std::vector<std::string>& warnings);
/// The first lines of a screen.
std::string verdict_lines(const program::Placement& placement, const study::Verdict& verdict, std::size_t columns);

/// All keys that a design point has in both documents: verdict, users, tokens, clock, cycles, rates, where the cycles
/// went, KV cache, counters, tiles, silicon and its price, GPUs. `cost`: none without /silicon.
Json point_json(const study::DesignPoint& point, const study::ChipCost* cost);

// Each command's document keeps its keys in the order that it always had.
/// Moves these members, where they are there.
void take(Json& to, Json& from, std::initializer_list<const char*> keys);
/// Moves the members before `key`; all of them where there is no such key.
void take_until(Json& to, Json& from, std::string_view key);

}  // namespace kiln::report
