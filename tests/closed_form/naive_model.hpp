// The timing rules once more, as slowly and as literally as possible: every beat of every stream has its own leave and
// pop cycle, every tile's segments are walked, every KV step counts its requests bank by bank. Shares nothing with
// src/closed_form.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

class NaiveChip {
 public:
  using Link = config::Link;
  using Beats = std::vector<std::uint64_t>;
  using Path = std::array<std::uint64_t, program::kUnits>;

  explicit NaiveChip(const program::Placement& placement)
      : p_(placement), c_(placement.chip()), m_(placement.model()) {}

  /// Runs one token from cycle `issue`; returns its commit. path() grows by its critical path.
  std::uint64_t token(std::uint64_t issue, std::uint64_t position, bool with_logits) {
    now_ = issue;
    context_ = position + 1;
    until(program::Unit::Sequencer, issue + c_.sequencer.issue_cycles);
    const std::uint64_t asked = cross(c_.link[Link::SequencerToEmbedding]);
    Beats row;
    for (std::uint64_t k = 0; k < beats(m_.hidden_size); ++k)
      row.push_back(whole(asked + c_.embedding.read_cycles + k * slot(c_.embedding.elements_per_cycle),
                          slot(c_.embedding.elements_per_cycle)));
    until(program::Unit::EmbeddingRom, row.back());
    std::uint64_t residual = add_residual(row, c_.link[Link::EmbeddingToVector]);
    for (std::uint32_t l = 0; l < m_.layers; ++l) residual = layer(residual);
    if (with_logits) {
      const Beats logits = product(program::ArrayKind::LmHead, norm(residual));
      const Beats taken = transfer(logits, c_.link[Link::TreeToSampler], slot(c_.sampler.lanes));
      until(program::Unit::Sampler, whole(taken.back(), slot(c_.sampler.lanes)) + c_.sampler.compare_cycles);
      cross(c_.link[Link::SamplerToSequencer]);
    } else {
      cross(c_.link[Link::VectorToSequencer]);
    }
    until(program::Unit::Sequencer, now_ + c_.sequencer.commit_cycles);
    return now_;
  }

  /// The clock is at `from`; `unit` holds up everything until `to`.
  void hold(program::Unit unit, std::uint64_t from, std::uint64_t to) {
    path_[static_cast<std::size_t>(unit)] += to - from;
  }
  [[nodiscard]] const Path& path() const { return path_; }

 private:
  [[nodiscard]] std::uint64_t slot(std::uint64_t lanes) const { return (64 * c_.link.beat_groups + lanes - 1) / lanes; }
  [[nodiscard]] std::uint64_t beats(std::uint64_t elements) const {
    std::uint64_t count = 0;
    for (std::uint64_t first = 0; first < elements; first += 64 * c_.link.beat_groups) ++count;
    return count;
  }

  /// When the last lane group of a beat is taken; its groups follow each other from `first` on for `slots` cycles.
  static std::uint64_t whole(std::uint64_t first, std::uint64_t slots) {
    for (std::uint64_t group = 1; group < slots; ++group) ++first;
    return first;
  }

  void until(program::Unit unit, std::uint64_t cycle) {
    hold(unit, now_, cycle);
    now_ = cycle;
  }
  std::uint64_t cross(std::uint64_t stages) {
    until(program::Unit::Links, now_ + stages);
    return now_;
  }

  /// A stream over a link with its skid buffers; the clock goes to where its last beat could have been taken at the
  /// earliest.
  Beats transfer(const Beats& available, std::uint64_t stages, std::uint64_t interval) {
    Beats leave, pop;
    for (std::size_t k = 0; k < available.size(); ++k) {
      std::uint64_t out = available[k];
      if (k >= 1) out = std::max(out, leave[k - 1] + 1);
      if (k >= 2 * stages) out = std::max(out, pop[k - 2 * stages] + stages);
      leave.push_back(out);
      std::uint64_t in = out + stages;
      if (k >= 1) in = std::max(in, pop[k - 1] + interval);
      pop.push_back(in);
    }
    cross(stages);
    return pop;
  }

