#include "kiln/study/rtl.hpp"

#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "rtl/request.hpp"
#include "rtl/rtl.hpp"
#include "study/place.hpp"
#include "study/prompts.hpp"

namespace kiln::study {
namespace {

/// What the SystemC chip does with the testbench's prompt.
base::Result<rtl::Expected> expected_run(const Subject& subject, const program::Placement& placement,
                                         chip::UserRequest user, Environment& environment) {
  chip::RunRequest request;
  request.users = {std::move(user)};
  if (const auto can = chip::check(placement, request); !can) return can.error();
  functional::FunctionalModel values(*subject.rom, placement.kv().capacity_tokens, environment.pool(),
                                     numerics::best_simd());
  request.values = &values;
  request.stop = environment.progress.stop;
  const auto result = host::run(placement, request);
  if (!result) return result.error();
  if (result->mismatch) return base::Error{*result->mismatch};
  rtl::Expected expected;
  expected.user = request.users.front();
  expected.total = result->chip.total;
  const auto& answer = result->chip.users.front().answer;
  std::size_t answered = 0;
  for (const auto& token : result->chip.tokens) {
    rtl::Commit commit{token.position, token.commit, {}};
    if (token.position.value + 1 >= expected.user.prompt.size()) commit.answer = answer[answered++];
    expected.commits.push_back(commit);
  }
  return expected;
}

/// The prompt as given; without one the token that begins every text.
base::Result<chip::UserRequest> user_of(const RtlQuestion& question, const Subject& subject, std::uint32_t clock_mhz) {
  const std::uint64_t new_tokens = question.new_tokens.value_or(kTestbenchTokens);
  chip::UserRequest user;
  if (question.prompt || question.prompt_tokens) {
    RunQuestion run;
    run.rom = question.rom;
    run.prompt = question.prompt;
    run.prompt_tokens = question.prompt_tokens;
    run.new_tokens = new_tokens;
    auto users = users_of(run, subject, clock_mhz);
    if (!users) return users.error();
    user = std::move(users->front());
  } else {
    const bool begins = subject.tokenizer && subject.tokenizer->spec().bos;
    user.prompt = {begins ? *subject.tokenizer->spec().bos : 0};
    user.max_new_tokens = new_tokens;
  }
  if (subject.tokenizer) user.end_tokens = subject.tokenizer->spec().eos;
  return user;
}

}  // namespace

base::Status check(const RtlQuestion& question) {
  if (question.unit != "chip" && (question.prompt || question.prompt_tokens || question.new_tokens))
    return base::Error{"--prompt, --prompt-tokens and -n are for the testbench of --unit chip; " + question.unit +
                       " has none"};
  if (question.prompt && question.prompt_tokens) return base::Error{"--prompt and --prompt-tokens exclude each other"};
  if (question.new_tokens && *question.new_tokens == 0)
    return base::Error{"-n is 0; at least 1 answer token is expected"};
  if (question.prompt_tokens && *question.prompt_tokens > kMostTokens)
    return base::Error{"--prompt-tokens is above 16777216"};
  return {};
}

base::Result<RtlAnswer> write_rtl(const RtlQuestion& question, Environment& environment) {
  if (const auto valid = check(question); !valid) return valid.error();
  const auto subject = load_subject({question.rom, "", "", ""}, environment);
  if (!subject) return subject.error();
  const auto& configs = environment.configs();
  const auto chip = configs.chip(question.chip);
  if (!chip) return chip.error();
  const auto placed = place(subject->model, subject->recipe, *chip, {}, configs);
  if (!placed) return placed.error();
  const program::Placement& placement = placed->placement;
  if (const auto can = rtl::check(placement); !can) return can.error();
  if (const auto can = rtl::can_write(*subject->rom, placement, question.unit, question.directory); !can)
    return can.error();
  std::optional<rtl::Expected> expected;
  if (question.unit == "chip") {
    auto user = user_of(question, *subject, chip->clock_mhz);
    if (!user) return user.error();
    if (const auto takes = rtl::check_request(*user); !takes) return takes.error();
    auto ran = expected_run(*subject, placement, *std::move(user), environment);
    if (!ran) return ran.error();
    expected = *std::move(ran);
  }
  const auto written = rtl::write(*subject->rom, placement, question.unit, question.directory, expected);
  if (!written) return written.error();
  RtlAnswer answer{placement, subject->recipe, subject->rom->content_hash(), question.unit, question.directory, {}, {}};
  if (expected) {
    answer.tokens = expected->commits.size();
    answer.cycles_total = expected->total.count();
  }
  return answer;
}

}  // namespace kiln::study
