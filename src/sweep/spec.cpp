#include "sweep/spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "json/keys.hpp"
#include "json/read.hpp"
#include "kiln/config/kinds.hpp"
#include "kiln/study/evaluate/evaluate.hpp"
#include "sweep/axes.hpp"
#include "sweep/object_reader.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kMostLevels = 64;
constexpr std::size_t kMostConstraints = 1000;

base::Result<json::Value> tree_of(const std::string& text, const std::string& name) {
  std::string sentence;
  auto tree = json::read(text, kMostLevels, [&](const json::Problem& problem) {
    using enum json::Problem::Kind;
    switch (problem.kind) {
      case KeyTwice:
        sentence =
            fmt::format("{}: the key {} is there twice", name, base::excerpt(base::without_controls(problem.what)));
        break;
      case TooDeep:
        sentence = fmt::format("{} is nested deeper than {} levels", name, kMostLevels);
        break;
      case NumberTooLarge:
        sentence = fmt::format("{}: byte {}: a number is outside a double's range", name, problem.byte);
        break;
      case Syntax:
        sentence = fmt::format("{}: byte {}: not JSON; a spec of docs/sweep.md is expected", name, problem.byte);
        break;
    }
    return false;
  });
  if (!tree) return base::Error{sentence};
  return *std::move(tree);
}

template <class Enum, std::size_t Size>
void word(ObjectReader& reader, std::string_view key, const base::EnumTable<Enum, std::string_view, Size>& words,
          Enum& value) {
  const auto* found = reader.find(key);
  if (found == nullptr) return;
  std::string all;
  for (const auto& each : words) all += (all.empty() ? "" : ", ") + std::string(each);
  const auto chosen = found->is_text() ? words.find(found->text()) : std::nullopt;
  if (!chosen) return reader.reject(key, "one of " + all);
  value = *chosen;
}

base::Result<AccuracySpec> read_accuracy(const json::Value& tree, const std::string& file, const Base& base) {
  ObjectReader reader(tree, file, "/base/accuracy");
  if (reader.failed()) return reader.done().error();
  AccuracySpec accuracy;
  accuracy.checkpoint = base.checkpoint;
  reader.text("checkpoint", accuracy.checkpoint);
  reader.text("text", accuracy.text);
  reader.text("tokens", accuracy.tokens);
  std::uint64_t context = 0, chunks = 0;
  reader.whole("context", context, study::kLeastContext, study::kLargestContext);
  reader.whole("chunks", chunks, 1, ~std::uint64_t{0});
  if (context > 0) accuracy.context = context;
  if (chunks > 0) accuracy.chunks = chunks;
  if (accuracy.checkpoint.empty()) reader.reject("checkpoint", "what is baked by each recipe");
  if (accuracy.text.empty() && accuracy.tokens.empty()) reader.reject("text", "the file of a text");
  if (!accuracy.text.empty() && !accuracy.tokens.empty())
    reader.fail("tokens", "is beside text; one of them is expected");
  if (const auto good = reader.done(); !good) return good.error();
  return accuracy;
}

base::Status read_base(const json::Value& tree, const std::string& file, Base& base) {
  ObjectReader reader(tree, file, "/base");
  if (reader.failed()) return reader.done();
  const bool has_recipe = tree.find("recipe") != nullptr;
  reader.text("chip", base.chip);
  reader.text("model", base.model);
  reader.text("rom", base.rom);
  reader.text("checkpoint", base.checkpoint);
  reader.text("recipe", base.recipe);
  for (const auto& [length, value] : {std::pair{kLengths[0], &base.prompt_tokens},
                                      std::pair{kLengths[1], &base.new_tokens}, std::pair{kLengths[2], &base.users}})
    reader.whole(length.name, *value, length.least, length.most);
  reader.texts("set", base.set);
  const auto* accuracy = reader.find("accuracy");
  if (!base.rom.empty() && !base.model.empty()) reader.fail("rom", "is beside model; one of them is expected");
  if (!base.checkpoint.empty() && !(base.model.empty() && base.rom.empty()))
    reader.fail("checkpoint", fmt::format("is beside {}; one of them is expected", base.rom.empty() ? "model" : "rom"));
  if (!base.rom.empty() && accuracy != nullptr)
    reader.fail("accuracy", "has no effect: no recipe is baked beside a ROM image, and kiln eval --rom measures that");
  if (!base.rom.empty() && has_recipe) reader.fail("recipe", "has no effect: the ROM image says what its codes are");
  if (const auto good = reader.done(); !good || accuracy == nullptr) return good;
  auto read = read_accuracy(*accuracy, file, base);
  if (!read) return read.error();
  base.accuracy = *std::move(read);
  return {};
}