  std::uint64_t add_residual(const Beats& stream, std::uint64_t stages) {
    const std::uint64_t c = slot(c_.vector.lanes);
    const std::uint64_t done = whole(transfer(stream, stages, c).back(), c) + c_.vector.add_cycles;
    until(program::Unit::VectorUnit, done);
    return done;
  }

  Beats norm(std::uint64_t start) {
    const auto& v = c_.vector;
    const std::uint64_t n = beats(m_.hidden_size), c = slot(v.lanes);
    Beats out;
    for (std::uint64_t k = 0; k < n; ++k)
      out.push_back(whole(start + n * c + v.sum_cycles + v.rsqrt_cycles + k * c, c) + v.scale_cycles +
                    v.hadamard_cycles + v.quantise_cycles);
    until(program::Unit::VectorUnit, out.back());
    return out;
  }

  Beats delayed(const Beats& pops, std::uint64_t latency) {
    Beats out;
    for (const auto pop : pops) out.push_back(whole(pop, slot(c_.vector.lanes)) + latency);
    until(program::Unit::VectorUnit, out.back());
    return out;
  }

  std::uint64_t layer(std::uint64_t residual) {
    const auto& v = c_.vector;
    const std::uint64_t c = slot(v.lanes);
    const Beats qkv = product(program::ArrayKind::Qkv, norm(residual));
    const Beats turned =
        delayed(transfer(qkv, c_.link[Link::TreeToVector], c), v.rope_cycles + v.hadamard_cycles + v.quantise_cycles);
    const Beats seen = attend(turned);
    const Beats rounded = delayed(transfer(seen, c_.link[Link::AttentionToVector], c), v.quantise_cycles);
    residual = add_residual(product(program::ArrayKind::O, rounded), c_.link[Link::TreeToVector]);
    const Beats gate_up = product(program::ArrayKind::GateUp, norm(residual));
    const Beats pairs = transfer(gate_up, c_.link[Link::TreeToVector], c);
    Beats ups;
    for (std::size_t k = 1; k < pairs.size(); k += 2) ups.push_back(pairs[k]);
    const Beats inner = delayed(ups, v.silu_cycles + v.hadamard_cycles + v.quantise_cycles);
    return add_residual(product(program::ArrayKind::Down, inner), c_.link[Link::TreeToVector]);
  }

  /// Longest tile and most cut group of an array with `inputs` inputs, input by input.
  [[nodiscard]] std::uint64_t product_time(const config::TileConfig& t, std::uint64_t inputs,
                                           std::uint64_t outputs) const {
    const std::uint64_t columns = std::min<std::uint64_t>(t.columns, outputs);
    const std::uint64_t sigma = (columns + t.scale_lanes - 1) / t.scale_lanes;
    std::map<std::uint64_t, std::map<std::uint64_t, std::uint64_t>> tiles;  // tile -> group -> inputs
    std::map<std::uint64_t, std::map<std::uint64_t, bool>> groups;          // group -> tiles
    for (std::uint64_t input = 0; input < inputs; ++input) {
      ++tiles[input / t.rows][input / 64];
      groups[input / 64][input / t.rows] = true;
    }
    std::uint64_t pass = 0, chain = 0;
    for (const auto& [tile, segments] : tiles) {
      std::uint64_t cycles = 0;
      for (const auto& [group, length] : segments) cycles += std::max(segment_time(t, length, columns), sigma);
      pass = std::max(pass, cycles);
    }
    for (const auto& [group, spanned] : groups) chain = std::max<std::uint64_t>(chain, spanned.size() - 1);
    std::uint64_t ahead = 0;
    if (t.microarchitecture == "product_select") ahead = t.parameter("product_cycles");
    if (t.microarchitecture == "bit_serial") ahead = t.parameter("count_cycles") + t.parameter("multiply_cycles");
    if (t.microarchitecture == "rom_mac") ahead = t.parameter("read_cycles") + t.parameter("multiply_cycles");
    return ahead + pass + sigma * (1 + chain) + t.accumulate_cycles;
  }

  /// `length` inputs of a group on a tile of `columns` outputs, cycle by cycle.
  static std::uint64_t segment_time(const config::TileConfig& t, std::uint64_t length, std::uint64_t columns) {
    std::uint64_t cycles = 0;
    for (std::uint64_t input = 0; input < length; input += t.inputs_per_cycle) {
      if (t.microarchitecture == "product_select") ++cycles;
      if (t.microarchitecture == "bit_serial")
        for (int plane = 0; plane < 8; ++plane) ++cycles;
      if (t.microarchitecture == "rom_mac")
        for (std::uint64_t output = 0; output < columns; output += t.parameter("mac_lanes")) ++cycles;
    }
    return cycles;
  }

