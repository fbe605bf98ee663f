#include "rtl/chip_design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace kiln::rtl {
namespace {

using config::Link;
using program::ArrayKind;

/// A stream from one unit to another over a link.
struct Wire {
  std::string from, from_stream, to, to_stream;
  std::uint32_t registers;
};

std::string array_of(ArrayKind kind) { return std::string(program::name(kind)) + "_array"; }
std::string tree_of(ArrayKind kind) { return std::string(program::name(kind)) + "_tree"; }

std::vector<Wire> wires(const config::LinkConfig& link) {
  std::vector<Wire> all = {
      {"sequencer", "embedding", "embedding_rom", "id", link[Link::SequencerToEmbedding]},
      {"embedding_rom", "row", "vector_unit", "embedding", link[Link::EmbeddingToVector]},
      {"vector_unit", "attention_out", "attention_unit", "qkv", link[Link::VectorToAttention]},
      {"attention_unit", "y", "vector_unit", "attention", link[Link::AttentionToVector]},
      {"lm_head_tree", "y", "sampler", "logits", link[Link::TreeToSampler]},
      {"sampler", "id", "sequencer", "result", link[Link::SamplerToSequencer]},
      {"vector_unit", "done", "sequencer", "done", link[Link::VectorToSequencer]},
  };
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    all.push_back({"vector_unit", array_of(kind), array_of(kind), "x", link[Link::VectorToArray]});
    all.push_back({array_of(kind), "sums", tree_of(kind), "sums", link[Link::ArrayToTree]});
    if (kind != ArrayKind::LmHead)
      all.push_back({tree_of(kind), "y", "vector_unit", tree_of(kind), link[Link::TreeToVector]});
  }
  return all;
}

/// What a unit gets that is constant while a token, or a layer, is worked on: its port and who drives it.
constexpr std::pair<std::string_view, std::string_view> kConstants[] = {
    {"position_i", "sequencer__position_o"}, {"with_logits_i", "sequencer__with_logits_o"},
    {"greedy_i", "sequencer__greedy_o"},     {"factor_i", "sequencer__factor_o"},
    {"top_k_i", "sequencer__top_k_o"},       {"seed_i", "sequencer__seed_o"},
    {"layer_i", "vector_unit__layer_o"},
};

std::string net(const std::string& unit, const std::string& port) { return unit + "__" + port; }
std::string range(std::uint64_t bits) { return bits > 1 ? fmt::format("[{}:0] ", bits - 1) : ""; }

/// Ports of the sequencer towards the host, and what it says of tokens for whoever watches.
bool faces_host(const std::string& port) {
  return port.starts_with("request_") || port.starts_with("prompt_") || port.starts_with("leave_") ||
         port.starts_with("commit_") || port.starts_with("gone_") || port == "slot_o";
}

class Text {
 public:
  explicit Text(const std::vector<Instance>& units) : units_(units) {
    for (const Instance& unit : units_) {
      for (const Port& port : unit.design.ports) bits_[net(unit.name, port.name)] = port.bits;
    }
  }

  std::string chip(const std::vector<Wire>& all, const std::vector<Port>& ports) {
    std::string header;
    for (const Port& port : ports)
      header += fmt::format(",\n  {} logic {}{}", port.input ? "input " : "output", range(port.bits), port.name);
    for (const Instance& unit : units_) instance(unit);
    for (const Wire& wire : all) link(wire);
    return fmt::format(
        "// A whole chip, layer_serial: made by `kiln rtl` from a ROM image and a chip's configuration.\n"
        "module kiln_chip (\n  input  logic clk_i,\n  input  logic rst_ni{}\n);\n\n{}\n{}endmodule\n",
        header, nets_, body_);
  }

 private:
  void instance(const Instance& unit) {
    std::string parameters, connections = "    .clk_i,\n    .rst_ni";
    for (const auto& [name, value] : unit.design.parameters)
      parameters += fmt::format("{}    .{}({})", parameters.empty() ? "" : ",\n", name, value);
    for (const Port& port : unit.design.ports) {
      const auto constant =
          std::ranges::find(kConstants, port.name, [](const auto& c) { return std::string(c.first); });
      std::string to = net(unit.name, port.name);
      if (unit.name == "sequencer" && faces_host(port.name)) {
        to = port.name;
      } else if (port.name == "layer_i" && unit.name.starts_with("lm_head")) {
        to = "16'd0";  // there is one for all layers
      } else if (port.input && constant != std::end(kConstants)) {
        to = std::string(constant->second);
      } else {
        nets_ += fmt::format("  logic {}{};\n", range(port.bits), to);
      }
      connections += fmt::format(",\n    .{}({})", port.name, to);
    }
    body_ +=
        fmt::format("  {} #(\n{}\n  ) u_{} (\n{}\n  );\n\n", unit.design.module, parameters, unit.name, connections);
  }

  void link(const Wire& wire) {
    const std::string from = net(wire.from, wire.from_stream), to = net(wire.to, wire.to_stream);
    const std::uint64_t bits = bits_.at(from + "_data_o");
    base::check(bits == bits_.at(to + "_data_i"),
                "rtl: a link between streams of different widths, " + from + " and " + to);
    body_ += fmt::format(
        "  kiln_link #(\n    .Stages({}),\n    .Width({})\n  ) u_{}_to_{} (\n    .clk_i,\n    .rst_ni,\n"
        "    .in_valid_i({}_valid_o),\n    .in_ready_o({}_ready_i),\n    .in_data_i({}_data_o),\n"
        "    .out_valid_o({}_valid_i),\n    .out_ready_i({}_ready_o),\n    .out_data_o({}_data_i)\n  );\n\n",
        wire.registers, bits, wire.from, wire.to, from, from, from, to, to, to);
  }

  const std::vector<Instance>& units_;
  std::map<std::string, std::uint64_t> bits_;
  std::string nets_, body_;
};

}  // namespace

std::vector<Instance> instances(const rom::RomImage& image, const program::Placement& placement) {
  std::vector<Instance> all;
  const std::uint32_t most_prompt = static_cast<std::uint32_t>(placement.kv().capacity_tokens);
  all.push_back({"sequencer", sequencer(placement, 1, most_prompt)});
  all.push_back({"embedding_rom", embedding_rom(image, placement, "embedding")});
  all.push_back({"vector_unit", vector_unit(image, placement, "vector")});
  all.push_back({"attention_unit", attention_unit(placement)});
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    all.push_back({array_of(kind), tile_array(image, placement, kind, std::string(program::name(kind)))});
    all.push_back({tree_of(kind), reduction_tree(image, placement, kind, std::string(program::name(kind)))});
  }
  all.push_back({"sampler", sampler(placement)});
  return all;
}

ChipDesign chip_design(const rom::RomImage& image, const program::Placement& placement) {
  const auto units = instances(image, placement);
  ChipDesign chip;
  chip.design.module = "kiln_chip";
  for (const Instance& unit : units) {
    for (const RomContent& rom : unit.design.roms) chip.design.roms.push_back(rom);
    if (unit.name != "sequencer") continue;
    for (const Port& port : unit.design.ports)
      if (faces_host(port.name)) chip.design.ports.push_back(port);
  }
  chip.text = Text(units).chip(wires(placement.chip().link), chip.design.ports);
  return chip;
}

}  // namespace kiln::rtl
