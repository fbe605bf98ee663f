// A Hugging Face directory: config.json, model.safetensors or shards with an index, and perhaps a tokenizer.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "checkpoint/hf_config.hpp"
#include "checkpoint/layout.hpp"
#include "checkpoint/mapped_checkpoint.hpp"
#include "checkpoint/safetensors.hpp"
#include "checkpoint/strict_json.hpp"
#include "tokenizer/hugging_face.hpp"

namespace kiln::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaximumTokenizer = std::size_t{256} << 20;
constexpr std::size_t kMaximumShards = 4096;
constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

struct Found {
  SafeTensor tensor;
  std::size_t file = 0;
};

/// All tensors of the directory's safetensors files, by name.
struct Weights {
  std::vector<base::MappedFile> files;
  std::map<std::string, Found> tensors;
};

base::Status add_file(Weights& weights, const std::string& path) {
  auto file = base::MappedFile::open(path);
  if (!file) return file.error();
  auto tensors = read_safetensors(*file);
  if (!tensors) return tensors.error();
  const std::size_t index = weights.files.size();
  for (auto& tensor : *tensors) {
    std::string name = tensor.name;
    const auto [at, fresh] = weights.tensors.try_emplace(std::move(name), Found{std::move(tensor), index});
    if (!fresh)
      return base::Error{
          fmt::format("{}: the tensor {} is in {} as well", path, at->first, weights.files[at->second.file].path())};
  }
  weights.files.push_back(std::move(*file));
  return {};
}

/// The shards that an index names, each once, with the tensors it promises in them.
base::Result<std::map<std::string, std::set<std::string>>> read_index(const std::string& path) {
  const auto text = base::read_text_file(path, kMaximumConfig);
  if (!text) return text.error();
  const auto json = parse_strict(*text, path);
  if (!json) return json.error();
  const json::Value* map = json->find("weight_map");
  if (map == nullptr || map->size() == 0 || !map->is_object())
    return base::Error{
        fmt::format("{}: /weight_map is missing or empty; an object of tensor names and files is expected", path)};
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, shard] : map->object()) {
    if (!shard.is_text()) return base::Error{fmt::format("{}: /weight_map/{}: a file name is expected", path, tensor)};
    const auto& name = shard.text();
    const fs::path relative(name);
    if (name.empty() || name.find('\0') != std::string::npos || relative.is_absolute() ||
        std::find(relative.begin(), relative.end(), "..") != relative.end())
      return base::Error{fmt::format("{}: /weight_map/{}: the shard \"{}\" leaves the directory", path, tensor, name)};
    if (!name.ends_with(".safetensors"))
      return base::Error{
          fmt::format("{}: /weight_map/{}: the shard \"{}\" is no .safetensors file", path, tensor, name)};
    shards[name].insert(tensor);
  }
  if (shards.size() > kMaximumShards)
    return base::Error{fmt::format("{}: {} shards; at most {} are expected", path, shards.size(), kMaximumShards)};
  return shards;
}

/// Why a tensor that a shard has should not be there.
std::string promised_elsewhere(const std::map<std::string, std::set<std::string>>& shards, const std::string& tensor) {
  for (const auto& [shard, promised] : shards)
    if (promised.contains(tensor)) return "is in the index as one of " + shard;
  return "is not in the index";
}

base::Status read_shards(Weights& weights, const fs::path& directory) {
  const std::string index = (directory / kIndex).string();
  const auto shards = read_index(index);
  if (!shards) return shards.error();
  std::map<std::string, std::string> seen;  // real path -> shard, so that no file counts twice under two names
  for (const auto& [shard, promised] : *shards) {
    std::error_code failure;
    const fs::path real = fs::canonical(directory / shard, failure);
    if (failure)
      return base::Error{fmt::format("{}: the shard {} cannot be opened: {}", index, shard, failure.message())};
    if (const auto [at, fresh] = seen.try_emplace(real.string(), shard); !fresh)
      return base::Error{fmt::format("{}: the shards {} and {} are the same file", index, at->second, shard)};
  }
  for (const auto& [shard, promised] : *shards) {
    const fs::path path = directory / shard;
    if (const auto added = add_file(weights, path.string()); !added) return added;
    const std::size_t file = weights.files.size() - 1;
    for (const auto& tensor : promised) {
      const auto at = weights.tensors.find(tensor);
      if (at == weights.tensors.end() || at->second.file != file)
        return base::Error{fmt::format("{}: the tensor {} is missing in {}", index, tensor, path.string())};
    }
    for (const auto& [name, found] : weights.tensors)
      if (found.file == file && !promised.contains(name))
        return base::Error{
            fmt::format("{}: the tensor {} of {} {}", index, name, path.string(), promised_elsewhere(*shards, name))};
  }
  return {};
}

