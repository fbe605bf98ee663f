#include "checkpoint/lora.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/mapped_file.hpp"
#include "checkpoint/layout.hpp"
#include "checkpoint/lora_config.hpp"
#include "checkpoint/mapped_checkpoint.hpp"
#include "checkpoint/safetensors.hpp"
#include "checkpoint/strict_json.hpp"

namespace kiln::checkpoint {
namespace {

constexpr std::uint64_t kMaximumRank = 65536;
constexpr std::string_view kPrefix = "base_model.model.";

bool adaptable(Role role) { return role >= Role::Q && role <= Role::Down; }

std::string module_name(Role role, base::LayerId layer) {
  constexpr std::string_view kWeight = ".weight";
  std::string name = hf_name(role, layer);
  name.resize(name.size() - kWeight.size());
  return name;
}

/// The matrices of the layers by the name of their module, as PEFT sees it.
std::map<std::string, TensorInfo, std::less<>> modules_of(const config::ModelConfig& model) {
  std::map<std::string, TensorInfo, std::less<>> modules;
  for (const TensorInfo& tensor : layout(model, true)) {
    if (!adaptable(tensor.role)) continue;
    modules.emplace(module_name(tensor.role, tensor.layer), tensor);
  }
  return modules;
}

struct Half {
  std::string module;
  std::string adapter;  ///< its name, where the tensor has one
  bool up = false;      ///< B
};

/// "base_model.model.MODULE.lora_A.weight", or with an adapter's name before "weight".
std::optional<Half> half_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(".weight")) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  for (const bool up : {false, true}) {
    constexpr std::size_t kMark = std::string_view(".lora_A.").size();
    constexpr std::size_t kWeight = std::string_view("weight").size();
    const auto at = name.find(up ? ".lora_B." : ".lora_A.");
    if (at == std::string_view::npos) continue;
    const std::string_view rest = name.substr(at + kMark);
    return Half{std::string(name.substr(0, at)), std::string(rest.substr(0, rest.size() - kWeight)), up};
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(const base::MappedFile& file, const LoraSettings& settings, const config::ModelConfig& model)
      : file_(file), settings_(settings), modules_(modules_of(model)) {}

  base::Status add(const SafeTensor& tensor) {
    const auto half = half_of(tensor.name);
    // An adapter of the model without its head has no "model." in front.
    auto module = half ? modules_.find(half->module) : modules_.end();
    if (half && module == modules_.end()) module = modules_.find("model." + half->module);
    if (module == modules_.end())
      return fail(tensor,
                  "is none of a LoRA for q, k, v, o, gate, up or down of this model's layers, all that the "
                  "chip's LoRA unit serves");
    if (adapter_.value_or(half->adapter) != half->adapter)
      return fail(tensor, "belongs to another adapter than those before");
    adapter_ = half->adapter;
    const TensorInfo& matrix = module->second;
    if (settings_.layers && !settings_.layers->contains(matrix.layer.value))
      return fail(tensor, "is of a layer that /layers_to_transform leaves out");
    for (const auto end : ends_of(module->first))
      if (settings_.excluded.contains(end)) return fail(tensor, "is of a module that /exclude_modules leaves out");
    if (tensor.shape.size() != 2) return fail(tensor, "is no matrix");
    const std::uint64_t rank = tensor.shape[half->up ? 1 : 0];
    const std::uint64_t expected = settings_.rank_for(module->first);
    const std::uint64_t width = half->up ? matrix.rows : matrix.columns;
    const std::vector<std::uint64_t> shape =
        half->up ? std::vector<std::uint64_t>{width, expected} : std::vector<std::uint64_t>{expected, width};
    if (tensor.shape != shape)
      return fail(tensor, fmt::format("has the shape [{}]; [{}] is expected", fmt::join(tensor.shape, ", "),
                                      fmt::join(shape, ", ")));
    if (rank == 0 || rank > kMaximumRank)
      return fail(tensor, fmt::format("has rank {}; 1 to {} is expected", rank, kMaximumRank));
    if (!tensor.format)
      return fail(tensor, fmt::format("has the dtype {}; F32, F16 or BF16 is expected", tensor.dtype));
    auto& target = targets_[{matrix.layer, matrix.role}];
    target.role = matrix.role;
    target.layer = matrix.layer;
    target.rank = static_cast<std::uint32_t>(rank);
    target.scale = settings_.scale_for(module->first, target.rank);
    auto& values = half->up ? target.b : target.a;
    if (!values.empty()) return fail(tensor, "is there twice");
    return read(tensor, rank * width, values);
  }

  base::Result<std::vector<LoraTarget>> finish() {
    std::vector<LoraTarget> result;
    for (auto& [key, target] : targets_) {
      if (target.a.empty() || target.b.empty())
        return base::Error{
            fmt::format("{}: {} has only one of lora_A and lora_B", file_.path(), hf_name(target.role, target.layer))};
      result.push_back(std::move(target));
    }
    if (result.empty()) return base::Error{file_.path() + ": no LoRA tensors; at least one pair is expected"};
    return result;
  }

 private:
  [[nodiscard]] base::Error fail(const SafeTensor& tensor, const std::string& what) const {
    return base::Error{fmt::format("{}: tensor {} {}", file_.path(), tensor.name, what)};
  }
  base::Status read(const SafeTensor& tensor, std::uint64_t count, std::vector<float>& values) const {
    values.resize(count);  // the shape covers bytes of the file
    tensor.format->decode(file_.bytes().data() + tensor.offset, count / tensor.format->block_weights, values.data());
    if (const auto bad = first_not_finite(values))
      return fail(tensor, fmt::format("holds {} at index {}; finite weights are expected", values[*bad], *bad));
    return {};
  }

  const base::MappedFile& file_;
  const LoraSettings& settings_;
  std::map<std::string, TensorInfo, std::less<>> modules_;
  std::map<std::pair<base::LayerId, Role>, LoraTarget> targets_;
  std::optional<std::string> adapter_;
};

/// Whether the list or the pattern of targets means this module. An adapter of the model without its head has no
/// "model." in front.
base::Result<bool> is_target(const LoraSettings& settings, const std::set<std::string_view>& listed,
                             std::string_view module) {
  if (settings.target_pattern) {
    const auto whole = settings.target_pattern->matches(module);
    return whole && !*whole ? settings.target_pattern->matches(module.substr(module.find('.') + 1)) : whole;
  }
  return !settings.targets ||
         std::ranges::any_of(ends_of(module), [&](std::string_view end) { return listed.contains(end); });
}

/// PEFT would leave out in silence: a name in the list that no tensor answers to, and tensors that no name means.
base::Status check_targets(const LoraSettings& settings, const LoraAdapter& adapter, const std::string& file) {
  const auto names = settings.targets.value_or(std::vector<std::string>());
  const std::set<std::string_view> listed(names.begin(), names.end());
  std::set<std::string, std::less<>> there;
  for (const LoraTarget& target : adapter.targets) {
    const std::string module = module_name(target.role, target.layer);
    for (const auto end : ends_of(module)) there.emplace(end);
  }
  for (const std::string& wanted : names) {
    if (!there.contains(wanted))
      return base::Error{
          fmt::format("{}: /target_modules names {}, and {} has no tensors for it", file, wanted, adapter.path)};
  }
  for (const LoraTarget& target : adapter.targets) {
    const std::string module = module_name(target.role, target.layer);
    const auto named = is_target(settings, listed, module);
    if (!named) return base::Error{fmt::format("{}: /target_modules: {}", file, named.error().message)};
    if (!*named)
      return base::Error{
          fmt::format("{}: /target_modules does not name {}, and {} has tensors for it", file, module, adapter.path)};
  }
  return {};
}

}  // namespace

