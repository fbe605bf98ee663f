#include "checkpoint/checkpoint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <tuple>

#include "base/text.hpp"

namespace kiln::checkpoint {

base::Result<std::unique_ptr<Checkpoint>> open_hf(const std::string& directory);  // hf_directory.cpp
base::Result<std::unique_ptr<Checkpoint>> open_gguf(const std::string& file);     // gguf_checkpoint.cpp

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

using Opened = base::Result<std::unique_ptr<Checkpoint>>;

bool is_directory(const std::string& source) {
  std::error_code failure;
  return std::filesystem::is_directory(source, failure);
}

Opened refuse_synthetic(const std::string& source) {
  return base::Error{fmt::format("{} has no file to open; its shapes come from a model config", source)};
}

Opened refuse_lone_tensors(const std::string& source) {
  return base::Error{
      fmt::format("{} has no shapes of a model; expected the directory that holds it and config.json", source)};
}

/// What a source may be: the first row that it is opens it.
struct FileFormat {
  bool (*is)(const std::string& source);
  Opened (*open)(const std::string& source);
};
constexpr std::array kFileFormats = {
    FileFormat{[](const std::string& source) { return source.starts_with(kSynthetic); }, refuse_synthetic},
    FileFormat{is_directory, open_hf},
    FileFormat{[](const std::string& source) { return source.ends_with(".safetensors"); }, refuse_lone_tensors},
    FileFormat{[](const std::string&) { return true; }, open_gguf},  // says what it is not
};

}  // namespace

base::Result<std::unique_ptr<Checkpoint>> open(const std::string& source) {
  const auto* format = std::ranges::find_if(kFileFormats, [&](const FileFormat& one) { return one.is(source); });
  auto opened = format->open(source);
  if (!opened) return base::Error{base::without_controls(opened.error().message)};
  return opened;
}

std::string missing_tokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.tokenizer() || !is_directory(checkpoint.path())) return {};
  std::vector<std::string> there;
  std::error_code failure;
  std::filesystem::directory_iterator at(checkpoint.path(), failure);
  for (; !failure && at != std::filesystem::directory_iterator(); at.increment(failure)) {
    const std::string name = at->path().filename().string();
    constexpr std::array kParts = {"token", "vocab", "merges", "spiece", "sentencepiece", "tekken"};
    if (std::ranges::any_of(kParts, [&](const char* part) { return name.find(part) != std::string::npos; }))
      there.push_back(base::excerpt(base::without_controls(name)));
  }
  std::ranges::sort(there);
  return fmt::format(
      "{} has no tokenizer.json and no tokenizer.model, so the image takes and gives no text{}",
      base::without_controls(checkpoint.path()),
      there.empty() ? "" : fmt::format(" (there, and not enough for a tokenizer: {})", fmt::join(there, ", ")));
}

base::Result<std::optional<tokenizer::Tokenizer>> make_tokenizer(const Checkpoint& checkpoint) {
  std::optional<tokenizer::Tokenizer> none;
  if (!checkpoint.tokenizer()) return none;
  auto made = tokenizer::Tokenizer::create(*checkpoint.tokenizer());
  if (made) return std::optional(*std::move(made));
  std::string file = checkpoint.path();
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    std::error_code failure;
    const auto inside = std::filesystem::path(checkpoint.path()) / name;
    if (!is_directory(checkpoint.path()) || !std::filesystem::exists(inside, failure)) continue;
    file = inside.string();
    break;
  }
  return base::Error{base::without_controls(fmt::format("{}: {}", file, made.error().message))};
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
