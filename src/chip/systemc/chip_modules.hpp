// The modules of a whole chip, or of several in a row, and their bindings: sequencer and host link, then stage by
// stage.
#pragma once

#include <memory>
#include <vector>

#include "chip/systemc/link_module.hpp"
#include "chip/systemc/sequencer_module.hpp"
#include "chip/systemc/unit_modules.hpp"

namespace kiln::chip {

/// The units of one stage and the links among them.
class StageModules {
 public:
  StageModules(RunState& run, std::uint32_t index);
  [[nodiscard]] StageState& state() { return state_; }
  [[nodiscard]] UnitModule& unit(program::Unit which);
  [[nodiscard]] VectorUnitModule& vector() { return *vector_; }

 private:
  template <class Module, class... Arguments>
  void add(program::Unit unit, Arguments... arguments);
  std::string label(std::string_view name) const;
  StageState state_;
  std::array<std::unique_ptr<UnitModule>, program::kUnits> units_;
  VectorUnitModule* vector_ = nullptr;
  std::vector<std::unique_ptr<LinkModule>> links_;
};

class Chip {
 public:
  explicit Chip(RunState& state);
  [[nodiscard]] HostLink& host() { return host_.core(); }
  [[nodiscard]] const SequencerModule& sequencer() const { return sequencer_; }
  [[nodiscard]] std::vector<const StageAccounting*> stage_accounting();

 private:
  void link_to_sequencer(RunState& state, UnitModule& from, program::Unit unit, std::uint32_t stage);
  void join(RunState& state, std::uint32_t stage);
  HostLinkModule host_;
  SequencerModule sequencer_;
  std::vector<std::unique_ptr<StageModules>> stages_;
  std::vector<std::unique_ptr<LinkModule>> links_;
  std::vector<std::unique_ptr<StageCredit>> stage_credits_;
};

}  // namespace kiln::chip
