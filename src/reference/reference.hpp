// The fp32 Llama: an oracle for the chip that shares no code with its arithmetic. Products are OpenBLAS's, so the last bits
// depend on that library and the processor; they do not depend on threads.
// All weights of the checkpoint are held in memory as float (4 bytes a weight). Matrices are applied to blocks of 512
// tokens, the head to 128 at a time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"

namespace kiln::reference {

class Model {
 public:
  /// Reads every tensor; `pool` must outlive the model. Fails as Checkpoint::read_rows does, when
  /// `memory_limit_bytes` would be exceeded, or where OpenBLAS cannot be loaded.
  static base::Result<Model> load(const checkpoint::Checkpoint& checkpoint, base::ThreadPool& pool,
                                  const base::Progress& progress = {},
                                  std::uint64_t memory_limit_bytes = std::uint64_t{20} << 30);
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  [[nodiscard]] const config::ModelConfig& config() const;

  /// Forgets the KV cache: the next token is at position 0.
  void reset();
  /// Appends `tokens` and passes on the logits (vocab_size floats) after each of them, in order. Ids below vocab_size. A
  /// stop ends it between two layers, and nothing more is passed on; then only reset() may follow.
  void forward(std::span<const base::TokenId> tokens,
               const std::function<void(std::size_t index, std::span<const float> logits)>& sink,
               const std::stop_token& stop = {});

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln::reference
