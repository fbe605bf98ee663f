#include "kiln/config/load.hpp"

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "config/checks.hpp"
#include "config/chip_defaults.hpp"
#include "config/fields.hpp"
#include "config/inherit.hpp"
#include "config/json_text.hpp"
#include "config/overrides.hpp"
#include "config/reader.hpp"
#include "config/writer.hpp"
#include "kiln/config/latencies.hpp"

namespace kiln::config {

base::Status parse_into(AnyConfig config, const std::string& json, const std::string& name,
                        const std::vector<Override>& overrides, const FindBase& find) {
  Errors errors(name);
  auto tree = parse_json(json, errors);
  if (!tree) return errors.joined();
  if (const auto whole = inherit(*tree, find, errors); !whole) return whole.error();
  apply_overrides(*tree, overrides, errors);
  if (std::holds_alternative<ChipConfig*>(config)) apply_chip_defaults(*tree);
  std::visit(
      [&](auto* of_kind) {
        Reader reader(*tree, errors);
        reader.read([&] { describe(reader, *of_kind); });
        if (errors.empty()) check_together(*of_kind, errors);
        if constexpr (std::is_same_v<decltype(of_kind), ChipConfig*>)
          if (errors.empty()) of_kind->automatic = automatic_latencies(*of_kind);
      },
      config);
  if (!errors.empty()) return errors.joined();
  return {};
}

base::Status load_into(AnyConfig config, const std::string& file, const std::vector<Override>& overrides,
                       const FindBase& find) {
  const auto text = base::read_text_file(file, kMaximumFileBytes);
  if (!text) return text.error();
  return parse_into(config, *text, file, overrides, find);
}

std::string canonical_json(AnyConfig config) {
  Writer writer;
  std::visit([&](auto* of_kind) { describe(writer, *of_kind); }, config);
  return writer.canonical();
}

std::string config_hash(const std::string& canonical_json) {
  base::ContentHash hash;
  hash.update(canonical_json);
  return hash.hex();
}

namespace {

template <class... Kinds>
std::vector<std::string> pointers_of(std::string_view kind, bool whole_alone, std::variant<Kinds*...>) {
  std::vector<std::string> pointers;
  const auto add = [&]<class Kind>(Kind*) {
    if (kind_name<Kind>() != kind) return;
    const auto fields = fields_of<Kind>();
    const auto wanted = [&](const auto& field) { return !whole_alone || field.whole; };
    for (const auto& field : fields) {
      if (wanted(field)) pointers.push_back(field.pointer);
      if (field.like.empty()) continue;
      for (const auto& other : fields)
        if (wanted(other) && other.pointer.starts_with(field.like + "/"))
          pointers.push_back(field.pointer + other.pointer.substr(field.like.size()));
    }
  };
  (add(static_cast<Kinds*>(nullptr)), ...);
  return pointers;
}

}  // namespace

std::vector<std::string> key_pointers(std::string_view kind) { return pointers_of(kind, false, AnyConfig()); }
std::vector<std::string> whole_key_pointers(std::string_view kind) { return pointers_of(kind, true, AnyConfig()); }

std::vector<ParameterInfo> chip_parameters() {
  std::vector<ParameterInfo> parameters;
  for (const auto& field : fields_of<ChipConfig>())
    if (field.integer) parameters.push_back({field.pointer, field.unit, field.range.minimum, field.range.maximum});
  return parameters;
}

}  // namespace kiln::config