const LoraTarget* LoraAdapter::find(Role role, base::LayerId layer) const {
  const auto at = std::ranges::find_if(
      targets, [&](const LoraTarget& target) { return target.role == role && target.layer == layer; });
  return at == targets.end() ? nullptr : &*at;
}

config::AdapterShape LoraAdapter::shape() const {
  config::AdapterShape shape;
  for (const LoraTarget& target : targets) {
    auto& rank = shape.ranks[static_cast<std::size_t>(target.role)];
    rank = std::max(rank, target.rank);
  }
  return shape;
}

base::Result<LoraAdapter> open_lora(const std::string& directory, const config::ModelConfig& model) {
  const std::filesystem::path path(directory);
  const std::string config_file = (path / "adapter_config.json").string();
  const auto text = base::read_text_file(config_file, kMaximumConfig);
  if (!text) return text.error();
  const auto settings = parse_lora_config(*text, config_file);
  if (!settings) return settings.error();
  const auto file = base::MappedFile::open((path / "adapter_model.safetensors").string());
  if (!file) return file.error();
  const auto tensors = read_safetensors(*file);
  if (!tensors) return tensors.error();
  Reader reader(*file, *settings, model);
  for (const SafeTensor& tensor : *tensors)
    if (const auto added = reader.add(tensor); !added) return added.error();
  auto targets = reader.finish();
  if (!targets) return targets.error();
  LoraAdapter adapter{directory, *std::move(targets)};
  if (const auto all = check_targets(*settings, adapter, config_file); !all) return all.error();
  return adapter;
}

}  // namespace kiln::checkpoint
