#include "sweep/axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/text.hpp"
#include "json/keys.hpp"
#include "kiln/config/load.hpp"
#include "sweep/object_reader.hpp"

namespace kiln::sweep {
namespace {

constexpr std::array<std::string_view, 3> kNamed = {"chip", "model", "recipe"};
constexpr std::array<std::string_view, 5> kKinds = {"chip", "model", "recipe", "tech", "economics"};

/// Of a step: rounding must not lose the end of a range of 0.1 each.
constexpr double kStepRounding = 1e-9;

constexpr std::uint64_t kMostValues = 2 * kMostPoints;  ///< of all axes together

constexpr int kDigits = 15;  ///< of a value between the ends of a range

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

bool is_whole(double value) { return value == std::floor(value) && std::abs(value) < 0x1p53; }

json::Value number(double value) {
  if (!is_whole(value)) return value;
  if (value < 0) return static_cast<std::int64_t>(value);
  return static_cast<std::uint64_t>(value);
}

/// As people write it: what sums of steps have in a last digit is not meant. `scale` is as large as what was added up.
double without_noise(double value, double scale) {
  if (value == 0 || !std::isfinite(value)) return value;
  const auto decimals = kDigits - 1 - static_cast<int>(std::floor(std::log10(std::abs(scale))));
  return std::stod(fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 340)));
}

/// {"from", "to"} and one of step, factor, count, or none where the method draws.
class RangeReader {
 public:
  /// `room`: values that it may have.
  RangeReader(const json::Value& tree, std::string file, const std::string& pointer, bool draws, std::uint64_t room)
      : reader_(tree, std::move(file), pointer), draws_(draws), room_(room) {}

  base::Status read(Axis& axis) {
    double from = limit("from"), to = limit("to");
    double step = 0, factor = 0;
    std::uint64_t count = 0;
    std::string scale = "linear";
    reader_.real("step", step, 0, 1e300);
    reader_.real("factor", factor, 1, 1e300);
    reader_.whole("count", count, 2, kMostPoints);
    reader_.text("scale", scale);
    if (scale != "linear" && scale != "log") reader_.reject("scale", "linear or log");
    if (from > to) reader_.fail("to", fmt::format("is {}, less than /from; the range is empty", to));
    const int ways = (step > 0) + (factor > 0) + (count > 0);
    if (ways > 1) reader_.fail("step", "is beside another way to walk; one of step, factor and count is expected");
    if (ways == 0 && !draws_) reader_.reject("step", "a step, or a factor or a count in its place,");
    if ((factor > 0 || scale == "log") && !(from > 0)) reader_.reject("from", "a number above 0 for equal factors");
    if (scale == "log" && (step > 0 || factor > 0)) reader_.fail("scale", "has no effect beside step and factor");
    if (!std::isfinite(to - from)) reader_.fail("to", "is so far from /from that no number says how far");
    const double steps = step > 0 ? (to - from) / step : factor > 0 ? std::log(to / from) / std::log(factor) : 0;
    if (steps > static_cast<double>(kMostPoints))
      reader_.fail(step > 0 ? "step" : "factor", fmt::format("makes more than {} values", kMostPoints));
    if (std::max(static_cast<double>(count), steps) > static_cast<double>(room_))
      reader_.fail(count > 0  ? "count"
                   : step > 0 ? "step"
                              : "factor",
                   fmt::format("makes more than {} values of all axes together", kMostValues));
    if (const auto good = reader_.done(); !good) return good;
    const Range range{from, to, is_whole(from) && is_whole(to), scale == "log"};
    if (ways == 0) {
      axis.range = range;
    } else {
      fill(range, step, factor, static_cast<std::uint64_t>(steps + kStepRounding), count, axis.values);
      if (range.whole && step == 0) to_whole(axis);
    }
    return {};
  }

 private:
  double limit(std::string_view key) {
    const auto* found = reader_.find(key);
    if (found != nullptr && found->is_number()) return found->number();
    reader_.reject(key, "a number");
    return 0;
  }