base::Status read_sample(const json::Value& tree, const std::string& file, Sample& sample) {
  ObjectReader reader(tree, file, "/sample");
  if (reader.failed()) return reader.done();
  word(reader, "method", kMethods, sample.method);
  if (tree.find("method") == nullptr) reader.reject("method", "grid, list, random, sobol or another method");
  // Keys of other methods would have no effect, and so are unknown.
  if (draws(sample.method)) {
    reader.whole("points", sample.points, 1, kMostPoints);
    if (tree.find("points") == nullptr) reader.reject("points", "how many points to draw");
    reader.whole("seed", sample.seed, 0, ~std::uint64_t{0});
  }
  if (sample.method == Method::OneAtATime) reader.real("change", sample.change_percent, 0, 99);
  return reader.done();
}

base::Status read_constraints(ObjectReader& reader, std::vector<Formula>& constraints) {
  std::vector<std::string> texts;
  reader.texts("constraints", texts);
  if (texts.size() > kMostConstraints)
    return base::Error{fmt::format("{} has {} entries; at most {} are expected", reader.place("constraints"),
                                   texts.size(), kMostConstraints)};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto formula = Formula::parse(texts[i]);
    if (!formula) return base::Error{fmt::format("{}/{}: {}", reader.place("constraints"), i, formula.error().message)};
    if (formula->names().empty())
      return base::Error{fmt::format("{}/{}: {} names no figure", reader.place("constraints"), i, formula->text())};
    constraints.push_back(*std::move(formula));
  }
  return {};
}

base::Status read_objectives(const json::Value& list, const std::string& file, std::vector<Objective>& objectives) {
  if (!list.is_array() || list.array().empty())
    return base::Error{file + ": /objectives: a list with at least one objective is expected"};
  for (std::size_t i = 0; i < list.array().size(); ++i) {
    ObjectReader reader(list.array()[i], file, fmt::format("/objectives/{}", i));
    if (reader.failed()) return reader.done();
    Objective objective;
    reader.text("figure", objective.figure);
    if (objective.figure.empty()) reader.reject("figure", "the path of a figure, such as tokens_per_s_user,");
    word(reader, "direction", kDirections, objective.direction);
    if (list.array()[i].find("direction") == nullptr) reader.reject("direction", "max or min");
    if (const auto good = reader.done(); !good) return good;
    objectives.push_back(std::move(objective));
  }
  return {};
}

/// Each setting of the base changes a config that something reads.
base::Status check_sets(const Spec& spec, const std::string& file) {
  for (const auto& setting : spec.base.set) {
    const auto refuse = [&](std::string_view why) {
      return base::Error{fmt::format("{}: /base/set: {} has no effect: {}", file, base::excerpt(setting), why)};
    };
    const auto parts = parts_of_set(setting);
    if (!parts) return base::Error{fmt::format("{}: /base/set: {}", file, parts.error().message)};
    if (parts->kind == "gpu" || parts->kind == "machine") return refuse("no figure of a point is of one");
    if (parts->kind == "economics" && spec.engine == Engine::ClosedForm)
      return refuse("no figure of the closed form is of money");
    if (!spec.base.rom.empty() && (parts->kind == "model" || parts->kind == "recipe"))
      return refuse("the ROM image says what it is");
    if (!spec.base.checkpoint.empty() && parts->kind == "model") return refuse("the checkpoint says what it is");
    if (spec.automatic_links && parts->kind == "chip" && (parts->pointer + "/").starts_with("/link/") &&
        parts->pointer != "/link/beat_groups")
      return refuse("/links is auto, and the floorplan says what links have");
  }
  return {};
}

