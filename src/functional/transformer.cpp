// A layer on one screen, as the paper draws it. A token has its `residual`, the `stream` that a unit sends the next one,
// and `x`, the INT8 input of the next array; `multiply` and `reduce` are an array and its tree: stream = W x. Several
// tokens of a user may pass together: `each` does the same for each of them, the others read weights or the KV cache
// once for all.
#include "functional/transformer.hpp"

#include <algorithm>
#include <array>

#include "kiln/base/enum_table.hpp"

namespace kiln::functional {
namespace {

using enum program::OpKind;
using enum program::ArrayKind;

using E = const Execution&;
using T = const TokenExecution&;

/// The same for each token by itself.
template <auto Compute>
void each(E e) {
  for_each_token(e, [](T t) { Compute(t); });
}

void copy(std::span<const float> from, std::span<float> to) { std::ranges::copy(from, to.begin()); }

void nothing(E /*e*/) {}
void read_embedding(E e) {
  e.batch.stream.reshape(e.batch.tokens(), e.model().hidden_size);
  each<[](T t) { t.read_embedding(); }>(e);
}
void store_residual(E e) {
  e.batch.residual.reshape(e.batch.tokens(), e.model().hidden_size);
  each<[](T t) { copy(t.stream(), t.residual()); }>(e);
}
void send_residual(E e) {
  e.batch.stream.reshape(e.batch.tokens(), e.model().hidden_size);
  each<[](T t) { copy(t.residual(), t.stream()); }>(e);
}
/// The next layer's weights come from disk, if they are not in memory, while this one computes.
void begin_layer(E e) {
  const std::uint32_t layer = e.op.layer.value;
  if (layer == 0) e.shared.rom.need_soon(e.op.layer);
  if (layer + 1 < e.model().layers) e.shared.rom.need_soon(base::LayerId{layer + 1});
  each<[](T t) { t.hadamard_quantise(t.rms_norm(t.residual(), t.attention_gamma())); }>(e);
}
void begin_head(E e) {
  e.shared.rom.need_head_soon();
  each<[](T t) { t.hadamard_quantise(t.rms_norm(t.residual(), t.final_gamma())); }>(e);
}
void add_residual(T t) { numerics::add(t.residual(), t.stream(), t.all.shared.simd); }

// clang-format off
constexpr Step kBefore[] = {
    {Issue,             {},     nothing},
    {EmbeddingRead,     {},     read_embedding},
    {StoreResidual,     {},     store_residual},
};

constexpr Step kLayer[] = {
    // Attention: o(softmax(q k / sqrt(head_dim)) v), k and v of all tokens so far.
    {Norm,              Qkv,    begin_layer},
    {Multiply,          Qkv,    multiply},
    {Reduce,            Qkv,    reduce},  // k, v, q
    {RopeQuantise,      {},     rotate},
    {Attend,            {},     [](E e) { append_to_cache(e); attend(e); }},
    {QuantiseAttention, O,      each<[](T t) { t.quantise(t.attended()); }>},
    {Multiply,          O,      multiply},
    {Reduce,            O,      reduce},
    {AddResidual,       {},     each<add_residual>},
    // Feed-forward network: down(SiLU(gate) * up).
    {Norm,              GateUp, each<[](T t) { t.hadamard_quantise(t.rms_norm(t.residual(), t.ffn_gamma())); }>},
    {Multiply,          GateUp, multiply},
    {Reduce,            GateUp, reduce},  // gate, up
    {SiluMultiply,      Down,   each<[](T t) { t.hadamard_quantise(t.silu_multiply(t.gate(), t.up())); }>},
    {Multiply,          Down,   multiply},
    {Reduce,            Down,   reduce},
    {AddResidual,       {},     each<add_residual>},
};

constexpr Step kBetweenStages[] = {
    {SendResidual,      {},     send_residual},
    {StoreResidual,     {},     store_residual},
};

constexpr Step kAfter[] = {
    {Norm,              LmHead, begin_head},
    {Multiply,          LmHead, multiply},
    {Reduce,            LmHead, reduce},  // logits
    {Sample,            {},     each<[](T t) { t.sample(); }>},
    {Commit,            {},     nothing},
};
// clang-format on

constexpr std::size_t kOpKinds = static_cast<std::size_t>(Commit) + 1;
static_assert(!base::is_enumerator<static_cast<program::OpKind>(kOpKinds)>());

constexpr std::size_t column(std::optional<program::ArrayKind> array) {
  return array ? static_cast<std::size_t>(*array) + 1 : 0;
}

using Compute = void (*)(E);
/// The steps by operation. One that is in several places is the same in all, or this does not compile.
constexpr auto kByOperation = [] {
  std::array<std::array<Compute, program::kArrays + 1>, kOpKinds> table{};
  for (const std::span<const Step> steps : {std::span<const Step>(kBefore), std::span<const Step>(kLayer),
                                            std::span<const Step>(kBetweenStages), std::span<const Step>(kAfter)})
    for (const Step& step : steps) {
      Compute& place = table[static_cast<std::size_t>(step.kind)][column(step.array)];
      if (place != nullptr && place != step.compute) throw "an operation computes two things";
      place = step.compute;
    }
  return table;
}();

}  // namespace

bool after_layers(const program::Op& op) {
  return std::ranges::any_of(kAfter, [&](const Step& step) { return step.kind == op.kind && step.array == op.array; });
}

std::span<const Step> steps_before() { return kBefore; }
std::span<const Step> steps_of_layer() { return kLayer; }
std::span<const Step> steps_between_stages() { return kBetweenStages; }
std::span<const Step> steps_after() { return kAfter; }

void execute(const Execution& e) {
  const Compute compute = kByOperation[static_cast<std::size_t>(e.op.kind)][column(e.op.array)];
  base::check(compute != nullptr, "values: an operation that no step computes");
  compute(e);
}

}  // namespace kiln::functional
