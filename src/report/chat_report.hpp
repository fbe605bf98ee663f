// What `kiln chat` says: the line behind an answer, and the document of the whole. docs/report.md explains every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/conversation.hpp"
#include "kiln/baseline/baseline.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/program/placement.hpp"
#include "report/run_report.hpp"

namespace kiln::report {

struct ChatTurn {
  host::Turn turn;
  std::size_t conversation = 0;        ///< counts the resets before it
  baseline::BaselineFigure baseline;   ///< one user
  std::uint64_t baseline_context = 0;  ///< tokens in its KV cache
  std::optional<std::string> system;   ///< the system message of its conversation
};

struct ChatReport {
  ChatReport(const program::Placement& placed, const config::BakeRecipe& baked) : placement(placed), recipe(baked) {}

  const program::Placement& placement;
  const config::BakeRecipe& recipe;
  std::string rom_hash;
  bool chat_template = false;
  std::string lora;  ///< the adapter's directory, or empty
  numerics::Sampling sampling;
  std::vector<ChatTurn> turns;
  HostFigures host;
};

/// One line without its end.
std::string chat_line(const program::Placement& placement, const ChatTurn& turn);
std::string chat_json(const ChatReport& report);

}  // namespace kiln::report
