#include "functional/functional_model.hpp"

#include <algorithm>

#include "functional/transformer.hpp"

namespace kiln::functional {
namespace {

constexpr std::uint64_t kMostKvTokens = std::uint64_t{1} << 24;  // what a KvStore takes

}  // namespace

struct FunctionalModel::Impl {
  Impl(SharedState&& of_all, std::size_t most_tokens) : shared(std::move(of_all)), capacity(most_tokens) {}

  void execute(Handle handle, const program::Op& op) { functional::execute({shared, tokens[handle], op}); }

  SharedState shared;
  std::size_t capacity;
  std::vector<TokenState> tokens;  ///< by handle
  std::vector<Handle> unused;
  std::optional<Handle> alone;  ///< of forward()
  std::uint32_t next_position = 0;
};

FunctionalModel::FunctionalModel(const rom::RomImage& rom, std::uint64_t capacity_tokens, base::ThreadPool& pool,
                                 numerics::Simd simd, const program::Placement* by_tile, const rom::Adapter* adapter)
    : impl_(std::make_unique<Impl>(SharedState(rom, pool, simd, by_tile, adapter),
                                   std::min(capacity_tokens, kMostKvTokens))) {}
FunctionalModel::~FunctionalModel() = default;
FunctionalModel::FunctionalModel(FunctionalModel&&) noexcept = default;

void FunctionalModel::open(std::size_t slot, std::uint64_t cached_prefix) {
  std::vector<std::vector<numerics::KvStore>>& kv = impl_->shared.kv;
  const config::ModelConfig& model = impl_->shared.rom.model();
  if (cached_prefix > 0) {
    base::check(slot < kv.size(), "values: tokens kept in a slot that nobody opened");
    for (const numerics::KvStore& layer : kv[slot])
      base::check(layer.tokens() == cached_prefix, "values: the slot holds as many tokens as are kept");
    return;
  }
  if (kv.size() <= slot) kv.resize(slot + 1);
  kv[slot].clear();
  for (std::uint32_t layer = 0; layer < model.layers; ++layer)
    kv[slot].emplace_back(model.kv_heads, model.head_dim, impl_->capacity);
}

void FunctionalModel::rewind(std::size_t slot, std::uint64_t tokens) {
  std::vector<std::vector<numerics::KvStore>>& kv = impl_->shared.kv;
  std::vector<Handle>& unused = impl_->unused;
  if (tokens == 0 && slot >= kv.size()) return;
  base::check(slot < kv.size(), "values: a slot that nobody opened");
  for (numerics::KvStore& layer : kv[slot]) layer.truncate(tokens);
  for (Handle handle = 0; handle < impl_->tokens.size(); ++handle)
    if (impl_->tokens[handle].slot == slot && std::ranges::find(unused, handle) == unused.end())
      unused.push_back(handle);
  if (slot == 0) {
    impl_->alone.reset();
    impl_->next_position = static_cast<std::uint32_t>(tokens);
  }
}

FunctionalModel::Handle FunctionalModel::begin(std::size_t slot, base::TokenId token, base::TokenPos position,
                                               const numerics::Sampling& sampling) {
  const config::ModelConfig& model = impl_->shared.rom.model();
  base::check(token < model.vocab_size, "values: a token outside the vocabulary");
  base::check(slot < impl_->shared.kv.size(), "values: a slot that nobody opened");
  if (impl_->unused.empty()) {
    impl_->unused.push_back(impl_->tokens.size());
    impl_->tokens.emplace_back();
  }
  const Handle handle = impl_->unused.back();
  impl_->unused.pop_back();
  TokenState& state = impl_->tokens[handle];
  state.slot = slot;
  state.token = token;
  state.position = position;
  state.sampling = sampling;
  state.residual.resize(model.hidden_size);
  state.attended.resize(model.q_width());
  return handle;
}

void FunctionalModel::execute(Handle handle, const program::Op& op) { impl_->execute(handle, op); }
void FunctionalModel::end(Handle handle) { impl_->unused.push_back(handle); }

std::span<const float> FunctionalModel::logits(Handle handle) { return impl_->tokens[handle].stream; }
base::TokenId FunctionalModel::successor(Handle handle) { return impl_->tokens[handle].next; }

void FunctionalModel::count_switching() { impl_->shared.switching.emplace(); }
const program::Switching& FunctionalModel::switching() const {
  base::check(impl_->shared.switching.has_value(), "values: nobody asked to count switching");
  return *impl_->shared.switching;
}

void FunctionalModel::reset() {
  open(0);
  impl_->next_position = 0;
}

void FunctionalModel::forward(base::TokenId token, bool with_logits) {
  if (impl_->shared.kv.empty()) reset();
  if (impl_->alone) end(*impl_->alone);
  impl_->alone = begin(0, token, base::TokenPos{impl_->next_position++});
  for (const program::Op& op : impl_->shared.dataflow.token(with_logits)) impl_->execute(*impl_->alone, op);
}

std::span<const float> FunctionalModel::logits() {
  return impl_->alone ? logits(*impl_->alone) : std::span<const float>();
}
base::TokenId FunctionalModel::argmax() { return impl_->alone ? successor(*impl_->alone) : 0; }

}  // namespace kiln::functional