  static void fill(const Range& range, double step, double factor, std::uint64_t steps, std::uint64_t count,
                   std::vector<json::Value>& values) {
    const double largest = std::max(std::abs(range.from), std::abs(range.to));
    // Both ends are as they were written.
    const auto add = [&](double value, double scale) {
      value = value <= range.from ? range.from : value >= range.to ? range.to : without_noise(value, scale);
      if (values.empty() || values.back().number() != value) values.push_back(number(value));
    };
    const auto add_multiple = [&](double value) { add(value, value); };
    for (std::uint64_t i = 0; step > 0 && i <= steps; ++i) add(range.from + static_cast<double>(i) * step, largest);
    for (std::uint64_t i = 0; factor > 0 && i <= steps; ++i)
      add_multiple(range.from * std::pow(factor, static_cast<double>(i)));
    for (std::uint64_t i = 0; i < count; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(count - 1);
      if (range.logarithmic)
        add_multiple(range.from * std::pow(range.to / range.from, share));
      else
        add(range.from + (range.to - range.from) * share, largest);
    }
  }

  /// Between whole ends whole numbers are meant: where the key takes no others, or where none of the values is lost.
  static void to_whole(Axis& axis) {
    const auto whole = axis.kind.empty() || among(config::whole_key_pointers(axis.kind), axis.pointer);
    std::vector<json::Value> rounded;
    for (const auto& value : axis.values) {
      auto next = number(std::round(value.number()));
      if (rounded.empty() || !(rounded.back() == next)) rounded.push_back(std::move(next));
    }
    if (whole || rounded.size() == axis.values.size()) axis.values = std::move(rounded);
  }

  ObjectReader reader_;
  bool draws_;
  std::uint64_t room_;
};

class AxesReader {
 public:
  AxesReader(const json::Value& vary, const std::string& file, const Spec& spec)
      : vary_(vary), file_(file), spec_(spec) {
    for (const auto& setting : spec.base.set)
      if (const auto parts = parts_of_set(setting))
        sets_.emplace(fmt::format("{}:{}/", parts->kind, parts->pointer), setting);
  }

  base::Result<std::vector<Axis>> read() {
    if (!vary_.is_object() || vary_.size() == 0)
      return base::Error{file_ + ": /vary: an object with at least one axis is expected"};
    std::vector<Axis> axes;
    std::uint64_t room = kMostValues;
    for (const auto& [name, tree] : vary_.object()) {
      auto axis = read_axis(name, tree, room);
      if (!axis) return axis.error();
      room -= std::min<std::uint64_t>(room, axis->values.size());
      axes.push_back(*std::move(axis));
    }
    for (const auto& axis : axes)
      if (axis.formula)
        if (const auto good = check_names(axis, axes); !good) return good.error();
    return axes;
  }

 private:
  base::Error wrong(std::string_view name, std::string_view sentence) const {
    return {fmt::format("{}: {} {}", file_, base::excerpt(base::without_controls(json::join_pointer("/vary", name))),
                        sentence)};
  }

  /// What the name means.
  base::Status place(const std::string& name, Axis& axis) const {
    if (among(kNamed, name)) {
      axis.kind = name;
      return {};
    }
    if (std::ranges::find(kLengths, name, &LengthLimits::name) != kLengths.end()) return {};
    const auto colon = name.find(":/");
    if (colon == name.npos || !among(kKinds, name.substr(0, colon)))
      return wrong(name,
                   "is no axis; chip:/POINTER (or model:, recipe:, tech:, economics:), chip, model, recipe, "
                   "prompt_tokens, new_tokens or users is expected");
    axis.kind = name.substr(0, colon);
    axis.pointer = name.substr(colon + 1);
    const auto known = config::key_pointers(axis.kind);
    const auto below = axis.pointer + "/";
    if (std::ranges::any_of(known, [&](const auto& key) { return key == axis.pointer || key.starts_with(below); }))
      return check_effect(name, axis);
    const auto near = base::nearest(axis.pointer, known);
    return wrong(name, fmt::format("is not a key of a {}{}", axis.kind, near ? "; did you mean " + *near + "?" : ""));
  }

  base::Status check_effect(const std::string& name, const Axis& axis) const {
    if (spec_.automatic_links && axis.kind == "chip" && (axis.pointer + "/").starts_with("/link/") &&
        axis.pointer != "/link/beat_groups")
      return wrong(name, "has no effect: /links is auto, and the floorplan says what links have");
    const auto place = fmt::format("{}:{}/", axis.kind, axis.pointer);
    const auto set = sets_.lower_bound(place);  // the first at or below it, if there is one
    if (set == sets_.end() || !set->first.starts_with(place)) return {};
    return wrong(name,
                 "takes the effect from " + base::excerpt(set->second) + " of /base/set; one of them is expected");
  }

