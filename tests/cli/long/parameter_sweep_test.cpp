// Every key of every config at both ends of its range and near them, alone and together with others, through the
// program: it answers with a document without NaN and infinities, or refuses in a sentence; no signal, no hang, no
// internal error. What the keys are, and what each may be, the configs' own descriptions say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <set>

#include "base/random.hpp"
#include "config/writer.hpp"
#include "support/kiln_test.hpp"
#include "support/seed.hpp"

namespace kiln {
namespace {

constexpr double kSinglesCpu = 50, kAllCpu = 90;  // seconds, of the children

struct Knob {
  std::string set;  ///< "chip:/kv/banks"
  std::vector<std::string> values;
};

/// "1 to 64", "above 0, to 2", "2, 3 or 4", "`a` or `b`": both ends and what is near them, or all.
std::vector<std::string> ends_of(const config::FieldInfo& field) {
  const std::string& allowed = field.allowed;
  std::vector<std::string> values;
  if (field.integer) {
    const auto [least, most] = field.range;
    for (const std::uint32_t value : {least, least + 1, least + (most - least) / 2, most - 1, most})
      if (value >= least && value <= most) values.push_back(std::to_string(value));
    if (allowed.find("auto") != std::string::npos) values.emplace_back("auto");
  } else if (allowed.find('`') != std::string::npos) {
    for (std::size_t at = allowed.find('`'); at != std::string::npos; at = allowed.find('`', at + 1)) {
      const auto end = allowed.find('`', at + 1);
      values.push_back(allowed.substr(at + 1, end - at - 1));
      at = end;
    }
  } else if (field.unit == "flag") {
    values = {"true", "false"};
  } else if (const auto to = allowed.find(" to "); to != std::string::npos) {
    const double most = std::stod(allowed.substr(to + 4));
    const bool above = allowed.starts_with("above ");
    const double least = std::stod(allowed.substr(above ? 6 : 0));
    for (const double value : {above ? std::nextafter(least, most) : least, least + 1e-9, (least + most) / 2,
                               std::nextafter(most, least), most})
      values.push_back(nlohmann::json(value).dump());
  } else if (field.whole) {
    for (std::size_t at = 0; at < allowed.size(); ++at)
      if (std::isdigit(static_cast<unsigned char>(allowed[at])) != 0) values.push_back(allowed.substr(at, 1));
  }
  return values;
}

template <class Config>
void add_knobs(std::vector<Knob>& knobs) {
  for (const auto& field : config::fields_of<Config>()) {
    if (auto values = ends_of(field); !values.empty())
      knobs.push_back({std::string(config::kind_name<Config>()) + ":" + field.pointer, std::move(values)});
  }
}

class ParameterSweep : public test::KilnTest {
 protected:
  static double cpu_of_children() {
    rusage usage = {};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  void expect_an_answer_or_a_sentence(std::vector<std::string> arguments, const std::vector<std::string>& sets) {
    std::string command = arguments.front();
    for (const auto& set : sets) {
      arguments.insert(arguments.end(), {"--set", set});
      command += " --set " + set;
    }
    arguments.insert(arguments.end(), {"--json", "-"});
    const auto outcome = kiln(arguments);
    ++runs_;
    if (outcome.status == 0) {
      ++answers_;
      EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << command;  // which has neither NaN nor infinity
    } else {
      EXPECT_EQ(outcome.status, 2) << command << "\n" << outcome.err;
      EXPECT_THAT(outcome.err, testing::StartsWith("kiln: ")) << command;
      EXPECT_EQ(outcome.out, "") << command;
    }
    EXPECT_THAT(outcome.err, testing::Not(testing::HasSubstr("internal error"))) << command;
    if (!testing::Test::HasFailure()) return;
    ++faults_;
  }

  /// What reads the configs that are set.
  [[nodiscard]] static std::vector<std::vector<std::string>> commands_for(const std::string& set) {
    if (set.starts_with("gpu:")) return {{"baseline", "--gpu", "h100-sxm", "--model", "stories260k"}};
    std::vector<std::vector<std::string>> all = {{"cost", "--chip", "demo", "--model", "stories260k", "--shorten"}};
    if (!set.starts_with("economics:"))
      all.push_back(
          {"run", "--chip", "demo", "--model", "stories260k", "--timing-only", "-n", "1", "--prompt-tokens", "1"});
    return all;
  }

  std::size_t runs_ = 0, answers_ = 0, faults_ = 0;
};

TEST_F(ParameterSweep, GivesAnswersOrSentencesAtTheEndsOfEveryRange) {
  const std::uint64_t seed = support::test_seed(1);
  SCOPED_TRACE("KILN_SEED=" + std::to_string(seed));
  base::Random random(seed);
  std::vector<Knob> knobs;
  add_knobs<config::ChipConfig>(knobs);
  add_knobs<config::ModelConfig>(knobs);
  add_knobs<config::BakeRecipe>(knobs);
  add_knobs<config::TechConfig>(knobs);
  add_knobs<config::EconomicsConfig>(knobs);
  const std::size_t together = knobs.size();  // those of one design
  add_knobs<config::GpuSpec>(knobs);
  ASSERT_GT(knobs.size(), 300U);

  std::vector<std::string> singles;
  for (const auto& knob : knobs)
    for (const auto& value : knob.values) singles.push_back(knob.set + "=" + value);
  for (std::size_t i = singles.size(); i > 1; --i) std::swap(singles[i - 1], singles[random.below(i)]);
  std::size_t done = 0;
  for (; done < singles.size() && cpu_of_children() < kSinglesCpu && faults_ < 10; ++done)
    for (const auto& command : commands_for(singles[done])) expect_an_answer_or_a_sentence(command, {singles[done]});
  const std::size_t alone = runs_;
  while (cpu_of_children() < kAllCpu && faults_ < 10) {
    std::vector<std::string> sets;
    for (std::size_t left = 2 + random.below(5); left > 0; --left) {
      const Knob& knob = knobs[random.below(together)];
      sets.push_back(knob.set + "=" + knob.values[random.below(knob.values.size())]);
    }
    expect_an_answer_or_a_sentence(commands_for("economics:").front(), sets);
    if (std::ranges::none_of(sets, [](const auto& set) { return set.starts_with("economics:"); }))
      expect_an_answer_or_a_sentence(commands_for("").back(), sets);
  }
  std::cout << knobs.size() << " keys, " << done << " of " << singles.size() << " values alone in " << alone
            << " runs, " << runs_ - alone << " runs of several; " << answers_ << " documents, " << runs_ - answers_
            << " refusals\n";
}

}  // namespace
}  // namespace kiln
