// What every unit did in every cycle, and the critical path, from the records of finished operations. Nothing counts
// until its token commits, so that a run that is interrupted inside a token still adds up. docs/units/README.md
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "chip/link.hpp"
#include "chip/link_map.hpp"
#include "chip/operation.hpp"
#include "kiln/chip/chip.hpp"

namespace kiln::chip {

class Accounts {
 public:
  explicit Accounts(const LinkMap& links) : links_(links) {}

  /// A token is issued at `now`, having waited for the host since the commit before it.
  void issue(base::TokenPos position, const std::vector<program::Op>& ops, base::Cycles now);
  /// An operation of it is over.
  void operation(const OpRecord& record);
  /// KV SRAM: cycles in which words were read or written, and cycles that conflicts cost.
  void kv(std::uint64_t busy_cycles, std::uint64_t conflict_cycles);
  void passage(std::size_t link, const Passage& passage);
  void commit(base::Cycles now);
  /// The last commit.
  [[nodiscard]] base::Cycles committed() const { return committed_; }
  /// Counters of the token under way.
  [[nodiscard]] Activity& activity() { return activity_; }

  /// Fills by_unit, critical_path, critical_causes, tokens and activity of a run of `total` cycles, and checks that all
  /// adds up.
  void close(base::Cycles total, base::Cycles host_wire, RunOutcome& outcome);

 private:
  using Table = std::array<std::array<std::uint64_t, kCauses>, program::kUnits>;
  void spend(program::Unit unit, Cause cause, std::uint64_t cycles);
  void path(program::Unit unit, Cause cause, std::uint64_t cycles);
  void on_wire(base::Cycles first, base::Cycles last);
  std::uint64_t wire_cycles();

  const LinkMap& links_;
  const std::vector<program::Op>* ops_ = nullptr;
  base::TokenPos position_;
  base::Cycles issued_, cursor_, committed_;
  Table pending_{}, settled_{};
  Table pending_path_{}, settled_path_{};
  Activity activity_, settled_activity_;
  std::vector<std::pair<base::Cycles, base::Cycles>> wire_;  ///< of the token under way: some beat is on some link
  std::vector<TokenTiming> tokens_;
};

}  // namespace kiln::chip
