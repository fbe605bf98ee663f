#include "chip/timing/kv_sram.hpp"

#include <algorithm>

namespace kiln::chip {

BankOccupancy::BankOccupancy(const program::KvPlan& plan, std::uint32_t banks, std::uint64_t heads)
    : token_words_(plan.token_words), row_words_(plan.row_words), heads_(heads), load_(banks, 0), largest_{0} {}

std::uint64_t BankOccupancy::largest(std::uint64_t tokens) {
  while (largest_.size() <= tokens) add_token();
  return largest_[tokens];
}

void BankOccupancy::add_token() {
  const std::uint64_t token = largest_.size() - 1;
  std::uint64_t most = largest_.back();
  for (std::uint64_t head = 0; head < heads_; ++head) {
    std::uint64_t& load = load_[(token * token_words_ + head * row_words_) % load_.size()];
    most = std::max(most, ++load);
  }
  largest_.push_back(most);
}

std::uint64_t words_of_a_beat(const program::Placement& placement) {
  const config::ModelConfig& model = placement.model();
  const std::uint64_t beat = placement.chip().link.beat_elements();
  const std::uint64_t width = placement.chip().kv.width_bytes;
  const auto word_of = [&](std::uint64_t element) {
    return element / model.head_dim * placement.kv().row_words + element % model.head_dim / width;
  };
  std::uint64_t most = 0;
  for (std::uint64_t first = 0; first < model.kv_width(); first += beat) {
    const std::uint64_t last = std::min<std::uint64_t>(first + beat, model.kv_width()) - 1;
    most = std::max(most, word_of(last) - word_of(first) + 1);
  }
  return most;
}

KvReads::KvReads(const program::Placement& placement)
    : row_words_(placement.kv().row_words),
      ports_(placement.chip().kv.ports),
      capacity_(placement.kv().capacity_tokens),
      kv_heads_(placement.model().kv_heads) {
  const config::ChipConfig& chip = placement.chip();
  tokens_parallel_ = std::min<std::uint64_t>(chip.attention.tokens_parallel, capacity_);
  const std::uint64_t heads = std::min<std::uint64_t>(chip.attention.heads_parallel, kv_heads_);
  const auto add = [&](std::uint64_t count, std::uint64_t size) {
    if (count == 0 || size == 0) return;
    HeadBlocks blocks{count, size, BankOccupancy(placement.kv(), chip.kv.banks, size), 0};
    blocks.full_step = step_cycles(blocks.load, tokens_parallel_);
    head_blocks_.push_back(std::move(blocks));
  };
  add(kv_heads_ / heads, heads);
  add(1, kv_heads_ % heads);
}

std::uint64_t KvReads::step_cycles(BankOccupancy& load, std::uint64_t tokens) const {
  return std::max<std::uint64_t>(1, base::ceil_div(load.largest(tokens), ports_));
}

ReadCost KvReads::phase(std::uint64_t context) {
  base::check(context > 0 && context <= capacity_, "KV SRAM: a context that it cannot hold");
  const std::uint64_t full = context / tokens_parallel_;
  const std::uint64_t rest = context % tokens_parallel_;
  ReadCost cost;
  for (HeadBlocks& blocks : head_blocks_) {
    std::uint64_t cycles = full * blocks.full_step;
    if (rest > 0) cycles += step_cycles(blocks.load, rest);
    const std::uint64_t steps = (full + (rest > 0 ? 1 : 0)) * blocks.count * row_words_;
    cost.steps += steps;
    cost.conflict_cycles += cycles * blocks.count * row_words_ - steps;
  }
  cost.words = context * kv_heads_ * row_words_;
  return cost;
}

KvStepReads::KvStepReads(const program::Placement& placement, std::uint64_t context)
    : placement_(&placement), context_(context), queue_(placement.chip().kv.banks, 0) {}

std::optional<std::uint64_t> KvStepReads::step() {
  const program::KvPlan& plan = placement_->kv();
  const config::ChipConfig& chip = placement_->chip();
  const std::uint64_t heads = placement_->model().kv_heads;
  if (token_ >= context_) return std::nullopt;
  const std::uint64_t last_token = std::min<std::uint64_t>(context_, token_ + chip.attention.tokens_parallel);
  const std::uint64_t last_head = std::min<std::uint64_t>(heads, head_ + chip.attention.heads_parallel);
  std::uint64_t waiting = 0;
  for (std::uint64_t t = token_; t < last_token; ++t) {
    for (std::uint64_t h = head_; h < last_head; ++h) {
      ++queue_[(t * plan.token_words + h * plan.row_words + word_) % queue_.size()];
      ++waiting;
    }
  }
  cost_.words += waiting;
  std::uint64_t cycles = 0;
  for (; waiting > 0; ++cycles) {  // each bank serves up to `ports` of its requests
    for (std::uint64_t& queue : queue_) {
      const std::uint64_t served = std::min<std::uint64_t>(queue, chip.kv.ports);
      queue -= served;
      waiting -= served;
    }
  }
  ++cost_.steps;
  cost_.conflict_cycles += cycles - 1;
  if (++word_ == plan.row_words) {  // words of a pair of blocks, then the next heads, then the next tokens
    word_ = 0;
    head_ = last_head;
    if (head_ == heads) {
      head_ = 0;
      token_ = last_token;
    }
  }
  return cycles;
}

}  // namespace kiln::chip
