// Writes a Hugging Face directory of BF16 weights: those of synthetic:MODEL[:SEED], rounded to the nearest BF16, in
// shards of at most 4 GB beside their index and a config.json. What scripts/bake-speed bakes.
// Usage: bench_shards MODEL[:SEED] FOLDER [shards at least, default 1]; names of models are found as kiln finds them.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/atomic_file.hpp"
#include "study/inputs/subject.hpp"

namespace {

using namespace kiln;

constexpr std::uint64_t kShardBytes = 4'000'000'000;
constexpr std::uint64_t kBatchWeights = std::uint64_t{1} << 24;
constexpr std::size_t kPartRows = 16;  ///< of a batch, by one thread

void must(const base::Status& status) {
  if (status) return;
  fmt::print(stderr, "bench_shards: {}\n", status.error().message);
  std::exit(1);
}

template <class T>
T must(base::Result<T> result) {
  if (!result) must(base::Status(result.error()));
  return *std::move(result);
}

std::uint16_t bfloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);  // ties to even
}

std::string rope_scaling(const config::RopeScaling& rope) {
  if (rope.kind == config::RopeScalingKind::None) return "null";
  if (rope.kind == config::RopeScalingKind::Linear)
    return fmt::format(R"({{"rope_type": "linear", "factor": {}}})", rope.factor);
  return fmt::format(R"({{"rope_type": "llama3", "factor": {}, "low_freq_factor": {}, "high_freq_factor": {}, )"
                     R"("original_max_position_embeddings": {}}})",
                     rope.factor, rope.low_freq_factor, rope.high_freq_factor, rope.original_max_position_embeddings);
}

std::string config_json(const config::ModelConfig& m) {
  return fmt::format(
      R"({{"_name_or_path": "{}", "architectures": ["LlamaForCausalLM"], "model_type": "llama",
 "torch_dtype": "bfloat16", "hidden_act": "silu", "hidden_size": {}, "intermediate_size": {},
 "num_hidden_layers": {}, "num_attention_heads": {}, "num_key_value_heads": {}, "head_dim": {},
 "vocab_size": {}, "max_position_embeddings": {}, "rms_norm_eps": {}, "rope_theta": {},
 "rope_scaling": {}, "tie_word_embeddings": {}}}
)",
      m.name, m.hidden_size, m.intermediate_size, m.layers, m.heads, m.kv_heads, m.head_dim, m.vocab_size,
      m.max_context, m.rms_norm_eps, m.rope_theta, rope_scaling(m.rope_scaling), m.tied_embeddings);
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  auto file = must(base::AtomicFile::create(path));
  must(file.append(text));
  must(file.commit());
}

using Tensors = std::vector<const checkpoint::TensorInfo*>;

std::uint64_t bytes_of(const checkpoint::TensorInfo& tensor) { return tensor.rows * tensor.columns * 2; }

std::string header_of(const Tensors& tensors) {
  std::string header;
  std::uint64_t at = 0;
  for (const auto* t : tensors) {
    const auto shape =
        config::is_norm(t->role) ? fmt::format("{}", t->columns) : fmt::format("{},{}", t->rows, t->columns);
    header += fmt::format(R"({}"{}":{{"dtype":"BF16","shape":[{}],"data_offsets":[{},{}]}})",
                          header.empty() ? "{" : ",", t->name, shape, at, at + bytes_of(*t));
    at += bytes_of(*t);
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return header;
}

void write_tensor(const checkpoint::Checkpoint& source, const checkpoint::TensorInfo& tensor, base::ThreadPool& pool,
                  base::AtomicFile& file) {
  const std::uint64_t step = std::max<std::uint64_t>(1, kBatchWeights / tensor.columns);
  std::vector<std::uint16_t> batch;
  for (std::uint64_t first = 0; first < tensor.rows; first += step) {
    const std::uint64_t rows = std::min(step, tensor.rows - first);
    batch.resize(rows * tensor.columns);
    pool.parallel_for((rows + kPartRows - 1) / kPartRows, [&](std::size_t part) {
      const std::uint64_t at = part * kPartRows, count = std::min<std::uint64_t>(kPartRows, rows - at);
      std::vector<float> values(count * tensor.columns);
      must(source.read_rows(tensor, first + at, count, values));
      std::ranges::transform(values, batch.begin() + static_cast<std::ptrdiff_t>(at * tensor.columns), bfloat);
    });
    must(file.append(std::as_bytes(std::span(batch))));
  }
}

void write_shards(const checkpoint::Checkpoint& source, const std::filesystem::path& folder, std::uint64_t least) {
  std::uint64_t all = 0;
  for (const auto& tensor : source.tensors()) all += bytes_of(tensor);
  const std::uint64_t most = std::min(kShardBytes, all / std::max<std::uint64_t>(1, least) + 1);
  std::vector<Tensors> shards(1);
  std::uint64_t filled = 0;
  for (const auto& tensor : source.tensors()) {
    if (filled > 0 && filled + bytes_of(tensor) > most) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(&tensor);
    filled += bytes_of(tensor);
  }
  base::ThreadPool pool;
  std::string map;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const auto name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    auto file = must(base::AtomicFile::create(folder / name));
    const auto header = header_of(shards[i]);
    const std::uint64_t size = header.size();
    must(file.append(std::as_bytes(std::span(&size, 1))));
    must(file.append(header));
    for (const auto* tensor : shards[i]) {
      write_tensor(source, *tensor, pool, file);
      map += fmt::format("{}\n  \"{}\": \"{}\"", map.empty() ? "" : ",", tensor->name, name);
    }
    must(file.commit());
    fmt::print("{}\n", name);
  }
  write_text(folder / "model.safetensors.index.json",
             fmt::format("{{\"metadata\": {{\"total_size\": {}}}, \"weight_map\": {{{}}}}}\n", all, map));
  // The last: where it is, the rest is whole.
  write_text(folder / "config.json", config_json(source.config()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: bench_shards MODEL[:SEED] FOLDER [shards at least]\n", stderr);
    return 2;
  }
  const auto source = must(study::open_checkpoint(fmt::format("synthetic:{}", argv[1]), config::Catalogue()));
  std::filesystem::create_directories(argv[2]);
  write_shards(*source, argv[2], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  return 0;
}
