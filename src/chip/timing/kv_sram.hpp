// The KV SRAM of a layer: banks, ports, and how many cycles the reads of a block of rows take. docs/units/kv_sram.md
// Two ways of counting reads: KvReads by the shape of a block (all its steps cost the same), KvStepReads request by
// request.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

/// What the reads of one phase (all keys, or all values) cost.
struct ReadCost {
  std::uint64_t steps = 0;            ///< cycles without conflicts
  std::uint64_t conflict_cycles = 0;  ///< cycles beyond that
  std::uint64_t words = 0;
  bool operator==(const ReadCost&) const = default;
};

/// Largest number of words {t * token_words + h * row_words} of a block of tokens x heads that one bank holds. Counted
/// token by token as far as needed so far, and kept: users at different contexts alternate.
class BankOccupancy {
 public:
  BankOccupancy(const program::KvPlan& plan, std::uint32_t banks, std::uint64_t heads);
  std::uint64_t largest(std::uint64_t tokens);

 private:
  void add_token();
  std::uint64_t token_words_, row_words_, heads_;
  std::vector<std::uint64_t> load_;     ///< of each bank
  std::vector<std::uint64_t> largest_;  ///< of blocks of 0, 1, ... tokens
};

/// The most KV words that one beat of k has elements of. Two beats that share a word both write it.
std::uint64_t words_of_a_beat(const program::Placement& placement);

class KvReads {
 public:
  KvReads(const program::Placement& placement);
  /// One phase over `context` tokens.
  ReadCost phase(std::uint64_t context);

 private:
  struct HeadBlocks {
    std::uint64_t count, heads;
    BankOccupancy load;       ///< of the last, partial block of tokens
    std::uint64_t full_step;  ///< cycles of a step of a full block of tokens
  };
  std::uint64_t step_cycles(BankOccupancy& load, std::uint64_t tokens) const;
  std::uint64_t tokens_parallel_, row_words_, ports_, capacity_, kv_heads_;
  std::vector<HeadBlocks> head_blocks_;
};

/// Arbitrates the requests of one phase step by step.
class KvStepReads {
 public:
  KvStepReads(const program::Placement& placement, std::uint64_t context);
  /// Cycles of the next step, or nothing when all words are read.
  std::optional<std::uint64_t> step();
  [[nodiscard]] const ReadCost& cost() const { return cost_; }

 private:
  const program::Placement* placement_;
  std::uint64_t context_;
  std::uint64_t token_ = 0, head_ = 0, word_ = 0;
  std::vector<std::uint64_t> queue_;  ///< requests that wait at each bank
  ReadCost cost_;
};

}  // namespace kiln::chip
