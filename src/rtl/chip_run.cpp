// Drives the verilated chip as the host does: prompt ids arrive as docs/units/host_link.md says, answers are read off
// the sequencer's commits.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/random.hpp"
#include "rtl/chip_design.hpp"
#include "rtl/request.hpp"
#include "rtl/rtl.hpp"
#include "rtl/verilate.hpp"

namespace kiln::rtl {
namespace {

using base::Cycles;
using Clock = std::chrono::steady_clock;

/// Cycles in which nothing commits before the chip counts as hung: no token takes as long.
constexpr std::uint64_t kPatience = 1'000'000'000;
constexpr std::uint64_t kStopEvery = 1024;  ///< cycles between two looks at whether to stop

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

chip::Finish finish_of(std::uint64_t code) {
  constexpr chip::Finish kCodes[] = {chip::Finish::MaxTokens, chip::Finish::EndOfText, chip::Finish::KvFull,
                                     chip::Finish::Refused, chip::Finish::Cancelled};
  base::check(code >= 1 && code <= std::size(kCodes), "rtl: an unknown way to finish");
  return kCodes[code - 1];
}

class Drive {
 public:
  Drive(Model& model, const config::HostConfig& host, const RtlRequest& request)
      : model_(model), request_(request), host_(host) {}

  base::Result<RtlOutcome> run() {
    const Pin prompt_valid = model_.pin("prompt_valid_i"), prompt_id = model_.pin("prompt_id_i");
    const Pin request_valid = model_.pin("request_valid_i"), commit_valid = model_.pin("commit_valid_o");
    set_request(model_, request_.user);
    std::uint64_t last_commit = 0, sent = 0;
    const std::uint64_t expected = request_.user.prompt.size() + request_.user.max_new_tokens - 1;
    for (std::uint64_t now = 0; outcome_.finish == chip::Finish::Interrupted; ++now) {
      request_valid.set(now == 0 ? 1 : 0);
      const bool arrives = sent < request_.user.prompt.size() && now == arrival(sent);
      prompt_valid.set(arrives ? 1 : 0);
      if (arrives) prompt_id.set(request_.user.prompt[sent++]);
      if (commit_valid.get() != 0) {
        commit(Cycles(now));
        last_commit = now;
        if (request_.on_progress) request_.on_progress(outcome_.commits.size(), expected);
      }
      if (now % kStopEvery == 0 && request_.stop.stop_requested()) return base::Error{"interrupted"};
      if (now - last_commit > kPatience) return base::Error{fmt::format("the RTL has hung: no token by cycle {}", now)};
      model_.tick();
    }
    outcome_.total = Cycles(last_answer_left_ + host_.latency_cycles);
    return std::move(outcome_);
  }

 private:
  [[nodiscard]] std::uint64_t arrival(std::uint64_t id) const {
    return request_.user.arrival.count() + host_.latency_cycles + id * host_.cycles_per_token;
  }

  void commit(Cycles now) {
    Commit done{base::TokenPos{static_cast<std::uint32_t>(model_.pin("commit_position_o").get())}, now, {}};
    if (model_.pin("commit_answer_o").get() != 0) {
      done.answer = static_cast<base::TokenId>(model_.pin("commit_id_o").get());
      outcome_.answer.push_back(*done.answer);
      const std::uint64_t behind = last_answer_left_ + host_.cycles_per_token;  // the id before it on the wire
      last_answer_left_ = outcome_.answer.size() == 1 ? now.count() : std::max(now.count(), behind);
    }
    outcome_.commits.push_back(done);
    const std::uint64_t finish = model_.pin("commit_finish_o").get();
    if (finish != 0) outcome_.finish = finish_of(finish);
  }

  Model& model_;
  const RtlRequest& request_;
  const config::HostConfig& host_;
  std::uint64_t last_answer_left_ = 0;
  RtlOutcome outcome_;
};

}  // namespace

base::Result<RtlOutcome> run(const rom::RomImage& image, const program::Placement& placement, const RtlRequest& request,
                             const std::string& directory) {
  if (auto can = check(placement); !can) return can.error();
  chip::RunRequest whole;
  whole.users = {request.user};
  if (auto can = chip::check(placement, whole); !can) return can.error();
  if (auto can = check_request(request.user); !can) return can.error();
  const auto started = Clock::now();
  const ChipDesign chip = chip_design(image, placement);
  if (auto written = write_files(directory, {chip.design}, {{"kiln_chip.sv", chip.text}}); !written)
    return written.error();
  const auto library = build(directory, "kiln_chip", chip.design.ports, {"-O2"});
  if (!library) return library.error();
  auto model = Model::load(*library, directory);
  if (!model) return model.error();
  const double build_s = seconds_since(started);
  const auto runs = Clock::now();
  auto outcome = Drive(**model, placement.chip().host, request).run();
  if (!outcome) return outcome.error();
  outcome->build_s = build_s;
  outcome->run_s = seconds_since(runs);
  return outcome;
}

std::optional<std::string> difference(const RtlOutcome& rtl, const chip::RunOutcome& systemc) {
  const auto differ = [](const std::string& what, std::uint64_t expected, std::uint64_t seen) {
    return fmt::format("the SystemC chip and the RTL differ in {}: {} and {}", what, expected, seen);
  };
  if (rtl.commits.size() != systemc.tokens.size())
    return differ("the number of tokens", systemc.tokens.size(), rtl.commits.size());
  const auto& answer = systemc.users.front().answer;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < rtl.commits.size(); ++i) {
    const Commit& commit = rtl.commits[i];
    const chip::TokenTiming& token = systemc.tokens[i];
    const std::string which = fmt::format("token {} (position {})", i, token.position.value);
    if (commit.position.value != token.position.value)
      return differ("the position of token " + std::to_string(i), token.position.value, commit.position.value);
    if (commit.at != token.commit)
      return differ("the cycle in which " + which + " commits", token.commit.count(), commit.at.count());
    if (!commit.answer) continue;
    if (answered >= answer.size()) return differ("the number of answer tokens", answer.size(), answered + 1);
    if (*commit.answer != answer[answered]) return differ("the id behind " + which, answer[answered], *commit.answer);
    ++answered;
  }
  if (answered != answer.size()) return differ("the number of answer tokens", answer.size(), answered);
  if (rtl.finish != systemc.users.front().finish) return "the SystemC chip and the RTL differ in how the answer ends";
  if (rtl.total != systemc.total) return differ("the whole run's cycles", systemc.total.count(), rtl.total.count());
  return std::nullopt;
}

}  // namespace kiln::rtl
