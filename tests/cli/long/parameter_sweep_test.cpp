// Every key of every config at both ends of its range with every command that reads it; then, as far as the time goes,
// near the ends and several keys together. The program answers with a document without NaN and infinities, or refuses in
// a sentence; no signal, no hang, no internal error. What the keys are, and what each may be, the configs' own
// descriptions say. Of the options of commands: tests/cli/option_sweep.py.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "config/writer.hpp"
#include "support/kiln_test.hpp"
#include "support/seed.hpp"

namespace kiln {
namespace {

constexpr double kAllCpu = 95;  // seconds, of the children
constexpr double kOneCpu = 10;  // what no single run may take
constexpr rlim_t kMemory = 4ULL << 30;
constexpr std::array<std::string_view, 3> kNoValues = {"text", "sentences", "object"};  // but these, keys have ends

struct Knob {
  std::string set;                ///< "chip:/kv/banks"
  std::vector<std::string> ends;  ///< the least and the most, or each choice
  std::vector<std::string> near;  ///< what is near them, and in the middle
};

std::string number(double value) { return nlohmann::json(value).dump(); }

/// The words in backquotes of "`a` or `b`".
std::vector<std::string> words_of(const std::string& allowed) {
  std::vector<std::string> words;
  for (std::size_t at = allowed.find('`'); at != std::string::npos; at = allowed.find('`', at + 1)) {
    const auto end = allowed.find('`', at + 1);
    words.push_back(allowed.substr(at + 1, end - at - 1));
    at = end;
  }
  return words;
}

/// Of "1 to 64", "above 0, to 2", "2, 3 or 4", "`a` or `b`".
Knob knob_of(const config::FieldInfo& field) {
  const std::string& allowed = field.allowed;
  Knob knob;
  if (field.integer) {
    const auto [least, most] = field.range;
    knob.ends = {std::to_string(least), std::to_string(most)};
    if (allowed.find("auto") != std::string::npos) knob.ends.emplace_back("auto");
    for (const std::uint32_t value : {least + 1, least + (most - least) / 2, most - 1}) {
      if (value > least && value < most) knob.near.push_back(std::to_string(value));
    }
  } else if (allowed.find('`') != std::string::npos) {
    knob.ends = words_of(allowed);
  } else if (field.unit == "flag") {
    knob.ends = {"true", "false"};
  } else if (const auto to = allowed.find(" to "); to != std::string::npos) {
    const double most = std::stod(allowed.substr(to + 4));
    const bool above = allowed.starts_with("above ");
    const double bound = std::stod(allowed.substr(above ? 6 : 0));
    const double least = above ? std::nextafter(bound, most) : bound;
    knob.ends = {number(least), number(most)};
    knob.near = {number(bound + 1e-9), number((bound + most) / 2), number(std::nextafter(most, bound))};
  } else if (field.whole) {
    const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    for (auto at = std::ranges::find_if(allowed, digit); at != allowed.end();) {
      const auto end = std::find_if_not(at, allowed.end(), digit);
      knob.ends.emplace_back(at, end);
      at = std::find_if(end, allowed.end(), digit);
    }
  }
  return knob;
}

template <class Config>
void add_knobs(std::vector<Knob>& knobs) {
  for (const auto& field : config::fields_of<Config>()) {
    Knob knob = knob_of(field);
    knob.set = std::string(config::kind_name<Config>()) + ":" + field.pointer;
    if (std::ranges::find(kNoValues, field.unit) != kNoValues.end()) continue;
    EXPECT_FALSE(knob.ends.empty()) << knob.set << " (" << field.unit << "): " << field.allowed;
    knobs.push_back(std::move(knob));
  }
}

using Words = std::vector<std::string>;

/// Those that read a kind of config. The least run of a chip: what a key does to it shows in one token. With longer ones
/// the ends would take three times as long.
std::vector<Words> commands_for(std::string_view kind) {
  const Words one = {"--chip", "demo", "--model", "stories260k", "-n", "1", "--prompt-tokens", "1"};
  const auto with = [&](Words command, const Words& more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  const Words cost = with({"cost"}, one), run = with({"run", "--timing-only"}, one);
  const Words baseline = {"baseline", "--gpu", "h100-sxm", "--model", "stories260k"};
  if (kind == "gpu") return {baseline, with(cost, {"--break-even", "--gpu", "h100-sxm"}), run};
  if (kind == "economics") return {cost};
  if (kind == "tech")
    return {cost};  // `run` makes less of it, by the same functions; it is among those of several keys
  if (kind == "model") return {cost, run, baseline};
  if (kind == "recipe") return {cost, run, {"bake", "synthetic:stories260k", "-o", "x.rom"}};
  return {cost, run};
}

std::string kind_of(const std::string& set) { return set.substr(0, set.find(':')); }

class ParameterSweep : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    ::getrlimit(RLIMIT_AS, &memory_);
    const rlimit less = {std::min(kMemory, memory_.rlim_max), memory_.rlim_max};
    ::setrlimit(RLIMIT_AS, &less);  // of the children too
    std::filesystem::current_path(folder_);
  }
  void TearDown() override {
    ::setrlimit(RLIMIT_AS, &memory_);
    std::filesystem::current_path("/");
    KilnTest::TearDown();
  }

