#include "sweep/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <thread>

#include "report/figures.hpp"
#include "study/images.hpp"
#include "sweep/accuracy_file.hpp"

namespace kiln::sweep {
namespace {

constexpr std::chrono::milliseconds kPause{100};  ///< between looks at what other processes measure

base::Error wrong(const base::Error& error) { return {"/base/accuracy: " + error.message}; }

/// The environment says which recipe it is at, and gives no warning: check_accuracy() gave them.
class Telling {
 public:
  Telling(study::Environment& environment, const std::string& which)
      : environment_(environment), report_(environment.progress.report), on_warning_(environment.on_warning) {
    environment_.on_warning = {};
    if (report_)
      environment_.progress.report = [this, which](std::string_view what, std::uint64_t done, std::uint64_t total) {
        report_(fmt::format("{}: {}", which, what), done, total);
      };
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  ~Telling() {
    environment_.progress.report = report_;
    environment_.on_warning = on_warning_;
  }

 private:
  study::Environment& environment_;
  decltype(base::Progress::report) report_;
  decltype(study::Environment::on_warning) on_warning_;
};

base::Result<json::Object> bake_and_evaluate(const AccuracySpec& spec, const config::BakeRecipe& recipe,
                                             const std::string& image, study::Environment& environment) {
  const auto checkpoint = study::open_checkpoint(spec.checkpoint, environment.configs());
  if (!checkpoint) return checkpoint.error();
  const auto baked = study::bake(**checkpoint, recipe, image, environment);
  if (!baked) return baked.error();
  auto question = question_of(spec);
  question.rom = image;
  const auto evaluated = study::evaluate(question, environment);
  if (!evaluated) return evaluated.error();
  return report::accuracy_figures(*baked, *evaluated);
}

class Measuring {
 public:
  Measuring(const Plan& plan, const AccuracyStores& stores, study::Environment& environment)
      : plan_(plan), stores_(stores), environment_(environment) {}

  base::Status run(std::vector<NeededRecipe> missing, std::uint64_t turn) {
    std::erase_if(missing, [&](const NeededRecipe& each) { return plan_.resolver->accuracy(each.key) != nullptr; });
    all_ = missing.size();
    if (all_ > 0) std::ranges::rotate(missing, missing.begin() + static_cast<std::ptrdiff_t>(turn % all_));
    while (!missing.empty()) {
      const auto before = missing.size();
      base::Status status;
      std::erase_if(missing, [&](const NeededRecipe& each) {
        return status.ok() && !environment_.progress.stopped() && settle(each, status);
      });
      // Where it was stopped, that is all there is to say.
      if (environment_.progress.stopped()) return {};
      if (!status) return status;
      if (missing.size() == before) std::this_thread::sleep_for(kPause);
    }
    return {};
  }

 private:
  /// Whether there is no more to do for it.
  bool settle(const NeededRecipe& recipe, base::Status& status) {
    auto known = found(recipe.key);
    if (!known) {
      status = known.error();
      return false;
    }
    auto figures = *std::move(known);
    if (!figures) {
      const auto turn = AccuracyTurn::take(stores_.folder, recipe.key);
      if (!turn) return false;  // another process is at it
      figures = stored_accuracy(stores_.folder, recipe.key);
      if (!figures) {
        auto measured = measured_now(recipe, turn->image());
        if (!measured) {
          status = wrong(measured.error());
          return false;
        }
        figures = *std::move(measured);
      }
    }
    auto held = store_accuracy(stores_.folder, recipe.key, *std::move(figures));
    if (!held) status = held.error();
    if (status.ok() && stores_.database != nullptr) status = stores_.database->put_accuracy(recipe.key, *held);
    if (!status) return false;
    ++done_;
    plan_.resolver->take_accuracy(recipe.key, *std::move(held));
    return true;
  }

  /// In a database or in the folder.
  base::Result<std::optional<json::Object>> found(const std::string& key) const {
    if (stores_.database != nullptr)
      if (auto known = stores_.database->accuracy(key); !known || *known) return known;
    if (auto stored = stored_accuracy(stores_.folder, key)) return stored;
    for (const auto& path : stores_.others) {
      const auto other = Database::open(path);
      if (!other) return other.error();
      if (auto known = other->accuracy(key); !known || *known) return known;
    }
    return std::optional<json::Object>();
  }

