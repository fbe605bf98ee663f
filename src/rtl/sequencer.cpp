// The sequencer as RTL, for a chip with one stage: docs/units/sequencer.md
#include <algorithm>

#include "rtl/chip_design.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign sequencer(const program::Placement& placement, std::uint32_t users, std::uint32_t most_prompt) {
  const config::ChipConfig& chip = placement.chip();
  UnitDesign design;
  design.module = "kiln_sequencer";
  design.parameter("Users", users);
  design.parameter("Slots", std::min(chip.sequencer.slots, users));  // the lowest ones are taken first
  design.parameter("Capacity", placement.kv().capacity_tokens);
  design.parameter("MaxPrompt", most_prompt);
  design.parameter("MaxEnds", kMostEnds);
  design.parameter("IssueCycles", chip.sequencer.issue_cycles);
  design.parameter("CommitCycles", chip.sequencer.commit_cycles);
  design.parameter("Turn", chip.sequencer.arbitration == config::Arbitration::RoundRobin    ? 0
                           : chip.sequencer.arbitration == config::Arbitration::DecodeFirst ? 1
                                                                                            : 2);
  design.parameter("RefuseWhenFull", chip.kv.when_full == config::WhenFull::Refuse ? 1 : 0);
  design.input("request_valid_i", 1);
  design.input("request_user_i", 16);
  design.input("request_prompt_i", 32);
  design.input("request_max_new_i", 32);
  design.input("request_greedy_i", 1);
  design.input("request_factor_i", 32);
  design.input("request_top_k_i", 4);
  design.input("request_seed_i", 64);
  design.input("request_ends_i", 32 * std::uint64_t{kMostEnds});
  design.input("request_end_count_i", 4);
  design.input("prompt_valid_i", 1);
  design.input("prompt_user_i", 16);
  design.input("prompt_id_i", 32);
  design.input("leave_valid_i", 1);
  design.input("leave_user_i", 16);
  design.stream_out("embedding", 32);
  design.output("position_o", 32);
  design.output("with_logits_o", 1);
  design.output("greedy_o", 1);
  design.output("factor_o", 32);
  design.output("top_k_o", 4);
  design.output("seed_o", 64);
  design.output("slot_o", 16);
  design.stream_in("result", 32);
  design.stream_in("done", 32);
  design.output("commit_valid_o", 1);
  design.output("commit_user_o", 16);
  design.output("commit_position_o", 32);
  design.output("commit_answer_o", 1);
  design.output("commit_id_o", 32);
  design.output("commit_finish_o", 3);
  design.output("gone_refused_o", users);
  design.output("gone_left_o", users);
  return design;
}

}  // namespace kiln::rtl