  /// A and B of the array's sections one after the other, `macs` weights a cycle, cycle by cycle.
  [[nodiscard]] std::uint64_t adapter_time(program::ArrayKind kind) const {
    const auto& flow = p_.dataflow();
    std::uint64_t weights[2] = {0, 0};
    for (const auto& section : flow.sections(kind)) {
      weights[0] += std::uint64_t{flow.adapter().rank(section.tensor_class)} * flow.inputs(kind);
      weights[1] += std::uint64_t{flow.adapter().rank(section.tensor_class)} * section.rows;
    }
    if (weights[0] == 0) return 0;
    std::uint64_t cycles = c_.lora->quantise_cycles;
    for (const std::uint64_t matrix : weights) {
      cycles += c_.lora->read_cycles + c_.lora->multiply_cycles + c_.lora->accumulate_cycles;
      for (std::uint64_t done = 0; done < matrix; done += c_.lora->macs) ++cycles;
    }
    return cycles;
  }

  Beats product(program::ArrayKind kind, const Beats& input) {
    const auto& flow = p_.dataflow();
    const Beats taken = transfer(input, c_.link[Link::VectorToArray], 1);
    const std::uint64_t start = taken.back() + 1;
    std::uint64_t outputs = 0, count = 0;
    for (const auto& section : flow.sections(kind)) {
      outputs += section.rows;
      count += beats(section.rows);
    }
    const config::TileConfig& tile = p_.tile(kind);
    if (!times_.contains(kind)) times_[kind] = product_time(tile, flow.inputs(kind), outputs);
    until(program::array_unit(kind), start + times_[kind]);
    const std::uint64_t adapter = adapter_time(kind);
    if (start + adapter > now_) until(program::Unit::Lora, start + adapter);
    cross(c_.link[Link::ArrayToTree]);
    std::uint64_t levels = 0;
    for (std::uint64_t sums = (flow.inputs(kind) + tile.rows - 1) / tile.rows; sums > 1; ++levels)
      sums = (sums + c_.reduction.fan_in - 1) / c_.reduction.fan_in;
    Beats out;
    for (std::uint64_t k = 0; k < count; ++k)
      out.push_back(whole(now_ + levels * c_.reduction.level_cycles + c_.reduction.scale_cycles +
                              (adapter > 0 ? c_.lora->add_cycles : 0) + k * slot(c_.reduction.outputs_per_cycle),
                          slot(c_.reduction.outputs_per_cycle)));
    until(program::tree_unit(kind), out.back());
    return out;
  }

