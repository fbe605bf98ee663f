#include "functional/functional_model.hpp"

#include <algorithm>

#include "functional/transformer.hpp"

namespace kiln::functional {
namespace {

constexpr std::uint64_t kMostKvTokens = std::uint64_t{1} << 24;  // what a KvStore takes

}  // namespace

struct FunctionalModel::Impl {
  /// Tokens that will enter a slot, and those of them that have passed the layers: a row of `residual` each.
  struct Announced {
    std::vector<base::TokenId> ids;
    std::size_t first = 0;  ///< position of the first of them
    std::function<bool()> stopped;
    std::size_t passed_first = 0, passed = 0;
    Rows residual;
    std::vector<program::Switching> switching;

    [[nodiscard]] bool has(std::size_t position) const { return position >= first && position - first < ids.size(); }
    [[nodiscard]] bool has_passed(std::size_t position) const {
      return position >= passed_first && position - passed_first < passed;
    }
  };

  struct OnItsWay {
    BatchState state;  ///< of this token alone
    bool passed_layers = false;
  };

  Impl(SharedState&& of_all, std::size_t most_tokens) : shared(std::move(of_all)), capacity(most_tokens) {}

  /// False, and all is as before, if that was stopped.
  bool pass_layers(std::size_t slot, base::TokenPos position, Announced& announced);
  void ended(const BatchState& batch) {
    if (!shared.switching) return;
    for (const program::Switching& token : batch.switching) *shared.switching += token;
  }