  static double cpu_of_children() {
    rusage usage = {};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  void expect_an_answer_or_a_sentence(Words arguments, const Words& sets) {
    std::string command = fmt::format("kiln {}", fmt::join(arguments, " "));
    for (const auto& set : sets) {
      arguments.insert(arguments.end(), {"--set", set});
      command += " --set " + set;
    }
    arguments.insert(arguments.end(), {"--json", "-"});
    const double before = cpu_of_children();
    const auto outcome = kiln(arguments);
    const double took = cpu_of_children() - before;
    slowest_ = std::max(slowest_, {took, command});
    ++runs_;
    EXPECT_LT(took, kOneCpu) << command;
    if (outcome.status == 0) {
      ++answers_;
      EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << command;  // which has neither NaN nor infinity
    } else {
      EXPECT_EQ(outcome.status, 2) << command << "\n" << outcome.err;
      EXPECT_THAT(outcome.err, testing::StartsWith("kiln: ")) << command;
      EXPECT_EQ(outcome.out, "") << command;
    }
    EXPECT_THAT(outcome.err, testing::Not(testing::HasSubstr("internal error"))) << command;
    if (testing::Test::HasFailure()) ++faults_;
  }

  [[nodiscard]] bool worth_going_on() const { return faults_ < 20; }
  /// Each value alone, with each command that reads it; how many values that were.
  std::size_t alone(const std::vector<std::string>& sets, double cpu) {
    std::size_t done = 0;
    for (; done < sets.size() && worth_going_on() && cpu_of_children() < cpu; ++done)
      for (const auto& command : commands_for(kind_of(sets[done])))
        expect_an_answer_or_a_sentence(command, {sets[done]});
    return done;
  }

  std::size_t runs_ = 0, answers_ = 0, faults_ = 0;
  std::pair<double, std::string> slowest_;
  rlimit memory_ = {};
};

std::vector<Knob> all_knobs() {
  std::vector<Knob> knobs;
  add_knobs<config::ChipConfig>(knobs);
  add_knobs<config::ModelConfig>(knobs);
  add_knobs<config::BakeRecipe>(knobs);
  add_knobs<config::TechConfig>(knobs);
  add_knobs<config::EconomicsConfig>(knobs);
  add_knobs<config::GpuSpec>(knobs);
  return knobs;
}

/// Some values of some keys, ends and others; none of a GPU's, which no chip is made of.
Words drawn(const std::vector<Knob>& knobs, base::Random& random) {
  Words sets;
  for (std::size_t left = 2 + random.below(5); left > 0;) {
    const Knob& knob = knobs[random.below(knobs.size())];
    if (kind_of(knob.set) == "gpu") continue;
    const std::size_t at = random.below(knob.ends.size() + knob.near.size());
    sets.push_back(knob.set + "=" + (at < knob.ends.size() ? knob.ends[at] : knob.near[at - knob.ends.size()]));
    --left;
  }
  return sets;
}

TEST_F(ParameterSweep, GivesAnswersOrSentencesAtTheEndsOfEveryRange) {
  const std::uint64_t seed = support::test_seed(1);
  SCOPED_TRACE("KILN_SEED=" + std::to_string(seed));
  base::Random random(seed);
  const auto knobs = all_knobs();
  ASSERT_GT(knobs.size(), 300U);
  Words ends, near;
  for (const auto& knob : knobs) {
    for (const auto& value : knob.ends) ends.push_back(knob.set + "=" + value);
    for (const auto& value : knob.near) near.push_back(knob.set + "=" + value);
  }
  for (std::size_t i = near.size(); i > 1; --i) std::swap(near[i - 1], near[random.below(i)]);

  // Whatever the ends take; what comes after them has what is left, half of it each.
  EXPECT_EQ(alone(ends, std::numeric_limits<double>::infinity()), ends.size());
  const double cpu_of_ends = cpu_of_children();
  const std::size_t of_ends = runs_;
  const std::size_t nearby = alone(near, (cpu_of_ends + kAllCpu) / 2);
  const std::size_t singles = runs_;
  while (cpu_of_children() < kAllCpu && worth_going_on()) {
    const Words sets = drawn(knobs, random);
    const bool money = std::ranges::any_of(sets, [](const auto& set) { return kind_of(set) == "economics"; });
    for (auto command : commands_for(money ? "economics" : "chip")) {
      if (command.front() == "cost") command = {"cost", "--chip", "demo", "--model", "stories260k", "--shorten"};
      expect_an_answer_or_a_sentence(command, sets);
    }
  }
  std::cout << knobs.size() << " keys, " << ends.size() << " ends in " << of_ends << " runs (" << cpu_of_ends
            << " s of CPU), " << nearby << " of " << near.size() << " values near them in " << singles - of_ends
            << " runs, " << runs_ - singles << " runs of several; " << answers_ << " documents, " << runs_ - answers_
            << " refusals; the slowest took " << slowest_.first << " s: " << slowest_.second << "\n";
}

}  // namespace
}  // namespace kiln