  base::Result<Axis> read_axis(const std::string& name, const json::Value& tree, std::uint64_t room) const {
    Axis axis;
    axis.name = name;
    if (const auto good = place(name, axis); !good) return good.error();
    if (tree.is_object() && tree.size() == 0 && spec_.sample.method == Method::OneAtATime) {
      if (axis.pointer.empty() && !axis.kind.empty())
        return wrong(name, "is {}, which changes a number; a list of values is expected");
    } else if (tree.is_object()) {
      if (axis.pointer.empty() && !axis.kind.empty()) return wrong(name, "is a range; a list of names is expected");
      if (const auto good =
              RangeReader(tree, file_, json::join_pointer("/vary", name), draws(spec_.sample.method), room).read(axis);
          !good)
        return good.error();
    } else if (tree.is_text()) {
      if (axis.pointer.empty() && !axis.kind.empty()) return wrong(name, "is a text; a list of names is expected");
      auto formula = Formula::parse(tree.text());
      if (!formula) return wrong(name, "is " + formula.error().message);
      axis.formula = *std::move(formula);
    } else if (tree.is_array() && tree.size() > 0) {
      if (const auto good = read_list(tree.array(), axis); !good) return good.error();
    } else {
      return wrong(name, fmt::format("is {}; a list with at least one value, a range or a formula is expected",
                                     base::excerpt(json::write(tree, json::Escapes::NonAscii))));
    }
    return axis;
  }

  base::Status read_list(const json::Array& list, Axis& axis) const {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (axis.pointer.empty() && !axis.kind.empty() && !list[i].is_text())
        return wrong(axis.name, fmt::format("/{} is no name; a list of names is expected", i));
      if (axis.kind.empty() && !list[i].is_whole())
        return wrong(axis.name, fmt::format("/{} is no number of tokens or users", i));
      // A list of pairs may say one of them twice; a grid must not.
      if (spec_.sample.method != Method::List && !seen.insert(json::write(list[i])).second)
        return wrong(axis.name,
                     fmt::format("has {} twice", base::excerpt(json::write(list[i], json::Escapes::NonAscii))));
      axis.values.push_back(list[i]);
    }
    return {};
  }

  /// A formula's names are axes with values of their own.
  base::Status check_names(const Axis& axis, const std::vector<Axis>& axes) const {
    std::vector<std::string> known;
    for (const auto& other : axes)
      if (!other.formula) known.push_back(other.formula_name());
    for (const auto& name : axis.formula->names()) {
      const auto count = std::ranges::count(known, name);
      if (count == 1) continue;
      if (count > 1) return wrong(axis.name, fmt::format("uses {}, which is a key of two kinds of config", name));
      const auto near = base::nearest(name, known);
      return wrong(axis.name, fmt::format("uses {}, which is no other axis with values{}", base::excerpt(name),
                                          near ? "; did you mean " + *near + "?" : ""));
    }
    return {};
  }

  const json::Value& vary_;
  const std::string& file_;
  const Spec& spec_;
  std::map<std::string, std::string> sets_;  ///< settings of /base/set by "KIND:POINTER/"
};

}  // namespace

std::string Axis::formula_name() const {
  if (pointer.empty()) return name;
  std::string dotted = pointer.substr(1);
  std::ranges::replace(dotted, '/', '.');
  return dotted;
}

json::Value value_at(const Axis& axis, double share) {
  if (!axis.range) {
    const auto count = static_cast<double>(axis.values.size());
    return axis.values[static_cast<std::size_t>(std::min(count - 1, share * count))];
  }
  const auto& range = *axis.range;
  // Whole numbers are as wide as each other, both ends included.
  const double from = range.whole && !range.logarithmic ? range.from - 0.5 : range.from;
  const double to = range.whole && !range.logarithmic ? range.to + 0.5 : range.to;
  const double value = range.logarithmic ? from * std::pow(to / from, share) : from + (to - from) * share;
  if (!range.whole) return value;
  const double nearest = std::clamp(std::round(value), range.from, range.to);
  if (nearest < 0) return static_cast<std::int64_t>(nearest);
  return static_cast<std::uint64_t>(nearest);
}

base::Result<std::vector<Axis>> read_axes(const json::Value& vary, const std::string& file, const Spec& spec) {
  return AxesReader(vary, file, spec).read();
}

}  // namespace kiln::sweep