  base::Result<json::Object> measured_now(const NeededRecipe& needed, const std::string& image) {
    const auto& setting = plan_.resolver->points().at(needed.number);
    const auto recipe = plan_.resolver->recipe(setting);
    if (!recipe) return recipe.error();
    const Telling telling(environment_, fmt::format("recipe {} of {} ({})", done_ + 1, all_, recipe->name));
    return bake_and_evaluate(*plan_.spec->base.accuracy, *recipe, image, environment_);
  }

  const Plan& plan_;
  const AccuracyStores& stores_;
  study::Environment& environment_;
  std::size_t all_ = 0, done_ = 0;
};

/// Of report::accuracy_figures(), those of the chip beside the reference.
constexpr std::array<std::string_view, 4> kOfReference = {"kl_divergence", "kl_divergence_max", "perplexity_ratio",
                                                          "top1_agreement"};

}  // namespace

bool depends_on_reference(std::string_view figure) {
  return std::ranges::find(kOfReference, figure) != kOfReference.end();
}

std::vector<NeededRecipe> needed_recipes(const Plan& plan, const std::vector<std::uint64_t>& numbers) {
  std::vector<NeededRecipe> needed;
  const auto& resolver = *plan.resolver;
  if (!resolver.accuracy_keys()) return needed;
  std::set<std::vector<std::string>> seen;
  std::set<std::string> keys;
  for (const auto number : numbers) {
    const auto& setting = resolver.points().at(number);
    if (!seen.insert(resolver.recipe_words(setting)).second) continue;
    const auto recipe = resolver.recipe(setting);
    if (!recipe) continue;  // its points are infeasible, and say so
    auto key = resolver.accuracy_keys()->of(*recipe);
    if (keys.insert(key).second) needed.push_back({std::move(key), number});
  }
  return needed;
}

base::Status check_accuracy(const Plan& plan, study::Environment& environment) {
  const auto& spec = plan.spec->base.accuracy;
  if (!spec) return {};
  const auto scope = study::scope(question_of(*spec), environment);
  if (!scope) return wrong(scope.error());
  if (spec->chunks && *spec->chunks > scope->chunks)
    return base::Error{fmt::format("/base/accuracy/chunks is {}; {} has {} chunks of {} tokens", *spec->chunks,
                                   spec->text.empty() ? spec->tokens : spec->text, scope->chunks, scope->context)};
  return {};
}

base::Status take_stored(const Plan& plan, const std::vector<std::uint64_t>& numbers, const std::string& folder) {
  for (const auto& recipe : needed_recipes(plan, numbers)) {
    auto figures = stored_accuracy(folder, recipe.key);
    if (!figures)
      return base::Error{fmt::format("{}: the accuracy of point {}'s recipe is missing", folder, recipe.number)};
    plan.resolver->take_accuracy(recipe.key, *std::move(figures));
  }
  return {};
}

base::Status measure(const Plan& plan, const std::vector<std::uint64_t>& numbers, const AccuracyStores& stores,
                     study::Environment& environment, std::uint64_t turn) {
  return Measuring(plan, stores, environment).run(needed_recipes(plan, numbers), turn);
}

base::Status gather_accuracies(const std::string& folder, Database& database) {
  for (const auto& [key, figures] : stored_accuracies(folder))
    if (const auto good = database.put_accuracy(key, figures); !good) return good;
  return {};
}

std::vector<std::string> accuracy_commands(const Plan& plan, std::uint64_t number) {
  const auto& accuracy = plan.spec->base.accuracy;
  if (!accuracy) return {};
  const std::string image = "point.rom";
  std::vector<std::string> bake = {"kiln", "bake", accuracy->checkpoint, "-o", image};
  for (auto& word : plan.resolver->recipe_words(plan.resolver->points().at(number))) bake.push_back(std::move(word));
  std::vector<std::string> eval = {"kiln", "eval", "--rom", image, "--checkpoint", accuracy->checkpoint};
  const auto add = [&](const char* option, const std::string& value) {
    if (value.empty()) return;
    eval.emplace_back(option);
    eval.push_back(value);
  };
  add("--text", accuracy->text);
  add("--tokens", accuracy->tokens);
  add("--context", accuracy->context ? std::to_string(*accuracy->context) : "");
  add("--chunks", accuracy->chunks ? std::to_string(*accuracy->chunks) : "");
  return {shell_line(bake), shell_line(eval)};
}

}  // namespace kiln::sweep