/// Whether the name is in the directory, even as a dangling link: opening it then says why.
bool present(const fs::path& path) {
  std::error_code failure;
  return fs::symlink_status(path, failure).type() != fs::file_type::not_found;
}

base::Status read_weights(Weights& weights, const fs::path& directory) {
  if (present(directory / kSingle)) return add_file(weights, (directory / kSingle).string());
  if (present(directory / kIndex)) return read_shards(weights, directory);
  return base::Error{fmt::format("{} has neither {} nor {}", directory.string(), kSingle, kIndex)};
}

/// A tied model may carry its embedding twice, perhaps in another dtype: the values must be the same.
base::Status check_tied_head(const Weights& weights, const std::string& directory) {
  const auto head = weights.tensors.find(hf_name(Role::LmHead, {}));
  const auto embedding = weights.tensors.find(hf_name(Role::Embedding, {}));
  if (head == weights.tensors.end() || embedding == weights.tensors.end()) return {};
  const SafeTensor& a = head->second.tensor;
  const SafeTensor& b = embedding->second.tensor;
  const auto refusal = [&](const std::string& what) {
    return base::Error{fmt::format("{}: config.json ties the embeddings, but {} {}", directory, head->first, what)};
  };
  if (a.shape != b.shape)
    return refusal(fmt::format("has the shape [{}] and {} has [{}]", fmt::join(a.shape, ", "), embedding->first,
                               fmt::join(b.shape, ", ")));
  if (!a.format) return refusal(fmt::format("has the dtype {}; F32, F16 or BF16 is expected", a.dtype));
  const std::byte* of_head = weights.files[head->second.file].bytes().data() + a.offset;
  const std::byte* of_embedding = weights.files[embedding->second.file].bytes().data() + b.offset;
  if (a.format == b.format && std::equal(of_head, of_head + a.bytes, of_embedding)) return {};
  const std::uint64_t columns = b.shape[1];
  std::vector<float> ours(columns);
  std::vector<float> theirs(columns);
  for (std::uint64_t row = 0; row < b.shape[0]; ++row) {
    a.format->decode(of_head + row * columns * a.format->block_bytes, columns, ours.data());
    b.format->decode(of_embedding + row * columns * b.format->block_bytes, columns, theirs.data());
    const auto differs = std::ranges::mismatch(ours, theirs).in1 - ours.begin();
    if (differs == static_cast<std::ptrdiff_t>(columns)) continue;
    const auto at = static_cast<std::size_t>(differs);
    return refusal(fmt::format("is {} ({}) at row {}, column {} where {} is {} ({})", ours[at], a.dtype, row, at,
                               embedding->first, theirs[at], b.dtype));
  }
  return {};
}

/// Finds each tensor that the config asks for, checks its shape, and refuses any others.
base::Status place(const Weights& weights, MappedParts& parts) {
  std::set<std::string> used;
  for (auto& tensor : parts.tensors) {
    tensor.name = hf_name(tensor.role, tensor.layer);
    const auto at = weights.tensors.find(tensor.name);
    if (at == weights.tensors.end())
      return base::Error{fmt::format("{}: the tensor {} is missing; config.json asks for it", parts.path, tensor.name)};
    const SafeTensor& found = at->second.tensor;
    const std::string& file = weights.files[at->second.file].path();
    std::vector<std::uint64_t> expected = {tensor.rows, tensor.columns};
    if (is_norm(tensor.role)) expected.erase(expected.begin());
    if (found.shape != expected)
      return base::Error{fmt::format("{}: tensor {} has the shape [{}]; config.json asks for [{}]", file, tensor.name,
                                     fmt::join(found.shape, ", "), fmt::join(expected, ", "))};
    if (!found.format)
      return base::Error{
          fmt::format("{}: tensor {} has the dtype {}; F32, F16 or BF16 is expected", file, tensor.name, found.dtype)};
    tensor.format = found.dtype;
    tensor.bits_per_weight = 8.0 * found.format->block_bytes;
    parts.storage.push_back(Storage{at->second.file, found.offset, found.bytes, found.format, 0});
    used.insert(tensor.name);
  }
  for (const auto& [name, found] : weights.tensors) {
    const bool harmless =
        name.ends_with(".rotary_emb.inv_freq") || (parts.config.tied_embeddings && name == hf_name(Role::LmHead, {}));
    if (!used.contains(name) && !harmless)
      return base::Error{
          fmt::format("{}: the tensor {} has no place in this Llama", weights.files[found.file].path(), name)};
  }
  return {};
}

