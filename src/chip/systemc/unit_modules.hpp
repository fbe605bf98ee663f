// The chip's units as SystemC modules: each binds its core to ports and forwards.
#pragma once

#include "chip/systemc/unit_module.hpp"
#include "chip/timing/attention_unit.hpp"
#include "chip/timing/embedding_rom.hpp"
#include "chip/timing/lm_head.hpp"
#include "chip/timing/lora_unit.hpp"
#include "chip/timing/reduction_tree.hpp"
#include "chip/timing/tile_array.hpp"
#include "chip/timing/vector_unit.hpp"

namespace kiln::chip {

/// A unit whose operations all take the same time and that does nothing after them.
template <class Core>
class PlainModule final : public UnitModule {
 public:
  template <class... Arguments>
  PlainModule(const sc_core::sc_module_name& name, StageState& stage, program::Unit unit, Arguments... arguments)
      : UnitModule(name, stage, unit), core_(stage.run.placement, arguments...) {}

 private:
  OpTiming timing(const TokenInFlight&, std::uint32_t) override { return core_.timing(); }
  void closed(TokenInFlight&, const OpRecord&) override { core_.count(stage_.accounting.activity()); }
  Core core_;
};

/// Sends a residual to the next stage when that is free: it has one credit, which returns after the link's latency.
class StageCredit final : public Process, public CreditReceiver {
 public:
  class Sender {
   public:
    virtual ~Sender() = default;
    virtual void credit_given() = 0;
  };
  StageCredit(const sc_core::sc_module_name& name, StageState& stage, const LinkSpec& link, Sender& sender)
      : Process(name, stage.run, stage.queue), delay_(link.registers), sender_(sender) {}
  /// Calls sender.credit_given() now or later.
  void request();
  void stage_freed(base::Cycles at) override;

 private:
  void wake(base::Cycles) override;
  std::uint64_t delay_;
  Sender& sender_;
  std::optional<base::Cycles> credit_ = base::Cycles(0);  ///< from when on; none while a token is in the next stage
  std::optional<base::Cycles> wanted_;                    ///< since when the sender waits
};

class VectorUnitModule final : public UnitModule, public StageCredit::Sender {
 public:
  VectorUnitModule(const sc_core::sc_module_name& name, StageState& stage);
  /// To the next stage; none after the last.
  void hand_over_by(StageCredit& credit) { credit_ = &credit; }
  void credit_given() override;

 private:
  OpTiming timing(const TokenInFlight& token, std::uint32_t index) override;
  void closed(TokenInFlight& token, const OpRecord& record) override;
  VectorUnit core_;
  StageCredit* credit_ = nullptr;
  struct Waiting {
    TokenInFlight* token;
    std::uint32_t op;
    base::Cycles since;
  };
  std::optional<Waiting> waiting_;
};

/// A tile array, and the part of the LoRA unit that works in step with it.
class ArrayModule final : public UnitModule {
 public:
  ArrayModule(const sc_core::sc_module_name& name, StageState& stage, program::ArrayKind kind);

 private:
  OpTiming timing(const TokenInFlight&, std::uint32_t) override { return timing_; }
  void closed(TokenInFlight& token, const OpRecord& record) override;
  TileArray core_;
  std::optional<LoraUnit> lora_;
  OpTiming timing_;
};

class SamplerModule final : public UnitModule {
 public:
  SamplerModule(const sc_core::sc_module_name& name, StageState& stage)
      : UnitModule(name, stage, program::Unit::Sampler), core_(state_.placement) {}

 private:
  [[nodiscard]] bool greedy(const TokenInFlight& token) const {
    return state_.request.users[token.user].sampling.greedy();
  }
  OpTiming timing(const TokenInFlight& token, std::uint32_t) override { return core_.timing(greedy(token)); }
  void closed(TokenInFlight& token, const OpRecord&) override {
    core_.count(greedy(token), stage_.accounting.activity());
  }
  Sampler core_;
};

/// Attention unit and the KV SRAM that it alone reads and writes.
class AttentionModule final : public UnitModule {
 public:
  AttentionModule(const sc_core::sc_module_name& name, StageState& stage)
      : UnitModule(name, stage, program::Unit::Attention), core_(state_.placement) {}

 private:
  OpTiming timing(const TokenInFlight& token, std::uint32_t index) override;
  void closed(TokenInFlight& token, const OpRecord& record) override;
  void all_taken() override;
  void wake(base::Cycles now) override;
  static std::uint64_t context(const TokenInFlight& token) { return std::uint64_t{token.position.value} + 1; }
  AttentionUnit core_;
  ReadCost cost_;                        ///< of a phase of the operation under way
  std::optional<AttentionSteps> steps_;  ///< single beats
};

}  // namespace kiln::chip
