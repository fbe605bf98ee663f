#include "rtl/unit_design.hpp"

#include <fmt/format.h>

namespace kiln::rtl {

void UnitDesign::rom(const std::string& parameter_name, RomContent content) {
  parameters.emplace_back(parameter_name, '"' + content.file + '"');
  roms.push_back(std::move(content));
}

void UnitDesign::stream_in(const std::string& name, std::uint64_t bits) {
  ports.push_back({name + "_valid_i", 1, true});
  ports.push_back({name + "_ready_o", 1, false});
  ports.push_back({name + "_data_i", bits, true});
}

void UnitDesign::stream_out(const std::string& name, std::uint64_t bits) {
  ports.push_back({name + "_valid_o", 1, false});
  ports.push_back({name + "_ready_i", 1, true});
  ports.push_back({name + "_data_o", bits, false});
}

std::string literal(std::uint64_t bits, std::uint64_t value) { return fmt::format("{}'h{:x}", bits, value); }

std::string packed_literal(const std::vector<std::uint32_t>& fields) {
  std::string text = fmt::format("{}'h", 32 * fields.size());
  for (std::size_t i = fields.size(); i-- > 0;) text += fmt::format("{:08x}", fields[i]);
  return text;
}

std::uint64_t elements_bits(const config::LinkConfig& link) { return 32 * std::uint64_t{link.beat_elements()}; }

std::uint64_t quantised_bits(const config::LinkConfig& link) {
  return 8 * std::uint64_t{link.beat_elements()} + (kExponentBits + 3) * link.beat_groups;
}

std::uint64_t attention_bits(const config::LinkConfig& link, std::uint32_t head_dim) {
  const std::uint64_t heads = link.beat_elements() / head_dim;
  return 8 * std::uint64_t{link.beat_elements()} + kExponentBits * heads * base::ceil_div(head_dim, 64);
}

std::uint64_t sums_bits(const program::ArrayPlan& plan) {
  return kSumBits * plan.tiles_over_inputs * plan.outputs + kExponentBits;
}

UnitDesign link(std::uint32_t registers, std::uint64_t bits) {
  UnitDesign design;
  design.module = "kiln_link";
  design.parameter("Stages", registers);
  design.parameter("Width", bits);
  design.stream_in("in", bits);
  design.stream_out("out", bits);
  return design;
}

}  // namespace kiln::rtl
