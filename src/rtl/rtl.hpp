// The chip in RTL: writes a unit or the whole chip as SystemVerilog with the weights of a ROM image in it, and runs the
// whole chip through Verilator. The RTL is an independent oracle: it shares no code with the SystemC chip and must give
// the same token ids, each committed in the same cycle. docs/rtl.md
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "kiln/base/result.hpp"
#include "kiln/program/placement.hpp"
#include "rom/rom_image.hpp"

namespace kiln::rtl {

/// Units that can be written: "chip", "sequencer", "embedding_rom", "vector_unit", "qkv_array", "qkv_tree", ...,
/// "attention_unit", "sampler".
std::vector<std::string> unit_names();

/// Whether the RTL can be this chip with this model: one chip, layer_serial, no adapter, heads that are within a beat.
base::Status check(const program::Placement& placement);

/// A token of a run: when it committed, and what followed it.
struct Commit {
  base::TokenPos position;
  base::Cycles at;
  std::optional<base::TokenId> answer;  ///< of a token with logits
  bool operator==(const Commit&) const = default;
};

/// One user's prompt and answer in RTL.
struct RtlOutcome {
  std::vector<Commit> commits;
  std::vector<base::TokenId> answer;
  base::Cycles total;  ///< until the host has the last answer token
  chip::Finish finish = chip::Finish::Interrupted;
  double build_s = 0;  ///< wall time of Verilator and the compiler; next to nothing where the model was there already
  double run_s = 0;    ///< wall time of the cycles
};

/// What the testbench of a whole chip runs and compares itself with.
struct Expected {
  chip::UserRequest user;
  std::vector<Commit> commits;
  base::Cycles total;
};

/// Writes `unit` into `directory`: modules, ROM contents, a README with the commands that lint and run it; for "chip"
/// a testbench beside it that runs `expected` and compares.
base::Status write(const rom::RomImage& image, const program::Placement& placement, const std::string& unit,
                   const std::string& directory, const std::optional<Expected>& expected = {});

/// Whether write() may write each of its files there.
base::Status can_write(const rom::RomImage& image, const program::Placement& placement, const std::string& unit,
                       const std::string& directory);

struct RtlRequest {
  chip::UserRequest user;
  std::stop_token stop;
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;  ///< tokens; may be empty
};
/// Verilates the whole chip in `directory` (made, and kept) and runs one user through it. Needs Verilator and g++.
base::Result<RtlOutcome> run(const rom::RomImage& image, const program::Placement& placement, const RtlRequest& request,
                             const std::string& directory);

/// The sentence that names the first difference between the RTL's run and the SystemC chip's, or nothing.
std::optional<std::string> difference(const RtlOutcome& rtl, const chip::RunOutcome& systemc);

}  // namespace kiln::rtl
