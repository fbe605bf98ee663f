// run(): elaborates the chip, lets SystemC run it dry, and collects what happened.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "chip/link_module.hpp"
#include "chip/unit_modules.hpp"
#include "kiln/chip/chip.hpp"

// libsystemc has a main() of its own that wants this. Kiln starts the kernel from run() and never comes by here.
int sc_main(int, char**) { return 1; }

namespace kiln::chip {
namespace {

using base::Cycles;
using program::ArrayKind;
using program::Unit;

/// A SystemC kernel of its own for one run. The kernel keeps its state in one process-wide pointer, so runs take turns.
class Kernel {
 public:
  Kernel()
      : turn_(mutex()), context_(std::make_unique<sc_core::sc_simcontext>()), previous_(sc_core::sc_curr_simcontext) {
    sc_core::sc_curr_simcontext = context_.get();
    sc_core::sc_report_handler::set_handler(&refuse);
  }
  ~Kernel() {
    sc_core::sc_report_handler::set_handler(nullptr);
    sc_core::sc_curr_simcontext = previous_;
  }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  /// Whatever the kernel has to say is a bug of the chip.
  static void refuse(const sc_core::sc_report& report, const sc_core::sc_actions&) {
    if (report.get_severity() == sc_core::SC_INFO) return;
    throw base::BugError(std::string("SystemC: ") + report.what());
  }
  std::unique_lock<std::mutex> turn_;
  std::unique_ptr<sc_core::sc_simcontext> context_;
  sc_core::sc_simcontext* previous_;
};

/// Looks at the clock on the wall when everything is bound and the first event is about to happen.
class Elaborated : public sc_core::sc_module {
 public:
  explicit Elaborated(const sc_core::sc_module_name& name) : sc_module(name) {}
  [[nodiscard]] std::chrono::steady_clock::time_point at() const { return at_; }

 private:
  void start_of_simulation() override { at_ = std::chrono::steady_clock::now(); }
  std::chrono::steady_clock::time_point at_;
};

/// The modules of the chip and their bindings.
class Chip {
 public:
  explicit Chip(RunState& state)
      : host_("host_link", state),
        sequencer_("sequencer", state, host_),
        embedding_("embedding_rom", state),
        vector_("vector_unit", state),
        attention_("attention_unit", state),
        sampler_("sampler", state) {
    host_.bind(sequencer_);
    unit(Unit::Sequencer) = &sequencer_;
    unit(Unit::EmbeddingRom) = &embedding_;
    unit(Unit::VectorUnit) = &vector_;
    unit(Unit::Attention) = &attention_;
    unit(Unit::Sampler) = &sampler_;
    for (std::size_t i = 0; i < program::kArrays; ++i) {
      const auto kind = static_cast<ArrayKind>(i);
      arrays_[i] = std::make_unique<TileArrayModule>(label(program::array_unit(kind)).c_str(), state, kind);
      trees_[i] = std::make_unique<ReductionTreeModule>(label(program::tree_unit(kind)).c_str(), state, kind);
      unit(program::array_unit(kind)) = arrays_[i].get();
      unit(program::tree_unit(kind)) = trees_[i].get();
    }
    for (std::size_t i = 0; i < state.links.links().size(); ++i) {
      const LinkSpec& spec = state.links.links()[i];
      links_.push_back(std::make_unique<LinkModule>(spec.name().c_str(), state, i));
      links_.back()->producer(*unit(spec.from));
      links_.back()->receiver(*unit(spec.to));
      unit(spec.from)->output(spec.to)(*links_.back());
    }
  }
  [[nodiscard]] const HostLink& host() const { return host_.core(); }
  [[nodiscard]] const SequencerModule& sequencer() const { return sequencer_; }

 private:
  static std::string label(Unit which) { return std::string(program::name(which)); }
  UnitModule*& unit(Unit which) { return units_[static_cast<std::size_t>(which)]; }
  HostLinkModule host_;
  SequencerModule sequencer_;
  EmbeddingRomModule embedding_;
  VectorUnitModule vector_;
  AttentionModule attention_;
  SamplerModule sampler_;
  std::array<std::unique_ptr<TileArrayModule>, program::kArrays> arrays_;
  std::array<std::unique_ptr<ReductionTreeModule>, program::kArrays> trees_;
  std::vector<std::unique_ptr<LinkModule>> links_;
  std::array<UnitModule*, program::kUnits> units_{};
};

base::Status check_request(const program::Placement& placement, const RunRequest& request) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  if (request.prompt.empty()) return base::Error{"the prompt is empty, the chip needs at least one token"};
  if (request.max_new_tokens == 0) return base::Error{"no answer tokens are wanted, the chip makes at least one"};
  if (request.prompt.size() > capacity) {
    return base::Error{fmt::format("the prompt has {} tokens, the KV cache of chip {} holds {}", request.prompt.size(),
                                   placement.chip().name, capacity)};
  }
  if (request.values == nullptr) return {};
  for (std::size_t i = 0; i < request.prompt.size(); ++i) {
    if (request.prompt[i] >= placement.model().vocab_size) {
      return base::Error{fmt::format("prompt token {} is {}, the vocabulary of {} has {} tokens", i, request.prompt[i],
                                     placement.model().name, placement.model().vocab_size)};
    }
  }
  return {};
}

RunOutcome collect(const Chip& chip, RunState& state) {
  RunOutcome outcome;
  const Sequencer& sequencer = chip.sequencer().core();
  const HostLink& host = chip.host();
  outcome.finish = state.interrupted ? Finish::Interrupted : sequencer.finish().value_or(Finish::Interrupted);
  outcome.answer = chip.sequencer().answer();
  outcome.answer_tokens = sequencer.answer_tokens();
  const std::uint64_t prompt = state.request.prompt.size();
  outcome.total = std::max(state.accounts.committed(), host.received());
  state.accounts.close(outcome.total, host.wire_cycles(prompt, outcome.total), outcome);
  outcome.activity.host_tokens = prompt + outcome.answer_tokens;
  outcome.prompt_arrival = host.arrival(0);
  if (outcome.answer_tokens > 0) {
    outcome.first_answer = outcome.tokens[prompt - 1].commit;
    outcome.last_answer = outcome.tokens.back().commit;
  }
  outcome.kernel_events = state.kernel_events;
  return outcome;
}

}  // namespace

std::string_view name(Cause cause) {
  constexpr std::array<std::string_view, kCauses> kNames = {
      "compute", "waiting_for_input", "waiting_for_output", "kv_bank_conflict", "wire", "idle"};
  return kNames[static_cast<std::size_t>(cause)];
}

base::Result<RunOutcome> run(const program::Placement& placement, const RunRequest& request) {
  if (auto valid = check_request(placement, request); !valid) return valid.error();
  const auto started = std::chrono::steady_clock::now();
  const Kernel kernel;
  const LinkMap links(placement);
  RunState state(placement, request, links);
  const Chip chip(state);
  const Elaborated elaborated("elaborated");
  sc_core::sc_start();
  if (state.failure) std::rethrow_exception(state.failure);
  base::check(state.halted, "the chip stands still before the answer is complete");
  RunOutcome outcome = collect(chip, state);
  outcome.elaboration_s = std::chrono::duration<double>(elaborated.at() - started).count();
  return outcome;
}

}  // namespace kiln::chip
