// The chip's units as SystemC modules: each binds its core to ports and forwards.
#pragma once

#include "chip/attention_unit.hpp"
#include "chip/embedding_rom.hpp"
#include "chip/host_link.hpp"
#include "chip/lm_head.hpp"
#include "chip/reduction_tree.hpp"
#include "chip/sequencer.hpp"
#include "chip/tile_array.hpp"
#include "chip/unit_module.hpp"
#include "chip/vector_unit.hpp"

namespace kiln::chip {

class EmbeddingRomModule final : public UnitModule {
 public:
  EmbeddingRomModule(const sc_core::sc_module_name& name, RunState& state)
      : UnitModule(name, state, program::Unit::EmbeddingRom), core_(state.placement) {}

 private:
  OpTiming timing(std::uint32_t) override { return core_.timing(); }
  void closed(const OpRecord&) override { core_.count(state_.accounts.activity()); }
  EmbeddingRom core_;
};

class TileArrayModule final : public UnitModule {
 public:
  TileArrayModule(const sc_core::sc_module_name& name, RunState& state, program::ArrayKind kind)
      : UnitModule(name, state, program::array_unit(kind)), core_(state.placement, kind) {}

 private:
  OpTiming timing(std::uint32_t) override { return core_.timing(); }
  void closed(const OpRecord&) override { core_.count(state_.accounts.activity()); }
  TileArray core_;
};

class ReductionTreeModule final : public UnitModule {
 public:
  ReductionTreeModule(const sc_core::sc_module_name& name, RunState& state, program::ArrayKind kind)
      : UnitModule(name, state, program::tree_unit(kind)), core_(state.placement, kind) {}

 private:
  OpTiming timing(std::uint32_t) override { return core_.timing(); }
  void closed(const OpRecord&) override { core_.count(state_.accounts.activity()); }
  ReductionTree core_;
};

class VectorUnitModule final : public UnitModule {
 public:
  VectorUnitModule(const sc_core::sc_module_name& name, RunState& state)
      : UnitModule(name, state, program::Unit::VectorUnit), core_(state.placement) {}

 private:
  OpTiming timing(std::uint32_t index) override;
  void closed(const OpRecord& record) override;
  VectorUnit core_;
};

/// Attention unit and the KV SRAM that it alone reads and writes.
class AttentionModule final : public UnitModule {
 public:
  AttentionModule(const sc_core::sc_module_name& name, RunState& state)
      : UnitModule(name, state, program::Unit::Attention), core_(state.placement), reads_(state.placement) {}

 private:
  OpTiming timing(std::uint32_t index) override;
  void closed(const OpRecord& record) override;
  void complete() override;
  void wake(base::Cycles now) override;
  [[nodiscard]] std::uint64_t context() const { return std::uint64_t{state_.position.value} + 1; }
  AttentionUnit core_;
  KvReads reads_;
  ReadCost cost_;                      ///< of a phase of the operation under way
  std::optional<AttentionWalk> walk_;  ///< single beats
};

class SamplerModule final : public UnitModule {
 public:
  SamplerModule(const sc_core::sc_module_name& name, RunState& state)
      : UnitModule(name, state, program::Unit::Sampler), core_(state.placement) {}

 private:
  OpTiming timing(std::uint32_t) override { return core_.timing(); }
  void closed(const OpRecord&) override { core_.count(state_.accounts.activity()); }
  Sampler core_;
};

class HostLinkModule;

class SequencerModule final : public UnitModule {
 public:
  SequencerModule(const sc_core::sc_module_name& name, RunState& state, HostLinkModule& host);
  void prompt_arrived();
  [[nodiscard]] const Sequencer& core() const { return core_; }
  [[nodiscard]] const std::vector<base::TokenId>& answer() const { return answer_; }

 private:
  OpTiming timing(std::uint32_t index) override;
  void closed(const OpRecord& record) override;
  void issue_next();
  void commit();
  void answer(std::optional<base::TokenId> id);
  Sequencer core_;
  HostLinkModule& host_;
  std::vector<base::TokenId> answer_;
};

class HostLinkModule final : public Process {
 public:
  HostLinkModule(const sc_core::sc_module_name& name, RunState& state)
      : Process(name, state), core_(state.placement.chip().host) {}
  void bind(SequencerModule& sequencer) { sequencer_ = &sequencer; }
  /// An answer token leaves for the host.
  void send() { core_.send(now()); }
  [[nodiscard]] const HostLink& core() const { return core_; }

 private:
  void start_of_simulation() override { wake_at(core_.arrival(0)); }
  void wake(base::Cycles now) override;
  HostLink core_;
  SequencerModule* sequencer_ = nullptr;
  std::uint64_t delivered_ = 0;
};

}  // namespace kiln::chip