base::Result<std::string> read_if_there(const fs::path& path, std::size_t limit) {
  if (!present(path)) return std::string();
  auto text = base::read_text_file(path.string(), limit);
  if (text && text->empty()) return base::Error{path.string() + " is empty"};
  return text;
}

/// A chat template of a file of its own, which then counts.
base::Status read_template(const fs::path& directory, tokenizer::HuggingFaceFiles& files) {
  for (const fs::path& file :
       {directory / "chat_template.jinja", directory / "additional_chat_templates/default.jinja"}) {
    if (!present(file)) continue;
    auto text = base::read_text_file(file.string(), kMaximumConfig);
    if (!text) return text.error();
    files.chat_template = *std::move(text);
    return {};
  }
  std::vector<std::string> names;
  std::error_code failure;
  fs::directory_iterator at(directory / "additional_chat_templates", failure);
  for (; !failure && at != fs::directory_iterator(); at.increment(failure))
    if (at->path().extension() == ".jinja") names.push_back(at->path().stem().string());
  std::ranges::sort(names);
  if (!names.empty()) files.chat_template = tokenizer::template_without_default(names);
  return {};
}

base::Status read_tokenizer(const fs::path& directory, const std::string& config_json, MappedParts& parts) {
  const bool has_json = present(directory / "tokenizer.json");
  if (!has_json && !present(directory / "tokenizer.model")) return {};
  tokenizer::HuggingFaceFiles files;
  files.name = (directory / (has_json ? "tokenizer.json" : "tokenizer.model")).string();
  files.config = config_json;
  struct One {
    const char* file;
    std::string* text;
    std::size_t limit;
  };
  std::vector<One> wanted = {{"tokenizer_config.json", &files.tokenizer_config, kMaximumTokenizer},
                             {"special_tokens_map.json", &files.special_tokens, kMaximumConfig},
                             {"added_tokens.json", &files.added_tokens, kMaximumTokenizer},
                             {"generation_config.json", &files.generation_config, kMaximumConfig}};
  wanted.push_back(has_json ? One{"tokenizer.json", &files.tokenizer_json, kMaximumTokenizer}
                            : One{"tokenizer.model", &files.sentence_piece, kMaximumTokenizer});
  for (const One& one : wanted) {
    auto text = read_if_there(directory / one.file, one.limit);
    if (!text) return text.error();
    *one.text = *std::move(text);
  }
  if (const auto read = read_template(directory, files); !read) return read;
  auto spec = tokenizer::spec_from_hugging_face(files);
  if (!spec) return spec.error();
  if (spec->tokens.size() > parts.config.vocab_size)
    return base::Error{fmt::format("{}: {} tokens, but the model's vocabulary has {}", files.name, spec->tokens.size(),
                                   parts.config.vocab_size)};
  parts.tokenizer = std::move(*spec);
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Checkpoint>> open_hf(const std::string& source) {
  const fs::path directory(source);
  const std::string config_file = (directory / "config.json").string();
  const auto config_json = base::read_text_file(config_file, kMaximumConfig);
  if (!config_json) return config_json.error();
  auto config = parse_hf_config(*config_json, config_file);
  if (!config) return config.error();

  MappedParts parts;
  parts.kind = "hf";
  parts.path = source;
  parts.config = *config;
  parts.tensors = layout(parts.config, !parts.config.tied_embeddings);
  Weights weights;
  if (const auto read = read_weights(weights, directory); !read) return read.error();
  if (const auto placed = place(weights, parts); !placed) return placed.error();
  if (parts.config.tied_embeddings)
    if (const auto tied = check_tied_head(weights, source); !tied) return tied.error();
  if (const auto read = read_tokenizer(directory, *config_json, parts); !read) return read.error();
  parts.files = std::move(weights.files);
  return std::unique_ptr<Checkpoint>(std::make_unique<MappedCheckpoint>(std::move(parts)));
}

}  // namespace kiln::checkpoint
