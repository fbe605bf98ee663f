#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/run_request.hpp"
#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "report/rtl_report.hpp"
#include "rtl/rtl.hpp"

namespace kiln::cli {
namespace {

struct RtlOptions {
  RunOptions run;
  std::string unit;
  std::string directory;
  std::optional<std::uint64_t> new_tokens;
};

constexpr std::uint64_t kNewTokens = 64;  ///< of a testbench, where nothing is said

base::Status check_options(const RtlOptions& options) {
  if (options.unit != "chip" && (options.run.prompt || options.run.prompt_tokens || options.new_tokens))
    return base::Error{"--prompt, --prompt-tokens and -n are for the testbench of --unit chip; " + options.unit +
                       " has none"};
  if (options.run.prompt && options.run.prompt_tokens)
    return base::Error{"--prompt and --prompt-tokens exclude each other"};
  if (options.new_tokens && *options.new_tokens == 0)
    return base::Error{"-n is 0; at least 1 answer token is expected"};
  return {};
}

/// What the SystemC chip does with the testbench's prompt.
base::Result<rtl::Expected> expected_run(const Subject& subject, const program::Placement& placement,
                                         chip::UserRequest user, Session& session) {
  chip::RunRequest request;
  request.users = {std::move(user)};
  if (const auto can = chip::check(placement, request); !can) return can.error();
  functional::FunctionalModel values(*subject.rom, placement.kv().capacity_tokens, session.pool(),
                                     numerics::best_simd());
  request.values = &values;
  request.stop = session.stop();
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
base::Result<chip::UserRequest> user_of(const RunOptions& options, const Subject& subject, std::uint32_t clock_mhz) {
  if (options.prompt || options.prompt_tokens) {
    auto users = users_of(options, subject, clock_mhz);
    if (!users) return users.error();
    return std::move(users->front());
  }
  chip::UserRequest user;
  const bool begins = subject.tokenizer && subject.tokenizer->spec().bos;
  user.prompt = {begins ? *subject.tokenizer->spec().bos : 0};
  user.max_new_tokens = options.new_tokens;
  return user;
}

base::Result<int> write(const RtlOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip"}); !set) return set.error();
  if (const auto valid = check_options(options); !valid) return valid.error();
  const auto subject = load(options.run, session);
  if (!subject) return subject.error();
  const auto chip = session.chip(options.run.chip);
  if (!chip) return chip.error();
  const auto placement = program::Placement::create(subject->model, subject->recipe, *chip);
  if (!placement) return placement.error();
  if (const auto can = rtl::check(*placement); !can) return can.error();
  std::optional<rtl::Expected> expected;
  if (options.unit == "chip") {
    auto user = user_of(options.run, *subject, chip->clock_mhz);
    if (!user) return user.error();
    if (subject->tokenizer) user->end_tokens = subject->tokenizer->spec().eos;
    auto ran = expected_run(*subject, *placement, *std::move(user), session);
    if (!ran) return ran.error();
    expected = *std::move(ran);
  }
  if (const auto written = rtl::write(*subject->rom, *placement, options.unit, options.directory, expected); !written)
    return written.error();
  report::RtlDirectory made{
      *placement, subject->recipe, subject->rom->content_hash(), options.unit, options.directory, {}, {}};
  if (expected) {
    made.tokens = expected->commits.size();
    made.cycles_total = expected->total.count();
  }
  const std::string text = fmt::format("{}: {} in RTL; {}/README.md has the commands that check and run it\n",
                                       options.directory, options.unit, options.directory);
  if (const auto written = session.output(report::rtl_json(made), text); !written) return written.error();
  return 0;
}

}  // namespace

void add_rtl(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RtlOptions>();
  auto* command = app.add_subcommand("rtl", "Write a unit or the whole chip as SystemVerilog with the weights in it");
  command->add_option("--rom", options->run.rom, "ROM image whose weights it has")->type_name("X.rom")->required();
  command->add_option("--chip", options->run.chip, "A name under configs/chip or a file")->type_name("C")->required();
  const auto names = rtl::unit_names();
  command->add_option("--unit", options->unit, "One of " + fmt::format("{}", fmt::join(names, ", ")))
      ->check(CLI::Validator(
          [names](std::string& text) -> std::string {
            if (std::ranges::find(names, text) != names.end()) return {};
            return fmt::format("found {}; one of {} is expected", text, fmt::join(names, ", "));
          },
          ""))
      ->type_name("U")
      ->required();
  command->add_option("-o,--output", options->directory, "Directory to write, made if it is not there")
      ->check(given())
      ->type_name("DIR")
      ->required();
  command->add_option("--prompt", options->run.prompt, "Unit chip: text that its testbench sends")->type_name("T");
  command->add_option("--prompt-tokens", options->run.prompt_tokens, "Unit chip: P seeded token ids instead")
      ->check(whole_number())
      ->type_name("P");
  command
      ->add_option("-n,--new-tokens", options->new_tokens,
                   fmt::format("Unit chip: answer tokens of its testbench at most, {} if left out", kNewTokens))
      ->check(whole_number())
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  kiln rtl --rom stories.rom --chip demo --unit chip -o stories-rtl\n"
      "  kiln rtl --rom stories.rom --chip demo --unit chip --prompt \"Once upon a time\" -n 20 -o stories-rtl\n"
      "  kiln rtl --rom stories.rom --chip demo-bit-serial --unit o_array -o o-array");
  command->callback([options, &chosen] {
    options->run.new_tokens = options->new_tokens.value_or(kNewTokens);
    chosen = [options](Session& session) { return write(*options, session); };
  });
}

}  // namespace kiln::cli
