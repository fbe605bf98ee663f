// The keys of every config, written once: describe() walks the fields of a config with a visitor, and a visitor reads
// them from JSON (reader.hpp), writes them as canonical JSON or lists them for documentation (writer.hpp).
// Each call names a key, its value, its unit and what is allowed; it returns whether the key was present
// (always true unless a reader found nothing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "kiln/base/enum_table.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {

enum class Need { Required, Optional };

/// What a text is for: a name is part of the config's identity, a note is left out of the canonical JSON.
enum class Text { Name, Note };

struct Integers {
  std::uint32_t minimum;
  std::uint32_t maximum;
};

/// Finite numbers in [minimum, maximum], or in (minimum, maximum] when the minimum itself is not allowed.
struct Reals {
  double minimum;
  double maximum;
  bool above_minimum = false;
};

inline constexpr std::size_t kMaximumNameBytes = 100;
/// Whether a config may be called so: 1 to 100 bytes of UTF-8 without control characters, for names are shown on screens.
bool is_name(std::string_view text);
inline constexpr std::string_view kAuto = "auto";

class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual bool integer(std::string_view key, std::uint32_t& value, std::string_view unit, Integers allowed,
                       Need need = Need::Required) = 0;
  /// A latency in cycles, or the word `auto`: kAutomatic, until something finds the number.
  virtual bool latency(std::string_view key, std::uint32_t& value, Integers allowed, Need need = Need::Required) = 0;
  virtual bool real(std::string_view key, double& value, std::string_view unit, Reals allowed,
                    Need need = Need::Required) = 0;
  virtual bool flag(std::string_view key, bool& value, Need need = Need::Required) = 0;
  virtual bool text(std::string_view key, std::string& value, Text kind, Need need = Need::Required) = 0;
  /// One of a few integers.
  virtual bool one_of(std::string_view key, int& value, std::string_view unit, std::span<const int> allowed,
                      Need need = Need::Required) = 0;
  /// One of a few words; `index` into `words`.
  virtual bool word(std::string_view key, std::size_t& index, std::span<const std::string_view> words,
                    Need need = Need::Required) = 0;
  /// Sentences by JSON pointer; always optional.
  virtual bool notes(std::string_view key, std::map<std::string, std::string>& value) = 0;
  /// An object whose keys `fields` visits; not visited where there is none.
  virtual bool object(std::string_view key, const std::function<void()>& fields, Need need = Need::Required) = 0;
  /// The same where null says that there is none; `present` says which.
  virtual bool object_or_null(std::string_view key, bool& present, const std::function<void()>& fields,
                              Need need = Need::Required) = 0;
  /// An object, or `auto` in its place, which says nothing: every key of it has a default.
  virtual bool object_or_auto(std::string_view key, const std::function<void()>& fields) = 0;
  /// An object that must be there if it is `chosen` (by another key) and may be there otherwise; `given` says whether
  /// it is.
  virtual bool alternative(std::string_view key, bool& given, bool chosen, const std::function<void()>& fields) = 0;
  /// An optional object that may change some keys of the object at `like`: `fields` visits all of them as optional.
  virtual bool variant(std::string_view key, bool& given, std::string_view like,
                       const std::function<void()>& fields) = 0;
  /// False for a writer: canonical JSON has no shorthand.
  [[nodiscard]] virtual bool takes_shorthand() const { return true; }
  /// True if keys that depend on another key's value are included regardless (documentation).
  [[nodiscard]] virtual bool wants_all() const { return false; }

  /// word() for an enumeration.
  template <class Enumeration, std::size_t Size>
  bool choice(std::string_view key, Enumeration& value,
              const base::EnumTable<Enumeration, std::string_view, Size>& words, Need need = Need::Required) {
    auto index = static_cast<std::size_t>(value);
    const bool found = word(key, index, words, need);
    value = static_cast<Enumeration>(index);
    return found;
  }
};

/// low, typical, high, tag and source of a constant: the object that is at `key`.
void describe_constant(FieldVisitor& visitor, std::string_view key, TechConstant& constant, std::string_view unit,
                       Reals allowed);

void describe(FieldVisitor& visitor, ChipConfig& chip);
void describe(FieldVisitor& visitor, ModelConfig& model);
void describe(FieldVisitor& visitor, BakeRecipe& recipe);
void describe(FieldVisitor& visitor, GpuSpec& gpu);
void describe(FieldVisitor& visitor, ReferenceMachine& machine);
void describe(FieldVisitor& visitor, TechConfig& tech);
void describe(FieldVisitor& visitor, EconomicsConfig& economics);

}  // namespace kiln::config
