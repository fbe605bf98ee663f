// run(): elaborates the chip, lets SystemC run until nothing is left to do, and collects the results.
#include <fmt/format.h>

#include <chrono>

#include "chip/systemc/chip.hpp"
#include "chip/systemc/chip_modules.hpp"
#include "chip/systemc/kernel_context.hpp"

// libsystemc has a main() that needs this. Kiln starts the kernel from run() and never calls it.
int sc_main(int, char**) { return 1; }

namespace kiln::chip {
namespace {

using base::Cycles;

/// Reads the wall clock when everything is bound and the first event is about to happen.
class Elaborated : public sc_core::sc_module {
 public:
  explicit Elaborated(const sc_core::sc_module_name& name) : sc_module(name) {}
  [[nodiscard]] std::chrono::steady_clock::time_point at() const { return at_; }

 private:
  void start_of_simulation() override { at_ = std::chrono::steady_clock::now(); }
  std::chrono::steady_clock::time_point at_;
};

base::Status check_user(const program::Placement& placement, const UserRequest& user, bool functional) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  if (user.prompt.empty()) return base::Error{"the prompt is empty, the chip needs at least one token"};
  if (user.cancelled_at && *user.cancelled_at < user.arrival)
    return base::Error{"a user leaves before the prompt is there"};
  if (user.max_new_tokens == 0) return base::Error{"no answer tokens are wanted, the chip makes at least one"};
  if (user.cached_prefix > 0 && (user.cached_prefix > capacity || user.prompt.size() > capacity - user.cached_prefix)) {
    return base::Error{fmt::format("the prompt has {} tokens behind {} that are kept, the KV cache of chip {} holds {}",
                                   user.prompt.size(), user.cached_prefix, placement.chip().name, capacity)};
  }
  if (user.prompt.size() > capacity) {
    return base::Error{fmt::format("the prompt has {} tokens, the KV cache of chip {} holds {}", user.prompt.size(),
                                   placement.chip().name, capacity)};
  }
  const auto& sampler = placement.chip().sampler;
  if (!(user.sampling.temperature >= 0 && user.sampling.temperature <= sampler.max_temperature)) {
    return base::Error{fmt::format("the temperature is {}, chip {} takes 0 to {}", user.sampling.temperature,
                                   placement.chip().name, sampler.max_temperature)};
  }
  if (user.sampling.top_k < 1 || user.sampling.top_k > sampler.max_top_k) {
    return base::Error{fmt::format("top-k is {}, the sampler of chip {} keeps 1 to {}", user.sampling.top_k,
                                   placement.chip().name, sampler.max_top_k)};
  }
  if (!functional) return {};
  for (std::size_t i = 0; i < user.prompt.size(); ++i) {
    if (user.prompt[i] >= placement.model().vocab_size) {
      return base::Error{fmt::format("prompt token {} is {}, the vocabulary of {} has {} tokens", i, user.prompt[i],
                                     placement.model().name, placement.model().vocab_size)};
    }
  }
  return {};
}

RunOutcome collect(Chip& chip, RunState& state) {
  RunOutcome outcome;
  const Sequencer& sequencer = chip.sequencer().core();
  HostLink& host = chip.host();
  outcome.total = std::max(state.accounting.committed(), host.received());
  for (std::uint32_t user = 0; user < state.request.users.size(); ++user)
    outcome.users.push_back(sequencer.outcome(user));
  const auto stages = chip.stage_accounting();
  for (const StageAccounting* stage : stages) outcome.total = std::max(outcome.total, stage->last_over());
  state.accounting.close(outcome.total, host.wire_cycles(outcome.total), state.placement.dataflow(), stages, outcome);
  if (state.spans.on() && !state.interrupted) state.spans.close(outcome.total);
  outcome.activity.host_tokens = host.ids();
  outcome.most_kv_tokens = sequencer.most_kv_tokens();
  outcome.most_users = sequencer.most_users();
  outcome.kernel_events = state.kernel_events;
  return outcome;
}

}  // namespace

base::Status check(const program::Placement& placement, const RunRequest& request) {
  if (request.users.empty()) return base::Error{"no user has a prompt, the chip needs one at least"};
  for (const UserRequest& user : request.users) {
    base::check(user.cached_prefix == 0 || request.values == nullptr || request.users.size() == 1,
                "a functional run keeps the tokens of one user alone");
    if (auto valid = check_user(placement, user, request.values != nullptr); !valid) return valid;
  }
  return {};
}

base::Result<RunOutcome> run(const program::Placement& placement, const RunRequest& request) {
  if (auto valid = check(placement, request); !valid) return valid.error();
  const auto started = std::chrono::steady_clock::now();
  const KernelContext kernel;
  const LinkMap links(placement);
  RunState state(placement, request, links);
  Chip chip(state);
  const Elaborated elaborated("elaborated");
  sc_core::sc_start();
  if (state.failure) std::rethrow_exception(state.failure);
  base::check(state.halted, "the chip stands still before the answer is complete");
  RunOutcome outcome = collect(chip, state);
  outcome.elaboration_s = std::chrono::duration<double>(elaborated.at() - started).count();
  return outcome;
}

}  // namespace kiln::chip