  SharedState shared;
  std::size_t capacity;
  std::size_t most_together = kMostTogether;
  std::vector<OnItsWay> tokens;  ///< by handle
  std::vector<Handle> unused;
  std::vector<Announced> announced;  ///< by slot
  BatchState together;               ///< of forward() and pass_layers()
  std::uint32_t next_position = 0;   ///< of forward()
};

bool FunctionalModel::Impl::pass_layers(std::size_t slot, base::TokenPos position, Announced& known) {
  if (known.stopped && known.stopped()) {
    known.ids.clear();
    return false;
  }
  const std::span<const base::TokenId> rest = std::span(known.ids).subspan(position.value - known.first);
  together.enter(slot, position, rest.first(std::min(most_together, rest.size())));
  for (const program::Op& op : shared.dataflow.token(false)) {
    if (known.stopped && known.stopped()) {
      for (numerics::KvStore& layer : shared.kv[slot]) layer.truncate(position.value);
      known.ids.clear();
      return false;
    }
    functional::execute({shared, together, op});
  }
  known.passed_first = position.value;
  known.passed = together.tokens();
  std::swap(known.residual, together.residual);
  std::swap(known.switching, together.switching);
  return true;
}

FunctionalModel::FunctionalModel(const rom::RomImage& rom, std::uint64_t capacity_tokens, base::ThreadPool& pool,
                                 numerics::Simd simd, const program::Placement* by_tile, const rom::Adapter* adapter)
    : impl_(std::make_unique<Impl>(SharedState(rom, pool, simd, by_tile, adapter),
                                   std::min(capacity_tokens, kMostKvTokens))) {
  set_most_together(kMostTogether);
}
FunctionalModel::~FunctionalModel() = default;
FunctionalModel::FunctionalModel(FunctionalModel&&) noexcept = default;

void FunctionalModel::set_most_together(std::size_t tokens) {
  base::check(tokens > 0, "values: no tokens at a time");
  impl_->most_together = impl_->shared.by_tile != nullptr ? 1 : tokens;
}

void FunctionalModel::open(std::size_t slot, std::uint64_t cached_prefix) {
  std::vector<std::vector<numerics::KvStore>>& kv = impl_->shared.kv;
  const config::ModelConfig& model = impl_->shared.rom.model();
  if (cached_prefix > 0) {
    base::check(slot < kv.size(), "values: tokens kept in a slot that nobody opened");
    for (const numerics::KvStore& layer : kv[slot])
      base::check(layer.tokens() == cached_prefix, "values: the slot holds as many tokens as are kept");
    impl_->announced[slot] = {};
    return;
  }
  if (kv.size() <= slot) kv.resize(slot + 1);
  impl_->announced.resize(kv.size());
  impl_->announced[slot] = {};
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
  impl_->announced[slot] = {};
  for (Handle handle = 0; handle < impl_->tokens.size(); ++handle)
    if (impl_->tokens[handle].state.slot == slot && std::ranges::find(unused, handle) == unused.end())
      unused.push_back(handle);
  if (slot == 0) {
    impl_->together.ids.clear();
    impl_->next_position = static_cast<std::uint32_t>(tokens);
  }
}

void FunctionalModel::announce(std::size_t slot, std::span<const base::TokenId> ids, std::function<bool()> stopped) {
  base::check(slot < impl_->shared.kv.size(), "values: a slot that nobody opened");
  Impl::Announced& announced = impl_->announced[slot];
  announced = {};
  announced.ids.assign(ids.begin(), ids.end());
  announced.first = impl_->shared.kv[slot].front().tokens();
  announced.stopped = std::move(stopped);
}

FunctionalModel::Handle FunctionalModel::begin(std::size_t slot, base::TokenId token, base::TokenPos position,
                                               const numerics::Sampling& sampling) {
  base::check(token < impl_->shared.rom.model().vocab_size, "values: a token outside the vocabulary");
  base::check(slot < impl_->shared.kv.size(), "values: a slot that nobody opened");
  if (impl_->unused.empty()) {
    impl_->unused.push_back(impl_->tokens.size());
    impl_->tokens.emplace_back();
  }
  const Handle handle = impl_->unused.back();
  impl_->unused.pop_back();
  Impl::OnItsWay& one = impl_->tokens[handle];
  one.state.enter(slot, position, {&token, 1});
  one.state.sampling = sampling;
  one.passed_layers = false;
  Impl::Announced& announced = impl_->announced[slot];
  if (impl_->most_together == 1 || !announced.has(position.value)) return handle;
  base::check(announced.ids[position.value - announced.first] == token, "values: another token than was announced");
  if (!announced.has_passed(position.value) && !impl_->pass_layers(slot, position, announced)) return handle;
  const std::size_t row = position.value - announced.passed_first;
  one.state.residual.reshape(1, impl_->shared.rom.model().hidden_size);
  std::ranges::copy(announced.residual.row(row), one.state.residual.row(0).begin());
  one.state.switching[0] = announced.switching[row];
  one.passed_layers = true;
  return handle;
}

void FunctionalModel::execute(Handle handle, const program::Op& op) {
  Impl::OnItsWay& one = impl_->tokens[handle];
  if (one.passed_layers && !after_layers(op)) return;
  functional::execute({impl_->shared, one.state, op});
}

void FunctionalModel::end(Handle handle) {
  impl_->ended(impl_->tokens[handle].state);
  impl_->unused.push_back(handle);
}

std::span<const float> FunctionalModel::logits(Handle handle) { return impl_->tokens[handle].state.stream.row(0); }
base::TokenId FunctionalModel::successor(Handle handle) { return impl_->tokens[handle].state.next.front(); }

void FunctionalModel::count_switching() { impl_->shared.switching.emplace(); }
const program::Switching& FunctionalModel::switching() const {
  base::check(impl_->shared.switching.has_value(), "values: nobody asked to count switching");
  return *impl_->shared.switching;
}

void FunctionalModel::reset() {
  open(0);
  impl_->next_position = 0;
}

void FunctionalModel::forward(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& stop) {
  if (impl_->shared.kv.empty()) reset();
  BatchState& batch = impl_->together;
  batch.sampling = {};
  for (std::size_t first = 0; first < ids.size(); first += batch.tokens()) {
    batch.enter(0, base::TokenPos{impl_->next_position},
                ids.subspan(first, std::min(impl_->most_together, ids.size() - first)));
    impl_->next_position += static_cast<std::uint32_t>(batch.tokens());
    for (const program::Op& op : impl_->shared.dataflow.token(static_cast<bool>(sink))) {
      if (stop.stop_requested()) return;
      functional::execute({impl_->shared, batch, op});
    }
    impl_->ended(batch);
    for (std::size_t i = 0; sink && i < batch.tokens(); ++i) sink(first + i, batch.stream.row(i));
  }
}

void FunctionalModel::forward(base::TokenId token, bool with_logits) {
  forward({&token, 1}, with_logits ? LogitSink([](std::size_t, std::span<const float>) {}) : LogitSink());
}

std::span<const float> FunctionalModel::logits() {
  BatchState& last = impl_->together;
  return last.ids.empty() ? std::span<const float>() : last.stream.row(last.tokens() - 1);
}
base::TokenId FunctionalModel::argmax() { return impl_->together.ids.empty() ? 0 : impl_->together.next.back(); }

}  // namespace kiln::functional
