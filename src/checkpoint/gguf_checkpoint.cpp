// A GGUF file, or the parts of a split one, as a checkpoint: places the tensors and turns q and k back to rotate-half order when rows are read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "checkpoint/gguf_model.hpp"
#include "checkpoint/gguf_parts.hpp"
#include "checkpoint/layout.hpp"
#include "checkpoint/mapped_checkpoint.hpp"
#include "kiln/config/model_fault.hpp"

namespace kiln::checkpoint {
namespace {

constexpr std::string_view kRopeFactors = "rope_freqs.weight";

/// llama.cpp's converter once wrote the sines' frequencies for each layer; they follow from the metadata.
bool is_harmless(const std::string& name) { return name == kRopeFactors || name.ends_with(".attn_rot_embd.weight"); }

base::Status place(const GgufFile& file, MappedParts& parts) {
  std::set<std::string> used;
  for (auto& tensor : parts.tensors) {
    tensor.name = gguf_name(tensor.role, tensor.layer);
    const GgufTensor* found = file.tensor(tensor.name);
    if (found == nullptr)
      return base::Error{
          fmt::format("{}: the tensor {} is missing; the metadata ask for it", file.path(), tensor.name)};
    std::vector<std::uint64_t> expected = {tensor.columns, tensor.rows};
    if (is_norm(tensor.role)) expected.pop_back();
    if (!found->has_shape(expected))
      return base::Error{fmt::format("{}: tensor {} has the shape [{}]; the metadata ask for [{}]",
                                     file.file_of(*found).path(), tensor.name, fmt::join(found->dimensions, ", "),
                                     fmt::join(expected, ", "))};
    const Format& format = *found->format;
    tensor.format = format.name;
    tensor.bits_per_weight = 8.0 * format.block_bytes / format.block_weights;
    const bool turned = tensor.role == Role::Q || tensor.role == Role::K;
    parts.storage.push_back(
        Storage{found->file, found->offset, found->bytes, found->format, turned ? parts.config.head_dim : 0});
    used.insert(tensor.name);
  }
  for (const auto& tensor : file.tensors())
    if (!used.contains(tensor.name) && !is_harmless(tensor.name))
      return base::Error{
          fmt::format("{}: the tensor {} has no place in this Llama", file.file_of(tensor).path(), tensor.name)};
  return {};
}

base::Status read_rope_factors(const GgufFile& file, MappedParts& parts) {
  const GgufTensor* tensor = file.tensor(kRopeFactors);
  if (tensor == nullptr) return {};
  const std::uint64_t pairs = parts.config.head_dim / 2;
  if (tensor->format != find_format("F32") || !tensor->has_shape({{pairs}}))
    return base::Error{fmt::format("{}: tensor {}: {} numbers in F32 are expected", file.path(), kRopeFactors, pairs)};
  parts.rope_factors.resize(pairs);
  tensor->format->decode(file.file_of(*tensor).bytes().data() + tensor->offset, pairs, parts.rope_factors.data());
  for (std::size_t i = 0; i < pairs; ++i)
    if (const auto fault = config::fault_of_rope_factor(static_cast<double>(parts.rope_factors[i])); !fault.empty())
      return base::Error{fmt::format("{}: tensor {}: element {} {}", file.path(), kRopeFactors, i, fault)};
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Checkpoint>> open_gguf(const std::string& source) {
  auto file = open_gguf_parts(source);
  if (!file) return file.error();
  const auto config = gguf_model_config(*file);
  if (!config) return config.error();

  MappedParts parts;
  parts.kind = "gguf";
  parts.path = source;
  parts.config = *config;
  parts.tensors = layout(parts.config, !parts.config.tied_embeddings);
  if (const auto placed = place(*file, parts); !placed) return placed.error();
  if (const auto read = read_rope_factors(*file, parts); !read) return read.error();
  auto spec = gguf_tokenizer(*file);
  if (!spec) return spec.error();
  parts.tokenizer = std::move(*spec);
  if (parts.tokenizer && parts.tokenizer->tokens.size() > parts.config.vocab_size)
    return base::Error{fmt::format("{}: the tokenizer has {} tokens; at most the vocabulary's {} are expected", source,
                                   parts.tokenizer->tokens.size(), parts.config.vocab_size)};
  parts.files = std::move(*file).take_files();
  return std::unique_ptr<Checkpoint>(std::make_unique<MappedCheckpoint>(std::move(parts)));
}

}  // namespace kiln::checkpoint