base::Status check_together(const Spec& spec, const std::string& file) {
  const auto varied = [&](std::string_view name) {
    return std::ranges::any_of(spec.axes, [&](const Axis& axis) { return axis.name == name; });
  };
  if (spec.base.chip.empty() && !varied("chip"))
    return base::Error{file + ": /base/chip is missing; the name or file of a chip is expected"};
  if (spec.base.model.empty() && spec.base.rom.empty() && spec.base.checkpoint.empty() && !varied("model"))
    return base::Error{file +
                       ": /base/model is missing; a model's name, a ROM image as /base/rom, or a checkpoint as "
                       "/base/checkpoint, is expected"};
  for (const auto& axis : spec.axes) {
    const auto refuse = [&](std::string_view who) {
      return base::Error{fmt::format("{}: {} has no effect: the {} says what it is", file,
                                     json::join_pointer("/vary", axis.name), who)};
    };
    if (!spec.base.rom.empty() && (axis.kind == "model" || axis.kind == "recipe")) return refuse("ROM image");
    if (!spec.base.checkpoint.empty() && axis.kind == "model") return refuse("checkpoint");
  }
  if (spec.sample.method == Method::Adaptive && spec.objectives.empty())
    return base::Error{file + ": /sample/method is adaptive, which looks for the best; /objectives is expected"};
  if (const auto good = check_sets(spec, file); !good) return good;
  if (spec.engine == Engine::Simulate) return {};
  if (spec.base.users != 1 || varied("users"))
    return base::Error{file + ": /engine is closed_form, which answers one user alone; simulate is expected"};
  for (const auto& axis : spec.axes)
    if (axis.kind == "economics")
      return base::Error{fmt::format("{}: {} has no effect: no figure of the closed form is of money", file,
                                     json::join_pointer("/vary", axis.name))};
  return {};
}

}  // namespace

base::Result<SetParts> parts_of_set(const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == setting.npos || equals == 0) return base::Error{setting + ": POINTER=VALUE is expected"};
  SetParts parts{"chip", setting.substr(0, equals), setting.substr(equals + 1)};
  for (const auto kind : config::kKindNames)
    if (parts.pointer.starts_with(std::string(kind) + ":")) {
      parts.kind = kind;
      parts.pointer.erase(0, kind.size() + 1);
    }
  if (!parts.pointer.starts_with('/')) {
    std::ranges::replace(parts.pointer, '.', '/');
    parts.pointer.insert(0, 1, '/');
  }
  return parts;
}

base::Result<Spec> parse_spec(const std::string& text, const std::string& name) {
  const auto tree = tree_of(text, name);
  if (!tree) return tree.error();
  ObjectReader reader(*tree, name, "");
  if (reader.failed()) return reader.done().error();
  Spec spec;
  std::uint64_t version = 0;
  reader.whole("version", version, 1, 1);
  if (version == 0) reader.reject("version", "1");
  const auto* base = reader.find("base");
  const auto* vary = reader.find("vary");
  const auto* sample = reader.find("sample");
  const auto* objectives = reader.find("objectives");
  word(reader, "engine", kEngines, spec.engine);
  std::string links;
  reader.text("links", links);
  if (!links.empty() && links != "auto") reader.reject("links", "auto");
  spec.automatic_links = links == "auto";
  if (base == nullptr) reader.reject("base", "an object with chip and model");
  if (vary == nullptr) reader.reject("vary", "an object of what is varied");
  if (sample == nullptr) reader.reject("sample", "an object with a method");
  if (const auto good = read_constraints(reader, spec.constraints); !good) return good.error();
  if (const auto good = reader.done(); !good) return good.error();
  if (const auto good = read_base(*base, name, spec.base); !good) return good.error();
  if (const auto good = read_sample(*sample, name, spec.sample); !good) return good.error();
  if (objectives != nullptr)
    if (const auto good = read_objectives(*objectives, name, spec.objectives); !good) return good.error();
  auto axes = read_axes(*vary, name, spec);
  if (!axes) return axes.error();
  spec.axes = *std::move(axes);
  const bool shares = std::ranges::any_of(
      spec.axes, [](const Axis& axis) { return axis.values.empty() && !axis.range && !axis.formula; });
  if (sample->find("change") != nullptr && !shares)
    return base::Error{name + ": /sample/change has no effect: no axis of /vary is {}"};
  if (const auto good = check_together(spec, name); !good) return good.error();
  spec.canonical = json::write(*tree);
  return spec;
}

}  // namespace kiln::sweep