  /// Cycles and, of those, cycles beyond one a step, for all keys (or values) of the context; words start at `base`.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> read_all(std::uint64_t base) const {
    const auto& a = c_.attention;
    const std::uint64_t row_words = (m_.head_dim + c_.kv.width_bytes - 1) / c_.kv.width_bytes;
    const std::uint64_t token_words = m_.kv_heads * row_words + c_.kv.row_pad_words;
    std::uint64_t cycles = 0, steps = 0;
    for (std::uint64_t t0 = 0; t0 < context_; t0 += a.tokens_parallel)
      for (std::uint64_t h0 = 0; h0 < m_.kv_heads; h0 += a.heads_parallel)
        for (std::uint64_t i = 0; i < row_words; ++i) {
          std::vector<std::uint64_t> requests(c_.kv.banks, 0);
          for (std::uint64_t t = t0; t < std::min<std::uint64_t>(t0 + a.tokens_parallel, context_); ++t)
            for (std::uint64_t h = h0; h < std::min<std::uint64_t>(h0 + a.heads_parallel, m_.kv_heads); ++h)
              ++requests[(base + t * token_words + h * row_words + i) % c_.kv.banks];
          std::uint64_t taken = 1;
          for (const auto r : requests) taken = std::max(taken, (r + c_.kv.ports - 1) / c_.kv.ports);
          cycles += taken;
          ++steps;
        }
    return {cycles, cycles - steps};
  }

  /// Cycles in which a beat of k, v or q is taken: its lane groups, or for k and v the words that it writes, of which
  /// each bank takes one a cycle. Counted element by element, on a first address of 0; another one permutes the banks.
  [[nodiscard]] std::uint64_t taking() const {
    const std::uint64_t row_words = (m_.head_dim + c_.kv.width_bytes - 1) / c_.kv.width_bytes;
    std::uint64_t most = slot(c_.attention.input_lanes);
    for (std::uint64_t begin = 0; begin < m_.kv_heads * m_.head_dim; begin += 64 * c_.link.beat_groups) {
      std::set<std::uint64_t> words;
      std::map<std::uint64_t, std::uint64_t> banks;
      for (std::uint64_t x = begin; x < begin + 64 * c_.link.beat_groups && x < m_.kv_heads * m_.head_dim; ++x)
        words.insert(x / m_.head_dim * row_words + x % m_.head_dim / c_.kv.width_bytes);
      for (const std::uint64_t word : words) most = std::max(most, ++banks[word % c_.kv.banks]);
    }
    return most;
  }

  Beats attend(const Beats& qkv) {
    const auto& a = c_.attention;
    const std::uint64_t taken = taking();
    const std::uint64_t m = transfer(qkv, c_.link[Link::VectorToAttention], taken).back();
    const auto [keys, key_conflicts] = read_all(0);
    const auto [values, value_conflicts] = read_all(c_.kv.banks * 12345);
    const std::uint64_t s0 = whole(m, taken) + c_.kv.write_cycles;
    const std::uint64_t s1 = s0 + keys + c_.kv.read_cycles + a.score_cycles;
    const std::uint64_t s2 = s1 + (m_.heads * context_ + a.softmax_lanes - 1) / a.softmax_lanes + a.softmax_cycles;
    const std::uint64_t s3 = s2 + values + c_.kv.read_cycles + a.value_cycles;
    Beats out;
    for (std::uint64_t k = 0; k < beats(m_.q_width()); ++k)
      out.push_back(whole(s3 + a.reciprocal_cycles + k * slot(a.output_lanes), slot(a.output_lanes)));
    until(program::Unit::KvSram, now_ + key_conflicts + value_conflicts);
    until(program::Unit::Attention, out.back());
    return out;
  }

  const program::Placement& p_;
  const config::ChipConfig& c_;
  const config::ModelConfig& m_;
  std::map<program::ArrayKind, std::uint64_t> times_;
  std::uint64_t now_ = 0;
  std::uint64_t context_ = 0;
  Path path_{};
};

struct NaiveRun {
  std::uint64_t prompt_arrival = 0, first_answer = 0, last_answer = 0, total = 0, answer_tokens = 0;
  NaiveChip::Path path{};
};

/// Token by token, as the sequencer and the host link do it.
/// The prompt follows `kept` tokens that are in the KV cache already.
inline NaiveRun naive_run(const program::Placement& placement, std::uint64_t prompt, std::uint64_t answer,
                          std::uint64_t kept) {
  NaiveChip chip(placement);
  const auto& host = placement.chip().host;
  NaiveRun run;
  std::uint64_t commit = 0, wire_free = 0;
  run.prompt_arrival = host.latency_cycles;
  for (std::uint64_t position = kept; position < placement.kv().capacity_tokens; ++position) {
    std::uint64_t issue = commit;
    if (position < kept + prompt) {
      issue = std::max(issue, host.latency_cycles + (position - kept) * host.cycles_per_token);
      chip.hold(program::Unit::HostLink, commit, issue);
    }
    commit = chip.token(issue, position, position + 1 >= kept + prompt);
    if (position + 1 < kept + prompt) continue;
    const std::uint64_t leave = run.answer_tokens == 0 ? commit : std::max(commit, wire_free);
    wire_free = leave + host.cycles_per_token;
    if (run.answer_tokens == 0) run.first_answer = commit;
    run.last_answer = commit;
    run.total = leave + host.latency_cycles;
    if (++run.answer_tokens == answer) break;
  }
  chip.hold(program::Unit::HostLink, commit, run.total);
  run.path = chip.path();
  return run;
}

}  // namespace kiln::closed_form
