// A Hugging Face directory, each part of the input a file of it. Where there are no weights among them, they are made for
// whatever config.json asks for, if that is little.
#include <fmt/format.h>

#include <cstring>

#include "checkpoint/checkpoint.hpp"
#include "checkpoint/hf_config.hpp"
#include "checkpoint/layout.hpp"
#include "support/bundle.hpp"
#include "support/checkpoint_use.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"

namespace {

using namespace kiln;

/// All that the model needs, with weights of 1 and a 0 now and then.
std::string weights_for(const config::ModelConfig& config) {
  std::string header = "{", data;
  for (const auto& tensor : checkpoint::layout(config, !config.tied_embeddings)) {
    const std::uint64_t weights = tensor.rows * tensor.columns;
    const std::string shape = config::is_norm(tensor.role) ? fmt::format("{}", tensor.columns)
                                                           : fmt::format("{},{}", tensor.rows, tensor.columns);
    header +=
        fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})", header.size() > 1 ? "," : "",
                    checkpoint::hf_name(tensor.role, tensor.layer), shape, data.size(), data.size() + 4 * weights);
    for (std::uint64_t i = 0; i < weights; ++i) data += std::string_view(i % 7 == 3 ? "\0\0\0\0" : "\0\0\x80\x3F", 4);
  }
  header += "}";
  const std::uint64_t bytes = header.size();
  std::string file(sizeof bytes, '\0');
  std::memcpy(file.data(), &bytes, sizeof bytes);
  return file + header + data;
}

/// Before anything is made for it.
bool is_small(const config::ModelConfig& c) {
  return c.layers <= 4 && c.hidden_size <= 64 && c.intermediate_size <= 64 && c.vocab_size <= 512 &&
         std::uint64_t{c.heads} * c.head_dim <= 256;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::ScratchFolder folder;
  folder.clear();
  const auto parts = fuzz::parts_of(fuzz::text_of(data, size));
  for (const auto& part : parts)
    if (fuzz::is_file_name(part.name)) folder.put(part.name, part.bytes);
  if (!fuzz::has_part(parts, "model.safetensors") && !fuzz::has_part(parts, "model.safetensors.index.json")) {
    const auto config = checkpoint::parse_hf_config(std::string(fuzz::part(parts, "config.json")), "config.json");
    if (config && is_small(*config)) folder.put("model.safetensors", weights_for(*config));
  }
  const auto checkpoint = checkpoint::open(folder.path());
  if (fuzz::good(checkpoint)) fuzz::use(**checkpoint, fuzz::chosen(data, size, fuzz::kBaked));
  return 0;
}
