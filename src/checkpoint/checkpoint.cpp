#include "checkpoint/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <tuple>

#include "base/text.hpp"
#include "checkpoint/readers.hpp"

namespace kiln::checkpoint {
namespace {
constexpr std::string_view kSynthetic = "synthetic:";
}

const TensorInfo* Checkpoint::find(Role role, base::LayerId layer) const {
  const auto& all = tensors();
  const auto key = std::make_tuple(layer, role);
  const auto at = std::lower_bound(all.begin(), all.end(), key, [](const TensorInfo& t, const auto& k) {
    return std::make_tuple(t.layer, t.role) < k;
  });
  return at != all.end() && at->role == role && at->layer == layer ? &*at : nullptr;
}

namespace {

base::Result<std::unique_ptr<Checkpoint>> open_any(const std::string& source) {
  if (source.starts_with(kSynthetic))
    return base::Error{fmt::format("{} has no file to open; its shapes come from a model config", source)};
  std::error_code failure;
  if (std::filesystem::is_directory(source, failure)) return open_hf(source);
  if (source.ends_with(".safetensors"))
    return base::Error{
        fmt::format("{} has no shapes of a model; expected the directory that holds it and config.json", source)};
  return open_gguf(source);
}

}  // namespace

base::Result<std::unique_ptr<Checkpoint>> open(const std::string& source) {
  auto opened = open_any(source);
  if (!opened) return base::Error{base::without_controls(opened.error().message)};
  return opened;
}

base::Result<std::optional<SyntheticSource>> parse_synthetic(const std::string& source) {
  if (!source.starts_with(kSynthetic)) return std::optional<SyntheticSource>{};
  SyntheticSource parsed;
  parsed.model = source.substr(kSynthetic.size());
  if (const auto colon = parsed.model.rfind(':'); colon != std::string::npos) {
    const std::string seed = parsed.model.substr(colon + 1);
    const auto [end, failure] = std::from_chars(seed.data(), seed.data() + seed.size(), parsed.seed);
    if (failure != std::errc{} || end != seed.data() + seed.size())
      return base::Error{fmt::format("{}: the seed \"{}\" is not a number from 0 to 2^64 - 1", source, seed)};
    parsed.model.resize(colon);
  }
  if (parsed.model.empty())
    return base::Error{fmt::format("{}: expected synthetic:MODEL or synthetic:MODEL:SEED", source)};
  return std::optional<SyntheticSource>{std::move(parsed)};
}

}  // namespace kiln::checkpoint
